//! Reports as text. A renderer never computes: it writes down what the report holds. One file a format.

mod audit;
pub mod catalogue;
mod csv;
pub mod diff;
pub mod explain;
pub mod grid;
mod html;
pub mod json;
mod markdown;
pub mod table;
pub mod terminal;
mod xlsx;

use anyhow::Result;

pub use self::csv::{SCHEMA, is_dimension};

use crate::check::audit::Audit;
use crate::cli::Format;
use crate::csv_text::CsvText;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::{Exact, decimals_of_little};
use crate::kpi::statistics::Interval;
use crate::lang;
use crate::report::compare::{Comparison, is_share};
use crate::report::targets::{Judgement, Side, Status};
use crate::report::{Report, Show, Value};
use crate::say;
use json::is_number;

/// What a format leaves open and the command line decides.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub csv_text: CsvText,
    /// Of tables in text.
    pub look: terminal::Look,
}

/// The report in a format.
///
/// # Errors
/// A report that is too large for the format.
pub fn render(report: &Report, format: Format, manner: Manner) -> Result<Vec<u8>> {
    let text = match format {
        Format::Table => table::render(report, manner.look),
        Format::Csv => csv::render(report, manner.csv_text)?,
        Format::Json => json::render(report)?,
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Xlsx => return xlsx::render(report),
    };
    Ok(text.into_bytes())
}

/// The audit in a format.
///
/// # Errors
/// An audit that is too large for the format.
pub fn audit(audit: &Audit, format: Format, manner: Manner) -> Result<Vec<u8>> {
    match format {
        Format::Csv => audit::csv(audit, manner.csv_text).map(String::into_bytes),
        Format::Json => audit::json(audit).map(String::into_bytes),
        Format::Xlsx => xlsx::audit(audit),
        Format::Table | Format::Markdown | Format::Html => {
            render(&crate::report::audit::report(audit), format, manner)
        }
    }
}

/// How the name of a file of this format ends.
pub fn extension(format: Format) -> &'static str {
    match format {
        Format::Table => "txt",
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Markdown => "md",
        Format::Xlsx => "xlsx",
        Format::Html => "html",
    }
}

/// Whether files of this format are no text.
pub fn is_binary(format: Format) -> bool {
    format == Format::Xlsx
}

/// Whether a file of this format holds all tables, also in a folder.
pub fn is_whole(format: Format) -> bool {
    matches!(format, Format::Html | Format::Xlsx)
}

/// Whether the format has room for findings; else they go to stderr.
pub fn shows_findings(format: Format) -> bool {
    matches!(format, Format::Table | Format::Markdown | Format::Html | Format::Xlsx)
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
        Show::Status => judged.map(|judged| status_text(judged.status)).unwrap_or_default(),
        Show::Value | Show::Data => {
            if let (Show::Value, None, Some(text)) = (show, value.value, &value.text) {
                return text.clone();
            }
            let text = number_text(value.value, value.unit);
            format!("{}{text}", marks(value))
        }
    }
}

/// What came of a target, for people.
pub fn status_text(status: Status) -> String {
    match status {
        Status::NotJudged => say!("not judged"),
        Status::Met => say!("met"),
        Status::OnPace => say!("on pace"),
        Status::Warned => say!("warned"),
        Status::Behind => say!("behind"),
        Status::Missed => say!("missed"),
    }
}

/// What stands before a value that misses its target, or that differs from the rest of its total.
fn marks(value: &Value) -> String {
    // beside another period the change bears the mark
    let differs = value
        .comparison
        .as_deref()
        .is_some_and(|compared| compared.is_significant && compared.previous.period.is_none());
    let star = if differs { "* " } else { "" };
    let mark = match value.judgement.as_deref().map(|judged| judged.status) {
        Some(Status::Missed) => "! ",
        Some(Status::Warned | Status::Behind) => "~ ",
        _ => "",
    };
    format!("{mark}{star}")
}

/// `≥ 20.00`; a plan is the number itself.
fn target_text(judged: &Judgement, unit: Unit) -> Option<String> {
    let (side, limit) = judged.target?;
    Some(format!("{}{}", side_sign(side), value_text(limit, unit)))
}

fn side_sign(side: Side) -> &'static str {
    match side {
        Side::AtLeast => "≥ ",
        Side::AtMost => "≤ ",
        Side::Planned => "",
    }
}

/// A number for people; empty where there is none.
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

/// What stands behind a number of this unit: ` %`, ` EUR`, ` days`.
pub fn unit_text(unit: Unit, currency: Option<&str>) -> String {
    match unit {
        Unit::Share | Unit::Part => lang::percent(""),
        Unit::Money => currency.map(|currency| format!(" {currency}")).unwrap_or_default(),
        Unit::Days => say!(" days"),
        Unit::Hours => say!(" hours"),
        Unit::Months => say!(" months"),
        Unit::Count | Unit::Number => String::new(),
    }
}

/// A number with its unit: `75.00 %`.
pub fn measured_text(number: Exact, unit: Unit, currency: Option<&str>) -> String {
    format!("{}{}", value_text(number, unit), unit_text(unit, currency))
}

/// `10.77–14.01`, in percent; limits below 0.01 as shares are written.
pub fn interval_text(interval: Interval) -> String {
    let limit = |share: f64| {
        let percent = share * 100.0;
        let decimals = decimals_of_little(percent).unwrap_or(2);
        lang::decimal(&format!("{percent:.decimals$}", decimals = decimals as usize))
    };
    let (low, high) = (limit(interval.low), limit(interval.high));
    // a dash between two numbers of which one has a minus is hard to read
    if low.starts_with('-') || high.starts_with('-') {
        return say!("{low} to {high}", low = low, high = high);
    }
    format!("{low}–{high}")
}
