//! What every part of the page writes with: text and attributes that cannot become markup, and the words of a value.

use crate::kpi::catalogue::Unit;
use crate::lang;
use crate::render::{cell_text, interval_text, measured_text, number_text};
use crate::report::{Report, Show, Value};
use crate::say;

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

/// A value with its unit: `75.00 %`; what is told instead where there is none.
pub fn measured(report: &Report, value: &Value) -> String {
    match (value.value, &value.text) {
        (Some(number), _) => measured_text(number, value.unit, report.currency.as_deref()),
        (None, Some(text)) => text.clone(),
        (None, None) => say!("no value"),
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
    let (numerator, denominator) = (part(value.numerator), part(value.denominator));
    value
        .denominator
        .map(|_| say!("{numerator} of {denominator}", numerator = numerator, denominator = denominator))
}

/// All that is known of a value, a line each.
pub fn told(report: &Report, value: &Value) -> Vec<String> {
    let period = value.period.as_ref().map(|period| format!(", {}", lang::day_or_period(period)));
    let period = period.unwrap_or_default();
    let first = format!("{}{period}: {}", title_of(report, &value.kpi), measured(report, value));
    std::iter::once(first).chain(beside(report, value)).collect()
}

/// What is known of a value beside itself, a line each: `36 / 48` is its numerator and its denominator.
pub fn beside(report: &Report, value: &Value) -> Vec<String> {
    let part = |number| number_text(number, Unit::Count);
    let mut lines = Vec::new();
    match (value.numerator, value.denominator) {
        (Some(_), Some(_)) => lines.push(format!("{} / {}", part(value.numerator), part(value.denominator))),
        (Some(_), None) => lines.push(say!("numerator {number}", number = part(value.numerator))),
        (None, Some(_)) => lines.push(say!("denominator {number}", number = part(value.denominator))),
        (None, None) => {}
    }
    lines.extend(value.interval.map(|interval| format!("95% {}", lang::percent(&interval_text(interval)))));
    if let Some(compared) = value.comparison.as_deref() {
        let previous = measured(report, &compared.previous);
        lines.push(match compared.previous.period.as_deref() {
            Some(period) => say!("{period}: {value}", period = period, value = previous),
            None => say!("rest of the total: {value}", value = previous),
        });
        lines.extend(compared.difference.map(|interval| {
            say!("95% interval of the difference {interval} points", interval = interval_text(interval))
        }));
    }
    let (target, status) = (cell_text(value, Show::Target), cell_text(value, Show::Status));
    if !status.is_empty() {
        lines.push(if target.is_empty() {
            status
        } else {
            say!("target {target}: {status}", target = target, status = status)
        });
    }
    lines
}
