//! Shares with their 95% intervals as error bars: segments, owners, quality of channels, churn by part of the customers.

use super::rows::{Line, Point, Shape, draw};
use super::scale::Scale;
use super::{Chart, chart, sentences};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::render::html::find::{self, column_of, interval_column, is_total, is_turned};
use crate::render::html::markup::{parts, title_of};
use crate::render::{cell_text, interval_text};
use crate::report::layout::split_title;
use crate::report::{Block, Report, Row, Show, Value};
use crate::say;

/// The tables with such charts, and the KPIs that are drawn there; none named: that of the first interval of a grid, once
/// for each way of splitting.
const DRAWN: [(&str, &[&str]); 4] = [
    ("channels", &["qualified_share", "lead_quality"]),
    ("segments", &[]),
    ("owners", &["win_rate_closed", "touched_within"]),
    ("churn", &["churn_rate", "churned_share"]),
];

/// A chart for each share of these tables.
pub fn charts(report: &Report) -> Vec<Chart> {
    let mut charts = Vec::new();
    for (name, kpis) in DRAWN {
        let Some(table) = find::table(report, name) else { continue };
        let mut drawn: Vec<(&[String], &str)> = Vec::new();
        for block in table.blocks.iter().filter(|block| !is_turned(block) && !block.dimensions.is_empty()) {
            let is_split_alike = drawn.iter().any(|(dimensions, _)| *dimensions == block.dimensions);
            let found: Vec<&str> = match (kpis, interval_column(block)) {
                ([], Some((_, kpi))) if !is_split_alike => vec![kpi],
                ([], _) => Vec::new(),
                (kpis, _) => kpis.iter().copied().filter(|kpi| column_of(block, kpi).is_some()).collect(),
            };
            for kpi in found
                .into_iter()
                .filter(|kpi| !drawn.contains(&(&block.dimensions, *kpi)))
                .collect::<Vec<_>>()
            {
                drawn.push((&block.dimensions, kpi));
                charts.extend(of_block(report, name, block, kpi));
            }
        }
    }
    charts
}

fn of_block(report: &Report, table: &str, block: &Block, kpi: &str) -> Option<Chart> {
    let place = column_of(block, kpi)?;
    let lines: Vec<Line> = block.rows.iter().filter_map(|row| line(row, &row.values[place])).collect();
    if lines.iter().filter(|line| !line.is_total).count() < 2 {
        return None;
    }
    let total = block.rows.iter().find(|row| is_total(row)).and_then(|row| row.values[place].value);
    let ends = lines
        .iter()
        .flat_map(|line| &line.points)
        .flat_map(|point| [Some(point.number), point.interval.map(|(_, high)| high)].into_iter().flatten());
    let scale = Scale::of(ends, Unit::Share);
    let marked = lines.iter().any(|line| line.shown.starts_with('*'));
    let about =
        say!("Dot: the share. Whiskers: its 95% interval; the wider, the less sure. Dashed: the total.");
    let mark = marked.then(|| say!("*: differs from the rest of the total by more than chance."));
    chart(
        report,
        table,
        split_title(title_of(report, kpi), &block.dimensions),
        sentences(about, [mark]),
        draw(&lines, &scale, total.map(Exact::to_float)),
    )
}

/// `* 16.67 % (6.68–35.85), 4 of 24`; none without a value.
fn line(row: &Row, value: &Value) -> Option<Line> {
    let number = value.value?.to_float();
    let interval =
        value.interval.map(|interval| format!(" ({})", interval_text(interval))).unwrap_or_default();
    let parts = parts(value).map(|parts| format!(", {parts}")).unwrap_or_default();
    Some(Line {
        label: label(row),
        shown: format!("{}{interval}{parts}", lang::percent(&cell_text(value, Show::Value))),
        told: String::new(),
        bars: Vec::new(),
        points: vec![Point {
            number,
            interval: value.interval.map(|interval| (interval.low, interval.high)),
            shape: Shape::Dot,
        }],
        is_total: is_total(row),
    })
}

/// What a row is about.
pub fn label(row: &Row) -> String {
    let labels: Vec<&str> =
        row.labels.iter().map(|label| label.trim()).filter(|label| !label.is_empty()).collect();
    labels.join(", ")
}
