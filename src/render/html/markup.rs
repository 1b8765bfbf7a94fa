//! What every part of the page writes with: text and attributes that cannot become markup, and the words of a value.

use crate::kpi::catalogue::Unit;
use crate::render::{cell_text, interval_text, number_text};
use crate::report::{Report, Show, Value};

/// Text as it may stand between tags and within quotes: what comes from the data stays text.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\0' => safe.push('\u{fffd}'),
            _ => safe.push(character),
        }
    }
    safe
}

/// ` name="value"`; nothing for an empty value.
pub fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escaped(value)) }
}

/// A word as it may stand in an `id`: letters and digits, all else as `-`.
pub fn identifier(text: &str) -> String {
    text.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect()
}

/// What stands behind a number of this unit: ` %`, ` EUR`, ` days`.
pub fn unit_text(unit: Unit, currency: Option<&str>) -> String {
    match unit {
        Unit::Share | Unit::Part => " %".to_string(),
        Unit::Money => currency.map(|currency| format!(" {currency}")).unwrap_or_default(),
        Unit::Days => " days".to_string(),
        Unit::Hours => " hours".to_string(),
        Unit::Months => " months".to_string(),
        Unit::Count | Unit::Number => String::new(),
    }
}

/// A value with its unit: `75.00 %`; what is told instead where there is none.
pub fn measured(report: &Report, value: &Value) -> String {
    match (value.value, &value.text) {
        (Some(_), _) => format!(
            "{}{}",
            number_text(value.value, value.unit),
            unit_text(value.unit, report.currency.as_deref())
        ),
        (None, Some(text)) => text.clone(),
        (None, None) => "no value".to_string(),
    }
}

/// The title of a KPI, else its key.
pub fn title_of<'a>(report: &'a Report, kpi: &'a str) -> &'a str {
    let known = report.definitions.iter().find(|definition| definition.kpi == kpi);
    known.map_or(kpi, |definition| definition.title.as_str())
}

/// Numerator and denominator: `36 of 48`; nothing where the value is no ratio.
pub fn parts(value: &Value) -> Option<String> {
    let part = |number| number_text(number, Unit::Count);
    value.numerator?;
    value.denominator.map(|_| format!("{} of {}", part(value.numerator), part(value.denominator)))
}

/// All that is known of a value, a line each.
pub fn told(report: &Report, value: &Value) -> Vec<String> {
    let period = value.period.as_ref().map(|period| format!(", {period}")).unwrap_or_default();
    let first = format!("{}{period}: {}", title_of(report, &value.kpi), measured(report, value));
    std::iter::once(first).chain(beside(report, value)).collect()
}

/// What is known of a value beside itself, a line each: `36 / 48` is its numerator and its denominator.
pub fn beside(report: &Report, value: &Value) -> Vec<String> {
    let part = |number| number_text(number, Unit::Count);
    let mut lines = Vec::new();
    match (value.numerator, value.denominator) {
        (Some(_), Some(_)) => lines.push(format!("{} / {}", part(value.numerator), part(value.denominator))),
        (Some(_), None) => lines.push(format!("numerator {}", part(value.numerator))),
        (None, Some(_)) => lines.push(format!("denominator {}", part(value.denominator))),
        (None, None) => {}
    }
    lines.extend(value.interval.map(|interval| format!("95% {} %", interval_text(interval))));
    if let Some(compared) = value.comparison.as_deref() {
        let other = compared.previous.period.as_deref().unwrap_or("rest of the total");
        lines.push(format!("{other}: {}", measured(report, &compared.previous)));
        lines.extend(
            compared
                .difference
                .map(|interval| format!("95% interval of the difference {} points", interval_text(interval))),
        );
    }
    let (target, status) = (cell_text(value, Show::Target), cell_text(value, Show::Status));
    if !status.is_empty() {
        lines.push(if target.is_empty() { status } else { format!("target {target}: {status}") });
    }
    lines
}
