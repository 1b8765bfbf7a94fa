//! Text within a width: grids, paragraphs and labelled lines, for every command whose answer people read in a window.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

/// What stands before the lines under a heading.
pub const MARGIN: usize = 2;
/// Between a label and what it is for.
const GAP: usize = 2;

/// Rows below their headings, no cell of which is cut or wrapped; the columns of numbers stand to the right.
pub fn grid(headings: &[String], rows: &[Vec<String>], is_number: impl Fn(usize) -> bool) -> String {
    let mut table = Table::new();
    // no borders: the heading is underlined
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(headings);
    table.add_rows(rows);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if is_number(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    lines(table.lines().map(|line| line.trim_end().to_string()))
}

/// Headings of numbers are wrapped at this width: about that of the numbers below them.
pub const HEADING_WIDTH: usize = 12;

/// A grid that goes on below, behind the same labels (so many columns to the left), where it is too wide. A column that is
/// beside the one before it is not parted from it.
pub fn fitted(
    headings: &[String],
    rows: &[Vec<String>],
    labels: usize,
    is_number: impl Fn(usize) -> bool,
    is_beside: impl Fn(usize) -> bool,
    width: usize,
) -> String {
    let heading = |(place, heading): (usize, &String)| {
        if is_number(place) { wrapped(heading, HEADING_WIDTH, "") } else { heading.clone() }
    };
    let headings: Vec<String> = headings.iter().enumerate().map(heading).collect();
    let part = |places: &[usize]| {
        let of = |cells: &[String]| -> Vec<String> {
            cells[..labels].iter().chain(places.iter().map(|place| &cells[*place])).cloned().collect()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(|row| of(row)).collect();
        let is_number =
            |place: usize| is_number(place.checked_sub(labels).map_or(place, |behind| places[behind]));
        grid(&of(&headings), &rows, is_number)
    };
    let places: Vec<usize> = (labels..headings.len()).collect();
    let mut rest = places.as_slice();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let is_end = |count: &usize| rest.get(*count).is_none_or(|next| !is_beside(*next));
        let ends: Vec<usize> = (1..=rest.len()).filter(is_end).collect();
        let fitting = ends.iter().rev().find(|count| widest(&part(&rest[..**count])) <= width);
        let (now, later) = rest.split_at(*fitting.or(ends.first()).unwrap_or(&rest.len()));
        parts.push(part(now));
        rest = later;
    }
    parts.join("\n")
}

/// The length of the longest line.
pub fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

/// Lines as text, each with its line feed.
pub fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// Text in lines of at most so many columns where its words allow it, further lines behind an indent.
pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // a blank that does not break holds a number together
    for word in text.split([' ', '\n', '\t']).filter(|word| !word.is_empty()) {
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

/// Text behind a margin, its further lines behind another one that is no smaller. What fits into a line stays as it is.
pub fn hung(text: &str, width: usize, first: usize, further: usize) -> String {
    let margin = " ".repeat(first);
    if first + text.chars().count() <= width && !text.contains('\n') {
        return format!("{margin}{text}");
    }
    let filled = wrapped(text, width.saturating_sub(first), &" ".repeat(further.saturating_sub(first)));
    filled.lines().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join("\n")
}

/// Labels and what they are for, in two columns; a label that leaves too little beside it stands above what it is for.
pub fn pairs(pairs: &[(String, String)], width: usize) -> String {
    let length = |text: &String| text.chars().count();
    let column = pairs.iter().map(|(label, _)| length(label)).filter(|label| *label <= width / 2).max();
    let column = column.unwrap_or(0);
    let place = MARGIN + column + GAP;
    let (margin, gap) = (" ".repeat(MARGIN), " ".repeat(GAP));
    let line = |(label, value): &(String, String)| {
        if MARGIN + length(label).max(column) + GAP + length(value) <= width {
            return format!("{margin}{label:<column$}{gap}{value}").trim_end().to_string();
        }
        let value = hung(value, width, place, place);
        if length(label) > column {
            return format!("{}\n{value}", hung(label, width, MARGIN, MARGIN + GAP));
        }
        format!("{margin}{label:<column$}{gap}{}", value.trim_start())
    };
    lines(pairs.iter().map(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_string()).collect()
    }

    fn paired(texts: &[(&str, &str)], width: usize) -> String {
        let owned = |(label, value): &(&str, &str)| ((*label).to_string(), (*value).to_string());
        pairs(&texts.iter().map(owned).collect::<Vec<_>>(), width)
    }

    #[test]
    fn text_is_wrapped_at_80_columns() {
        let text = wrapped(&"word ".repeat(30), 80, "  ");
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        assert_eq!(text.split_whitespace().count(), 30);
    }

    #[test]
    fn what_a_label_is_for_goes_on_below_itself() {
        let text = paired(&[("value", "75.00 %"), ("source", "one two three four five")], 24);
        assert_eq!(text, "  value   75.00 %\n  source  one two three\n          four five\n");
    }

    #[test]
    fn a_long_label_stands_above_what_it_is_for() {
        let text = paired(&[("ads", "75.00  3 / 4"), ("a channel of many words", "50.00  1 / 2")], 24);
        assert_eq!(text, "  ads  75.00  3 / 4\n  a channel of many\n    words\n       50.00  1 / 2\n");
    }

    #[test]
    fn a_grid_that_is_too_wide_goes_on_behind_its_labels() {
        let headings = owned(&["KPI", "Before", "After", "Change"]);
        let rows = [owned(&["leads", "10", "12", "+2"])];
        let text = |width| fitted(&headings, &rows, 1, |place| place > 0, |place| place == 3, width);
        assert_eq!(
            text(80),
            "KPI    Before  After  Change\n─────────────────────────────\nleads      10     12      +2\n"
        );
        assert_eq!(
            text(20),
            "KPI    Before\n──────────────\nleads      10\n\nKPI    After  Change\n─────────────────────\nleads     12      +2\n"
        );
    }
}
