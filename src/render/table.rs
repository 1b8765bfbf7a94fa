//! Aligned text for people: numbers to the right, units in the headings, nothing wider than 80 columns where it can be helped.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::cell_text;
use crate::report::{Block, Report, Show};

/// A terminal of the usual width.
const WIDTH: usize = 80;
/// Headings are wrapped at this width: about that of the numbers below them.
const HEADING_WIDTH: usize = 12;

/// The report as aligned text.
pub fn render(report: &Report) -> String {
    let mut parts = Vec::new();
    for table in &report.tables {
        parts.push(format!("{}\n{}\n", table.title.to_uppercase(), table.scope));
        parts.extend(table.blocks.iter().map(block_text));
        if !table.notes.is_empty() {
            parts.push(lines(table.notes.iter().map(|note| wrapped(note, WIDTH, "  "))));
        }
    }
    if !report.findings.is_empty() {
        let findings = lines(report.findings.iter().map(|finding| wrapped(finding, WIDTH, "  ")));
        parts.push(format!("LEFT OUT, OR WORTH KNOWING\n{findings}"));
    }
    parts.join("\n")
}

/// A block; where it is too wide, its columns go on below, behind the same labels.
fn block_text(block: &Block) -> String {
    let shown: Vec<usize> =
        (0..block.columns.len()).filter(|place| block.columns[*place].show != Show::Data).collect();
    let mut text = format!("{}\n", block.title);
    if shown.is_empty() {
        text.push_str(&grid(block, &[]));
    }
    let mut rest = shown.as_slice();
    while !rest.is_empty() {
        let is_end =
            |count: &usize| rest.get(*count).is_none_or(|next| !is_beside(block.columns[*next].show));
        let ends: Vec<usize> = (1..=rest.len()).filter(is_end).collect();
        let fitting = ends.iter().rev().find(|count| width(&grid(block, &rest[..**count])) <= WIDTH);
        let fitting = *fitting.or(ends.first()).unwrap_or(&rest.len());
        let (now, later) = rest.split_at(fitting);
        text.push_str(&grid(block, now));
        if !later.is_empty() {
            text.push('\n');
        }
        rest = later;
    }
    text
}

/// Whether a column belongs to the one before it.
pub fn is_beside(show: Show) -> bool {
    matches!(show, Show::Previous | Show::Change)
}

fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn grid(block: &Block, columns: &[usize]) -> String {
    let mut table = borderless();
    let headings = columns.iter().map(|place| wrapped(&block.columns[*place].heading, HEADING_WIDTH, ""));
    table.set_header(block.labels.iter().cloned().chain(headings));
    for row in block.rows.iter().filter(|row| row.show != Some(Show::Data)) {
        let cells =
            columns.iter().map(|place| cell_text(&row.values[*place], row.shows(&block.columns[*place])));
        table.add_row(row.labels.iter().cloned().chain(cells));
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if place >= block.labels.len() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lines(table.lines().map(|line| line.trim_end().to_string()))
}

/// Lines as text, each with its line feed.
pub fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// A grid without borders, its heading underlined.
pub fn borderless() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table
}

/// Text in lines of at most so many columns where its words allow it, further lines behind an indent.
fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}{word}")),
            None => lines.push(word.to_string()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_80_columns() {
        let text = wrapped(&"word ".repeat(30), WIDTH, "  ");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(text.split_whitespace().count(), 30);
    }
}
