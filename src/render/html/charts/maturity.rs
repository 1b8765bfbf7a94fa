//! The cohort-maturity curves: how large a share has come by each age, a line a stage, a group or a period.

use super::curves::{Point, Series, draw};
use super::scale::Scale;
use super::value::name_some;
use super::{Chart, chart, sentences};
use crate::kpi::catalogue::Unit;
use crate::kpi::view::TOTAL;
use crate::render::html::find::{self, is_turned, value_columns};
use crate::render::html::markup::{measured, title_of};
use crate::render::number_text;
use crate::report::{Block, Report, Row, Value};
use crate::say;

/// The endings of the KPIs of a curve, and of the numbers that it rests on.
const SHARE: &str = "_by_age";
const AT_RISK: &str = "_at_risk";

/// Where there are no groups, a chart a grid with a line for each stage. Else a chart a stage since creation, with a line
/// for each group, or in total for each period.
pub fn charts(report: &Report) -> Vec<Chart> {
    let Some(table) = find::table(report, "maturity") else { return Vec::new() };
    let blocks = &table.blocks;
    let Some(first) = blocks.first() else { return Vec::new() };
    if is_turned(first) {
        let kpis = shares_of_rows(first);
        let same: Vec<&Block> = blocks.iter().filter(|block| shares_of_rows(block) == kpis).collect();
        return kpis.into_iter().filter_map(|kpi| of_periods(report, &same, kpi)).collect();
    }
    if first.dimensions.len() > 1 {
        let shares = value_columns(first).into_iter().filter(|place| is_share(first, *place));
        return shares.filter_map(|place| of_groups(report, first, place)).collect();
    }
    blocks.iter().filter_map(|block| of_stages(report, block)).collect()
}

fn is_share(block: &Block, place: usize) -> bool {
    block.rows.iter().any(|row| row.values[place].kpi.ends_with(SHARE))
}

/// The KPIs of the curves of a grid whose columns are periods, in their order.
fn shares_of_rows(block: &Block) -> Vec<&str> {
    let mut kpis: Vec<&str> = Vec::new();
    for value in block.rows.iter().flat_map(|row| &row.values) {
        if value.kpi.ends_with(SHARE) && !kpis.contains(&value.kpi.as_str()) {
            kpis.push(&value.kpi);
        }
    }
    kpis
}

/// A line for each stage.
fn of_stages(report: &Report, block: &Block) -> Option<Chart> {
    let shares: Vec<usize> =
        value_columns(block).into_iter().filter(|place| is_share(block, *place)).collect();
    let line = |(number, place): (usize, &usize)| {
        let kpi = block.rows.first().map_or("", |row| row.values[*place].kpi.as_str());
        let points = block.rows.iter().map(|row| point(report, &row.values[*place], at_risk(row, *place)));
        Series {
            label: without_ending(report, kpi),
            style: Some((number % 5).to_string()),
            points: points.collect(),
        }
    };
    let series = shares.iter().enumerate().map(line).collect();
    finished(report, block.title.clone(), series, &ages(block.rows.iter()), None)
}

/// A line for each group and one for all of them.
fn of_groups(report: &Report, block: &Block, place: usize) -> Option<Chart> {
    let mut groups: Vec<&[String]> = Vec::new();
    for row in &block.rows {
        let group = group_of(row);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let rows_of =
        |group: &[String]| -> Vec<&Row> { block.rows.iter().filter(|row| group_of(row) == group).collect() };
    let line = |group: &&[String]| {
        let is_total = group.iter().all(|part| part == TOTAL);
        let points =
            rows_of(group).into_iter().map(|row| point(report, &row.values[place], at_risk(row, place)));
        Series {
            label: label_of(rows_of(group).first().copied()),
            style: is_total.then(|| "total".to_string()),
            points: points.collect(),
        }
    };
    let series = groups.iter().map(line).collect();
    let ages = ages(groups.first().map(|group| rows_of(group)).unwrap_or_default().into_iter());
    let kpi = block.rows.first()?.values[place].kpi.as_str();
    finished(report, title_of(report, kpi).to_string(), series, &ages, None)
}

/// A line for each period, of all that the table counts. The grids have the same rows, and each some of the periods.
fn of_periods(report: &Report, blocks: &[&Block], kpi: &str) -> Option<Chart> {
    let counts = format!("{}{AT_RISK}", kpi.strip_suffix(SHARE)?);
    let mut series = Vec::new();
    for block in blocks {
        let (shares, at_risk) = (totals_of(block, kpi), totals_of(block, &counts));
        for (place, column) in block.columns.iter().enumerate() {
            let at = |row: &Row| Some(&at_risk.iter().find(|other| other.key == row.key)?.values[place]);
            let points = shares.iter().map(|row| point(report, &row.values[place], at(row)));
            series.push(Series { label: column.heading.clone(), style: None, points: points.collect() });
        }
    }
    let title = say!("{title}, by period", title = title_of(report, kpi));
    let ages = ages(totals_of(blocks.first()?, kpi).into_iter());
    finished(report, title, series, &ages, Some(say!("A period: the leads created in it.")))
}

/// The rows of a KPI that are about all that the table counts.
fn totals_of<'a>(block: &'a Block, kpi: &str) -> Vec<&'a Row> {
    let is_total = |row: &Row| group_of(row).iter().all(|part| part == TOTAL);
    let rows = block.rows.iter().filter(|row| is_total(row));
    rows.filter(|row| row.values.iter().any(|value| value.kpi == kpi)).collect()
}

/// The chart of lines, those without a style among them in the looks that are left.
fn finished(
    report: &Report,
    title: String,
    mut series: Vec<Series>,
    ages: &[String],
    about: Option<String>,
) -> Option<Chart> {
    series.retain(|series| series.points.iter().any(Option::is_some));
    if ages.len() < 2 || series.is_empty() {
        return None;
    }
    let is_many = name_some(&mut series);
    let is_total = |series: &Series| series.style.as_deref() == Some("total");
    series.sort_by_key(|series| (series.style.is_some(), is_total(series)));
    let numbers = series.iter().flat_map(|series| &series.points).flatten().map(|point| point.number);
    let scale = Scale::of(numbers, Unit::Share);
    let axis = say!(
        "To the right: days, the ages of the table, not evenly far apart. Kaplan–Meier: open leads count up to their age."
    );
    let others = is_many.then(|| say!("Thin lines: the others, which the table has."));
    chart(report, "maturity", title, sentences(axis, [about, others]), draw(&series, ages, &scale))
}

/// The share at an age, told with the number at risk.
fn point(report: &Report, share: &Value, at_risk: Option<&Value>) -> Option<Point> {
    let at_risk = at_risk.filter(|value| value.value.is_some());
    let told = at_risk.map(|value| say!(" ({count} at risk)", count = number_text(value.value, value.unit)));
    let shown = format!("{}{}", measured(report, share), told.unwrap_or_default());
    Some(Point::plain(share.value?.to_float(), shown))
}

/// The number at risk of a share in the same row.
fn at_risk(row: &Row, place: usize) -> Option<&Value> {
    let name = format!("{}{AT_RISK}", row.values[place].kpi.strip_suffix(SHARE)?);
    row.values.iter().find(|value| value.kpi == name)
}

/// What a row is about beside its age.
fn group_of(row: &Row) -> &[String] {
    row.key.split_last().map(|(_, group)| group).unwrap_or_default()
}

/// The group of a row as people read it.
fn label_of(row: Option<&Row>) -> String {
    let labels = row.and_then(|row| row.labels.split_last()).map(|(_, labels)| labels).unwrap_or_default();
    let labels: Vec<&str> = labels.iter().map(String::as_str).filter(|label| !label.is_empty()).collect();
    labels.join(", ")
}

/// The ages of rows.
fn ages<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    rows.filter_map(|row| row.key.last()).map(|age| say!("{age} d", age = age)).collect()
}

/// `Lead → Won` of `Lead → Won, by age`.
fn without_ending(report: &Report, kpi: &str) -> String {
    let title = title_of(report, kpi);
    title.rsplit_once(", ").map_or(title, |(step, _)| step).to_string()
}
