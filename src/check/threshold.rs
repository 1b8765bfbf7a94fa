//! `[check]` in funnel.toml: how much of a finding is too much.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use serde::Deserialize;

use super::list;
use super::subject::Found;
use crate::error::{data_error, suggestion};
use crate::kpi::exact::Exact;

/// What stands in an error about a limit that is none, and tells its hint.
pub const NO_LIMIT: &str = "is no limit";
/// The hint.
pub const LIMITS: &str =
    "a limit is a share of at most 100%, such as `\"5%\"` (not 0.05), or a whole number, such as `10`";

/// The most that may be found: a share of what was looked at, or a number (of rows, or of money).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Threshold {
    limit: Limit,
    /// As it was written.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Share(Exact),
    Number(Exact),
}

impl Threshold {
    /// Whether more was found than the limit.
    pub fn is_exceeded(&self, found: &Found) -> bool {
        match self.limit {
            Limit::Number(limit) => is_more(found.count, limit),
            Limit::Share(limit) => found.share().is_some_and(|share| is_more(share, limit)),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl TryFrom<toml::Value> for Threshold {
    type Error = String;

    fn try_from(value: toml::Value) -> std::result::Result<Threshold, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_string());
        let limit = match (&value, text.strip_suffix('%')) {
            (toml::Value::String(_), Some(number)) => share(number.trim_end()),
            (toml::Value::Integer(_), _) => decimal(&text).map(Limit::Number),
            // text without a sign is no share; a fraction is a share that lacks its percent sign, or a number that nothing counted can be
            _ => None,
        };
        limit
            .map(|limit| Threshold { limit, text: text.clone() })
            .ok_or_else(|| format!("`{text}` {NO_LIMIT}"))
    }
}

/// Refuses keys of `[check]` that are no checks.
///
/// # Errors
/// A key that is not known, with the nearest one.
pub fn validate(limits: &BTreeMap<String, Threshold>) -> Result<()> {
    let known: Vec<&str> = list::keys().collect();
    match limits.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(data_error(format!("`[check]`: unknown key `{key}`"), suggestion(key, &known))),
    }
}

fn is_more(number: Exact, limit: Exact) -> bool {
    number.minus(limit).is_some_and(Exact::is_positive)
}

fn share(percent: &str) -> Option<Limit> {
    let share = decimal(percent)?.over(Exact::whole(100))?;
    // nothing exceeds the whole, so such a limit would never be missed
    (!is_more(share, Exact::whole(1))).then_some(Limit::Share(share))
}

/// `12` or `12.5` exactly; nothing below 0.
pub fn decimal(text: &str) -> Option<Exact> {
    Exact::from_decimal(text, 15)
}

#[cfg(test)]
mod tests {
    use super::super::subject::{Examples, counted};
    use super::*;

    fn threshold(value: impl Into<toml::Value>) -> Option<Threshold> {
        Threshold::try_from(value.into()).ok()
    }

    #[test]
    fn a_limit_is_a_share_or_a_number() {
        // 5 of 100 leads: exactly 5%
        let found = counted(5, 100, Examples::default(), String::new());
        for (limit, is_exceeded) in [("5%", false), ("4.99 %", true), ("0%", true), ("100%", false)] {
            assert_eq!(threshold(limit).unwrap().is_exceeded(&found), is_exceeded, "{limit}");
        }
        for (limit, is_exceeded) in [(4, true), (5, false)] {
            assert_eq!(threshold(limit).unwrap().is_exceeded(&found), is_exceeded, "{limit}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in ["5", "five", "%", "-1%", "", "120%", "100.01%"] {
            assert_eq!(threshold(bad), None, "{bad}");
        }
        assert_eq!(threshold(-1), None);
        assert_eq!(threshold(true), None);
        for fraction in [0.05, 4.5, 4.0] {
            assert_eq!(threshold(fraction), None, "{fraction}");
        }
    }
}
