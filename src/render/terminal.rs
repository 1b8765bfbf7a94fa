//! What a terminal can do and a file cannot: its own width, colour, small pictures of numbers. None of them says what the
//! text does not say without it.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::Colour;
use crate::kpi::catalogue::Unit;
use crate::report::{Block, Row, Show, Value};

/// A terminal of the usual width, and the width of what is no terminal.
pub const WIDTH: usize = 80;
/// Lines longer than this are hard to follow, however wide the window is.
const WIDEST: usize = 200;
/// So many cells make a whole.
const BAR: usize = 10;
/// Fewer periods show no trend.
const FEWEST_PERIODS: usize = 3;

/// How text is laid out for its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// In columns.
    pub width: usize,
    pub has_colour: bool,
    /// Whether bars and trends stand beside numbers.
    pub has_pictures: bool,
}

impl Look {
    /// That of files and pipes, the same everywhere.
    pub fn plain() -> Look {
        Look { width: WIDTH, has_colour: false, has_pictures: false }
    }

    /// That of a file where there is one, else that of stdout.
    pub fn at(place: Option<&Path>, colour: Colour) -> Look {
        if place.is_some() { Look::plain() } else { Look::of_stdout(colour) }
    }

    /// That of stdout: of a terminal, or of what is to be treated as one.
    pub fn of_stdout(colour: Colour) -> Look {
        let is_terminal = std::io::stdout().is_terminal();
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let has_colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                is_terminal
                    && !is_set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        if !is_terminal && colour != Colour::Always {
            return Look::plain();
        }
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let own = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let width = asked.or_else(own).unwrap_or(WIDTH).clamp(WIDTH / 2, WIDEST);
        Look { width, has_colour, has_pictures: true }
    }

    /// The title of a table.
    pub fn title(self, text: &str) -> String {
        self.painted(text, "1")
    }

    /// A line of a grid: its rule faint, what is marked in colour with its mark.
    pub fn line(self, line: &str) -> String {
        if !self.has_colour {
            return line.to_string();
        }
        if line.starts_with('─') {
            return self.painted(line, "2");
        }
        let mut painted = String::new();
        let mut rest = line;
        while let Some((before, mark, marked, after)) = next_mark(rest) {
            painted += before;
            painted += &self.painted(&format!("{mark} {marked}"), mark_style(mark));
            rest = after;
        }
        painted + rest
    }

    fn painted(self, text: &str, style: &str) -> String {
        if self.has_colour { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// Text of the exports as a terminal may have it: a control character in a cell must not move its cursor, and none that
/// turns the direction of writing may hide a word. Line feeds stay.
pub fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The same in one line.
pub fn visible_in_line(text: &str) -> String {
    visible(text).replace('\n', "\u{fffd}")
}

/// The first mark that stands alone before a number: what is before it, the mark, the number, what is behind.
fn next_mark(line: &str) -> Option<(&str, char, &str, &str)> {
    let is_mark = |(at, mark): &(usize, char)| {
        let is_alone = line[..*at].chars().next_back().is_none_or(|before| before == ' ');
        let number = line[at + mark.len_utf8()..].strip_prefix(' ');
        let begins =
            |number: &str| number.starts_with(|first: char| first.is_ascii_digit() || "-+".contains(first));
        matches!(mark, '!' | '~' | '*') && is_alone && number.is_some_and(begins)
    };
    let (at, mark) = line.char_indices().find(is_mark)?;
    let behind = &line[at + mark.len_utf8() + 1..];
    let (marked, after) = behind.split_at(behind.find(' ').unwrap_or(behind.len()));
    Some((&line[..at], mark, marked, after))
}

/// Bold red for what misses its target, yellow for what is near, cyan for what differs.
fn mark_style(mark: char) -> &'static str {
    match mark {
        '!' => "1;31",
        '~' => "33",
        _ => "36",
    }
}

/// The column of shares of a grid that a bar may stand beside: the first of several rows, none of which is a period.
pub fn bar_column(block: &Block, columns: &[usize]) -> Option<usize> {
    let is_split = block.rows.len() > 1 && !is_of_periods(block);
    let is_share = |place: &&usize| {
        let column = &block.columns[**place];
        let shares = block.rows.iter().filter_map(|row| row.values.get(**place)).filter_map(share_of);
        column.show == Show::Value && shares.clone().count() > 1 && shares.clone().any(|share| share > 0.0)
    };
    columns.iter().find(|place| is_split && is_share(place)).copied()
}

/// A share from 0 to 1.
fn share_of(value: &Value) -> Option<f64> {
    let share = value.value.filter(|_| matches!(value.unit, Unit::Share | Unit::Part))?.to_float();
    (0.0..=1.0).contains(&share).then_some(share)
}

/// A bar of ten cells for a whole, in eighths of a cell; empty for what is no share.
pub fn bar(value: &Value) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let Some(share) = share_of(value) else { return String::new() };
    // a share is from 0 to 1, so this is from 0 to 80
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let eighths = (share * (BAR * 8) as f64).round() as usize;
    let part = EIGHTHS[eighths % 8];
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// Whether the columns of a block are enough periods for a trend.
pub fn is_of_periods(block: &Block) -> bool {
    block.columns.len() >= FEWEST_PERIODS && block.rows.iter().any(|row| row.show.is_some())
}

/// The values of a row from its lowest to its highest as blocks, a blank where there is none; empty for a row of
/// intervals, and where all are alike.
pub fn trend(row: &Row) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if row.show != Some(Show::Value) {
        return String::new();
    }
    let numbers: Vec<Option<f64>> =
        row.values.iter().map(|value| value.value.map(crate::kpi::exact::Exact::to_float)).collect();
    let known = || numbers.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if known().count() < FEWEST_PERIODS || high <= low {
        return String::new();
    }
    let level = |number: f64| {
        // from 0 to 7
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let place = ((number - low) / (high - low) * 7.0).round() as usize;
        LEVELS[place.min(7)]
    };
    numbers.iter().map(|number| number.map_or(' ', level)).collect::<String>().trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Basis;
    use crate::kpi::exact::Exact;

    fn value(unit: Unit, number: Option<Exact>) -> Value {
        Value { value: number, ..Value::empty("kpi", Basis::Cohort, unit) }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let bar = |numerator, denominator| bar(&value(Unit::Share, Exact::fraction(numerator, denominator)));
        assert_eq!(bar(1, 1), "██████████");
        assert_eq!(bar(1, 2), "█████");
        assert_eq!(bar(1, 80), "▏");
        assert_eq!(bar(27, 80), "███▍");
        assert_eq!([bar(0, 1), bar(3, 2), bar(1, 0)], ["", "", ""]);
        assert_eq!(super::bar(&value(Unit::Money, Some(Exact::whole(1)))), "");
    }

    #[test]
    fn a_trend_goes_from_the_lowest_to_the_highest() {
        let row = |numbers: &[Option<i128>]| Row {
            labels: Vec::new(),
            key: Vec::new(),
            values: numbers.iter().map(|number| value(Unit::Count, number.map(Exact::whole))).collect(),
            show: Some(Show::Value),
        };
        assert_eq!(trend(&row(&[Some(0), Some(7), None, Some(3), Some(1)])), "▁█ ▄▂");
        assert_eq!(trend(&row(&[Some(2), Some(2), Some(2)])), "", "nothing moves");
        assert_eq!(trend(&row(&[Some(2), Some(3), None])), "", "two are no trend");
        assert_eq!(trend(&Row { show: Some(Show::Interval), ..row(&[Some(0), Some(7), Some(1)]) }), "");
    }

    #[test]
    fn colour_adds_to_a_mark_and_never_stands_for_it() {
        let look = Look { width: 80, has_colour: true, has_pictures: false };
        let line = "ads!   12  ! 4.50  ~ 3  a * b";
        let painted = look.line(line);
        assert_eq!(painted, "ads!   12  \u{1b}[1;31m! 4.50\u{1b}[0m  \u{1b}[33m~ 3\u{1b}[0m  a * b");
        assert_eq!(Look::plain().line(line), line);
    }
}
