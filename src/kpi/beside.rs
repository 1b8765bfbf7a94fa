//! Keys that stand beside a KPI in a report and are computed from it, whichever KPI it is: its plan, how much of that was
//! attained, its growth. They are no KPIs of their own, yet whoever meets one in a CSV file must find what it is.

use serde::Deserialize;

use super::catalogue::Catalogue;
use super::definitions::{Title, Unit};

/// Stands for the key of the KPI in names, formulas and definitions.
pub const KPI: &str = "KPI";

/// What stands beside a KPI.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    pub title: Title,
    pub definition: Title,
    pub formula: String,
    /// That of the KPI where none is said.
    pub unit: Option<Unit>,
    /// The one KPI that has it; any KPI where none is said.
    pub only: Option<String>,
    pub source: String,
}

/// A key of a report that stands beside a KPI.
pub struct Found<'a> {
    /// The KPI beside which it stands.
    pub kpi: &'a str,
    /// What it is of it: `plan`, `attainment`.
    pub what: &'a str,
    pub beside: &'a Beside,
}

impl Beside {
    /// Its key as it is listed: `KPI_plan`, `north_star_growth`.
    pub fn listed_as(&self, what: &str) -> String {
        format!("{}_{what}", self.only.as_deref().unwrap_or(KPI))
    }
}

impl Found<'_> {
    /// A text with the key of the KPI in it.
    pub fn fill(&self, text: &str) -> String {
        text.replace(KPI, self.kpi)
    }
}

impl Catalogue {
    /// What a key beside a KPI is; none where it is no such key, or a KPI of its own.
    pub fn beside<'a>(&'a self, name: &'a str) -> Option<Found<'a>> {
        if self.kpis.contains_key(name) {
            return None;
        }
        self.beside.iter().find_map(|(what, beside)| {
            let kpi = name.strip_suffix(what.as_str())?.strip_suffix('_')?;
            let is_of = beside.only.as_deref().is_none_or(|only| only == kpi);
            (is_of && self.kpis.contains_key(kpi)).then_some(Found { kpi, what, beside })
        })
    }
}
