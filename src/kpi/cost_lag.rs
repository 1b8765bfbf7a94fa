//! Cost with a lag: leads that are won today were paid for earlier (`[lag]` of `funnel.toml`).
//!
//! A KPI with a lag names other measures in its formula, so that the formula still says what is counted:
//! `spend / wins` becomes `spend_60_days_earlier / wins`.

use std::collections::BTreeMap;

use anyhow::Result;

use super::definitions::{Kpi, Measure};
use super::written::calculation;
use crate::error::{data_error, did_you_mean};
use crate::leads::Over;
use crate::leads::window::{days, named_days};

/// Gives the named KPIs measures of spend and costs that look so many days back.
///
/// # Errors
/// A KPI that does not exist or counts no spend, or text that is no number of days or weeks.
pub fn apply(
    lags: &BTreeMap<String, String>,
    measures: &mut BTreeMap<String, Measure>,
    kpis: &mut BTreeMap<String, Kpi>,
) -> Result<()> {
    for (name, text) in lags {
        let days = named_days("lag", name, text)?;
        let near = did_you_mean(name, kpis.keys().map(String::as_str));
        let kpi = kpis.get_mut(name).ok_or_else(|| {
            data_error(format!("`[lag]`: unknown KPI `{name}`"), format!("{near}`funnel kpis` lists all"))
        })?;
        let (calculation, _) = calculation(kpi)?;
        let is_spent = |name: &&str| measures.get(*name).is_some_and(is_of_money_spent);
        let moved: Vec<String> =
            calculation.measures().into_iter().filter(is_spent).map(String::from).collect();
        // of the largest part, or of an age, the money is no term of a formula
        if moved.is_empty() || (kpi.ratio.is_none() && kpi.value.is_none()) {
            return Err(data_error(
                format!("`[lag]`: `{name}` is no cost: its formula counts neither spend nor costs"),
                "a lag is for KPIs such as `cost_per_won`, `cac_media` or `cac_blended`",
            ));
        }
        for word in &moved {
            let earlier = Measure { earlier: Some(text.clone()), ..measures[word].clone() };
            let name = name_of(word, days);
            if measures.get(&name).is_some_and(|known| known.earlier.as_ref() != Some(text)) {
                return Err(data_error(
                    format!("`[lag]`: the measure `{name}` is already there"),
                    "give your own measure another name",
                ));
            }
            measures.insert(name, earlier);
        }
        let rename = |formula: &str| renamed(formula, &moved, days);
        kpi.ratio = kpi.ratio.take().map(|sides| sides.map(|side| rename(&side)));
        kpi.value = kpi.value.take().map(|value| rename(&value));
    }
    Ok(())
}

/// The days by which a measure of spend or costs looks back.
///
/// # Errors
/// Text that is no number of days or weeks, or a measure of another table: its rows are of the day that they are of.
pub fn days_earlier(over: Over, text: &str) -> Result<i32> {
    if !matches!(over, Over::Spend | Over::Costs) {
        return Err(data_error(
            "`earlier` is for money that was spent",
            "a measure with `earlier` has `over = \"spend\"` or `over = \"costs\"`",
        ));
    }
    days(text).ok_or_else(|| {
        data_error(
            format!("`earlier`: `{text}` is no number of days or weeks"),
            "write `earlier = \"30d\"` or `earlier = \"4w\"`",
        )
    })
}

fn is_of_money_spent(measure: &Measure) -> bool {
    matches!(measure.over, Some(Over::Spend | Over::Costs)) && measure.earlier.is_none()
}

fn name_of(measure: &str, days: i32) -> String {
    let unit = if days == 1 { "day" } else { "days" };
    format!("{measure}_{days}_{unit}_earlier")
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The formula with other names for some of its measures.
fn renamed(formula: &str, moved: &[String], days: i32) -> String {
    let mut text = String::new();
    for part in formula.split_inclusive(|character: char| !is_of_name(character)) {
        let word = part.trim_end_matches(|character: char| !is_of_name(character));
        let rest = &part[word.len()..];
        let is_moved = moved.iter().any(|name| name == word);
        text.push_str(&if is_moved { name_of(word, days) } else { word.to_string() });
        text.push_str(rest);
    }
    text
}
