//! The rules of counting that a user may choose: the basis, what a skipped stage means, what becomes of negative days.

use clap::ValueEnum;
use serde::Deserialize;

use crate::say;

/// Which leads a number counts (rule 1 of section 4 of the design).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Leads created in the period, with whatever they reached up to `as_of`
    Cohort,
    /// Each stage counted by its own date in the period
    Event,
}

impl Basis {
    /// The key in CSV and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Basis::Cohort => "cohort",
            Basis::Event => "event",
        }
    }

    /// The name for people.
    pub fn title(self) -> String {
        match self {
            Basis::Cohort => say!("cohort"),
            Basis::Event => say!("event"),
        }
    }
}

/// What a stage that a lead skipped means (rule 2 of section 4 of the design).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Skips {
    /// Who reached a later stage passed the earlier ones
    #[default]
    Imply,
    /// A stage counts only after all earlier ones
    Strict,
    /// Each stage counts by itself
    Any,
}

impl Skips {
    /// The key in `funnel.toml` and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Skips::Imply => "imply",
            Skips::Strict => "strict",
            Skips::Any => "any",
        }
    }
}

/// What to do with a stage that comes before the one it follows (rule 8 of section 4 of the design).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NegativeDays {
    /// Counted and located as a data error, left out of mean, median and p90
    #[default]
    Exclude,
    /// Counted and located, and averaged all the same
    Include,
}
