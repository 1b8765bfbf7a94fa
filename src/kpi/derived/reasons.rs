//! What kind of reason a customer left for: one that outgrew the product is no failure of anybody.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::super::catalogue::Catalogue;
use super::add_words;
use crate::config::{Config, ReasonGroup};
use crate::input::normalise;
use crate::input::table::code_slice;
use crate::leads::{Data, Over};

/// The dimension of contracts and customers.
pub const NAME: &str = "churn_reason_group";

#[derive(Deserialize)]
struct Usual {
    reasons: BTreeMap<ReasonGroup, Vec<String>>,
}

/// Adds the dimension to contracts and customers that have left: the group that `[churn_reasons]` gives their reason,
/// else the usual one, else `unknown`.
///
/// # Errors
/// Only if `churn_reasons.toml` itself is broken, which a test excludes.
pub fn add(data: &mut Data, config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let groups = group_of_word(config)?;
    // who has not left has no reason
    let shown: Vec<&str> = std::iter::once("").chain(ReasonGroup::ALL.map(ReasonGroup::name)).collect();
    let place = |group: ReasonGroup| shown.iter().position(|name| *name == group.name()).unwrap_or_default();
    for over in [Over::Contracts, Over::Customers] {
        let Some(table) = data.facts.get(&over).map(|facts| &facts.table) else { continue };
        let (Some(codes), Some(words)) =
            (table.codes("churn_reason"), table.dictionaries.get("churn_reason"))
        else {
            continue;
        };
        let Some(churned) = table.dates("churned_at") else { continue };
        let group = |word: &String| groups.get(&normalise(word)).copied().unwrap_or(ReasonGroup::Unknown);
        let of_word: Vec<usize> = words.iter().map(|word| place(group(word))).collect();
        let places: Vec<usize> = code_slice(&codes)
            .iter()
            .enumerate()
            .map(|(row, code)| if churned.get(row).is_some() { of_word[*code as usize] } else { 0 })
            .collect();
        add_words(data, over, NAME, &shown, &places)?;
    }
    Ok(())
}

/// The group of each reason; what the configuration says goes before the usual words.
fn group_of_word(config: &Config) -> Result<BTreeMap<String, ReasonGroup>> {
    let usual: Usual = toml::from_str(include_str!("churn_reasons.toml")).context("churn_reasons.toml")?;
    let all = usual.reasons.iter().chain(&config.churn_reasons);
    Ok(all.flat_map(|(group, words)| words.iter().map(|word| (normalise(word), *group))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_goes_before_the_usual_reasons() {
        let mut config = Config::default();
        assert_eq!(group_of_word(&config).unwrap()["tooexpensive"], ReasonGroup::Price);
        config.churn_reasons = BTreeMap::from([(ReasonGroup::Service, vec!["Too expensive ".to_string()])]);
        assert_eq!(group_of_word(&config).unwrap()["tooexpensive"], ReasonGroup::Service);
    }
}
