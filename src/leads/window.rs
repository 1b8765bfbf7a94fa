//! Conversion windows of `funnel.toml` (`[window]`): within how many days a step must come to count.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::error::{data_error, did_you_mean};
use crate::say;

/// The longest window: a hundred years, so that no sum of days leaves its range.
const MOST_DAYS: i32 = 36_525;

/// A step and the days within which it must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub from: String,
    pub to: String,
    pub days: i32,
}

impl Window {
    /// `30 days`.
    pub fn describe(&self) -> String {
        describe_days(self.days)
    }
}

/// `30 days`.
pub fn describe_days(days: i32) -> String {
    say!("{count} {count:day|days}", count = days)
}

/// The windows of a configuration by the name of their step (`mql_to_sql`), for a funnel of these stages.
///
/// # Errors
/// A step that the stages do not have (with the nearest that they have), or text that is no number of days or weeks.
pub fn windows(texts: &BTreeMap<String, String>, stages: &[String]) -> Result<BTreeMap<String, Window>> {
    let mut steps: BTreeMap<String, (&String, &String)> = BTreeMap::new();
    for (place, from) in stages.iter().enumerate() {
        steps.extend(stages[place + 1..].iter().map(|to| (format!("{from}_to_{to}"), (from, to))));
    }
    let mut windows = BTreeMap::new();
    for (step, text) in texts {
        let Some((from, to)) = steps.get(step) else {
            let near = did_you_mean(step, steps.keys().map(String::as_str));
            return Err(data_error(
                format!("`[window]`: `{step}` is no step between two stages"),
                format!("{near}a step goes from an earlier stage to a later one: {}", stages.join(", ")),
            ));
        };
        let days = named_days("window", step, text)?;
        let window = Window { from: (*from).clone(), to: (*to).clone(), days };
        windows.insert(step.clone(), window);
    }
    Ok(windows)
}

/// The days of a key of a section of the configuration.
///
/// # Errors
/// Text that is no number of days or weeks.
pub fn named_days(section: &str, key: &str, text: &str) -> Result<i32> {
    days(text).ok_or_else(|| {
        data_error(
            format!("`[{section}]`: `{key}`: `{text}` is no number of days or weeks"),
            format!(
                "write `{0} = \"30d\"` or `{0} = \"4w\"`, at most {MOST_DAYS} days",
                crate::config::text::key(key)
            ),
        )
    })
}

/// `30d` → 30, `4w` → 28.
pub fn days(text: &str) -> Option<i32> {
    let (number, factor) = match (text.strip_suffix('d'), text.strip_suffix('w')) {
        (Some(days), _) => (days, 1),
        (None, Some(weeks)) => (weeks, 7),
        (None, None) => return None,
    };
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let days = number.parse::<i32>().ok().filter(|_| is_plain)?.checked_mul(factor)?;
    (1..=MOST_DAYS).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_windows() {
        for (text, expected) in
            [("30d", Some(30)), ("4w", Some(28)), ("1d", Some(1)), ("36525d", Some(36_525))]
        {
            assert_eq!(days(text), expected, "{text}");
        }
        for text in ["30", "0d", "-3d", "+3d", "2m", "d", "", "36526d", "99999999999w", "1.5w", "3 d"] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}
