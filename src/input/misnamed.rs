//! Columns of the configuration that are called nearly as one the program knows: what was meant for a date of a stage would
//! be a dimension without a word, and the stage have no date.

use anyhow::Result;

use super::tables::{Kind, definition};
use crate::config::Config;
use crate::say;

/// So many letters added, left out, changed or swapped are a slip: `mql_date` for `mql_at`, `chanel` for `channel`.
const SLIP: usize = 2;
/// In names as short as this two letters make another word: `unit` is not `until`.
const SHORT: usize = 5;

/// A line for each column that is a dimension, and whose name is nearly that of a known column of its table that no
/// other column of its block has taken.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn misnamed(config: &Config) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for kind in Kind::ALL {
        let known = definition(kind, &config.stages)?.columns;
        for columns in config.blocks(kind).iter().map(|block| &block.columns) {
            let is_known = |name: &str| known.iter().any(|column| column.name == name);
            let free = || known.iter().map(|column| &column.name).filter(|name| !columns.contains_key(*name));
            for name in columns.keys().filter(|name| !is_known(name)) {
                let slip = if name.chars().count() <= SHORT { 1 } else { SLIP };
                let distance = |known: &str| strsim::osa_distance(name, known);
                let near = free().map(|known| (distance(known), known)).min();
                notes.extend(near.filter(|(distance, _)| *distance <= slip).map(|(_, near)| {
                    say!(
                        "note: `{name}` under `[{table}.columns]` is a dimension; if the column `{near}` is meant, call it so",
                        name = name,
                        table = kind.name(),
                        near = near
                    )
                }));
            }
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(columns: &str) -> Vec<String> {
        let text = format!(
            "stages = [\"lead\", \"demo\", \"won\"]\n[[crm]]\nfiles = [\"a.csv\"]\n[crm.columns]\n{columns}"
        );
        misnamed(&toml::from_str(&text).unwrap()).unwrap()
    }

    #[test]
    fn a_slip_is_told_and_a_dimension_is_not() {
        for (name, near) in
            [("lead_date", "lead_at"), ("chanel", "channel"), ("demo_date", "demo_at"), ("ownr", "owner")]
        {
            let told = notes(&format!("{name} = \"X\"\n"));
            assert!(
                told.len() == 1 && told[0].contains(&format!("the column `{near}` is meant")),
                "{name}: {told:?}"
            );
        }
        for name in
            ["region", "segment", "city", "source", "sector", "lead_at", "campaign", "utm_term", "manager"]
        {
            assert_eq!(notes(&format!("{name} = \"X\"\n")), [] as [&str; 0], "{name}");
        }
        // who has a column for the stage has another one of a like name on purpose
        assert_eq!(notes("lead_at = \"X\"\nlead_date = \"Y\"\n"), [] as [&str; 0]);
    }
}
