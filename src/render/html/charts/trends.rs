//! How the figures moved from period to period, where the periods stand side by side.

use super::curves::{Point, Series, draw};
use super::scale::Scale;
use super::{Chart, chart, sentences};
use crate::render::html::find::{self, Found};
use crate::render::html::headline;
use crate::render::html::markup::{measured, title_of};
use crate::render::interval_text;
use crate::report::layout::with_unit;
use crate::report::{Report, Table};
use crate::{lang, say, words};

/// What is drawn beside a share of a step, with its words.
const BESIDE: [(&str, &str); 2] =
    [("_mature", words!("of those old enough")), ("_kaplan_meier", words!("in the long run (Kaplan–Meier)"))];

/// A chart for each figure at the top and each step between stages, if the report has several periods.
pub fn charts(report: &Report) -> Vec<Chart> {
    let mut names = headline::names(report);
    let steps = find::conversions(report).map(|(_, shares)| shares).unwrap_or_default();
    names.extend(steps.into_iter().map(String::from));
    let mut seen: Vec<&str> = Vec::new();
    let mut charts = Vec::new();
    for name in &names {
        if !seen.contains(&name.as_str()) {
            seen.push(name);
            charts.extend(trend(report, name));
        }
    }
    charts
}

fn trend(report: &Report, kpi: &str) -> Option<Chart> {
    let found = find::totals(report, kpi);
    let first = found.first()?;
    let periods = periods(first.table);
    if periods.len() < 2 {
        return None;
    }
    let mut series = vec![line(report, &found, &periods, (title_of(report, kpi), "0"))];
    for (style, (ending, label)) in ["1", "2"].iter().zip(BESIDE) {
        let beside = find::totals(report, &format!("{kpi}{ending}"));
        if !beside.is_empty() {
            let label = lang::text(label);
            series.extend(beside_first(&series[0], line(report, &beside, &periods, (&label, style))));
        }
    }
    let labels: Vec<String> = periods.iter().map(|period| lang::day_or_period(period)).collect();
    let points = || series.iter().flat_map(|series| &series.points).flatten();
    let ends =
        points().flat_map(|point| [point.number, point.interval.map_or(point.number, |(_, high)| high)]);
    let scale = Scale::of(ends, first.value.unit);
    let has_intervals = points().any(|point| point.interval.is_some());
    let has_open = points().any(|point| point.is_open);
    let whiskers = has_intervals.then(|| say!("Whiskers: the 95% interval."));
    let hollow = has_open.then(|| say!("Hollow: not over yet."));
    chart(
        report,
        &first.table.name,
        with_unit(title_of(report, kpi), first.value.unit, report.currency.as_deref()),
        sentences(say!("Each period."), [whiskers, hollow]),
        draw(&series, &labels, &scale),
    )
}

/// The labels of the periods of a table, in their order.
fn periods(table: &Table) -> Vec<String> {
    let mut periods: Vec<String> = Vec::new();
    for row in table.blocks.iter().filter(|block| find::is_turned(block)).flat_map(|block| &block.rows) {
        for period in row.values.iter().filter_map(|value| value.period.as_deref()) {
            if !periods.iter().any(|known| known == period) {
                periods.push(period.to_string());
            }
        }
    }
    periods
}

fn line(report: &Report, found: &[Found], periods: &[String], (label, style): (&str, &str)) -> Series {
    let point = |period: &String| {
        let found = found.iter().find(|found| found.value.period.as_deref() == Some(period))?;
        let interval = found.value.interval;
        let sure = interval
            .map(|interval| say!(" (95%: {interval})", interval = interval_text(interval)))
            .unwrap_or_default();
        Some(Point {
            number: found.value.value?.to_float(),
            interval: interval.map(|interval| (interval.low, interval.high)),
            shown: format!("{}{sure}", measured(report, found.value)),
            is_open: !found.is_whole(),
        })
    };
    Series {
        label: label.to_string(),
        style: Some(style.to_string()),
        points: periods.iter().map(point).collect(),
    }
}

/// A line beside the first one, without whiskers, which would hide each other; none where it is the same line.
fn beside_first(first: &Series, mut series: Series) -> Option<Series> {
    series.points.iter_mut().flatten().for_each(|point| point.interval = None);
    let number = |point: &Option<Point>| point.as_ref().map(|point| point.number.to_bits());
    let is_same = first.points.iter().map(number).eq(series.points.iter().map(number));
    (!is_same).then_some(series)
}
