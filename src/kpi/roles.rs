//! The KPIs that are about the stage of a role, whatever that stage is called: `{qualified}` and `{opportunity}` in
//! `catalogue.toml` become the stage that has the role, as `{stage}` becomes each stage.

use std::collections::BTreeMap;

use super::catalogue::Catalogue;
use super::definitions::{Kpi, Measure};
use super::evaluate::columns_of;
use super::templates::{StageText, capitalised, fill_kpi, fill_measure, marks};
use crate::config::Config;
use crate::config::roles::{ALL, Role, of_vacant};
use crate::say;

/// Fills the marks of roles in measures and KPIs. Where no stage has a role, a name stands in for it that no column has,
/// so that what needs it is left out like everything that lacks a column.
pub fn fill(
    measures: &mut BTreeMap<String, Measure>,
    kpis: &mut BTreeMap<String, Kpi>,
    texts: &BTreeMap<String, StageText>,
    config: &Config,
) {
    let words: Vec<(String, String)> = ALL.iter().flat_map(|role| role_marks(role, texts, config)).collect();
    let fill =
        |text: &str| words.iter().fold(text.to_string(), |text, (mark, word)| text.replace(mark, word));
    for measure in measures.values_mut() {
        *measure = fill_measure(measure, &fill);
    }
    for kpi in kpis.values_mut() {
        *kpi = fill_kpi(kpi, &fill);
    }
}

/// The stage of each role that one has.
pub fn stages(config: &Config) -> BTreeMap<&'static str, String> {
    let stage = |role: &Role| Some((role.name, role.stage(&config.roles, &config.stages)?.to_string()));
    ALL.iter().filter_map(stage).collect()
}

/// A note with the stage of the role that it is about; none where no stage of the inputs has the role.
pub fn fill_note(note: &str, catalogue: &Catalogue, known: &[String]) -> Option<String> {
    ALL.iter().try_fold(note.to_string(), |note, role| {
        let mark = format!("{{{}}}", capitalised(role.name));
        let stage = catalogue.roles.get(role.name).filter(|stage| known.contains(stage));
        match (note.contains(&mark), stage) {
            (true, stage) => stage.map(|stage| note.replace(&mark, &catalogue.stage_title(stage))),
            (false, _) => Some(note),
        }
    })
}

/// The role that a KPI needs and no stage has.
pub fn vacant(catalogue: &Catalogue, kpi: &str) -> Option<&'static Role> {
    let entry = catalogue.kpis.get(kpi)?;
    let quantities = entry.calculation.measures().into_iter().filter_map(|name| catalogue.measures.get(name));
    quantities.flat_map(columns_of).find_map(|name| of_vacant(name.strip_suffix("_at").unwrap_or(&name)))
}

/// `{qualified}`, its plural and their titles, and `{qualified in words}` for the middle of a sentence.
fn role_marks(role: &Role, texts: &BTreeMap<String, StageText>, config: &Config) -> Vec<(String, String)> {
    let in_words = format!("{{{} in words}}", role.name);
    let title = capitalised(role.name);
    match role.stage(&config.roles, &config.stages) {
        Some(stage) => {
            let mut words = marks(texts, role.name, stage);
            words.push((in_words, stage.replace('_', " ")));
            words
        }
        None => vec![
            (format!("{{{}}}", role.name), role.vacant()),
            (format!("{{{title}}}"), say!("the stage of `[roles] {role}`", role = role.name)),
            (format!("{{{title}s}}"), say!("Leads at the stage of `[roles] {role}`", role = role.name)),
            (in_words, role.name.to_string()),
        ],
    }
}
