//! `[targets]` in funnel.toml: what a KPI is to reach, or not to exceed.

use anyhow::Result;
use serde::Deserialize;

use super::Basis;
use crate::calendar::Every;
use crate::check::threshold::decimal;
use crate::error::data_error;
use crate::kpi::exact::Exact;
use crate::kpi::view::Filter;

/// What stands in an error about a limit of a target that is none, and tells its hint.
pub const NO_TARGET: &str = "is no limit of a target";
/// The hint.
pub const TARGETS: &str =
    "a target is a number in the unit of the KPI, such as `12` or `0.05`, or a share, such as `\"5%\"`";
/// What stands in an error about a condition that is none, and tells its hint.
pub const NO_CONDITION: &str = "is no condition";

/// The targets of one KPI: `{ max = "5%" }`, or a list of such, each for another part of the data.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Targets(pub Vec<Target>);

/// What a KPI is to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The least that meets the target
    pub min: Option<Limit>,
    /// The most that meets the target
    pub max: Option<Limit>,
    /// A softer limit: beyond it the target is told to be near
    pub warn: Option<Limit>,
    /// The values of dimensions that it is about; without it the total
    #[serde(default)]
    pub r#where: Conditions,
    /// The kind of period that it is for; without it whatever is reported
    pub every: Option<Every>,
    /// The basis that the KPI is held against it by
    pub basis: Option<Basis>,
}

/// A number that a KPI is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Limit {
    pub number: Exact,
    /// Whether it was written in percent.
    pub is_percent: bool,
}

/// `"channel=ads"`, or a list of such, all of which must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Conditions(pub Vec<Filter>);

impl TryFrom<toml::Value> for Targets {
    type Error = String;

    fn try_from(value: toml::Value) -> std::result::Result<Targets, String> {
        let all = match value {
            toml::Value::Array(all) => all,
            one => vec![one],
        };
        let target =
            |value| Target::deserialize(value).map_err(|error: toml::de::Error| error.message().to_string());
        all.into_iter().map(target).collect::<std::result::Result<_, _>>().map(Targets)
    }
}

impl TryFrom<toml::Value> for Limit {
    type Error = String;

    fn try_from(value: toml::Value) -> std::result::Result<Limit, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_string());
        let percent = text.strip_suffix('%').map(str::trim_end);
        let number = match (&value, percent) {
            (toml::Value::String(_), Some(percent)) => {
                signed(percent).and_then(|percent| percent.over(Exact::whole(100)))
            }
            (toml::Value::String(_), None) => None,
            _ => signed(&text),
        };
        number
            .map(|number| Limit { number, is_percent: percent.is_some() })
            .ok_or_else(|| format!("`{text}` {NO_TARGET}"))
    }
}

impl TryFrom<toml::Value> for Conditions {
    type Error = String;

    fn try_from(value: toml::Value) -> std::result::Result<Conditions, String> {
        let all = match value {
            toml::Value::Array(all) => all,
            one => vec![one],
        };
        let filter = |value: &toml::Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), String::from);
            Filter::parse(&text).ok_or_else(|| format!("`{text}` {NO_CONDITION}"))
        };
        all.iter().map(filter).collect::<std::result::Result<_, _>>().map(Conditions)
    }
}

/// `-12.5` exactly.
fn signed(text: &str) -> Option<Exact> {
    match text.strip_prefix('-') {
        Some(rest) => Exact::ZERO.minus(decimal(rest)?),
        None => decimal(text),
    }
}

/// Refuses targets that say nothing, or contradict themselves.
///
/// # Errors
/// A target without a limit, or whose limits exclude each other, with the KPI it is for.
pub fn validate<'a>(targets: impl Iterator<Item = (&'a String, &'a Targets)>) -> Result<()> {
    for (kpi, targets) in targets {
        for target in &targets.0 {
            if target.min.is_none() && target.max.is_none() && target.warn.is_none() {
                return Err(data_error(
                    format!("`[targets]`: `{kpi}` has no limit"),
                    "write `min`, `max` or `warn`: `churn_rate = { max = \"5%\", warn = \"4%\" }`",
                ));
            }
            if let Some((limit, side)) = limit_before_warn(target) {
                return Err(data_error(
                    format!(
                        "`[targets]`: the `warn` of `{kpi}` is {side} its `{limit}`, and would never be told"
                    ),
                    format!(
                        "`warn` is told before `{limit}` is missed: set it on the side that meets the target"
                    ),
                ));
            }
            if let (Some(min), Some(max)) = (target.min, target.max) {
                if min.number.minus(max.number).is_some_and(Exact::is_positive) {
                    return Err(data_error(
                        format!("`[targets]`: the `min` of `{kpi}` is above its `max`"),
                        "no number could meet both",
                    ));
                }
                if target.warn.is_some() {
                    return Err(data_error(
                        format!("`[targets]`: `{kpi}` has `warn` beside `min` and `max`"),
                        "`warn` is a softer `min`, or a softer `max`: give each a target of its own, `churn_rate = [{ min = … }, { max = …, warn = … }]`",
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The limit that is missed before the warning of it is reached, and on which side of it the warning lies.
fn limit_before_warn(target: &Target) -> Option<(&'static str, &'static str)> {
    let warn = target.warn?.number;
    let is_above = |one: Exact, other: Exact| one.minus(other).is_some_and(Exact::is_positive);
    match (target.min, target.max) {
        (Some(min), None) if is_above(min.number, warn) => Some(("min", "below")),
        (None, Some(max)) if is_above(warn, max.number) => Some(("max", "above")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> std::result::Result<Targets, String> {
        let table: std::collections::BTreeMap<String, Targets> =
            toml::from_str(text).map_err(|error| error.message().to_string())?;
        Ok(table.into_values().next().unwrap_or_default())
    }

    #[test]
    fn a_target_is_a_table_or_a_list_of_tables() {
        let one = targets("churn_rate = { max = \"5%\", warn = \"4.5 %\" }").unwrap().0;
        assert_eq!(one[0].max.unwrap().number, Exact::fraction(5, 100).unwrap());
        assert_eq!(one[0].warn.unwrap().number, Exact::fraction(45, 1000).unwrap());
        let two = targets("[[won]]\nmin = 3\n[[won]]\nmin = 1.5\nwhere = [\"owner=Anna Weber\", \"channel=ads\"]\nevery = \"month\"").unwrap().0;
        assert_eq!((two.len(), two[1].r#where.0.len(), two[1].every), (2, 2, Some(Every::Month)));
        assert_eq!(
            targets("romi = { min = -0.5 }").unwrap().0[0].min.unwrap().number,
            Exact::fraction(-1, 2).unwrap()
        );
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for (text, message) in [
            ("won = { min = \"many\" }", "`many` is no limit"),
            ("won = { min = \"5\" }", "`5` is no limit"),
            ("won = { minimum = 5 }", "unknown field `minimum`"),
            ("won = { min = 5, where = \"owner\" }", "`owner` is no condition"),
            ("won = { min = 5, every = \"day\" }", "unknown variant `day`"),
        ] {
            let error = targets(text).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
