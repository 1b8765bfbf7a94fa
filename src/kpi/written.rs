//! From a measure or KPI as it is written to what the evaluator computes: which of the kinds it is, and that it is one only.

use anyhow::Result;

use super::catalogue::{Calculation, DaysStatistic, Quantity, QuantityKind};
use super::definitions::{Kpi, Measure};
use super::{cost_lag, formula, lags, sql};
use crate::error::data_error;
use crate::leads::Over;
use crate::leads::window::describe_days;

/// A measure from what is written of it.
///
/// # Errors
/// No kind of measure or several, a predicate or formula that cannot be read.
pub fn quantity(measure: &Measure) -> Result<Quantity> {
    let filter = measure.r#where.as_deref().map(sql::parse).transpose()?;
    let never = measure.never.as_deref().map(sql::parse).transpose()?;
    let kinds = (&measure.count, &measure.sum, &measure.days, &measure.hours, &measure.survival);
    let (kind, text) = match kinds {
        (Some(predicate), None, None, None, None) => {
            (QuantityKind::Count(Box::new(sql::parse(predicate)?)), format!("count of {predicate}"))
        }
        (None, Some(sum), None, None, None) => {
            (QuantityKind::Sum(formula::parse(sum)?), format!("sum of {sum}"))
        }
        (None, None, Some(dates), None, None) => {
            (QuantityKind::Days(dates.clone()), format!("days from {} to {}", dates[0], dates[1]))
        }
        (None, None, None, Some([from, to]), None) => {
            lags::refuse_other_hours(measure, from, to)?;
            (QuantityKind::HoursToFirstTouch, format!("hours from {from} to {to}"))
        }
        (None, None, None, None, Some([from, to])) => {
            let given_up = measure.never.iter().map(|never| format!(", never where {never}"));
            let text = format!("days from {from} to {to} or as_of{}", given_up.collect::<String>());
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
    let over = measure.over.unwrap_or(Over::Leads);
    let days_earlier = measure.earlier.as_deref().map_or(Ok(0), |text| cost_lag::days_earlier(over, text))?;
    let place = format!(" over {}", over.name());
    let condition =
        measure.r#where.as_ref().map(|condition| format!(" where {condition}")).unwrap_or_default();
    let lag =
        if days_earlier == 0 { String::new() } else { format!(", {} earlier", describe_days(days_earlier)) };
    Ok(Quantity { over, kind, filter, days_earlier, text: format!("{text}{place}{condition}{lag}") })
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
        (DaysStatistic::Mean, &kpi.mean, "mean"),
        (DaysStatistic::Median, &kpi.median, "median"),
        (DaysStatistic::P90, &kpi.p90, "90% quantile"),
        (DaysStatistic::Size, &kpi.n, "number"),
        (DaysStatistic::Converted, &kpi.converted, "Kaplan–Meier share"),
        (DaysStatistic::Longest, &kpi.longest, "longest"),
        (DaysStatistic::ByAge, &kpi.by_age, "Kaplan–Meier share by an age"),
        (DaysStatistic::AtRisk, &kpi.at_risk, "number at risk at an age"),
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
        found.push((largest, format!("largest of {measure} by {dimension} / {measure}")));
    }
    if let Some(side) = kpi.curve {
        found.push((Calculation::Curve(side), side.formula().to_string()));
    }
    for (statistic, measure, name) in days {
        if let Some(measure) = measure {
            found.push((Calculation::Days(statistic, measure.clone()), format!("{name} of {measure}")));
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
