//! Reports as text. A renderer never computes: it writes down what the report holds. One file a format.

mod audit;
pub mod catalogue;
mod csv;
mod json;
mod markdown;
pub mod table;

use anyhow::Result;

use crate::check::audit::Audit;
use crate::cli::Format;
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::statistics::Interval;
use crate::report::{Report, Show, Value};

/// The report as text in a format.
///
/// # Errors
/// None that a report can cause.
pub fn render(report: &Report, format: Format) -> Result<String> {
    match format {
        Format::Table => Ok(table::render(report)),
        Format::Csv => csv::render(report),
        Format::Json => json::render(report),
        Format::Markdown => Ok(markdown::render(report)),
    }
}

/// The audit as text in a format.
///
/// # Errors
/// None that an audit can cause.
pub fn audit(audit: &Audit, format: Format) -> Result<String> {
    match format {
        Format::Csv => audit::csv(audit),
        Format::Json => audit::json(audit),
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

/// Whether the format has room for findings; else they go to stderr.
pub fn shows_findings(format: Format) -> bool {
    matches!(format, Format::Table | Format::Markdown)
}

/// The side of a value that a column shows, for people.
pub fn cell_text(value: &Value, show: Show) -> String {
    let number = match show {
        Show::Interval => return value.interval.map(interval_text).unwrap_or_default(),
        Show::Numerator => value.numerator,
        Show::Denominator => value.denominator,
        Show::Value | Show::Data => value.value,
    };
    if let (Show::Value, None, Some(text)) = (show, number, &value.text) {
        return text.clone();
    }
    let unit = if matches!(show, Show::Value | Show::Data) { value.unit } else { Unit::Count };
    number.map(|number| value_text(number, unit)).unwrap_or_default()
}

/// A number for people: grouped thousands, two decimals for money and percent, one for days.
pub fn value_text(number: Exact, unit: Unit) -> String {
    match unit {
        Unit::Count if number.as_count().is_some() => number.to_text(0),
        Unit::Share | Unit::Part => number.to_percent(),
        Unit::Days | Unit::Months => number.to_text(1),
        Unit::Money | Unit::Number | Unit::Count => number.to_text(2),
    }
}

/// `10.77–14.01`, in percent.
pub fn interval_text(interval: Interval) -> String {
    format!("{:.2}–{:.2}", interval.low * 100.0, interval.high * 100.0)
}
