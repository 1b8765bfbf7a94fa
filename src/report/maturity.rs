//! The cohort-maturity curve as a grid: what share of the leads has come so far by each age in days, and on how many leads
//! that rests.
//!
//! A share of all leads falls as young ones join them, whatever becomes of the old ones; by age each lead counts only as
//! far as it has been observed, so that two cohorts can be held against each other long before either is complete.

use std::collections::BTreeSet;

use anyhow::Result;

use super::layout::{Planned, Step, columns, labels, split_title, steps, total_labels};
use super::scope::Scope;
use super::tables;
use super::top::{Folding, arrange, can_fold};
use super::{Block, Row, Value};
use crate::config::Basis;
use crate::input::table::Days;
use crate::kpi::catalogue::{Calculation, DaysStatistic, Unit};
use crate::kpi::exact::Exact;
use crate::kpi::group::{Choice, Key, Tally};
use crate::kpi::survival::Survival;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::say;

/// The dimension of the rows.
pub const AGE_DAYS: &str = "age_days";
/// The ages of the rows: close together at first, where most is decided; then a quarter, a half, a year.
const AGES: [i32; 15] = [0, 7, 14, 30, 60, 90, 120, 180, 270, 365, 540, 730, 1095, 1460, 1825];

/// From the first stage to each later one.
pub fn since_creation(stages: &[String]) -> Vec<Step> {
    let Some((first, later)) = stages.split_first() else { return Vec::new() };
    later.iter().map(|to| Step { from: first.clone(), to: to.clone() }).collect()
}

/// From each stage to the next, but from the first one: that is what came since creation.
pub fn since_the_stage_before(stages: &[String]) -> Vec<Step> {
    steps(stages).into_iter().skip(1).collect()
}

/// A row for each age, by values of the dimensions and in total: for each step the share that has taken it by then, and
/// the number at risk. Ages that no lead of any group has been observed to reach have no row.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn block(
    scope: &Scope,
    block: &tables::Block,
    steps: &[Step],
    dimensions: &[String],
    folding: &Folding,
) -> Result<Vec<Block>> {
    let planned = planned(scope, block, steps)?;
    let groups = Groups::new(scope, &planned, dimensions)?;
    let Some(ages) = groups.ages(scope) else { return Ok(Vec::new()) };
    let rows: Vec<Row> = groups
        .keys
        .iter()
        .filter(|_| !dimensions.is_empty())
        .map(|key| Row {
            labels: labels(scope.data, dimensions, key),
            key: key.clone(),
            values: groups.values(Choice::One(key), &ages),
            show: None,
        })
        .collect();
    let others = |kept: &BTreeSet<Key>| {
        let is_other = |key: &Key| can_fold(key) && !kept.contains(key);
        Ok(groups.values(Choice::Where(&is_other), &ages))
    };
    let mut rows = arrange(scope, dimensions, rows, Some(folding), others)?;
    let labels = if dimensions.is_empty() { Vec::new() } else { total_labels(dimensions) };
    let key = vec![TOTAL.to_string(); dimensions.len()];
    rows.push(Row { labels, key, values: groups.values(Choice::All, &ages), show: None });
    let first = scope.stages().first().map(|stage| scope.catalogue.stage_title(stage)).unwrap_or_default();
    Ok(vec![Block {
        title: split_title(&block.title.replace("{First}", &first), dimensions),
        labels: dimensions.iter().map(|name| lang::heading(name)).chain([say!("Age, days")]).collect(),
        dimensions: dimensions.iter().cloned().chain([AGE_DAYS.to_string()]).collect(),
        rows: rows.iter().flat_map(|row| by_age(row, &ages, planned.len())).collect(),
        columns: planned.into_iter().map(|planned| planned.column).collect(),
    }])
}

/// The columns of all steps that the data can fill.
fn planned(scope: &Scope, block: &tables::Block, steps: &[Step]) -> Result<Vec<Planned>> {
    let mut all = Vec::new();
    for step in steps {
        for planned in columns(scope, block, Some(step))? {
            if scope.lacking(&planned.kpi)?.is_none() {
                all.push(planned);
            }
        }
    }
    Ok(all)
}

/// A row of a group as a row for each age. The first of its values ranks the group, and is no column.
fn by_age(row: &Row, ages: &[i32], width: usize) -> Vec<Row> {
    let values = row.values.get(1..).unwrap_or_default().chunks(width.max(1));
    let rows = ages.iter().zip(values).map(|(age, values)| Row {
        labels: row.labels.iter().cloned().chain([age.to_string()]).collect(),
        key: row.key.iter().cloned().chain([age.to_string()]).collect(),
        values: values.to_vec(),
        show: None,
    });
    rows.collect()
}

/// The times of each column, by groups.
struct Groups {
    columns: Vec<(String, Unit, DaysStatistic, std::rc::Rc<crate::kpi::group::Grouped>)>,
    keys: BTreeSet<Key>,
}

impl Groups {
    fn new(scope: &Scope, planned: &[Planned], dimensions: &[String]) -> Result<Groups> {
        let mut groups = Groups { columns: Vec::new(), keys: BTreeSet::new() };
        for planned in planned {
            let entry = scope.catalogue.kpi(&planned.kpi)?;
            let Calculation::Days(statistic, measure) = &entry.calculation else { continue };
            if let Some(grouped) = scope.evaluator(Basis::Cohort).grouped(measure, dimensions)? {
                groups.keys.extend(grouped.groups.keys().cloned());
                groups.columns.push((planned.kpi.clone(), entry.kpi.unit, *statistic, grouped));
            }
        }
        Ok(groups)
    }

    /// The ages up to the first that is no shorter than the longest time that the data can tell of; none where nothing is
    /// observed. A cohort of which no lead is open any more is known at all of them: what is lost never comes.
    fn ages(&self, scope: &Scope) -> Option<Vec<i32>> {
        let longest = self.columns.iter().filter_map(|(_, _, _, grouped)| match &grouped.total {
            Tally::Survival(times) => times.at.keys().next_back().copied(),
            _ => None,
        });
        let first = scope.data.created_at().and_then(Days::earliest);
        let whole = scope.data.as_of.zip(first).map(|(as_of, first)| as_of - first);
        let longest = longest.max()?.max(whole.unwrap_or_default());
        let is_known = |age: &i32| {
            let ends = self.columns.iter().filter_map(|(_, _, _, grouped)| match &grouped.total {
                Tally::Survival(times) => times.by_ages(&[*age])[0].share,
                _ => None,
            });
            ends.count() > 0
        };
        let count = AGES.iter().take_while(|age| **age < longest).count() + 1;
        Some(AGES.into_iter().take(count).filter(is_known).collect())
    }

    /// The number of leads of the chosen groups, and for each age a value a column.
    fn values(&self, choice: Choice, ages: &[i32]) -> Vec<Value> {
        let of_columns: Vec<Vec<Value>> = self
            .columns
            .iter()
            .map(|(kpi, unit, statistic, grouped)| match choice.of(grouped) {
                Tally::Survival(times) => column(kpi, *unit, *statistic, &times, ages),
                _ => ages.iter().map(|_| Value::empty(kpi, Basis::Cohort, *unit)).collect(),
            })
            .collect();
        let size = self.columns.first().map(|(_, _, _, grouped)| choice.of(grouped).exact());
        let rank = Value { value: size, ..Value::absent() };
        let at_age = |place: usize| of_columns.iter().map(move |values| values[place].clone());
        std::iter::once(rank).chain((0..ages.len()).flat_map(at_age)).collect()
    }
}

/// The values of one KPI at each age.
fn column(kpi: &str, unit: Unit, statistic: DaysStatistic, times: &Survival, ages: &[i32]) -> Vec<Value> {
    let whole = |number: u64| Exact::whole(i128::from(number));
    let empty = Value::empty(kpi, Basis::Cohort, unit);
    let at_ages = times.by_ages(ages).into_iter().map(|at| match (at.share, statistic) {
        // a group without leads has no curve
        (None, _) => empty.clone(),
        (Some(_), DaysStatistic::AtRisk) => Value { value: Some(whole(at.at_risk)), ..empty.clone() },
        (share, _) => Value { value: share, denominator: Some(whole(times.size())), ..empty.clone() },
    });
    at_ages.collect()
}
