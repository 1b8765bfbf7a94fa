//! The table `plan`: what was to be reached beside what was. Its rows are goals, not values of one dimension, so it is made
//! here and not of an entry of `tables.toml`.

use std::collections::BTreeMap;

use super::goals::Aim;
use super::layout::{labels, split_title, with_unit};
use super::scope::Scope;
use super::targets::{Judged, MARKS, Status};
use super::{Block, Column, Row, Show, Table, Value};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::period::format_day;
use crate::say;

/// The name of the table.
pub const PLAN: &str = "plan";

/// The table of all verdicts; none without any.
pub fn table(scope: &Scope, judged: &[Judged]) -> Option<Table> {
    let mut blocks = Vec::new();
    for (title, is_plan) in [(say!("Targets"), false), (say!("Plan and actual"), true)] {
        let mut by_dimensions: BTreeMap<Vec<String>, Vec<&Judged>> = BTreeMap::new();
        for judged in judged.iter().filter(|judged| matches!(judged.goal.aim, Aim::Plan(..)) == is_plan) {
            by_dimensions.entry(judged.goal.place.keys().cloned().collect()).or_default().push(judged);
        }
        blocks.extend(by_dimensions.into_iter().map(|(dimensions, judged)| {
            block(scope, split_title(&title, &dimensions), dimensions, &judged, is_plan)
        }));
    }
    let worst = judged.iter().map(|judged| judged.judgement.status).max()?;
    let mut notes = vec![say!(
        "status: missed, behind (an unfinished period, less than its elapsed part asks), warned (beyond the softer limit), \
         on pace, met; attainment: actual over plan; pace: plan by the elapsed days of an unfinished period; not judged: no \
         value here (`funnel explain` says why)"
    )];
    if worst >= Status::Warned {
        notes.push(lang::text(MARKS));
    }
    let reached = match scope.data.as_of.map(format_day) {
        Some(day) => say!("what was to be reached, and what was, as of {as_of}", as_of = day),
        None => say!("what was to be reached, and what was"),
    };
    Some(Table {
        name: PLAN.to_string(),
        title: say!("Plan"),
        scope: reached,
        period: scope.period.map_or_else(|| "all".to_string(), |period| period.label.clone()),
        blocks,
        notes,
        verdict: Vec::new(),
    })
}

fn block(scope: &Scope, title: String, dimensions: Vec<String>, judged: &[&Judged], is_plan: bool) -> Block {
    let column = |heading: String, show: Show| Column { heading, show, unit: Unit::Number, key: Vec::new() };
    let mut columns = vec![column(say!("Actual"), Show::Value)];
    if is_plan {
        columns.extend([
            column(say!("Plan"), Show::Value),
            column(say!("Attainment, %"), Show::Value),
            column(say!("Pace"), Show::Value),
        ]);
    } else {
        columns.push(column(say!("Target"), Show::Target));
    }
    columns.push(column(say!("Status"), Show::Status));
    let rows = judged.iter().map(|judged| {
        let title = scope.catalogue.kpis.get(&judged.goal.kpi).map_or("", |entry| entry.kpi.title.text());
        let kpi = with_unit(title, judged.value.unit, scope.data.currency.as_deref());
        let key: Vec<String> = judged.goal.place.values().cloned().collect();
        let mut values = vec![judged.value.clone()];
        if let Aim::Plan(plan, _) = judged.goal.aim {
            values.extend(beside(judged, plan));
        } else {
            values.push(judged.value.clone());
        }
        values.push(judged.value.clone());
        let period = lang::period(&judged.period);
        let values_of = labels(scope.data, &dimensions, &key);
        let labels = [period, kpi].into_iter().chain(values_of).collect();
        Row { labels, key, values, show: None }
    });
    let rows = rows.collect();
    let headings = [say!("Period"), say!("KPI")].into_iter();
    let labels = headings.chain(dimensions.iter().map(|name| lang::heading(name))).collect();
    Block { title, labels, dimensions, columns, rows }
}

/// Plan, attainment and pace of a KPI, each a value of its own: `won_plan`, `won_attainment`, `won_pace`.
fn beside(judged: &Judged, plan: Exact) -> [Value; 3] {
    let value = |name: &str, unit: Unit, number: Option<Exact>| Value {
        kpi: format!("{}_{name}", judged.goal.kpi),
        unit,
        value: number,
        ..judged.value.emptied()
    };
    let actual = judged.value.value;
    let attainment = Value {
        numerator: actual,
        denominator: Some(plan),
        ..value("attainment", Unit::Part, actual.and_then(|actual| actual.over(plan)))
    };
    let unit = judged.value.unit;
    [value("plan", unit, Some(plan)), attainment, value("pace", unit, judged.judgement.pace)]
}
