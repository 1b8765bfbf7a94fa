//! Medians, quantiles and the estimates of Kaplan and Meier by plain loops over the listed rows.

use funnel_kpi::kpi::catalogue::{Kpi, Unit};

use super::Rebuilt;
use super::arithmetic::Columns;

/// A statistic of days, hours or times, whichever the columns are of.
pub fn rebuilt(kpi: &Kpi, columns: &Columns) -> Rebuilt {
    let statistics = [
        ("mean", &kpi.mean),
        ("median", &kpi.median),
        ("p90", &kpi.p90),
        ("n", &kpi.n),
        ("converted", &kpi.converted),
        // without an age these are of the longest time observed, and of all leads
        ("converted", &kpi.by_age),
        ("n", &kpi.at_risk),
        ("longest", &kpi.longest),
    ];
    let (statistic, measure) = statistics
        .into_iter()
        .find_map(|(name, measure)| Some((name, measure.as_ref()?)))
        .unwrap_or_else(|| panic!("what is {kpi:?}?"));
    let events = format!("{measure}_event");
    if columns.keys().any(|name| *name == events) {
        of_times(statistic, measure, kpi.unit, columns)
    } else {
        of_days(statistic, columns.cells(measure))
    }
}

fn of_days(statistic: &str, mut days: Vec<f64>) -> Rebuilt {
    days.sort_by(f64::total_cmp);
    let size = days.len();
    if statistic == "n" {
        return Rebuilt { value: Some(size as f64), numerator: None, denominator: None };
    }
    let sum: f64 = days.iter().sum();
    let value = match statistic {
        _ if size == 0 => None,
        "mean" => Some(sum / size as f64),
        "median" => Some(f64::midpoint(days[(size - 1) / 2], days[size / 2])),
        "p90" => days.iter().copied().find(|day| {
            let within = days.iter().filter(|other| *other <= day).count();
            within * 10 >= size * 9
        }),
        _ => panic!("{statistic} of days"),
    };
    let numerator = (statistic == "mean").then_some(sum);
    Rebuilt { value, numerator, denominator: Some(size as f64) }
}

fn of_times(statistic: &str, measure: &str, unit: Unit, columns: &Columns) -> Rebuilt {
    let (days, events) = (format!("{measure}_days"), format!("{measure}_event"));
    // who can never have the event is at risk for ever
    let rows: Vec<(f64, bool)> = (0..columns.height())
        .filter_map(|row| Some((row, columns.cell(&events, row)?)))
        .map(|(row, event)| (columns.cell(&days, row).unwrap_or(f64::INFINITY), event > 0.5))
        .collect();
    let size = rows.len() as f64;
    if statistic == "n" {
        return Rebuilt { value: Some(size), numerator: None, denominator: None };
    }
    let mut at: Vec<f64> = rows.iter().filter(|(_, is_event)| *is_event).map(|(day, _)| *day).collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let mut curve: Vec<(f64, f64)> = Vec::new();
    let mut left = 1.0;
    for day in at {
        let at_risk = rows.iter().filter(|(other, _)| *other >= day).count() as f64;
        let came =
            rows.iter().filter(|(other, is_event)| *is_event && (*other - day).abs() < 0.5).count() as f64;
        left *= 1.0 - came / at_risk;
        curve.push((day, left));
    }
    let longest = rows.iter().map(|(day, _)| *day).filter(|day| day.is_finite()).reduce(f64::max);
    let by = |share: f64| curve.iter().find(|(_, left)| *left <= 1.0 - share + 1e-9).map(|(day, _)| *day);
    let value = match statistic {
        "converted" => (!rows.is_empty()).then_some(1.0 - left),
        "median" => by(0.5),
        "p90" => by(0.9),
        "longest" => longest,
        "mean" => longest.map(|longest| {
            let left_on =
                |day: f64| curve.iter().rev().find(|(at, _)| *at <= day).map_or(1.0, |(_, left)| *left);
            let days =
                std::iter::successors(Some(0.0), |day| Some(day + 1.0)).take_while(|day| *day < longest);
            days.map(left_on).sum()
        }),
        _ => panic!("{statistic} of times"),
    };
    let scale = if unit == Unit::Months { 365.25 / 12.0 } else { 1.0 };
    Rebuilt { value: value.map(|value: f64| value / scale), numerator: None, denominator: Some(size) }
}
