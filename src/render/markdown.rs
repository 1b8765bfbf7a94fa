//! Tables for a wiki or a chat: the report's text in Markdown.

use std::fmt::Write as _;

use super::cell_text;
use crate::report::{Block, Report, Show};
use crate::say;

/// The report as Markdown.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for table in &report.tables {
        let _ = writeln!(text, "## {}\n\n{}\n", table.title, escaped(&table.scope));
        for block in &table.blocks {
            let _ = writeln!(text, "### {}\n\n{}", escaped(&block.title), grid(block));
        }
        for note in &table.notes {
            let _ = writeln!(text, "{}\n", escaped(note));
        }
    }
    if !report.findings.is_empty() {
        let _ = writeln!(text, "## {}\n", say!("Left out, or worth knowing"));
        for finding in &report.findings {
            let _ = writeln!(text, "- {}", escaped(finding));
        }
    }
    format!("{}\n", text.trim_end())
}

fn grid(block: &Block) -> String {
    let shown: Vec<usize> =
        (0..block.columns.len()).filter(|place| block.columns[*place].show != Show::Data).collect();
    let mut text = String::new();
    let headings = shown.iter().map(|place| block.columns[*place].heading.clone());
    line(&mut text, block.labels.iter().cloned().chain(headings));
    let rules = block.labels.iter().map(|_| ":--".to_string()).chain(shown.iter().map(|_| "--:".to_string()));
    line(&mut text, rules);
    for row in block.rows.iter().filter(|row| row.show != Some(Show::Data)) {
        let cells =
            shown.iter().map(|place| cell_text(&row.values[*place], row.shows(&block.columns[*place])));
        line(&mut text, row.labels.iter().cloned().chain(cells));
    }
    text
}

/// Adds a row of a Markdown table.
pub fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.map(|cell| escaped(&cell)).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// A bar would end the cell, a line break the row.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
