//! What is to be reached: the targets of `funnel.toml` and the rows of plan files as one list, checked before anything is
//! held against it. A target that is silently not looked at is worse than none, so whatever cannot be read is an error
//! with its place.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::calendar::{self, Every};
use crate::config::targets::{Limit, Target};
use crate::config::{Basis, Config};
use crate::error::{data_error, did_you_mean, shortened, suggestion};
use crate::input::table::{Table, code_slice};
use crate::kpi::catalogue::{Catalogue, Unit};
use crate::kpi::exact::Exact;
use crate::kpi::view::{Filter, OTHER, TOTAL, is_bucket};
use crate::leads::Data;
use crate::leads::accounts::COHORT_MONTH;
use crate::period::Period;

/// The columns of a plan that are no dimensions.
pub const FIXED: [&str; 3] = ["period", "kpi", "value"];

/// Values of dimensions that a number is about; empty for the total.
pub type Place = BTreeMap<String, String>;

/// Something to be reached.
#[derive(Debug, Clone)]
pub struct Goal {
    pub kpi: String,
    pub place: Place,
    pub aim: Aim,
    pub basis: Option<Basis>,
}

/// What is to be reached, and when.
#[derive(Debug, Clone)]
pub enum Aim {
    /// Limits for every period of a kind, or for whatever is reported.
    Limits { min: Option<Exact>, max: Option<Exact>, warn: Option<Exact>, every: Option<Every> },
    /// A number for one period.
    Plan(Exact, Period),
}

/// All goals, those of the configuration first.
///
/// # Errors
/// A KPI, a dimension or a value of one that nobody knows, a limit that cannot be one of its KPI, a row of a plan that cannot be read, two
/// numbers for the same.
pub fn goals(config: &Config, plan: Option<&Table>, catalogue: &Catalogue, data: &Data) -> Result<Vec<Goal>> {
    let mut goals = of_config(config, catalogue, data).map_err(|error| config.blame(error))?;
    if let Some(plan) = plan {
        goals.extend(of_plan(plan, catalogue, data)?);
    }
    Ok(goals)
}

fn of_config(config: &Config, catalogue: &Catalogue, data: &Data) -> Result<Vec<Goal>> {
    let mut goals: Vec<Goal> = Vec::new();
    for (kpi, targets) in &config.targets {
        known_kpi(kpi, catalogue, "`[targets]`")?;
        let mut seen = BTreeSet::new();
        for target in &targets.0 {
            let goal = of_target(kpi, target, catalogue, data)?;
            for (side, limit) in [("min", target.min), ("max", target.max)] {
                let key = (goal.place.clone(), target.every, target.basis, side);
                if limit.is_some() && !seen.insert(key) {
                    return Err(data_error(
                        format!("`[targets]`: `{kpi}` has two `{side}` for {}", describe(&goal.place)),
                        "keep one of them",
                    ));
                }
            }
            goals.push(goal);
        }
    }
    Ok(goals)
}

fn of_target(kpi: &str, target: &Target, catalogue: &Catalogue, data: &Data) -> Result<Goal> {
    let limit = |limit: Option<Limit>| -> Result<Option<Exact>> {
        let Some(limit) = limit else { return Ok(None) };
        check_unit(kpi, limit.number, limit.is_percent, catalogue)
            .map_err(|(message, hint)| data_error(format!("`[targets]`: {message}"), hint))?;
        Ok(Some(limit.number))
    };
    for condition in &target.r#where.0 {
        let place = format!("`[targets]`: `{kpi}`");
        known_dimension(&condition.dimension, data, &place)?;
        known_value(condition, data, &place)?;
    }
    let needs_side = target.warn.is_some() && target.min.is_none() && target.max.is_none();
    if needs_side && catalogue.kpi(kpi)?.kpi.better.is_none() {
        return Err(data_error(
            format!("`[targets]`: `{kpi}` has only `warn`, and nothing says on which side of it is better"),
            "add `min` or `max`, or `better = \"up\"` or `\"down\"` to a KPI of your own",
        ));
    }
    let aim = Aim::Limits {
        min: limit(target.min)?,
        max: limit(target.max)?,
        warn: limit(target.warn)?,
        every: target.every,
    };
    Ok(Goal { kpi: kpi.to_string(), place: place_of(&target.r#where.0), aim, basis: target.basis })
}

fn place_of(conditions: &[Filter]) -> Place {
    conditions.iter().map(|condition| (condition.dimension.clone(), condition.value.clone())).collect()
}

/// `owner = Anna and channel = ads`, or `the total`.
pub fn describe(place: &Place) -> String {
    if place.is_empty() {
        return "the total".to_string();
    }
    place.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(" and ")
}

fn known_kpi(name: &str, catalogue: &Catalogue, place: &str) -> Result<()> {
    if catalogue.kpis.contains_key(name) {
        return Ok(());
    }
    let near = did_you_mean(name, catalogue.kpis.keys().map(String::as_str));
    Err(data_error(
        format!("{place}: unknown KPI `{}`", shortened(name)),
        format!("{near}`funnel kpis` lists all"),
    ))
}

fn known_dimension(name: &str, data: &Data, place: &str) -> Result<()> {
    let known: BTreeSet<&str> =
        data.facts.values().flat_map(|facts| facts.table.dictionaries.keys()).map(String::as_str).collect();
    if known.contains(name) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(data_error(format!("{place}: unknown dimension `{}`", shortened(name)), suggestion(name, &known)))
}

/// A value that no row has, whatever its date, is most likely another spelling: no number would ever be held against the
/// goal, and 0 would meet every maximum. What is worked out from the data has all its words, used or not.
fn known_value(condition: &Filter, data: &Data, place: &str) -> Result<()> {
    let Filter { dimension, value } = condition;
    // months come and go, and what is folded into the others is not asked for by name
    if dimension == COHORT_MONTH || (is_bucket(value) && value != OTHER) {
        return Ok(());
    }
    let dictionaries = data.facts.values().filter_map(|facts| facts.table.dictionaries.get(dimension));
    let words: BTreeSet<&str> = dictionaries
        .flat_map(|words| words.iter())
        .chain(data.bands.get(dimension).into_iter().flatten())
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    if words.contains(condition.word()) {
        return Ok(());
    }
    let near = did_you_mean(value, words.iter().copied());
    let some: Vec<&str> = words.iter().copied().take(10).collect();
    let more = if words.len() > some.len() { ", …" } else { "" };
    Err(data_error(
        format!("{place}: no row has `{}` as its `{dimension}`", shortened(value)),
        format!("{near}values: {}{more}", some.join(", ")),
    ))
}

/// Whether a number can be one of a KPI: a share of 5 is most likely 5%, and a percentage of money is none.
fn check_unit(
    kpi: &str,
    number: Exact,
    is_percent: bool,
    catalogue: &Catalogue,
) -> std::result::Result<(), (String, String)> {
    let unit = catalogue.kpis.get(kpi).map(|entry| entry.kpi.unit);
    let is_above_one = number.minus(Exact::whole(1)).is_some_and(Exact::is_positive);
    match unit {
        Some(Unit::Share) if is_above_one => Err((
            format!("`{kpi}` is a share, and {} is more than all", number.to_plain()),
            format!("write a share in percent, `{}%`, or as a part of 1", number.to_plain()),
        )),
        Some(Unit::Count | Unit::Money | Unit::Days | Unit::Hours) if is_percent => Err((
            format!("`{kpi}` is no share, and cannot be held against a percentage"),
            "write a number without `%`".to_string(),
        )),
        _ => Ok(()),
    }
}

/// Two rows of a plan that are about the same.
fn planned_twice(plan: &Table, goal: &Goal, [first, second]: [usize; 2]) -> anyhow::Error {
    data_error(
        format!(
            "{}: `{}` is planned twice for {} in the same period: {} too",
            plan.origin.describe(second),
            goal.kpi,
            describe(&goal.place),
            plan.origin.describe(first)
        ),
        "keep one of the rows",
    )
}

/// The goals of plan files, in the order of period, KPI and place.
fn of_plan(plan: &Table, catalogue: &Catalogue, data: &Data) -> Result<Vec<Goal>> {
    let words = |name: &str| -> Option<(Vec<u32>, &Vec<String>)> {
        let codes = plan.codes(name)?;
        Some((code_slice(&codes).to_vec(), plan.dictionaries.get(name)?))
    };
    let cell = |column: &Option<(Vec<u32>, &Vec<String>)>, row: usize| -> String {
        let word = column.as_ref().and_then(|(codes, words)| words.get(*codes.get(row)? as usize).cloned());
        word.unwrap_or_default()
    };
    let dimensions: Vec<&String> =
        plan.dictionaries.keys().filter(|name| !FIXED.contains(&name.as_str())).collect();
    let file = plan.origin.files.first().map_or("plan", String::as_str);
    for name in &dimensions {
        known_dimension(name, data, &format!("{file}: a plan by a column that is no dimension"))?;
    }
    let (periods, kpis, values) = (words("period"), words("kpi"), plan.numbers("value"));
    let by_name: Vec<_> = dimensions.iter().map(|name| (*name, words(name))).collect();
    let mut goals: BTreeMap<(i32, i32, String, Place), (Goal, usize)> = BTreeMap::new();
    for row in 0..plan.frame.height() {
        let at = |column: &str| format!("{}: column `{column}`", plan.origin.describe(row));
        let period = cell(&periods, row);
        let period = calendar::parse(&period).ok_or_else(|| {
            data_error(
                format!("{}: `{}` is no period", at("period"), shortened(&period)),
                "periods are written 2026-03, 2026-Q1, 2026-W09, 2026 or 2026-01-01..2026-02-15 (the last day not included)",
            )
        })?;
        let kpi = cell(&kpis, row);
        known_kpi(&kpi, catalogue, &at("kpi"))?;
        let value = values.as_ref().and_then(|values| values.get(row)).ok_or_else(|| {
            data_error(format!("{}: no value is planned", at("value")), "fill the cell, or take the row out")
        })?;
        let value = Exact::millionths(i128::from(value));
        check_unit(&kpi, value, false, catalogue)
            .map_err(|(message, hint)| data_error(format!("{}: {message}", at("value")), hint))?;
        let conditions = by_name.iter().map(|(name, column)| ((*name).clone(), cell(column, row)));
        let place: Place = conditions.filter(|(_, value)| !value.is_empty() && value != TOTAL).collect();
        // who comes later is in no row yet
        let has_begun = data.as_of.is_none_or(|as_of| period.from <= as_of);
        for (dimension, value) in place.iter().filter(|_| has_begun) {
            let condition = Filter { dimension: dimension.clone(), value: value.clone() };
            known_value(&condition, data, &at(dimension))?;
        }
        let key = (period.from, period.to, kpi.clone(), place.clone());
        let goal = Goal { kpi, place, aim: Aim::Plan(value, period), basis: None };
        if let Some((known, other)) = goals.insert(key, (goal, row)) {
            return Err(planned_twice(plan, &known, [row.min(other), row.max(other)]));
        }
    }
    Ok(goals.into_values().map(|(goal, _)| goal).collect())
}
