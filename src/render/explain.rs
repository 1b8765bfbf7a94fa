//! The answer to `explain` as text: labels to the left, what they are for beside them, nothing wider than the window.

use super::grid::{MARGIN, fitted, hung, lines, pairs, wrapped};
use super::terminal::{Look, visible};
use crate::report::explanation::{Explanation, Section};

/// The explanation as text.
pub fn render(explanation: &Explanation, look: Look) -> String {
    let Explanation { title, definition, sections } = explanation;
    let head = [title, definition].into_iter().filter(|text| !text.is_empty());
    let head = lines(head.map(|text| wrapped(text, look.width, "")));
    let sections = sections.iter().map(|section| section_text(section, look.width));
    visible(&std::iter::once(head).chain(sections).collect::<Vec<_>>().join("\n"))
}

fn section_text(section: &Section, width: usize) -> String {
    let title = (!section.title.is_empty()).then(|| wrapped(&section.title, width, ""));
    let told = section.lines.iter().map(|line| hung(line, width, MARGIN, 2 * MARGIN));
    let grid = section.grid.as_ref().map(|grid| {
        let within = width.saturating_sub(MARGIN);
        let is_number = |place: usize| place >= grid.labels;
        let text = fitted(&grid.headings, &grid.rows, grid.labels, is_number, |_| false, within);
        lines(text.lines().map(|line| format!("{}{line}", " ".repeat(MARGIN)).trim_end().to_string()))
    });
    lines(title.into_iter()) + &pairs(&section.pairs, width) + &grid.unwrap_or_default() + &lines(told)
}
