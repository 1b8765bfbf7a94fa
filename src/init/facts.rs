//! What concerns all files: the stages that they know, their currency, the spellings of their channels.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::read::Part;
use crate::config::{self, DEFAULT_STAGES};
use crate::input::spellings;
use crate::input::table::{Table, code_slice};
use crate::input::tables::Kind;
use crate::leads::statuses::stage_of_words;

/// What concerns all files.
pub struct Facts {
    /// The stages that the files know with what shows each; none where the files leave it open.
    pub stages: Option<Vec<(String, Vec<String>)>>,
    /// The currencies that the files name.
    pub currencies: BTreeSet<String>,
    /// Spellings of one channel, the usual one first, with the rows of each.
    pub channels: Vec<Vec<(String, usize)>>,
    /// The status words of each part, by the names of its files.
    words: BTreeMap<Vec<std::path::PathBuf>, Vec<StatusWord>>,
}

/// A word of a status column.
pub struct StatusWord {
    pub word: String,
    pub rows: usize,
    /// The stage that it stands for, or `lost`, if anything says so.
    pub stage: Option<String>,
}

impl Facts {
    /// The stages that the configuration will have.
    pub fn configured_stages(&self) -> Vec<String> {
        match &self.stages {
            Some(stages) => stages.iter().map(|(name, _)| name.clone()).collect(),
            None => DEFAULT_STAGES.map(String::from).to_vec(),
        }
    }

    /// The status words of a part, the most frequent first.
    pub fn words_of(&self, part: &Part) -> &[StatusWord] {
        self.words.get(&part.files).map_or(&[], Vec::as_slice)
    }
}

/// Looks at all parts.
///
/// # Errors
/// None but a broken installation.
pub fn find(parts: &[Part]) -> Result<Facts> {
    let words = status_words(parts)?;
    Ok(Facts {
        stages: stages(parts, &words),
        currencies: currencies(parts),
        channels: channels(parts),
        words,
    })
}

fn tables(parts: &[Part]) -> impl Iterator<Item = &Table> {
    parts.iter().filter_map(|part| part.contents.as_ref().ok()).map(|contents| &contents.table)
}

/// The words of a text column with the rows of each, the most frequent first.
fn counted_words(table: &Table, column: &str) -> Vec<(String, usize)> {
    let (Some(codes), Some(words)) = (table.codes(column), table.dictionaries.get(column)) else {
        return Vec::new();
    };
    let mut counts = vec![0; words.len()];
    for code in code_slice(&codes) {
        counts[*code as usize] += 1;
    }
    let named = words.iter().cloned().zip(counts);
    let mut named: Vec<(String, usize)> =
        named.filter(|(word, rows)| !word.is_empty() && *rows > 0).collect();
    named.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    named
}

/// The words of each part, by what is known of its export.
fn status_words(parts: &[Part]) -> Result<BTreeMap<Vec<std::path::PathBuf>, Vec<StatusWord>>> {
    let crm = || {
        let crm = parts.iter().filter(|part| part.kind() == Kind::Crm);
        crm.filter_map(|part| Some((part, part.contents.as_ref().ok()?)))
    };
    let config = config::from_files(&[]);
    let words = crm().map(|(part, contents)| {
        let stage_of = stage_of_words(&config, &contents.status_words)?;
        let words = counted_words(&contents.table, "stage").into_iter();
        let words = words.map(|(word, rows)| StatusWord { stage: stage_of(&word), word, rows });
        Ok((part.files.clone(), words.collect()))
    });
    words.collect()
}

/// The stages with a date or a status word, and always the first and the last; none where part of the CRM is not known.
fn stages(
    parts: &[Part],
    words: &BTreeMap<Vec<std::path::PathBuf>, Vec<StatusWord>>,
) -> Option<Vec<(String, Vec<String>)>> {
    let crm: Vec<&Part> = parts.iter().filter(|part| part.kind() == Kind::Crm).collect();
    let has_all_words = words.values().flatten().all(|word| word.stage.is_some());
    if crm.is_empty() || !has_all_words || crm.iter().any(|part| part.contents.is_err()) {
        return None;
    }
    let columns =
        || crm.iter().filter_map(|part| part.contents.as_ref().ok()).flat_map(|contents| &contents.columns);
    let mut stages = Vec::new();
    for stage in DEFAULT_STAGES {
        let mut shows: Vec<String> = Vec::new();
        // a column with the name of a stage was given another one, and is to keep it
        for name in [format!("{stage}_at"), format!("{stage}_column")] {
            shows.extend(columns().filter(|column| column.name == name).map(|column| column.shown.clone()));
        }
        let of_stage = words.values().flatten().filter(|word| word.stage.as_deref() == Some(stage));
        shows.extend(of_stage.map(|word| format!("\"{}\"", word.word)));
        let mut seen = BTreeSet::new();
        shows.retain(|shown| seen.insert(shown.clone()));
        if !shows.is_empty() || ["lead", "won"].contains(&stage) {
            stages.push((stage.to_string(), shows));
        }
    }
    Some(stages)
}

fn currencies(parts: &[Part]) -> BTreeSet<String> {
    // the currencies of a file of rates are those that are converted
    let parts = || parts.iter().filter(|part| part.kind() != Kind::Rates);
    let tables = parts().filter_map(|part| part.contents.as_ref().ok()).map(|contents| &contents.table);
    let named = tables.flat_map(|table| counted_words(table, "currency")).map(|(word, _)| word);
    let contents = parts().filter_map(|part| part.contents.as_ref().ok());
    let signs = contents.flat_map(|contents| &contents.currency_signs).map(|sign| (*sign).to_string());
    named.chain(signs).collect()
}

/// The channels that the files spell in several ways.
fn channels(parts: &[Part]) -> Vec<Vec<(String, usize)>> {
    let mut rows_of: BTreeMap<String, usize> = BTreeMap::new();
    for (word, rows) in tables(parts).flat_map(|table| counted_words(table, "channel")) {
        *rows_of.entry(word).or_default() += rows;
    }
    spellings::groups(rows_of, |rows| *rows as u64)
}
