//! Reports as text. A renderer never computes: it writes down what the report holds. One file a format.

mod audit;
pub mod catalogue;
mod csv;
pub mod diff;
pub mod json;
mod markdown;
pub mod table;
pub mod terminal;

use anyhow::Result;

pub use self::csv::SCHEMA;

use crate::check::audit::Audit;
use crate::cli::Format;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::statistics::Interval;
use crate::report::compare::{Comparison, is_share};
use crate::report::targets::{Judgement, Side, Status};
use crate::report::{Report, Show, Value};

/// The report in a format.
///
/// # Errors
/// None that a report can cause.
pub fn render(report: &Report, format: Format) -> Result<Vec<u8>> {
    let text = match format {
        Format::Table => table::render(report, terminal::Look::plain()),
        Format::Csv => csv::render(report)?,
        Format::Json => json::render(report)?,
        Format::Markdown => markdown::render(report),
    };
    Ok(text.into_bytes())
}

/// The audit in a format.
///
/// # Errors
/// None that an audit can cause.
pub fn audit(audit: &Audit, format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Csv => audit::csv(audit).map(String::into_bytes),
        Format::Json => audit::json(audit).map(String::into_bytes),
        Format::Table | Format::Markdown => render(&crate::report::audit::report(audit), format),
    }
}

/// How the name of a file of this format ends.
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Table => "txt",
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Markdown => "md",
    }
}

/// Whether files of this format are no text.
pub fn is_binary(_format: Format) -> bool {
    false
}

/// Whether a file of this format holds all tables, also in a folder.
pub fn is_whole(_format: Format) -> bool {
    false
}

/// Whether the format has room for findings; else they go to stderr.
pub fn shows_findings(format: Format) -> bool {
    matches!(format, Format::Table | Format::Markdown)
}

/// The side of a value that a column shows, for people.
pub fn cell_text(value: &Value, show: Show) -> String {
    let (compared, judged) = (value.comparison.as_deref(), value.judgement.as_deref());
    match show {
        Show::Interval => value.interval.map(interval_text).unwrap_or_default(),
        Show::Numerator => number_text(value.numerator, Unit::Count),
        Show::Denominator => number_text(value.denominator, Unit::Count),
        Show::Previous => number_text(compared.and_then(|compared| compared.previous.value), value.unit),
        Show::Change => compared.map(change_text).unwrap_or_default(),
        Show::Target => judged.and_then(|judged| target_text(judged, value.unit)).unwrap_or_default(),
        Show::Status => judged.map_or("", |judged| judged.status.name()).replace('_', " "),
        Show::Value | Show::Data => {
            if let (Show::Value, None, Some(text)) = (show, value.value, &value.text) {
                return text.clone();
            }
            let text = number_text(value.value, value.unit);
            // beside another period the change bears the mark
            let differs = compared
                .is_some_and(|compared| compared.is_significant && compared.previous.period.is_none());
            let star = if differs { "* " } else { "" };
            let mark = match judged.map(|judged| judged.status) {
                Some(Status::Missed) => "! ",
                Some(Status::Warned | Status::Behind) => "~ ",
                _ => "",
            };
            format!("{mark}{star}{text}")
        }
    }
}

/// `≥ 20.00`; a plan is the number itself.
fn target_text(judged: &Judgement, unit: Unit) -> Option<String> {
    let (side, limit) = judged.target?;
    let sign = match side {
        Side::AtLeast => "≥ ",
        Side::AtMost => "≤ ",
        Side::Planned => "",
    };
    Some(format!("{sign}{}", value_text(limit, unit)))
}

fn number_text(number: Option<Exact>, unit: Unit) -> String {
    number.map(|number| value_text(number, unit)).unwrap_or_default()
}

/// `+2.50`: points for shares, percent for others; with a mark where the shares differ.
fn change_text(compared: &Comparison) -> String {
    let points = compared.change.filter(|_| is_share(compared.previous.unit));
    let text = match (points, compared.change_percent) {
        (Some(points), _) => points.to_percent(),
        (None, Some(percent)) => percent.to_text(2),
        (None, None) => return String::new(),
    };
    let sign = if text.starts_with('-') || text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte)) {
        ""
    } else {
        "+"
    };
    let mark = if compared.is_significant { "* " } else { "" };
    format!("{mark}{sign}{text}")
}

/// A number for people: grouped thousands, two decimals for money, hours and percent, one for days and hours.
pub fn value_text(number: Exact, unit: Unit) -> String {
    match unit {
        Unit::Count if number.as_count().is_some() => number.to_text(0),
        Unit::Share | Unit::Part => number.to_percent(),
        Unit::Days | Unit::Months => number.to_text(1),
        Unit::Money | Unit::Hours | Unit::Number | Unit::Count => number.to_text(2),
    }
}

/// `10.77–14.01`, in percent.
pub fn interval_text(interval: Interval) -> String {
    format!("{:.2}–{:.2}", interval.low * 100.0, interval.high * 100.0)
}
