//! What the input tables can hold, as data: canonical columns, their types and the headers they go by (`columns.toml`).
//!
//! A new column or a new name for one is an entry there; nothing else has to know.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::config::ColumnType;

/// The tables that the program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Crm,
    Spend,
    Tickets,
    Contracts,
    Payments,
    Rates,
    Plan,
}

impl Kind {
    /// All tables, in the order in which they are read.
    pub const ALL: [Kind; 7] =
        [Kind::Crm, Kind::Spend, Kind::Tickets, Kind::Contracts, Kind::Payments, Kind::Rates, Kind::Plan];

    /// The key in `funnel.toml`, in `columns.toml` and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Crm => "crm",
            Kind::Spend => "spend",
            Kind::Tickets => "tickets",
            Kind::Contracts => "contracts",
            Kind::Payments => "payments",
            Kind::Rates => "rates",
            Kind::Plan => "plan",
        }
    }
}

/// A canonical column: its name, what its cells are, the headers it goes by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    pub headers: Vec<String>,
}

/// The canonical columns of one table, and the groups of which one column each is required.
#[derive(Debug)]
pub struct Definition {
    pub columns: Vec<Column>,
    pub required: Vec<Vec<String>>,
    /// The columns whose sum is that of a total row.
    pub additive: Vec<String>,
    /// The columns of whole numbers.
    pub counts: Vec<String>,
}

#[derive(Deserialize)]
struct Definitions {
    additive: Vec<String>,
    counts: Vec<String>,
    deal_ids: Vec<String>,
    required: BTreeMap<String, Vec<Vec<String>>>,
    statuses: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    tables: BTreeMap<String, Vec<Column>>,
}

/// The definition of a table for a funnel of these stages.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn definition(kind: Kind, stages: &[String]) -> Result<Definition> {
    let mut all = definitions()?;
    let mut columns = all.tables.remove(kind.name()).unwrap_or_default();
    if kind == Kind::Crm {
        columns.retain(|column| match stage_of(&column.name) {
            Some(stage) => stages.iter().any(|known| known == stage),
            None => true,
        });
        let missing = stages.iter().filter(|stage| !columns.iter().any(|c| c.name == format!("{stage}_at")));
        columns.extend(missing.map(|stage| own_stage(stage)).collect::<Vec<_>>());
    }
    let required = all.required.remove(kind.name()).unwrap_or_default();
    Ok(Definition { columns, required, additive: all.additive, counts: all.counts })
}

/// The usual words of a status column with the stage each stands for, or `lost`.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn status_words() -> Result<BTreeMap<String, String>> {
    let pairs = definitions()?.statuses.into_iter();
    Ok(pairs.flat_map(|(stage, words)| words.into_iter().map(move |word| (word, stage.clone()))).collect())
}

/// Headers of an ID that is a deal's, beside deals that are numbered on their own.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn deal_ids() -> Result<Vec<String>> {
    Ok(definitions()?.deal_ids)
}

fn definitions() -> Result<Definitions> {
    toml::from_str(include_str!("columns.toml")).context("columns.toml")
}

/// `sql_at` → `sql`; dates that are no stage of a funnel (`lost_at`, `closed_at`, `stage_at`, `first_touch_at`) → none.
fn stage_of(column: &str) -> Option<&str> {
    column.strip_suffix("_at").filter(|stage| !["lost", "closed", "stage", "first_touch"].contains(stage))
}

fn own_stage(stage: &str) -> Column {
    Column {
        name: format!("{stage}_at"),
        column_type: ColumnType::Date,
        headers: vec![format!("{stage} at"), format!("{stage} date")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_defined_and_its_required_columns_exist() {
        let stages = crate::config::DEFAULT_STAGES.map(String::from).to_vec();
        for kind in Kind::ALL {
            let definition = definition(kind, &stages).unwrap();
            assert!(!definition.columns.is_empty());
            for name in definition.required.iter().flatten() {
                assert!(definition.columns.iter().any(|column| &column.name == name), "{name}");
            }
        }
    }

    #[test]
    fn a_stage_of_the_users_own_is_a_date_column_and_an_unused_stage_is_none() {
        let stages = vec!["lead".to_string(), "demo".to_string()];
        let names: Vec<String> =
            definition(Kind::Crm, &stages).unwrap().columns.into_iter().map(|column| column.name).collect();
        assert!(names.contains(&"demo_at".to_string()));
        assert!(!names.contains(&"mql_at".to_string()));
    }
}
