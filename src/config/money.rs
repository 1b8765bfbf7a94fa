//! What no export says about money: the share that is margin, costs beside the media, the grace of a renewal.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use crate::error::data_error;
use crate::kpi::exact::Exact;
use crate::period::{Period, month_quarter_or_year};

/// The days after the end of a contract in which a renewal still counts, where `[renewal]` does not say it.
const USUAL_GRACE: i32 = 30;
/// A grace longer than this is a mistake.
const LONGEST_GRACE: i32 = 3_660;

/// `[renewal]`: when a contract counts as renewed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The days after its end in which a renewal still counts, such as `30d`
    pub grace: Option<String>,
}

/// `[value]`: what of the money received is margin.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueOfCustomers {
    /// The share of revenue that is margin, such as `40%`, where no column says it
    pub margin: Option<String>,
}

/// `[costs]`: what the exports do not know, in the reporting currency.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Cost of winning customers beside the ad spend: salaries, agencies, tools
    pub acquisition: Option<Cost>,
    /// Cost of keeping customers: service, account management
    pub retention: Option<Cost>,
}

/// An amount a month, or one for each month, quarter or year.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Cost {
    Periods(BTreeMap<String, toml::Value>),
    EachMonth(toml::Value),
}

/// A cost that has been understood, in millionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amounts {
    EachMonth(i64),
    Periods(Vec<(Period, i64)>),
}

impl Renewal {
    /// The days of grace.
    ///
    /// # Errors
    /// Text that is no number of days.
    pub fn grace_days(&self) -> Result<i32> {
        let Some(text) = &self.grace else { return Ok(USUAL_GRACE) };
        let days = text.trim().strip_suffix('d').and_then(|days| days.trim().parse::<i32>().ok());
        days.filter(|days| (0..=LONGEST_GRACE).contains(days)).ok_or_else(|| {
            data_error(
                format!("`[renewal]`: `grace = \"{text}\"` is no number of days"),
                "write the days after the end of a contract in which a renewal still counts: `grace = \"30d\"`",
            )
        })
    }
}

impl ValueOfCustomers {
    /// The share of revenue that is margin, from 0 to 1, if it is set.
    ///
    /// # Errors
    /// Text that is no share.
    pub fn margin_share(&self) -> Result<Option<Exact>> {
        let Some(text) = &self.margin else { return Ok(None) };
        let percent = text.trim().strip_suffix('%').and_then(|percent| decimal(percent.trim()));
        let share = percent.and_then(|percent| percent.over(Exact::whole(100)));
        let is_share = |share: &Exact| {
            Exact::whole(1).minus(*share).is_some_and(|rest| rest.is_zero() || rest.is_positive())
        };
        share.filter(is_share).map(Some).ok_or_else(|| {
            data_error(
                format!("`[value]`: `margin = \"{text}\"` is no share"),
                "write the part of revenue that is margin in percent: `margin = \"40%\"`",
            )
        })
    }
}

impl Costs {
    /// Acquisition and retention by name, those that are set.
    ///
    /// # Errors
    /// What is no amount, a period that is none, periods that overlap.
    pub fn amounts(&self) -> Result<Vec<(&'static str, Amounts)>> {
        let named = [("acquisition", &self.acquisition), ("retention", &self.retention)];
        let set = named.into_iter().filter_map(|(name, cost)| Some((name, cost.as_ref()?)));
        set.map(|(name, cost)| Ok((name, amounts(name, cost)?))).collect()
    }
}

fn amounts(name: &str, cost: &Cost) -> Result<Amounts> {
    let periods = match cost {
        Cost::EachMonth(value) => return amount(name, value).map(Amounts::EachMonth),
        Cost::Periods(periods) => periods,
    };
    let mut found: Vec<(Period, i64)> = Vec::new();
    for (label, value) in periods {
        let period = month_quarter_or_year(label).ok_or_else(|| {
            data_error(
                format!("`[costs]`: `{name}`: `{label}` is no month, quarter or year"),
                "write `\"2026-03\"`, `\"2026-Q1\"` or `\"2026\"`",
            )
        })?;
        found.push((period, amount(name, value)?));
    }
    found.sort_by_key(|(period, _)| (period.from, period.to));
    match found.windows(2).find(|pair| pair[0].0.to > pair[1].0.from) {
        None => Ok(Amounts::Periods(found)),
        Some(pair) => Err(data_error(
            format!("`[costs]`: `{name}`: `{}` and `{}` overlap", pair[0].0.label, pair[1].0.label),
            "name the cost of each day once",
        )),
    }
}

fn amount(name: &str, value: &toml::Value) -> Result<i64> {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_string());
    let is_scalar = value.is_str() || value.is_integer() || value.is_float();
    let exact = Some(text.as_str()).filter(|_| is_scalar).and_then(decimal);
    exact.and_then(|exact| i64::try_from(exact.to_millionths()).ok()).ok_or_else(|| {
        data_error(
            format!("`[costs]`: `{name}`: `{text}` is no amount"),
            "write an amount a month, `acquisition = 12000`, or one a period, `acquisition = { \"2026-Q1\" = 36000 }`",
        )
    })
}

/// `12` or `12.5` exactly; nothing below 0. More digits than these are no millionths of money.
fn decimal(text: &str) -> Option<Exact> {
    Exact::from_decimal(text, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(text: &str) -> Result<Vec<(&'static str, Amounts)>> {
        toml::from_str::<Costs>(text)?.amounts()
    }

    #[test]
    fn a_cost_is_an_amount_a_month_or_a_period() {
        assert_eq!(
            costs("acquisition = 12000.5").unwrap(),
            [("acquisition", Amounts::EachMonth(12_000_500_000))]
        );
        let periods = costs("retention = { '2026-Q1' = 3, '2026-04' = '4.25' }").unwrap();
        let Amounts::Periods(periods) = &periods[0].1 else { panic!("two periods") };
        let labels: Vec<(&str, i64)> =
            periods.iter().map(|(period, cost)| (period.label.as_str(), *cost)).collect();
        assert_eq!(labels, [("2026-Q1", 3_000_000), ("2026-04", 4_250_000)]);
        for bad in ["acquisition = -1", "acquisition = true", "retention = { '2026-Q1' = 1, '2026-02' = 1 }"]
        {
            assert!(costs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_margin_is_a_share_of_revenue() {
        let share = |text: &str| ValueOfCustomers { margin: Some(text.to_string()) }.margin_share();
        assert_eq!(share("40%").unwrap(), Exact::fraction(2, 5));
        assert_eq!(share("100 %").unwrap(), Some(Exact::whole(1)));
        for bad in ["40", "101%", "-1%", "%"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn grace_is_a_number_of_days() {
        let grace = |text: &str| Renewal { grace: Some(text.to_string()) }.grace_days();
        assert_eq!(grace("45d").unwrap(), 45);
        assert!(grace("45").is_err() && grace("-1d").is_err() && grace("1m").is_err());
        assert_eq!(Renewal::default().grace_days().unwrap(), 30);
    }
}
