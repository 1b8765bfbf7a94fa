//! A date as people and systems write it, beyond the plain forms of `cell`: names of months, slashes, AM and PM.
//!
//! `3/4/2024` is in March or in April: both readings are given here, and the column decides.

use super::cell::{TimeOfDay, days_from_civil, parse_date, parse_time, time_of_day};

/// The names of the months in the languages that exports come in, with the short forms; a full stop behind is no part.
const MONTHS: [&str; 12] = [
    "jan january янв января январь яну януари januar jänner ene enero janv janvier",
    "feb february фев февр февраля февраль февруари februar febrero fév févr février",
    "mar march мар марта март mär märz marzo mars",
    "apr april апр апреля апрель април abr abril avr avril",
    "may май мая mai mayo",
    "jun june июн июня июнь юни juni junio juin",
    "jul july июл июля июль юли juli julio juil juillet",
    "aug august авг августа август ago agosto août",
    "sep sept september сен сент сентября сентябрь септ септември septiembre septembre",
    "oct october окт октября октябрь октомври okt oktober octubre octobre",
    "nov november ноя нояб ноября ноябрь ное ноем ноември noviembre novembre",
    "dec december дек декабря декабрь декември dez dezember dic diciembre déc décembre",
];

/// The days that a cell can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// With the day before the month, or where the order is plain.
    pub day_first: Option<i32>,
    /// With the month before the day, or where the order is plain.
    pub month_first: Option<i32>,
    /// Whether the year has two digits: then only a setting says what it is.
    pub has_short_year: bool,
}

/// Reads a cell in every form; none if it is no date.
pub fn read_date(cell: &str) -> Option<Reading> {
    if let Some(day) = parse_date(cell.as_bytes()) {
        return Some(Reading { day_first: Some(day), month_first: Some(day), has_short_year: false });
    }
    let cell = without_weekday(cell);
    let (reading, rest) = by_numbers(cell).or_else(|| by_name(cell))?;
    let shift = match behind_date(rest)? {
        Behind::Nothing => 0,
        Behind::Time(time) => time.day_shift(),
    };
    let moved = |day: Option<i32>| day.and_then(|day| day.checked_add(shift));
    Some(Reading { day_first: moved(reading.day_first), month_first: moved(reading.month_first), ..reading })
}

/// The time of a cell that is a date in any form; none where it has no time, or is no date.
pub fn read_time(cell: &str) -> Option<TimeOfDay> {
    if let Some(time) = parse_time(cell.as_bytes()) {
        return Some(time);
    }
    let cell = without_weekday(cell);
    let (_, rest) = by_numbers(cell).or_else(|| by_name(cell))?;
    match behind_date(rest)? {
        Behind::Time(time) => Some(time),
        Behind::Nothing => None,
    }
}

/// `Thu, 5 Feb 2026` → `5 Feb 2026`.
fn without_weekday(cell: &str) -> &str {
    match cell.split_once(", ").or_else(|| cell.split_once(' ')) {
        Some((word, rest)) if is_weekday(word) => rest.trim_start(),
        _ => cell,
    }
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 21] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "пон",
        "вто", "сре", "чет", "пет", "съб", "нед",
    ];
    let word = word.trim_end_matches([',', '.']).to_lowercase();
    let is_long = ["day", "ник", "ница", "суббота", "среда", "четверг", "воскресенье"]
        .iter()
        .any(|end| word.ends_with(end));
    word.chars().all(char::is_alphabetic)
        && DAYS.iter().any(|day| word == *day || (word.starts_with(day) && (is_long || word.len() <= 5)))
}

/// `3/14/2024`, `14-03-2024`, `2024-3-4`, `20240314`, `14.3.24`.
fn by_numbers(cell: &str) -> Option<(Reading, &str)> {
    let (first, rest) = number(cell)?;
    if first.len() == 8 {
        let day = civil(&first[..4], &first[4..6], &first[6..])?;
        return Some((plain(day), rest));
    }
    let separator = rest.chars().next().filter(|c| matches!(c, '/' | '-' | '.'))?;
    let (second, rest) = number(&rest[1..])?;
    let (third, rest) = number(rest.strip_prefix(separator)?)?;
    match (first.len(), second.len(), third.len()) {
        (4, 1..=2, 1..=2) => Some((plain(civil(first, second, third)?), rest)),
        (1..=2, 1..=2, 2 | 4) => {
            let year = if third.len() == 2 { format!("20{third}") } else { third.to_string() };
            let day_first = civil(&year, second, first);
            // nobody writes the month first before a full stop
            let month_first = if separator == '.' { day_first } else { civil(&year, first, second) };
            let reading = Reading { day_first, month_first, has_short_year: third.len() == 2 };
            (day_first.is_some() || month_first.is_some()).then_some((reading, rest))
        }
        _ => None,
    }
}

/// `Apr 3, 2024`, `15 Apr, 2021`, `15-Apr-2021`, `5 февраля 2026 г.`.
fn by_name(cell: &str) -> Option<(Reading, &str)> {
    if let Some((day, rest)) = number(cell) {
        let (month, rest) = month(rest.trim_start_matches([' ', '-', '.', '/']))?;
        let (year, rest) = number(rest.trim_start_matches([' ', ',', '.', '-', '/']))?;
        let rest = rest.strip_prefix(" г.").or_else(|| rest.strip_prefix(" г")).unwrap_or(rest);
        return Some((plain(named(year, month, day)?), rest));
    }
    let (month, rest) = month(cell)?;
    let (day, rest) = number(rest.trim_start_matches([' ', '.']))?;
    let (year, rest) = number(rest.trim_start_matches([' ', ',']))?;
    Some((plain(named(year, month, day)?), rest))
}

fn named(year: &str, month: u32, day: &str) -> Option<i32> {
    if year.len() != 4 || day.len() > 2 {
        return None;
    }
    days_from_civil(year.parse().ok()?, month, day.parse().ok()?)
}

fn plain(day: i32) -> Reading {
    Reading { day_first: Some(day), month_first: Some(day), has_short_year: false }
}

fn civil(year: &str, month: &str, day: &str) -> Option<i32> {
    days_from_civil(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// The digits at the beginning, and what follows them.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (1..=8).contains(&end).then(|| text.split_at(end))
}

/// The month whose name stands at the beginning, and what follows it.
fn month(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let word = word.to_lowercase();
    let place = MONTHS.iter().position(|names| names.split(' ').any(|name| name == word))?;
    Some((u32::try_from(place).ok()? + 1, rest.strip_prefix('.').unwrap_or(rest)))
}

/// What stands behind a date.
enum Behind {
    Nothing,
    Time(TimeOfDay),
}

/// The time behind a date, if there is one; none if the rest is no time.
fn behind_date(rest: &str) -> Option<Behind> {
    let rest = rest.trim_start_matches([',', ' ', 'T', '\u{a0}', '\u{202f}']);
    let rest = rest.strip_prefix("at ").or_else(|| rest.strip_prefix("в ")).unwrap_or(rest).trim();
    if rest.is_empty() {
        return Some(Behind::Nothing);
    }
    let upper = rest.to_ascii_uppercase();
    let half = ["AM", "PM", "A.M.", "P.M."].iter().find_map(|half| {
        upper.find(half).map(|at| (half.starts_with('P'), &rest[..at], &rest[at + half.len()..]))
    });
    let Some((is_afternoon, clock, zone)) = half else {
        return time_of_day(format!(" {rest}").as_bytes()).map(Behind::Time);
    };
    let (hour, minutes) = clock.trim().split_once(':').unwrap_or((clock.trim(), "00"));
    let hour: u32 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    let hour = hour % 12 + if is_afternoon { 12 } else { 0 };
    time_of_day(format!(" {hour}:{minutes} {}", zone.trim()).trim_end().as_bytes()).map(Behind::Time)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both(cell: &str) -> (Option<i32>, Option<i32>) {
        read_date(cell).map_or((None, None), |reading| (reading.day_first, reading.month_first))
    }

    #[test]
    fn each_form_of_one_day_is_read() {
        let day = parse_date(b"2024-04-15");
        for cell in [
            "20240415",
            "Apr 15, 2024",
            "April 15, 2024",
            "15 Apr, 2024 00:03:00",
            "15 Apr 2024",
            "Mon, 15 Apr 2024",
            "Monday, 15 April 2024 10:00 PM",
            "15-Apr-2024",
            "15 апреля 2024 г.",
            "15 апр 2024, 10:30",
            "15.4.2024",
            "2024-4-15",
            "2024/4/15 1:02",
            "2024-04-15T10:00:00+02:00",
            "Apr 15, 2024 at 3:00 PM",
        ] {
            assert_eq!(both(cell), (day, day), "{cell}");
        }
        assert_eq!(both("4/15/2024 2:05 PM"), (None, day));
        assert_eq!(both("15/4/2024"), (day, None));
        assert_eq!(both("15-04-2024 09:00:01"), (day, None));
    }

    #[test]
    fn an_order_that_the_cell_does_not_show_gives_both_days() {
        assert_eq!(both("3/4/2024"), (parse_date(b"2024-04-03"), parse_date(b"2024-03-04")));
        assert!(read_date("3/4/24").is_some_and(|reading| reading.has_short_year));
    }

    #[test]
    fn the_time_of_each_form_is_read() {
        let time = |cell: &str| read_time(cell).map(TimeOfDay::second_of_day);
        for (cell, second) in [
            ("15 Apr, 2024 00:03:00", 180),
            ("Monday, 15 April 2024 10:00 PM", 22 * 3600),
            ("4/15/2024 2:05 PM", 14 * 3600 + 300),
            ("4/15/2024 12:05 AM", 300),
            ("Apr 15, 2024 at 3:00 PM", 15 * 3600),
            ("15 апр 2024, 10:30", 37_800),
            ("2024/4/15 1:02", 3720),
            ("2024-04-15T10:00:00+02:00", 8 * 3600),
        ] {
            assert_eq!(time(cell), Some(second), "{cell}");
        }
        for none in ["15 Apr 2024", "20240415", "31/31/2024 10:00", "не закрыта", "", "15.4.2024"] {
            assert_eq!(time(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for cell in [
            "",
            "abc",
            "31/31/2024",
            "31/02/2026",
            "2024",
            "202404",
            "12345678901",
            "Foo 3, 2024",
            "3 Marketing 2024",
            "не закрыта",
            "15 Apr",
            "1/2",
            "10:30",
            "2024-02-30",
            "3/4/2024 25:00",
            "13 PM",
        ] {
            assert_eq!(read_date(cell), None, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(cell in "\\PC{0,30}") {
            let _ = (read_date(&cell), read_time(&cell));
        }

        #[test]
        fn reading_never_panics_near_dates(cell in "[0-9]{0,4}[/. -]{0,2}([0-9]{0,4}|[A-Za-zа-я]{0,9})[,/. -]{0,2}[0-9]{0,4}[ T]?[0-9:.+APMZ]{0,12}") {
            let _ = (read_date(&cell), read_time(&cell));
        }
    }
}
