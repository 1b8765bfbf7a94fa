//! Periods of the calendar: half-open spans of days, and the days themselves as text.

use anyhow::Result;
use chrono::{Datelike, Days, NaiveDate};

use crate::calendar::{self, Every};
use crate::cli::Scope;
use crate::error::{data_error, usage_error};

/// Days from `from` up to but not including `to`, counted from 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub from: i32,
    pub to: i32,
    /// `2026-10`, `2026-Q3`, `2026-W09`, `2026` or `2026-01-01..2026-02-15`.
    pub label: String,
    /// The kind of calendar period that it is; none for a span of days.
    pub kind: Option<Every>,
}

impl Period {
    /// The days from `from` up to but not including `to`, whatever the calendar.
    pub fn span(from: i32, to: i32) -> Period {
        Period { from, to, label: format!("{}..{}", format_day(from), format_day(to)), kind: None }
    }

    /// The same span so many days earlier.
    #[must_use]
    pub fn earlier(&self, days: i32) -> Period {
        Period::span(self.from.saturating_sub(days), self.to.saturating_sub(days))
    }

    /// Whether a day lies in the period.
    pub fn contains(&self, day: i32) -> bool {
        (self.from..self.to).contains(&day)
    }
}

/// The period that the command line asks for, if any.
///
/// # Errors
/// Text that is no month, quarter or day, half a span, or a span that ends before it begins.
pub fn from_scope(scope: &Scope) -> Result<Option<Period>> {
    if let Some(month) = &scope.month {
        return month_period(month).map(Some);
    }
    if let Some(quarter) = &scope.quarter {
        return quarter_period(quarter).map(Some);
    }
    let (from, to) = match (&scope.from, &scope.to) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (parse_day("--from", from)?, parse_day("--to", to)?),
        _ => {
            return Err(usage_error(
                "a period needs both `--from` and `--to`",
                "`--to` is the day after the last one: `--from 2026-01-01 --to 2026-02-01` is January",
            ));
        }
    };
    if from >= to {
        return Err(usage_error(
            format!("the period from {} to {} holds no day", format_day(from), format_day(to)),
            "`--to` is the day after the last one",
        ));
    }
    Ok(Some(Period::span(from, to)))
}

/// A day of the command line.
///
/// # Errors
/// Text that is no date `YYYY-MM-DD`.
pub fn parse_day(option: &str, text: &str) -> Result<i32> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = text.parse::<NaiveDate>().ok().filter(|day| is_plain && (1..=9999).contains(&day.year()));
    day.map(days_from_epoch).ok_or_else(|| {
        usage_error(format!("`{option}`: `{text}` is not a date"), "dates are written YYYY-MM-DD: 2026-02-28")
    })
}

/// A day of the configuration.
///
/// # Errors
/// Text that is no date `YYYY-MM-DD`.
pub fn parse_configured_day(key: &str, text: &str) -> Result<i32> {
    parse_day(key, text)
        .map_err(|error| data_error(error.to_string(), "dates are written \"YYYY-MM-DD\": \"2026-02-28\""))
}

/// `2026-02-28` from days since 1970-01-01.
pub fn format_day(day: i32) -> String {
    date(day).to_string()
}

/// The number of a month, counted from the year 0: equal for all days of one calendar month.
pub fn month_number(day: i32) -> i32 {
    let date = date(day);
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default()
}

/// The period that `2026-03`, `2026-Q1` or `2026` stands for.
pub fn month_quarter_or_year(text: &str) -> Option<Period> {
    calendar::parse(text).filter(|period| period.kind != Some(Every::Week))
}

/// The day after the last one of a month that is counted from the year 0.
pub fn end_of_month(month: i32) -> i32 {
    let next = month + 1;
    let number = u32::try_from(next.rem_euclid(12)).unwrap_or_default() + 1;
    NaiveDate::from_ymd_opt(next.div_euclid(12), number, 1).map_or(i32::MAX, days_from_epoch)
}

/// `2026-03` for the number of a month.
pub fn format_month(month: i32) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

fn month_period(text: &str) -> Result<Period> {
    calendar::parse(text).filter(|period| period.kind == Some(Every::Month)).ok_or_else(|| {
        usage_error(format!("`--month`: `{text}` is not a month"), "months are written YYYY-MM: 2026-10")
    })
}

fn quarter_period(text: &str) -> Result<Period> {
    calendar::parse(text).filter(|period| period.kind == Some(Every::Quarter)).ok_or_else(|| {
        usage_error(
            format!("`--quarter`: `{text}` is not a quarter"),
            "quarters are written YYYY-Qn: 2026-Q3",
        )
    })
}

/// Days since 1970-01-01.
pub fn days_from_epoch(date: NaiveDate) -> i32 {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or_default()
}

/// The calendar's day from days since 1970-01-01.
pub fn date(day: i32) -> NaiveDate {
    let epoch = NaiveDate::default();
    let shifted = match u64::try_from(day) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(u64::from(day.unsigned_abs()))),
    };
    shifted.unwrap_or(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_half_open() {
        let february = month_period("2024-02").unwrap();
        assert_eq!(
            (format_day(february.from), format_day(february.to)),
            ("2024-02-01".into(), "2024-03-01".into())
        );
        assert!(february.contains(february.to - 1) && !february.contains(february.to));
    }

    #[test]
    fn the_last_quarter_ends_with_the_year() {
        let quarter = quarter_period("2024-Q4").unwrap();
        assert_eq!(
            (format_day(quarter.from), format_day(quarter.to)),
            ("2024-10-01".into(), "2025-01-01".into())
        );
    }

    #[test]
    fn days_and_months_are_counted_from_fixed_points() {
        assert_eq!(parse_day("--from", "1969-12-31").unwrap(), -1);
        assert_eq!(format_day(-1), "1969-12-31");
        assert_eq!(month_number(-1) + 1, month_number(0));
        for bad in ["2024-1-1", "2024-02-30", "x"] {
            assert!(parse_day("--from", bad).is_err(), "{bad}");
        }
    }
}
