//! What a reader with one minute is told: missed targets, rows that differ from the rest by more than chance, and what
//! may be said of churn. All of it stands in the tables; here it is in a few lines, each with the way to its table.

use super::find::{self, is_total, is_turned};
use super::markup::{escaped, identifier, measured, parts, title_of};
use crate::kpi::exact::Exact;
use crate::render::{cell_text, interval_text};
use crate::report::layout::split_title;
use crate::report::targets::Status;
use crate::report::{Block, Report, Row, Show, Table, Value};
use crate::say;

/// The tables whose rows are held against the rest, in the order in which they are told.
const TABLES: [&str; 4] = ["channels", "segments", "owners", "churn"];
/// More rows than this in a line are no summary of it.
const MOST_ROWS: usize = 4;
/// More lines than this are no summary.
const MOST_LINES: usize = 10;

/// The lines; nothing where the report has nothing of it.
pub fn section(report: &Report) -> String {
    let mut lines = missed(report);
    lines.extend(verdicts(report));
    let differing = differing(report);
    let left = differing.len().saturating_sub(MOST_LINES);
    lines.extend(differing.into_iter().take(MOST_LINES).map(|(table, line)| item(table, &line)));
    if lines.is_empty() {
        let has_rows = TABLES.iter().any(|name| find::table(report, name).is_some());
        // an audit and a report of periods say it in their own ways
        if !has_rows || report.is_compared || report.tables.iter().any(is_of_periods) {
            return String::new();
        }
        lines.push(format!(
            "<li>{}</li>\n",
            escaped(&say!(
                "No target is missed, and no row differs from the rest of its total by more than chance. Where there are few \
                 leads, that says little: the intervals in the tables tell how little."
            ))
        ));
    }
    if left > 0 {
        lines.push(format!(
            "<li>{}</li>\n",
            escaped(&say!("and {count} more, marked * in the tables", count = left))
        ));
    }
    let about = say!(
        "Targets, and what differs from the rest of its total by more than chance: that it does is no reason why. Of twenty \
         rows that do not differ one stands here by chance; what does not stand here may differ, and be too few to tell."
    );
    format!(
        "<section aria-labelledby=\"standout\">\n<h2 id=\"standout\">{}</h2>\n<p class=\"reading\">{}</p>\n\
         <ul class=\"standout\">\n{}</ul>\n</section>\n",
        escaped(&say!("What stands out")),
        escaped(&about),
        lines.concat()
    )
}

fn is_of_periods(table: &Table) -> bool {
    table.blocks.iter().any(is_turned)
}

fn item(table: &Table, line: &str) -> String {
    format!(
        "<li><a href=\"#table-{}\">{}</a>: {}</li>\n",
        identifier(&table.name),
        escaped(&table.title),
        escaped(line)
    )
}

/// The targets and plans that are missed, those of the last periods first.
fn missed(report: &Report) -> Vec<String> {
    let Some(plan) = find::table(report, "plan") else { return Vec::new() };
    let rows = plan.blocks.iter().flat_map(|block| &block.rows);
    let is_missed = |row: &&Row| {
        let judged = row.values.first().and_then(|value| value.judgement.as_deref());
        judged.is_some_and(|judged| judged.status == Status::Missed)
    };
    let mut rows: Vec<&Row> = rows.filter(is_missed).collect();
    rows.sort_by(|one, other| period_of(other).cmp(period_of(one)));
    let left = rows.len().saturating_sub(MOST_LINES / 2);
    let mut lines: Vec<String> = rows
        .into_iter()
        .take(MOST_LINES / 2)
        .filter_map(|row| {
            let value = row.values.first()?;
            // period, KPI, dimensions; the KPI without its unit, which the value has beside it
            let mut label: Vec<&str> = row.labels.iter().map(String::as_str).collect();
            if let Some(kpi) = label.get_mut(1) {
                *kpi = title_of(report, &value.kpi);
            }
            let line = say!(
                "missed: {what}: {value}, target {target}",
                what = label.join(", "),
                value = measured(report, value),
                target = cell_text(value, Show::Target)
            );
            Some(item(plan, &line))
        })
        .collect();
    if left > 0 {
        lines.push(item(plan, &say!("and {count} more missed", count = left)));
    }
    lines
}

fn period_of(row: &Row) -> &str {
    row.values.first().and_then(|value| value.period.as_deref()).unwrap_or_default()
}

/// What tables say in words of their numbers, the sum of it first.
fn verdicts(report: &Report) -> Vec<String> {
    let said = report.tables.iter().filter(|table| !table.verdict.is_empty());
    said.flat_map(|table| table.verdict.iter().map(move |said| item(table, said))).collect()
}

/// The shares by which rows differ from the rest, a line each with its table, once for each way of splitting: those that
/// have an interval of their own first.
fn differing(report: &Report) -> Vec<(&Table, String)> {
    let tables: Vec<&Table> = TABLES.iter().filter_map(|name| find::table(report, name)).collect();
    let mut told: Vec<(&str, &[String], &str)> = Vec::new();
    // two dimensions that split alike, such as a profile made of one segment, say the same once
    let mut numbers: Vec<(&str, Vec<Option<Exact>>)> = Vec::new();
    let mut lines = Vec::new();
    for columns in [find::interval_columns, find::value_columns] {
        let blocks = tables.iter().flat_map(|table| table.blocks.iter().map(move |block| (*table, block)));
        for (table, block) in blocks.filter(|(_, block)| block.dimensions.len() == 1 && !is_turned(block)) {
            for place in columns(block) {
                let kpi = block.rows.first().map_or("", |row| row.values[place].kpi.as_str());
                let (way, own) = (
                    (table.name.as_str(), block.dimensions.as_slice(), kpi),
                    (kpi, numbers_of(block, place)),
                );
                if told.contains(&way) || numbers.contains(&own) {
                    continue;
                }
                told.push(way);
                if let Some(line) = line(report, block, place, kpi) {
                    numbers.push(own);
                    lines.push((table, line));
                }
            }
        }
    }
    lines
}

/// What a column rests on in the rows that differ from the rest.
fn numbers_of(block: &Block, place: usize) -> Vec<Option<Exact>> {
    let values = block.rows.iter().filter(|row| !is_total(row)).map(|row| &row.values[place]);
    let differs =
        |value: &&Value| value.comparison.as_deref().is_some_and(|compared| compared.is_significant);
    values.filter(differs).flat_map(|value| [value.numerator, value.denominator]).collect()
}

/// `Lead → Won, by segment: large 40.98 % (75 of 183), the rest 17.06 %`; none where no row differs.
fn line(report: &Report, block: &Block, place: usize, kpi: &str) -> Option<String> {
    let rows = block.rows.iter().filter(|row| !is_total(row));
    let mut rows: Vec<String> =
        rows.filter_map(|row| against_rest(report, row, &row.values[place])).collect();
    let left = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    if left > 0 {
        rows.push(say!("and {count} more", count = left));
    }
    let title = split_title(title_of(report, kpi), &block.dimensions);
    (!rows.is_empty()).then(|| format!("{title}: {}", rows.join("; ")))
}

fn against_rest(report: &Report, row: &Row, value: &Value) -> Option<String> {
    let compared = value
        .comparison
        .as_deref()
        .filter(|compared| compared.is_significant && compared.previous.period.is_none())?;
    Some(say!(
        "{row} {share} ({parts}), the rest {rest}",
        row = row.labels.join(", "),
        share = measured(report, value),
        parts = match (parts(value)?, value.interval) {
            (parts, Some(interval)) => {
                say!("{parts}, 95%: {interval}", parts = parts, interval = interval_text(interval))
            }
            (parts, None) => parts,
        },
        rest = measured(report, &compared.previous)
    ))
}
