//! The stages of the path where no grid has all of them in one column: periods stand beside each other, or each step has a
//! grid of its own that is split by dimensions. The picture is then that of the last whole period, or of the total.

use std::collections::BTreeSet;

use super::funnel::{BEFORE_LEADS, Stage};
use crate::kpi::catalogue::Unit;
use crate::lang;
use crate::render::html::find::{self, is_total};
use crate::render::html::markup::title_of;
use crate::report::{Report, Show, Table, Value};

/// Beside the share of a step: what it says otherwise of the same two stages.
const OTHER_SHARES: [&str; 4] = ["_mature_share", "_mature", "_kaplan_meier", "_by_age"];

/// One of several periods.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part<'a> {
    /// Whether it is over: such a period goes before all that are not.
    pub is_over: bool,
    pub period: &'a str,
}

/// The stages in total, and the period that they are of, none where the report has one only.
pub fn stages<'a>(report: &'a Report, table: &'a Table) -> Option<(Vec<Stage<'a>>, Option<Part<'a>>)> {
    let part = last(table);
    let period = part.map(|part| part.period);
    let mut stages = gathered(report, table, period);
    let first = stages.iter().find(|stage| !BEFORE_LEADS.contains(&stage.count.kpi.as_str()))?;
    // a step is named after the stages that it leads from and to
    let from_first = stages.iter().find_map(|stage| stage.step?.kpi.split_once("_to_"));
    let first = match first.step.and_then(|step| step.kpi.split_once("_to_")) {
        Some((_, first)) => first.to_string(),
        None => from_first?.0.to_string(),
    };
    for stage in &mut stages {
        let to = stage.step.and_then(|step| step.kpi.split_once("_to_")).map(|(_, to)| to);
        let kpi = to.filter(|to| *to != first).map(|to| format!("{first}_to_{to}"));
        let found = kpi.map(|kpi| find::totals(report, &kpi)).unwrap_or_default();
        let own = found.into_iter().find(|found| found.value.period.as_deref() == period);
        stage.overall = own.map(|found| found.value);
    }
    Some((stages, part))
}

/// The last period that is over and in which leads were created, else the last that has leads so far; none where there is
/// one period.
fn last(table: &Table) -> Option<Part<'_>> {
    let mut counted: BTreeSet<Part> = BTreeSet::new();
    for block in &table.blocks {
        for row in block.rows.iter().filter(|row| is_total(row)) {
            for (column, value) in block.columns.iter().zip(&row.values) {
                let is_stage = is_count_of_stage(value) && !BEFORE_LEADS.contains(&value.kpi.as_str());
                let has_leads = is_stage && value.value.is_some_and(|count| !count.is_zero());
                // the heading of a period that is not over says so
                let part = |period| Part { is_over: lang::day_or_period(period) == column.heading, period };
                counted.extend(value.period.as_deref().map(part).filter(|_| has_leads));
            }
        }
    }
    counted.into_iter().next_back()
}

fn is_count_of_stage(value: &Value) -> bool {
    value.unit == Unit::Count && !value.is_absent() && !value.kpi.contains("_to_")
}

/// Each count of a stage once, with the first share that stands behind it: that of the stage before.
fn gathered<'a>(report: &'a Report, table: &'a Table, period: Option<&str>) -> Vec<Stage<'a>> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut current = None;
    for block in &table.blocks {
        for row in block.rows.iter().filter(|row| is_total(row)) {
            for (column, value) in block.columns.iter().zip(&row.values) {
                let is_itself = matches!(row.shows(column), Show::Value | Show::Data);
                if !is_itself || value.period.as_deref() != period {
                    continue;
                }
                if is_count_of_stage(value) {
                    let known = stages.iter().position(|stage| stage.count.kpi == value.kpi);
                    current = Some(known.unwrap_or_else(|| {
                        let label = title_of(report, &value.kpi);
                        stages.push(Stage { label, count: value, step: None, overall: None });
                        stages.len() - 1
                    }));
                } else if let Some(stage) = current.and_then(|place| stages.get_mut(place)) {
                    let is_step = matches!(value.unit, Unit::Share | Unit::Part)
                        && !OTHER_SHARES.iter().any(|ending| value.kpi.ends_with(ending));
                    if is_step && stage.step.is_none() {
                        stage.step = Some(value);
                    }
                }
            }
        }
    }
    stages
}
