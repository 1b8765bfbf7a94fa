//! What the reader of TOML says of a wrong key or value, in the words of somebody who wants to help.

use super::targets;
use crate::check::threshold;
use crate::error::{data_error, did_you_mean};

/// What serde says of a wrong key or value, with the line and the nearest known key.
pub fn explain_toml(path: &str, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, Some((unknown, known))) = (message.starts_with("unknown field"), quoted.split_first()) {
        let near = did_you_mean(unknown, known.iter().copied());
        return data_error(
            format!("{path}:{line}: unknown key `{unknown}`"),
            format!("{near}known keys here: {}", known.join(", ")),
        );
    }
    let (reason, hint) = plain_words(&message.lines().collect::<Vec<_>>().join(" "));
    let written = text.lines().nth(line - 1).unwrap_or_default().trim();
    data_error(format!("{path}:{line}: {reason}: `{written}`"), hint)
}

/// What serde says of a wrong value, in words for people, and how to write it.
fn plain_words(message: &str) -> (String, String) {
    if message.contains("ColumnSource") {
        let hint = "write `name = \"Header\"`, or `name = { header = \"Header\", type = \"number\" }` (id, date, number, text)";
        return ("this is no column".to_string(), hint.to_string());
    }
    if let Some(variants) = message.strip_prefix("unknown variant ") {
        let (found, known) = variants.split_once(", expected ").unwrap_or((variants, ""));
        return (
            format!("{found} is no choice here"),
            format!("known: {}", known.trim_start_matches("one of ")),
        );
    }
    if message.contains("expected u64") {
        return ("expected a whole number from 1".to_string(), "lines are counted from 1".to_string());
    }
    let hint = if message.contains(targets::NO_TARGET) {
        targets::TARGETS
    } else if message.contains(threshold::NO_LIMIT) {
        threshold::LIMITS
    } else if message.contains(targets::NO_CONDITION) {
        "write `where = \"channel=ads\"`, or `where = [\"owner=Anna\", \"channel=ads\"]` where all must hold"
    } else if message.contains("expected a sequence") {
        "a list stands in brackets, `files = [\"leads.csv\"]`, and a section of files in two: `[[crm]]`"
    } else if message.contains("datetime") || message.contains("map, expected a string") {
        "put a date in quotes: `as_of = \"2026-06-30\"`"
    } else if message.contains("expected a string") {
        "put text in quotes"
    } else {
        "the manual shows a configuration with every key, under Configuration"
    };
    (message.replace("a sequence", "a list"), hint.to_string())
}
