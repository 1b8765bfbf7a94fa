//! What stands in a cell of a workbook: a number with the way in which it is shown, a text, a day, or yes and no.
//!
//! A number is the one of CSV and JSON, but the change of a share, which is written in points. Marks are part of how it is shown, so that it stays a number that can be summed.

use rust_xlsxwriter::{ExcelDateTime, Format};

use super::Side;
use super::sheet;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::{Exact, decimals_of_little};
use crate::lang;
use crate::render::csv::{limit, plain};
use crate::render::{cell_text, marks, side_sign};
use crate::report::compare::{Comparison, is_share};
use crate::report::{Show, Value};

/// What stands in a cell.
pub enum Cell {
    Empty,
    Text(String),
    /// A text where a number would stand.
    Instead(String),
    /// A number, the text as which it is shown, and how; without a format as it is.
    Number(f64, String, Option<Format>),
    Day(ExcelDateTime, String),
    YesNo(bool),
}

impl Cell {
    /// A text, or nothing.
    pub fn text(text: &str) -> Cell {
        if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_string()) }
    }

    /// A number as it is, else the text that stands in its place.
    pub fn number_or_text(text: &str) -> Cell {
        number(text).map_or_else(|| Cell::text(text), |number| Cell::Number(number, text.to_string(), None))
    }

    /// A cell of the tidy CSV with the type that its column has.
    pub fn typed(name: &str, text: String, is_number: bool) -> Cell {
        if text.is_empty() {
            return Cell::Empty;
        }
        let number = if is_number { text.parse().ok() } else { None };
        if let Some(number) = number {
            return Cell::Number(number, text, None);
        }
        match (name, ExcelDateTime::parse_from_str(&text), text.parse()) {
            ("as_of", Ok(day), _) => Cell::Day(day, text),
            ("significant", _, Ok(answer)) => Cell::YesNo(answer),
            _ => Cell::Text(text),
        }
    }

    /// The side of a value that a column shows.
    pub fn of_value(value: &Value, show: Show, side: Side) -> Cell {
        let text = cell_text(value, show);
        let (compared, judged) = (value.comparison.as_deref(), value.judgement.as_deref());
        let shown = match (show, side) {
            (Show::Interval, Side::Low) => value.interval.map(|interval| share_limit(interval.low)),
            (Show::Interval, Side::High) => value.interval.map(|interval| share_limit(interval.high)),
            (_, Side::High) => return Cell::Empty,
            (Show::Interval | Show::Status, Side::Whole) | (Show::Status, Side::Low) => None,
            (Show::Numerator, _) => value.numerator.and_then(|number| in_unit(number, Unit::Count, "")),
            (Show::Denominator, _) => value.denominator.and_then(|number| in_unit(number, Unit::Count, "")),
            (Show::Previous, _) => {
                compared.and_then(|compared| in_unit(compared.previous.value?, value.unit, ""))
            }
            (Show::Change, _) => compared.and_then(change),
            (Show::Target, _) => {
                let target = judged.and_then(|judged| judged.target);
                target.and_then(|(side, limit)| in_unit(limit, value.unit, side_sign(side)))
            }
            (Show::Value | Show::Data, _) => {
                value.value.and_then(|number| in_unit(number, value.unit, &marks(value)))
            }
        };
        match shown {
            Some((number, format)) => Cell::Number(number, text, Some(format)),
            None if text.is_empty() => Cell::Empty,
            None if show == Show::Interval => Cell::Empty,
            None => Cell::Instead(text),
        }
    }
}

/// The number as it stands in CSV and JSON; none for what is no number.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn share_limit(share: f64) -> (f64, Format) {
    match decimals_of_little(share * 100.0) {
        Some(decimals) => (share, sheet::number(&percent_with(decimals as usize), "")),
        None => (number(&limit(Some(share))).unwrap_or(share), sheet::number("0.00%", "")),
    }
}

fn in_unit(exact: Exact, unit: Unit, mark: &str) -> Option<(f64, Format)> {
    let pattern = match unit {
        Unit::Count if exact.as_count().is_some() => "#,##0",
        Unit::Share | Unit::Part => {
            let shown = share(exact)?;
            return Some((shown.0, sheet::number(&shown.1, mark)));
        }
        Unit::Days | Unit::Months => "0.0",
        Unit::Money | Unit::Hours | Unit::Number | Unit::Count => "#,##0.00",
    };
    Some((number(&plain(Some(exact)))?, sheet::number(pattern, mark)))
}

/// A share and how it is shown in percent, with as many decimals as elsewhere. The six of the CSV would turn one that needs
/// more of them into another, or into 0.
fn share(share: Exact) -> Option<(f64, String)> {
    let decimals = decimals(share);
    let number = if decimals > 3 { Some(share.to_float()) } else { number(&plain(Some(share))) };
    Some((number?, percent_with(decimals)))
}

/// How many decimals a share in percent is shown with.
fn decimals(share: Exact) -> usize {
    share.to_percent().rsplit(lang::decimal_mark()).next().map_or(2, str::len)
}

/// The pattern of a percentage.
fn percent_with(decimals: usize) -> String {
    format!("0.{}%", "0".repeat(decimals))
}

/// A change, with its sign: of shares in points, of others in percent of what was before.
fn change(compared: &Comparison) -> Option<(f64, Format)> {
    let mark = if compared.is_significant { "* " } else { "" };
    let points = compared.change.filter(|_| is_share(compared.previous.unit));
    let (number, pattern) = match (points, compared.change_percent) {
        // a point is a hundredth; a format with a % would read as a part of what was before
        (Some(points), _) => {
            let pattern = format!("0.{}\" pp\"", "0".repeat(decimals(points)));
            (number(&plain(Some(points.times(Exact::whole(100))?)))?, pattern)
        }
        // it is percent already: a format with a bare % would multiply it by 100
        (None, Some(percent)) => (number(&plain(Some(percent)))?, "0.00\"%\"".to_string()),
        (None, None) => return None,
    };
    Some((number, sheet::signed(&pattern, mark)))
}
