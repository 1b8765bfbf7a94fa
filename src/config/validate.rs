//! What a configuration may not say: contradictions and names that mean something else, told before any export is read.

use std::collections::BTreeMap;

use anyhow::Result;

use super::block::validate_block;
use super::{Config, DEFAULT_STAGES, ReasonGroup, roles, targets};
use crate::check::threshold;
use crate::error::data_error;
use crate::input::tables::Kind;

/// Names that mean something else beside the stages.
const RESERVED_STAGES: [&str; 7] = ["lost", "open", "created", "closed", "existing", "stage", "total"];

/// Refuses what no number could be right by.
///
/// # Errors
/// The first thing that is wrong, with its section.
pub fn validate(config: &Config) -> Result<()> {
    validate_stages(&config.stages)?;
    roles::validate(&config.roles, &config.stages)?;
    threshold::validate(&config.check)?;
    targets::validate(config.targets.iter())?;
    crate::leads::window::windows(&config.window, &config.stages)?;
    crate::leads::speed::limit(&config.speed)?;
    crate::leads::bands::bands(&config.bands)?;
    config.renewal.grace_days()?;
    config.value.margin_share()?;
    config.costs.amounts()?;
    for kind in Kind::ALL {
        for block in config.blocks(kind) {
            validate_block(kind, block, &config.stages)?;
        }
    }
    let mut names: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (spelling, name) in &config.channels {
        let known = names.insert(crate::input::normalise(spelling), (spelling, name));
        if let Some((other, _)) = known.filter(|(_, known)| known != name) {
            return Err(data_error(
                format!("`[channels]`: `{other}` and `{spelling}` are one spelling with two names"),
                "case, blanks and punctuation do not matter: keep one of the lines",
            ));
        }
    }
    validate_churn_reasons(&config.churn_reasons)?;
    let stages: Vec<&str> = config.stages.iter().map(String::as_str).collect();
    if let Some(unknown) = config.required.keys().find(|stage| !stages.contains(&stage.as_str())) {
        return Err(data_error(
            format!("`[required]`: there is no stage `{unknown}`"),
            crate::error::suggestion(unknown, &stages),
        ));
    }
    for lookup in &config.lookup {
        if lookup.files.is_empty() || lookup.key.len() != 1 || lookup.columns.is_empty() {
            return Err(data_error(
                "a `[[lookup]]` needs files, one key and at least one column",
                "write `files = [\"teams.csv\"]`, `key = { owner = \"Header\" }` and `columns = { manager = \"Header\" }`",
            ));
        }
    }
    Ok(())
}

fn validate_churn_reasons(reasons: &BTreeMap<ReasonGroup, Vec<String>>) -> Result<()> {
    let mut group_of: BTreeMap<String, ReasonGroup> = BTreeMap::new();
    for (group, word) in reasons.iter().flat_map(|(group, words)| words.iter().map(move |word| (group, word)))
    {
        if let Some(other) =
            group_of.insert(crate::input::normalise(word), *group).filter(|other| other != group)
        {
            return Err(data_error(
                format!("`[churn_reasons]`: `{word}` is in `{}` and in `{}`", other.name(), group.name()),
                "a reason belongs to one group; case, blanks and punctuation do not matter",
            ));
        }
    }
    Ok(())
}

fn validate_stages(stages: &[String]) -> Result<()> {
    if !(2..=20).contains(&stages.len()) {
        return Err(data_error(
            format!("`stages` has {} of the 2 to 20 names that a funnel has", stages.len()),
            format!("the usual ones are {}", DEFAULT_STAGES.join(", ")),
        ));
    }
    for (index, stage) in stages.iter().enumerate() {
        let is_name = stage.starts_with(char::is_lowercase)
            && stage.chars().all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_');
        let is_free = !RESERVED_STAGES.contains(&stage.as_str()) && crate::kpi::sql::is_column_name(stage);
        if !is_name || !is_free {
            return Err(data_error(
                format!("`stages`: `{stage}` cannot be the name of a stage"),
                format!(
                    "a stage is written in lower-case letters, digits and `_`, and is no word of SQL and none of {}",
                    RESERVED_STAGES.join(", ")
                ),
            ));
        }
        if stages[..index].contains(stage) {
            return Err(data_error(
                format!("`stages` names `{stage}` twice"),
                "name every stage once, in the order of the funnel",
            ));
        }
    }
    // two stages would go by the word: the one of the name, and the last one
    if stages.iter().rev().skip(1).any(|stage| stage == "won") {
        return Err(data_error(
            "`stages`: `won` is not the last stage, and KPIs call the last one so",
            "end the stages with `won`, or call that stage otherwise, such as `signed`",
        ));
    }
    Ok(())
}
