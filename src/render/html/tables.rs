//! Every table of the report in full: what people read, and beside each number the raw one with the place where it
//! belongs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::common::Common;
use super::find::{is_total, is_turned};
use super::markup::{attribute, beside, escaped, identifier};
use crate::render::cell_text;
use crate::render::csv::{limit, plain};
use crate::render::table::is_beside;
use crate::report::{Block, Definition, Report, Row, Show, Table, Value};
use crate::say;

/// So many columns have room on paper; further ones go on below, behind the same labels.
const MOST_COLUMNS: usize = 12;
/// More columns than this are printed in small letters.
const MANY: usize = 9;

/// A table with its grids, its notes and what its KPIs are.
pub fn section(report: &Report, table: &Table) -> String {
    let name = identifier(&table.name);
    let mut text = format!(
        "<section class=\"table\" id=\"table-{name}\" aria-labelledby=\"title-{name}\">\n<h2 id=\"title-{name}\">{}</h2>\n<p class=\"scope\">{}</p>\n",
        escaped(&table.title),
        escaped(&table.scope)
    );
    for (place, block) in table.blocks.iter().enumerate() {
        let id = format!("{name}-{place}");
        let _ = write!(
            text,
            "<h3 id=\"{id}\">{}</h3>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}\">\n",
            escaped(&block.title)
        );
        for columns in pieces(block) {
            grid(&mut text, report, table, (block, &columns));
        }
        text.push_str("</div>\n");
    }
    text.push_str(&list("notes", &table.notes));
    text.push_str(&definitions(report, table));
    text.push_str("</section>\n");
    text
}

/// Lines as a list; nothing where there is none.
pub fn list(class: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let items: Vec<String> = lines.iter().map(|line| format!("<li>{}</li>\n", with_code(line))).collect();
    format!("<ul class=\"{class}\">\n{}</ul>\n", items.concat())
}

/// Text whose words in backticks are set as code.
fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(place, part): (usize, &&str)| {
        if place % 2 == 0 { escaped(part) } else { format!("<code>{}</code>", escaped(part)) }
    };
    parts.iter().enumerate().map(part).collect()
}

/// The places of the columns that people are shown, in pieces that keep a value with what it is compared with.
fn pieces(block: &Block) -> Vec<Vec<usize>> {
    let shown = (0..block.columns.len()).filter(|place| block.columns[*place].show != Show::Data);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for place in shown {
        match groups.last_mut().filter(|_| is_beside(block.columns[place].show)) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    let mut pieces: Vec<Vec<usize>> = vec![Vec::new()];
    for group in groups {
        match pieces.last_mut().filter(|piece| piece.is_empty() || piece.len() + group.len() <= MOST_COLUMNS)
        {
            Some(piece) => piece.extend(group),
            None => pieces.push(group),
        }
    }
    pieces
}

fn grid(text: &mut String, report: &Report, table: &Table, (block, shown): (&Block, &[usize])) {
    let rows: Vec<&Row> = block.rows.iter().filter(|row| row.show != Some(Show::Data)).collect();
    let grid = Grid {
        report,
        table,
        block,
        shown,
        common: Common::of(table, block, &rows),
        is_sortable: can_be_sorted(block, &rows),
        is_grouped: has_sortable_groups(block, &rows),
    };
    let mut classes = Vec::new();
    classes.extend(grid.is_sortable.then_some("sortable"));
    classes.extend(grid.is_grouped.then_some("grouped"));
    let width = shown.len() + block.labels.len();
    classes.extend((width > MANY).then_some("wide"));
    let dimensions = serde_json::json!(block.dimensions).to_string();
    let _ = writeln!(
        text,
        "<table{}{}{}{}>\n<thead>\n<tr>",
        attribute("class", &classes.join(" ")),
        attribute("data-table", &table.name),
        attribute("data-period", &table.period),
        attribute("data-dimensions", &dimensions),
    );
    headings(text, &grid);
    text.push_str("</tr>\n</thead>\n");
    // a total stays below whatever the rows are sorted by
    let is_foot =
        |row: &&&Row| !row.key.is_empty() && is_total(row) && (grid.is_grouped || !is_turned(block));
    for (tag, rows) in [
        ("tbody", rows.iter().filter(|row| !is_foot(row)).collect::<Vec<_>>()),
        ("tfoot", rows.iter().filter(is_foot).collect()),
    ] {
        if !rows.is_empty() {
            let _ = writeln!(text, "<{tag}>");
            for row in rows {
                line(text, &grid, row);
            }
            let _ = writeln!(text, "</{tag}>");
        }
    }
    text.push_str("</table>\n");
}

/// A grid with what its cells have in common.
struct Grid<'a> {
    report: &'a Report,
    table: &'a Table,
    block: &'a Block,
    /// The places of its columns.
    shown: &'a [usize],
    common: Common<'a>,
    is_sortable: bool,
    /// Whether the rows of each key are sorted together.
    is_grouped: bool,
}

fn headings(text: &mut String, grid: &Grid) {
    let block = grid.block;
    for label in &block.labels {
        let _ = writeln!(text, "<th scope=\"col\" class=\"label\">{}</th>", escaped(label));
    }
    for place in grid.shown {
        let column = &block.columns[*place];
        let definition = definition_of_column(grid.report, block, *place);
        let told = definition.map(|definition| definition.definition.clone()).unwrap_or_default();
        let key =
            if column.key.is_empty() { String::new() } else { serde_json::json!(column.key).to_string() };
        let _ = writeln!(
            text,
            "<th scope=\"col\"{}{}{}{}>{}</th>",
            attribute("data-kpi", grid.common.kpi_of_column(*place)),
            attribute("data-period", grid.common.period_of_column(*place)),
            attribute("data-key", &key),
            attribute("title", &told),
            escaped(&column.heading)
        );
    }
}

/// Whether every row of a block says itself what it is about, so that it may stand anywhere.
fn can_be_sorted(block: &Block, rows: &[&Row]) -> bool {
    let is_alone =
        |row: &&Row| row.labels.first().is_some_and(|label| !label.is_empty() && !label.starts_with(' '));
    rows.len() > 1 && !is_turned(block) && rows.iter().all(is_alone)
}

/// Whether the columns are periods, and the rows of one key can stand before or behind those of another: all keys have the
/// same rows, which stand together.
fn has_sortable_groups(block: &Block, rows: &[&Row]) -> bool {
    let is_named = |row: &&Row| row.labels.first().is_some_and(|label| !label.starts_with(' '));
    let split: Vec<&Row> = rows.iter().copied().filter(|row| !row.key.is_empty() && !is_total(row)).collect();
    let groups: Vec<&[&Row]> = split.chunk_by(|one, other| one.key == other.key).collect();
    let keys: BTreeSet<&[String]> = groups.iter().map(|group| group[0].key.as_slice()).collect();
    let shape = |group: &[&Row]| -> Vec<(String, Option<Show>)> {
        let kpi = |row: &&Row| row.values.iter().map(|value| value.kpi.clone()).find(|kpi| !kpi.is_empty());
        group.iter().map(|row| (kpi(row).unwrap_or_default(), row.show)).collect()
    };
    let are_alike = groups.windows(2).all(|pair| shape(pair[0]) == shape(pair[1]));
    // the last label says which KPI a row is of
    let has_kpis = block.labels.len() > block.dimensions.len() && rows.iter().all(|row| !row.key.is_empty());
    let is_split = keys.len() > 1 && keys.len() == groups.len();
    is_turned(block) && has_kpis && is_split && are_alike && rows.iter().all(is_named)
}

/// Which of the raw numbers of a cell a row shows: the cells of the value itself have them all.
fn part_of(row: &Row) -> &'static str {
    match row.show {
        Some(Show::Numerator) => "1",
        Some(Show::Denominator) => "2",
        Some(Show::Interval) => "3",
        _ => "",
    }
}

fn line(text: &mut String, grid: &Grid, row: &Row) {
    let key = serde_json::json!(row.key).to_string();
    let kpi = attribute("data-kpi", grid.common.kpi_of_row(row));
    let part = attribute("data-part", if grid.is_grouped { part_of(row) } else { "" });
    let _ = writeln!(text, "<tr{}{kpi}{part}>", attribute("data-key", &key));
    for (place, label) in row.labels.iter().enumerate() {
        let class = if label.starts_with(' ') { "label indented" } else { "label" };
        let (tag, scope) = if place == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
        let _ = writeln!(text, "<{tag}{scope} class=\"{class}\">{}</{tag}>", escaped(label.trim_start()));
    }
    for place in grid.shown {
        cell(text, grid, *place, row);
    }
    text.push_str("</tr>\n");
}

/// A cell says only what its row and its column do not say for it: a page of a year has tens of thousands of them.
fn cell(text: &mut String, grid: &Grid, place: usize, row: &Row) {
    let (column, value) = (&grid.block.columns[place], &row.values[place]);
    let show = row.shows(column);
    let words = escaped(&cell_text(value, show));
    // an age that a group has not reached is no value, in CSV and JSON neither
    let is_unreached = !column.key.is_empty() && value.value.is_none();
    if value.is_absent() || is_unreached || show != Show::Value {
        // beside it stands the same value itself, so what is known of it is told once
        let has_order = grid.is_sortable || (grid.is_grouped && part_of(row).is_empty());
        let sort = Some(sorted_by(value, show)).filter(|_| has_order).unwrap_or_default();
        let class = if value.is_absent() || is_unreached { "" } else { class_of(value, show) };
        let _ = writeln!(text, "<td{class}{}>{words}</td>", attribute("data-sort", &sort));
        return;
    }
    let (kpi, period) = grid.common.own_of(grid.table, row, place);
    let told = beside(grid.report, value).join("\n");
    let stop = if told.is_empty() { "" } else { " tabindex=\"0\"" };
    let _ = writeln!(
        text,
        "<td{stop}{}{}{} data-v=\"{}\"{}>{words}</td>",
        class_of(value, show),
        attribute("data-kpi", kpi),
        attribute("data-period", period),
        figures(value),
        attribute("title", &told),
    );
}

/// The raw numbers: value, numerator, denominator, both ends of the interval, as far as there are any.
fn figures(value: &Value) -> String {
    let all = [
        plain(value.value),
        plain(value.numerator),
        plain(value.denominator),
        limit(value.interval.map(|interval| interval.low)),
        limit(value.interval.map(|interval| interval.high)),
    ];
    all.join("|").trim_end_matches('|').to_string()
}

/// Where a target is missed or nearly so the cell is seen as well as read: the text has the mark in any case.
fn class_of(value: &Value, show: Show) -> &'static str {
    use crate::report::targets::Status;
    match value.judgement.as_deref().map(|judged| judged.status) {
        Some(Status::Missed) if matches!(show, Show::Value | Show::Status) => " class=\"missed\"",
        Some(Status::Warned | Status::Behind) if matches!(show, Show::Value | Show::Status) => {
            " class=\"warned\""
        }
        _ => "",
    }
}

/// The raw number that a cell shows.
fn sorted_by(value: &Value, show: Show) -> String {
    let compared = value.comparison.as_deref();
    match show {
        Show::Value | Show::Data => plain(value.value),
        Show::Interval => limit(value.interval.map(|interval| interval.low)),
        Show::Numerator => plain(value.numerator),
        Show::Denominator => plain(value.denominator),
        Show::Previous => plain(compared.and_then(|compared| compared.previous.value)),
        Show::Change => plain(compared.and_then(|compared| compared.change_percent.or(compared.change))),
        Show::Target => plain(value.judgement.as_deref().and_then(|judged| Some(judged.target?.1))),
        Show::Status => String::new(),
    }
}

/// What a column is, where all its rows are of one KPI.
fn definition_of_column<'a>(report: &'a Report, block: &Block, place: usize) -> Option<&'a Definition> {
    let mut kpis = block.rows.iter().map(|row| row.values[place].kpi.as_str()).filter(|kpi| !kpi.is_empty());
    let first = kpis.next()?;
    let is_one = kpis.all(|kpi| kpi == first);
    report.definitions.iter().find(|definition| is_one && definition.kpi == first)
}

/// What the KPIs of a table are.
fn definitions(report: &Report, table: &Table) -> String {
    let values = || table.blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let own: Vec<&Definition> = report
        .definitions
        .iter()
        .filter(|definition| values().any(|value| value.kpi == definition.kpi))
        .collect();
    if own.is_empty() {
        return String::new();
    }
    format!(
        "<details>\n<summary>{}</summary>\n{}</details>\n",
        escaped(&say!("What these numbers are")),
        described(own.into_iter())
    )
}

/// What all KPIs are, once: for paper, where nothing can be opened.
pub fn glossary(report: &Report) -> String {
    if report.definitions.is_empty() {
        return String::new();
    }
    let list = described(report.definitions.iter());
    let title = escaped(&say!("What these numbers are"));
    format!("<section class=\"glossary\">\n<h2>{title}</h2>\n{list}</section>\n")
}

fn described<'a>(definitions: impl Iterator<Item = &'a Definition>) -> String {
    let mut text = "<dl>\n".to_string();
    for definition in definitions {
        let _ = write!(
            text,
            "<dt>{} <code>{}</code></dt>\n<dd>{} <code>{}</code></dd>\n",
            escaped(&definition.title),
            escaped(&definition.kpi),
            escaped(&definition.definition),
            escaped(&definition.formula)
        );
    }
    text.push_str("</dl>\n");
    text
}
