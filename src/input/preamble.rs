//! The lines above a header: some exports name the range of their dates there and nowhere else.

use super::date::read_date;
use super::number::trim;
use crate::period::format_day;

/// What stands between the first and the last day of a range.
const BETWEEN: [&str; 7] = [" - ", " – ", " — ", " to ", " по ", "–", " до "];
/// A date has at most so many words.
const WORDS: usize = 4;

/// The first and last day that a line names, as `YYYY-MM-DD`; none where the lines name no range, or one that may be
/// read in two ways.
pub fn date_range(lines: &[String]) -> Option<(String, String)> {
    lines.iter().find_map(|line| {
        BETWEEN.iter().find_map(|between| {
            let (left, right) = line.split_once(between)?;
            let from = at_end(left)?;
            let to = at_start(right)?;
            (from <= to).then(|| (format_day(from), format_day(to)))
        })
    })
}

fn at_end(text: &str) -> Option<i32> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..=WORDS.min(words.len())).rev().find_map(|count| day(&words[words.len() - count..].join(" ")))
}

fn at_start(text: &str) -> Option<i32> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (1..=WORDS.min(words.len())).rev().find_map(|count| day(&words[..count].join(" ")))
}

fn day(text: &str) -> Option<i32> {
    let text = trim(text).trim_matches(['"', '(', ')', ';', ',', ':']);
    let reading = read_date(text)?;
    (reading.day_first == reading.month_first && !reading.has_short_year).then_some(reading.day_first?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_where_it_can_be_read_in_one_way_only() {
        let range = |line: &str| date_range(&["Report".to_string(), line.to_string()]);
        let january = Some(("2024-01-01".to_string(), "2024-01-31".to_string()));
        assert_eq!(range("January 1, 2024 - January 31, 2024"), january);
        assert_eq!(range("\"Период: 01.01.2024 - 31.01.2024\";;"), january);
        assert_eq!(range("Статистика с 01.01.2024 по 31.01.2024"), january);
        assert_eq!(range("1/2/2024 - 3/4/2024"), None);
        assert_eq!(range("Q1 - Q2"), None);
    }
}
