//! What customers have brought by each age.

use super::curves::{Point, Series, draw};
use super::scale::Scale;
use super::shares::label;
use super::{Chart, chart, sentences};
use crate::kpi::catalogue::Unit;
use crate::render::html::find::{self, is_total, is_turned};
use crate::render::html::markup::measured;
use crate::report::{Block, Report};
use crate::say;

/// So many lines can be told apart.
const MOST_NAMED: usize = 5;

/// A chart for each grid of ages.
pub fn charts(report: &Report) -> Vec<Chart> {
    let Some(table) = find::table(report, "value") else { return Vec::new() };
    table.blocks.iter().filter(|block| !is_turned(block)).filter_map(|block| curve(report, block)).collect()
}

fn curve(report: &Report, block: &Block) -> Option<Chart> {
    let ages: Vec<usize> =
        (0..block.columns.len()).filter(|place| !block.columns[*place].key.is_empty()).collect();
    if ages.len() < 2 {
        return None;
    }
    let places: Vec<String> = ages.iter().map(|place| block.columns[*place].heading.clone()).collect();
    let mut series: Vec<Series> = block
        .rows
        .iter()
        .map(|row| {
            let point = |place: &usize| {
                let value = &row.values[*place];
                let number = value.value?.to_float();
                Some(Point::plain(number, measured(report, value)))
            };
            let style = is_total(row).then(|| "total".to_string());
            Series { label: label(row), style, points: ages.iter().map(point).collect() }
        })
        .filter(|series| series.points.iter().any(Option::is_some))
        .collect();
    let is_many = name_some(&mut series);
    let numbers = series.iter().flat_map(|series| &series.points).flatten().map(|point| point.number);
    let scale = Scale::of(numbers, Unit::Money);
    // those in front are drawn last
    let is_total = |series: &Series| series.style.as_deref() == Some("total");
    series.sort_by_key(|series| (series.style.is_some(), is_total(series)));
    let about = say!(
        "To the right: months since a customer began. A line ends where not all of its customers are that old."
    );
    let others = is_many.then(|| say!("Thin lines: the others, which the table has."));
    chart(report, "value", block.title.clone(), sentences(about, [others]), draw(&series, &places, &scale))
}

/// Gives lines their own looks, all of them or some from the first to the last; says whether any is left.
pub fn name_some(series: &mut [Series]) -> bool {
    let parts: Vec<usize> = (0..series.len()).filter(|place| series[*place].style.is_none()).collect();
    let count = parts.len().min(MOST_NAMED);
    for style in 0..count {
        let place = if count == parts.len() { style } else { style * (parts.len() - 1) / (count - 1) };
        series[parts[place]].style = Some(style.to_string());
    }
    parts.len() > count
}
