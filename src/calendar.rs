//! The calendar: weeks, months, quarters and years one after another, and which period comes before which.
//!
//! A comparison is right only where both sides are of one kind, so the kind of a period is part of it and never guessed
//! from its length: February follows January, whatever their days.

use chrono::{Datelike, Months, NaiveDate, Weekday};
use clap::ValueEnum;
use serde::Deserialize;

use crate::period::{Period, date, days_from_epoch, format_day};

/// A kind of calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// ISO weeks, from Monday: 2026-W09
    Week,
    /// Calendar months: 2026-03
    Month,
    /// Calendar quarters: 2026-Q1
    Quarter,
    /// Calendar years: 2026
    Year,
}

impl Every {
    /// The word on the command line, in `funnel.toml` and in headings.
    pub fn name(self) -> &'static str {
        match self {
            Every::Week => "week",
            Every::Month => "month",
            Every::Quarter => "quarter",
            Every::Year => "year",
        }
    }
}

/// The calendar period of a kind in which a day lies.
pub fn period_of(every: Every, day: i32) -> Period {
    let date = date(day);
    let first = match every {
        Every::Week => date.week(Weekday::Mon).first_day(),
        Every::Month => first_of(date.year(), date.month()),
        Every::Quarter => first_of(date.year(), date.month0() / 3 * 3 + 1),
        Every::Year => first_of(date.year(), 1),
    };
    beginning(every, first)
}

/// The calendar periods of a kind that share days with the span, in their order. One of which the span holds only a
/// part is that part, labelled as the span of days that it is: half a month must not bear the name of the whole.
pub fn periods(every: Every, from: i32, to: i32) -> Vec<Period> {
    let mut periods = Vec::new();
    let mut day = from;
    while day < to {
        let whole = period_of(every, day);
        day = whole.to.max(day + 1);
        let part = Period::span(whole.from.max(from), whole.to.min(to));
        periods.push(if (part.from, part.to) == (whole.from, whole.to) { whole } else { part });
    }
    periods
}

/// The period of the same kind before; for a span of days the same number of days before.
pub fn before(period: &Period) -> Period {
    match period.kind {
        Some(every) => period_of(every, period.from - 1),
        None => Period::span(period.from - (period.to - period.from), period.from),
    }
}

/// The same period a year before: the same month, quarter or days; the week of the same number, and for week 53 the last
/// week of a year that has no such week.
pub fn year_before(period: &Period) -> Period {
    let year = Months::new(12);
    match period.kind {
        Some(Every::Week) => {
            let week = date(period.from).iso_week();
            let monday = |number| NaiveDate::from_isoywd_opt(week.year() - 1, number, Weekday::Mon);
            let first = monday(week.week()).or_else(|| monday(52)).map(days_from_epoch);
            period_of(Every::Week, first.unwrap_or(period.from - 7 * 52))
        }
        Some(every) => period_of(every, days_from_epoch(date(period.from) - year)),
        None => {
            let from = days_from_epoch(date(period.from) - year);
            // a span of 29 February alone would hold no day a year before
            Period::span(from, days_from_epoch(date(period.to) - year).max(from + 1))
        }
    }
}

/// A period as its label is written: `2026-10`, `2026-Q3`, `2026-W09`, `2026` or `2026-01-01..2026-02-15`.
pub fn parse(text: &str) -> Option<Period> {
    if let Some((from, to)) = text.split_once("..") {
        let day = |text: &str| {
            let day = text.parse::<NaiveDate>().ok().map(days_from_epoch)?;
            (format_day(day) == text).then_some(day)
        };
        return day(from)
            .zip(day(to))
            .filter(|(from, to)| from < to)
            .map(|(from, to)| Period::span(from, to));
    }
    let (year, part) = text.split_once('-').unwrap_or((text, ""));
    let year = i32::try_from(number(year, 4).filter(|year| *year > 0)?).ok()?;
    let first = |month| NaiveDate::from_ymd_opt(year, month, 1);
    let (every, first) = match part.chars().next() {
        None if text.len() == 4 => (Every::Year, first(1)?),
        Some('Q') => {
            let quarter = number(&part[1..], 1).filter(|quarter| (1..=4).contains(quarter))?;
            (Every::Quarter, first(quarter * 3 - 2)?)
        }
        Some('W') => {
            let week = number(&part[1..], 2)?;
            (Every::Week, NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?)
        }
        _ => (Every::Month, first(number(part, 2)?)?),
    };
    Some(beginning(every, first))
}

/// The period of a kind that begins on a day.
fn beginning(every: Every, first: NaiveDate) -> Period {
    let from = days_from_epoch(first);
    let (to, label) = match every {
        Every::Week => {
            let week = first.iso_week();
            (from + 7, format!("{:04}-W{:02}", week.year(), week.week()))
        }
        Every::Month => (after(first, 1), format!("{:04}-{:02}", first.year(), first.month())),
        Every::Quarter => (after(first, 3), format!("{:04}-Q{}", first.year(), first.month0() / 3 + 1)),
        Every::Year => (after(first, 12), format!("{:04}", first.year())),
    };
    Period { from, to, label, kind: Some(every) }
}

fn after(first: NaiveDate, months: u32) -> i32 {
    first.checked_add_months(Months::new(months)).map_or(i32::MAX, days_from_epoch)
}

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default()
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        parse(text).unwrap()
    }

    fn days(period: &Period) -> String {
        format!("{} to {}", format_day(period.from), format_day(period.to))
    }

    #[test]
    fn labels_are_read_as_they_are_written() {
        for (label, expected) in [
            ("2026-03", "2026-03-01 to 2026-04-01"),
            ("2026-Q4", "2026-10-01 to 2027-01-01"),
            ("2026", "2026-01-01 to 2027-01-01"),
            // 2026-02-23 is a Monday; the first week of 2026 begins in 2025, and 2026 has 53 weeks
            ("2026-W09", "2026-02-23 to 2026-03-02"),
            ("2026-W01", "2025-12-29 to 2026-01-05"),
            ("2026-W53", "2026-12-28 to 2027-01-04"),
            ("2026-01-05..2026-02-01", "2026-01-05 to 2026-02-01"),
        ] {
            assert_eq!(days(&period(label)), expected);
            assert_eq!(period(label).label, label);
        }
        for bad in [
            "",
            "26",
            "2026-13",
            "2026-3",
            "2026-Q5",
            "2025-W53",
            "2026-W00",
            "2026-",
            "2026-02-01..2026-02-01",
            "0000",
            "2026-Qä",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_period_is_compared_with_one_of_its_kind() {
        for (label, previous, year) in [
            ("2026-03", "2026-02", "2025-03"),
            ("2026-Q1", "2025-Q4", "2025-Q1"),
            ("2026", "2025", "2025"),
            ("2026-W01", "2025-W52", "2025-W01"),
            ("2027-W01", "2026-W53", "2026-W01"),
            ("2026-W53", "2026-W52", "2025-W52"),
            ("2026-01-11..2026-01-21", "2026-01-01..2026-01-11", "2025-01-11..2025-01-21"),
            ("2024-02-01..2024-02-29", "2024-01-04..2024-02-01", "2023-02-01..2023-02-28"),
        ] {
            let period = period(label);
            assert_eq!(
                (before(&period).label.as_str(), year_before(&period).label.as_str()),
                (previous, year)
            );
        }
    }

    #[test]
    fn the_periods_of_a_span_follow_each_other_and_parts_are_called_so() {
        let span = period("2026-01-15..2026-04-01");
        let labels: Vec<String> =
            periods(Every::Month, span.from, span.to).into_iter().map(|period| period.label).collect();
        assert_eq!(labels, ["2026-01-15..2026-02-01", "2026-02", "2026-03"]);
        for every in [Every::Week, Every::Month, Every::Quarter, Every::Year] {
            let all = periods(every, span.from, span.to);
            assert_eq!((all[0].from, all[all.len() - 1].to), (span.from, span.to));
            assert!(all.windows(2).all(|pair| pair[0].to == pair[1].from), "{every:?}");
        }
    }
}
