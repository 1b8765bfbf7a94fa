//! Measures and KPIs as they are written, in `catalogue.toml` and in `funnel.toml` alike.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::Basis;
use crate::lang;
use crate::leads::Over;
use crate::say;

/// An additive quantity over the rows of one table: a count, a sum, or days between two dates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The table whose rows it counts; the leads unless said.
    pub over: Option<Over>,
    /// Counts the rows for which this predicate holds.
    pub count: Option<String>,
    /// Sums this column, or sum and difference of columns.
    pub sum: Option<String>,
    /// Calendar days from the first of these dates to the second, over the rows that have both.
    pub days: Option<[String; 2]>,
    /// Hours from the first of these dates to the second, to the second: of the creation and the first touch by sales only.
    pub hours: Option<[String; 2]>,
    /// The time from the first of these dates to the second, or to the end of the data where it has not come yet.
    pub survival: Option<[String; 2]>,
    /// With `survival`: the rows for which the second date cannot come any more.
    pub never: Option<String>,
    /// Only the rows for which this predicate holds.
    pub r#where: Option<String>,
    /// Spend and costs of a period so much earlier, such as `30d`: what leads of today were won by.
    pub earlier: Option<String>,
}

/// Arithmetic on measures, with what a reader needs to trust it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    pub title: Title,
    #[serde(default)]
    pub definition: Title,
    /// Numerator and denominator.
    pub ratio: Option<[String; 2]>,
    pub value: Option<String>,
    /// The measure of days or times whose mean it is, and likewise below.
    pub mean: Option<String>,
    pub median: Option<String>,
    pub p90: Option<String>,
    pub n: Option<String>,
    /// The measure of times of which this is the share whose second date came, and likewise below.
    pub converted: Option<String>,
    pub longest: Option<String>,
    /// The measure of times of which this is the share whose second date came by an age, or the number at risk at it
    /// (built-in KPIs only): the table of maturity has them age by age.
    pub by_age: Option<String>,
    pub at_risk: Option<String>,
    /// A measure and a dimension: the part of its largest value.
    pub largest: Option<[String; 2]>,
    /// What it says of the margin that customers have brought by each age (built-in KPIs only).
    pub curve: Option<CurveSide>,
    /// What it is the difference of between two sides of the customers (built-in KPIs only).
    pub contrast: Option<Contrast>,
    #[serde(default)]
    pub unit: Unit,
    /// The direction that is good.
    pub better: Option<Direction>,
    /// A state at a point of time, such as customers at the end: half of a period is not half of it.
    #[serde(default, rename = "level")]
    pub is_level: bool,
    /// The basis that belongs to the definition, whatever the table's.
    pub basis: Option<Basis>,
    /// It relates spend to what it brought, so it means nothing for a channel that no spend can be traced to.
    #[serde(default, rename = "attributed")]
    pub is_attributed: bool,
    /// Stages, columns or tables without which it means nothing.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub source: Option<String>,
}

/// What is compared between two sides of the customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    LeftShare,
}

/// What a KPI says of the margin that customers have brought by each age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CurveSide {
    /// The margin per customer at the last age that all have reached.
    Realised,
    /// The first age at which it makes up for the cost of winning a customer.
    Payback,
    /// What part of that cost it makes up for at the last age that all have reached.
    Recovered,
}

impl CurveSide {
    /// The formula in words.
    pub fn formula(self) -> String {
        match self {
            CurveSide::Realised => {
                say!("margin received by an age / customers, at ages that all of them have reached")
            }
            CurveSide::Payback => say!("first age at which ltv_realised >= spend / customers_acquired"),
            CurveSide::Recovered => {
                say!("ltv_realised at the last age that all have reached / (spend / customers_acquired)")
            }
        }
    }
}

/// A text, or one a language.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Title {
    Text(String),
    Languages(BTreeMap<String, String>),
}

impl Default for Title {
    fn default() -> Self {
        Title::Text(String::new())
    }
}

impl Title {
    /// The text in the language of the run, else the English one, or the first there is.
    pub fn text(&self) -> &str {
        match self {
            Title::Text(text) => text,
            Title::Languages(languages) => {
                let text = languages.get(lang::code()).or_else(|| languages.get("en"));
                text.or_else(|| languages.values().next()).map_or("", String::as_str)
            }
        }
    }

    /// A text of the catalogue in the language of the run.
    #[must_use]
    pub fn translated(self) -> Title {
        match self {
            Title::Text(text) => Title::Text(lang::text(&text)),
            Title::Languages(_) => self,
        }
    }
}

/// What a value is; raw in CSV and JSON, written out for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Count,
    /// A part of a number of trials: it carries a Wilson interval.
    Share,
    /// A part of a sum that is no number of trials.
    Part,
    Money,
    Days,
    Hours,
    /// A twelfth of a year of 365.25 days; statistics of days are converted.
    Months,
    #[default]
    Number,
}

impl Unit {
    /// The key in CSV and JSON: a part is a share to a reader.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Share | Unit::Part => "share",
            Unit::Money => "money",
            Unit::Days => "days",
            Unit::Hours => "hours",
            Unit::Months => "months",
            Unit::Number => "number",
        }
    }

    /// The name for people.
    pub fn title(self) -> String {
        match self {
            Unit::Count => say!("count"),
            Unit::Share | Unit::Part => say!("share"),
            Unit::Money => say!("money"),
            Unit::Days => say!("days"),
            Unit::Hours => say!("hours"),
            Unit::Months => say!("months"),
            Unit::Number => say!("number"),
        }
    }
}

/// The direction that is good for a KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    /// The key in the catalogue.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }

    /// The name for people.
    pub fn title(self) -> String {
        match self {
            Direction::Up => say!("up"),
            Direction::Down => say!("down"),
        }
    }
}
