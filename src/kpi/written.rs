//! From a measure or KPI as it is written to what the evaluator computes: which of the kinds it is, and that it is one only.

use anyhow::Result;

use super::catalogue::{Calculation, DaysStatistic, Quantity, QuantityKind};
use super::definitions::{Contrast, Kpi, Measure};
use super::{cost_lag, formula, lags, sql};
use crate::error::data_error;
use crate::leads::Over;
use crate::say;

/// A measure from what is written of it.
///
/// # Errors
/// No kind of measure or several, a predicate or formula that cannot be read.
pub fn quantity(measure: &Measure) -> Result<Quantity> {
    let filter = measure.r#where.as_deref().map(sql::parse).transpose()?;
    let never = measure.never.as_deref().map(sql::parse).transpose()?;
    let kinds = (&measure.count, &measure.sum, &measure.days, &measure.hours, &measure.survival);
    let over = measure.over.unwrap_or(Over::Leads);
    let table = over.name();
    let (kind, text) = match kinds {
        (Some(predicate), None, None, None, None) => {
            let text = say!("count of {predicate} over {table}", predicate = predicate, table = table);
            (QuantityKind::Count(Box::new(sql::parse(predicate)?)), text)
        }
        (None, Some(sum), None, None, None) => {
            let text = say!("sum of {sum} over {table}", sum = sum, table = table);
            (QuantityKind::Sum(formula::parse(sum)?), text)
        }
        (None, None, Some([from, to]), None, None) => {
            let text = say!("days from {from} to {to} over {table}", from = from, to = to, table = table);
            (QuantityKind::Days([from.clone(), to.clone()]), text)
        }
        (None, None, None, Some([from, to]), None) => {
            lags::refuse_other_hours(measure, from, to)?;
            let text = say!("hours from {from} to {to} over {table}", from = from, to = to, table = table);
            (QuantityKind::HoursToFirstTouch, text)
        }
        (None, None, None, None, Some([from, to])) => {
            let text = describe_survival(measure, from, to, table);
            (QuantityKind::Survival([from.clone(), to.clone()], never.map(Box::new)), text)
        }
        _ => {
            return Err(data_error(
                "a measure has one of `count`, `sum`, `days`, `hours` and `survival`",
                "write `count = \"won\"`, `sum = \"amount\"`, `days = [\"mql_at\", \"sql_at\"]` or the like with `survival`",
            ));
        }
    };
    if measure.never.is_some() && measure.survival.is_none() {
        return Err(data_error(
            "`never` goes with `survival` only",
            "write `survival = [\"lead_at\", \"won_at\"]` and `never = \"lost\"`",
        ));
    }
    let days_earlier = measure.earlier.as_deref().map_or(Ok(0), |text| cost_lag::days_earlier(over, text))?;
    let text = with_limits(measure, text, days_earlier);
    Ok(Quantity { over, kind, filter, days_earlier, text })
}

/// The text of a measure with the rows that it is of, and how much earlier.
fn with_limits(measure: &Measure, text: String, days_earlier: i32) -> String {
    let text = match &measure.r#where {
        Some(condition) => say!("{measure} where {condition}", measure = text, condition = condition),
        None => text,
    };
    match days_earlier {
        0 => text,
        days => say!("{measure}, {count} {count:day|days} earlier", measure = text, count = days),
    }
}

fn describe_survival(measure: &Measure, from: &str, to: &str, table: &str) -> String {
    match &measure.never {
        Some(never) => say!(
            "days from {from} to {to} or as_of, never where {never} over {table}",
            from = from,
            to = to,
            never = never,
            table = table
        ),
        None => say!("days from {from} to {to} or as_of over {table}", from = from, to = to, table = table),
    }
}

/// A side of a ratio, in brackets where it is more than a name.
fn bracketed(side: &str) -> String {
    if side.contains(' ') { format!("({side})") } else { side.to_string() }
}

/// How a KPI is computed from what is written of it, and the formula for people.
///
/// # Errors
/// No formula or several, or one that cannot be read.
pub fn calculation(kpi: &Kpi) -> Result<(Calculation, String)> {
    let days = [
        (DaysStatistic::Mean, &kpi.mean),
        (DaysStatistic::Median, &kpi.median),
        (DaysStatistic::P90, &kpi.p90),
        (DaysStatistic::Size, &kpi.n),
        (DaysStatistic::Converted, &kpi.converted),
        (DaysStatistic::Longest, &kpi.longest),
        (DaysStatistic::ByAge, &kpi.by_age),
        (DaysStatistic::AtRisk, &kpi.at_risk),
    ];
    let mut found = Vec::new();
    if let Some([numerator, denominator]) = &kpi.ratio {
        let ratio = Calculation::Ratio(formula::parse(numerator)?, formula::parse(denominator)?);
        found.push((ratio, format!("{} / {}", bracketed(numerator), bracketed(denominator))));
    }
    if let Some(value) = &kpi.value {
        found.push((Calculation::Value(formula::parse(value)?), value.clone()));
    }
    if let Some([measure, dimension]) = &kpi.largest {
        let largest = Calculation::Largest(measure.clone(), dimension.clone());
        let text =
            say!("largest of {measure} by {dimension} / {measure}", measure = measure, dimension = dimension);
        found.push((largest, text));
    }
    if let Some(side) = kpi.curve {
        found.push((Calculation::Curve(side), side.formula()));
    }
    if let Some(Contrast::LeftShare) = kpi.contrast {
        found.push((Calculation::Contrast, say!("left_share of one side - left_share of the other")));
    }
    for (statistic, measure) in days {
        if let Some(measure) = measure {
            found.push((
                Calculation::Days(statistic, measure.clone()),
                describe_statistic(statistic, measure),
            ));
        }
    }
    match found.pop() {
        Some(only) if found.is_empty() => Ok(only),
        _ => Err(data_error(
            "a KPI has one of `ratio`, `value`, `mean`, `median`, `p90`, `n`, `converted`, `longest` and `largest`",
            "write `ratio = [\"sqls\", \"mqls\"]` or `value = \"revenue - spend\"`",
        )),
    }
}

fn describe_statistic(statistic: DaysStatistic, measure: &str) -> String {
    match statistic {
        DaysStatistic::Mean => say!("mean of {measure}", measure = measure),
        DaysStatistic::Median => say!("median of {measure}", measure = measure),
        DaysStatistic::P90 => say!("90% quantile of {measure}", measure = measure),
        DaysStatistic::Size => say!("number of {measure}", measure = measure),
        DaysStatistic::Converted => say!("Kaplan–Meier share of {measure}", measure = measure),
        DaysStatistic::Longest => say!("longest of {measure}", measure = measure),
        DaysStatistic::ByAge => say!("Kaplan–Meier share by an age of {measure}", measure = measure),
        DaysStatistic::AtRisk => say!("number at risk at an age of {measure}", measure = measure),
    }
}
