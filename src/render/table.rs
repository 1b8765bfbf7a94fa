//! Aligned text for people: numbers to the right, units in the headings, nothing wider than 80 columns where it can be helped.

use super::cell_text;
use super::grid::{HEADING_WIDTH, grid, hung, lines, widest, wrapped};
use super::terminal::{Look, WIDTH, bar, bar_column, is_of_periods, trend, visible, visible_in_line};
use crate::report::{Block, Report, Row, Show};
use crate::say;

/// Labels that leave too little room are wrapped at the first of these widths that is narrow enough.
const LABEL_WIDTHS: [usize; 3] = [24, 16, 12];

/// The report as aligned text.
pub fn render(report: &Report, look: Look) -> String {
    let mut parts = Vec::new();
    for table in &report.tables {
        parts.push(format!(
            "{}\n{}\n",
            look.title(&table.title.to_uppercase()),
            wrapped(&visible_in_line(&table.scope), look.width, "  ")
        ));
        parts.extend(table.blocks.iter().map(|block| block_text(block, look)));
        if !table.notes.is_empty() {
            parts.push(lines(
                table.notes.iter().map(|note| wrapped(&visible(note), look.width.min(WIDTH), "  ")),
            ));
        }
    }
    if !report.findings.is_empty() {
        let width = look.width.min(WIDTH);
        let findings = lines(report.findings.iter().map(|finding| wrapped(&visible(finding), width, "  ")));
        parts.push(format!("{}\n{findings}", look.title(&report.findings_title().to_uppercase())));
    }
    parts.join("\n")
}

/// A block; where it is too wide, its columns go on below, behind the same labels.
fn block_text(block: &Block, look: Look) -> String {
    let rows = block.rows.iter().map(|row| {
        let labels = row.labels.iter().map(|label| visible_in_line(label)).collect();
        Row { labels, ..row.clone() }
    });
    let block = &Block { rows: rows.collect(), ..block.clone() };
    let shown: Vec<usize> =
        (0..block.columns.len()).filter(|place| block.columns[*place].show != Show::Data).collect();
    let mut text = wrapped(&visible_in_line(&block.title), look.width, "  ") + "\n";
    if shown.is_empty() {
        text.push_str(&pictured_grid(block, &[], look));
    }
    let wrapped_labels = narrowed(block, &shown, look.width);
    let block = wrapped_labels.as_ref().unwrap_or(block);
    let mut rest = shown.as_slice();
    while !rest.is_empty() {
        let is_end =
            |count: &usize| rest.get(*count).is_none_or(|next| !is_beside(block.columns[*next].show));
        let ends: Vec<usize> = (1..=rest.len()).filter(is_end).collect();
        let fitting = ends
            .iter()
            .rev()
            .find(|count| widest(&plain_grid(block, &rest[..**count], None, false)) <= look.width);
        let fitting = *fitting.or(ends.first()).unwrap_or(&rest.len());
        let (now, later) = rest.split_at(fitting);
        text.push_str(&pictured_grid(block, now, look));
        if !later.is_empty() {
            text.push('\n');
        }
        rest = later;
    }
    text
}

/// The block with its labels in several lines, where they leave no room for a single column beside them.
fn narrowed(block: &Block, shown: &[usize], width: usize) -> Option<Block> {
    let fits =
        |block: &Block| shown.iter().all(|place| widest(&plain_grid(block, &[*place], None, false)) <= width);
    if fits(block) {
        return None;
    }
    let narrow = |most: usize| {
        let label = |label: &String| {
            let indent = label.len() - label.trim_start().len();
            hung(label.trim_start(), most.max(indent), indent, indent)
        };
        let rows = block
            .rows
            .iter()
            .map(|row| Row { labels: row.labels.iter().map(label).collect(), ..row.clone() });
        Block { rows: rows.collect(), ..block.clone() }
    };
    LABEL_WIDTHS
        .iter()
        .map(|most| narrow(*most))
        .find(fits)
        .or_else(|| LABEL_WIDTHS.last().map(|most| narrow(*most)))
}

/// Whether a column belongs to the one before it.
pub fn is_beside(show: Show) -> bool {
    matches!(show, Show::Previous | Show::Change)
}

/// Some columns of a block for their reader: where there is room, with a picture beside the numbers.
fn pictured_grid(block: &Block, columns: &[usize], look: Look) -> String {
    let fits = |text: &String| widest(text) <= look.width;
    let with_picture = || {
        // a trend is of all periods, so it stands behind the last of them
        let is_last = columns.last().is_some_and(|last| last + 1 == block.columns.len());
        let has_trend = is_of_periods(block) && is_last;
        let bar = bar_column(block, columns);
        (has_trend || bar.is_some()).then(|| plain_grid(block, columns, bar, has_trend)).filter(fits)
    };
    let pictured = if look.has_pictures { with_picture() } else { None };
    let text = pictured.unwrap_or_else(|| plain_grid(block, columns, None, false));
    lines(text.lines().map(|line| look.line(line)))
}

/// Some columns of a block; behind one of them its shares as bars, behind the last one the trend of each row.
fn plain_grid(block: &Block, columns: &[usize], bar_behind: Option<usize>, has_trend: bool) -> String {
    let picture = |place: &usize| (bar_behind == Some(*place)).then(String::new);
    let heading = |place: &usize| wrapped(&block.columns[*place].heading, HEADING_WIDTH, "");
    let headings = columns.iter().flat_map(|place| std::iter::once(heading(place)).chain(picture(place)));
    let trend_heading = has_trend.then(|| say!("Trend"));
    let headings: Vec<String> = block.labels.iter().cloned().chain(headings).chain(trend_heading).collect();
    let cells = |row: &Row| {
        let cells = columns.iter().flat_map(|place| {
            let value = &row.values[*place];
            let picture = picture(place).map(|_| bar(value));
            std::iter::once(cell_text(value, row.shows(&block.columns[*place]))).chain(picture)
        });
        let trend = has_trend.then(|| trend(row));
        row.labels.iter().cloned().chain(cells).chain(trend).collect()
    };
    let rows: Vec<Vec<String>> =
        block.rows.iter().filter(|row| row.show != Some(Show::Data)).map(cells).collect();
    let first = block.labels.len();
    let bar_place =
        columns.iter().position(|place| bar_behind == Some(*place)).map(|place| first + place + 1);
    let trend_place = has_trend.then_some(first + columns.len() + usize::from(bar_place.is_some()));
    grid(&headings, &rows, |place| place >= first && Some(place) != bar_place && Some(place) != trend_place)
}
