//! What the words of the status column say: the stage that a row has reached, or that it was lost.
//!
//! A word belongs to the export that it stands in: `In progress` is a lead among the leads of Bitrix24 and an opportunity
//! among its deals. So words are understood before rows of several files become one lead; by the dictionary, once a word.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::{IntoSeries, UInt32Chunked};

use crate::config::{Config, DEFAULT_STAGES};
use crate::error::data_error;
use crate::input::presets::HeaderName;
use crate::input::table::{Dictionary, Table, code_slice};
use crate::input::tables::status_words;
use crate::input::{Inputs, StatusWords, normalise};
use crate::mask::Mask;

/// What a status word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Unknown,
    /// The place of the stage in the funnel of the configuration.
    Reached(usize),
    Lost,
}

/// The column that stands beside `stage` where a word says one thing in one file and another in the next; no name that a
/// user could give to another column.
pub const STATUS: &str = "\0status";

/// What each code of a status column says.
#[derive(Debug)]
pub struct Meanings {
    column: &'static str,
    of_code: Vec<Status>,
    /// What the rows say.
    said: Vec<Status>,
}

/// The status of each row of a table.
#[derive(Debug)]
pub struct Statuses {
    codes: UInt32Chunked,
    of_code: Vec<Status>,
    /// What the rows said, even those that now say nothing beside another of their lead.
    said: Vec<Status>,
}

impl Meanings {
    /// The statuses of a table; the column that only they need is taken out of it.
    pub fn of_leads(self, leads: &mut Table) -> Option<Statuses> {
        let codes = leads.codes(self.column)?;
        if self.column == STATUS {
            leads.frame.drop_in_place(STATUS).ok()?;
            leads.dictionaries.remove(STATUS);
        }
        Some(Statuses { codes, of_code: self.of_code, said: self.said })
    }

    /// The statuses of a table that keeps its columns.
    pub fn of_rows(&self, table: &Table) -> Option<Statuses> {
        let codes = table.codes(self.column)?;
        Some(Statuses { codes, of_code: self.of_code.clone(), said: self.said.clone() })
    }
}

impl Statuses {
    /// The rows with a status.
    pub fn mask(&self, wanted: Status) -> Mask {
        let codes = code_slice(&self.codes);
        Mask::from_rows(codes.len(), |row| self.of_code[codes[row] as usize] == wanted)
    }

    /// Whether any row said this, even one that now says nothing beside another of its lead.
    pub fn is_said(&self, status: Status) -> bool {
        self.said.contains(&status)
    }

    /// The status of a row.
    pub fn get(&self, row: usize) -> Status {
        self.of_code[code_slice(&self.codes)[row] as usize]
    }
}

/// What the words of the status column say, if there is one. Where a word has two meanings, the table gets a column
/// [`STATUS`] beside it.
///
/// # Errors
/// Status words that are mapped to no stage, all at once.
pub fn meanings(table: &mut Table, config: &Config, inputs: &Inputs) -> Result<Option<Meanings>> {
    let (Some(codes), Some(words)) = (table.codes("stage"), table.dictionaries.get("stage")) else {
        return Ok(None);
    };
    let mut vocabularies: Vec<&StatusWords> = Vec::new();
    let mut of_file: Vec<usize> = Vec::new();
    for own in &inputs.status_words {
        of_file.push(vocabularies.iter().position(|known| *known == own).unwrap_or(vocabularies.len()));
        if of_file.last() == Some(&vocabularies.len()) {
            vocabularies.push(own);
        }
    }
    let said: Vec<Vec<Option<Status>>> =
        vocabularies.iter().map(|own| in_words_of(own, words, config)).collect::<Result<_>>()?;
    let is_same = said.windows(2).all(|pair| pair[0] == pair[1]);
    let used =
        if is_same { vec![vec![true; words.len()]] } else { used(table, &codes, &of_file, said.len()) };
    refuse_unmapped(table, words, config, &said, &used, &of_file)?;
    let of_word = |code: usize| {
        let mut meanings = said.iter().zip(&used).filter(|(_, used)| used[code]).map(|(said, _)| said[code]);
        let first = meanings.next().flatten().unwrap_or(Status::Unknown);
        meanings.all(|other| other == Some(first)).then_some(first)
    };
    let of_code: Option<Vec<Status>> = (0..words.len()).map(of_word).collect();
    match of_code {
        Some(of_code) => Ok(Some(Meanings { column: "stage", said: of_code.clone(), of_code })),
        None => add_status(table, &codes, config, &said, &of_file).map(Some),
    }
}

/// What each word says in the words of a file; none where nothing says it.
fn in_words_of(own: &StatusWords, words: &Dictionary, config: &Config) -> Result<Vec<Option<Status>>> {
    let meaning = meaning_of_words(config, own)?;
    Ok(words.iter().map(|word| if word.is_empty() { Some(Status::Unknown) } else { meaning(word) }).collect())
}

/// Which words stand in files of which vocabulary.
fn used(table: &Table, codes: &UInt32Chunked, of_file: &[usize], count: usize) -> Vec<Vec<bool>> {
    let words = table.dictionaries.get("stage").map_or(0, |words| words.len());
    let mut used = vec![vec![false; words]; count];
    for (file, code) in table.origin.file_of_row.iter().zip(code_slice(codes)) {
        used[of_file[usize::from(*file)]][*code as usize] = true;
    }
    used
}

/// Puts the status of each row into a column of its own.
fn add_status(
    table: &mut Table,
    codes: &UInt32Chunked,
    config: &Config,
    said: &[Vec<Option<Status>>],
    of_file: &[usize],
) -> Result<Meanings> {
    let count = config.stages.len();
    let code_of = |status: Status| match status {
        Status::Unknown => 0,
        Status::Reached(place) => place + 1,
        Status::Lost => count + 1,
    };
    let code_of = |status: Option<Status>| u32::try_from(status.map_or(0, code_of)).unwrap_or_default();
    let of_word: Vec<Vec<u32>> =
        said.iter().map(|words| words.iter().map(|status| code_of(*status)).collect()).collect();
    let rows = table.origin.file_of_row.iter().zip(code_slice(codes));
    let values: Vec<u32> =
        rows.map(|(file, code)| of_word[of_file[usize::from(*file)]][*code as usize]).collect();
    let mut is_used = vec![false; count + 2];
    for code in &values {
        is_used[*code as usize] = true;
    }
    table
        .frame
        .with_column(UInt32Chunked::from_vec(STATUS.into(), values).into_series())
        .context("columns of one height")?;
    let mut words: Dictionary = vec![String::new()];
    words.extend(config.stages.iter().cloned().chain(["lost".to_string()]));
    table.dictionaries.insert(STATUS.to_string(), Arc::new(words));
    let mut of_code = vec![Status::Unknown];
    of_code.extend((0..count).map(Status::Reached).chain([Status::Lost]));
    let said = of_code.iter().zip(is_used).filter(|(_, is_used)| *is_used).map(|(status, _)| *status);
    Ok(Meanings { column: STATUS, said: said.collect(), of_code })
}

fn refuse_unmapped(
    table: &Table,
    words: &Dictionary,
    config: &Config,
    said: &[Vec<Option<Status>>],
    used: &[Vec<bool>],
    of_file: &[usize],
) -> Result<()> {
    let is_unmapped =
        |vocabulary: usize, code: usize| used[vocabulary][code] && said[vocabulary][code].is_none();
    let codes = 0..words.len();
    let unmapped: Vec<&String> = codes
        .clone()
        .filter(|code| (0..used.len()).any(|vocabulary| is_unmapped(vocabulary, *code)))
        .map(|code| &words[code])
        .collect();
    if unmapped.is_empty() {
        return Ok(());
    }
    let has_unmapped = |vocabulary: usize| codes.clone().any(|code| is_unmapped(vocabulary, code));
    let files = table.origin.files.iter().zip(of_file);
    let files: Vec<&str> = files
        .filter(|(_, vocabulary)| used.len() == 1 || has_unmapped(**vocabulary))
        .map(|(file, _)| file.as_str())
        .collect();
    let shown: Vec<String> = unmapped.iter().take(10).map(|word| format!("`{word}`")).collect();
    let lines: Vec<String> = unmapped.iter().take(3).map(|word| format!("\"{word}\" = \"…\"")).collect();
    Err(data_error(
        format!(
            "{}: column `stage`: no stage is named for {} {}: {}{}",
            files.join(", "),
            unmapped.len(),
            if unmapped.len() == 1 { "word" } else { "words" },
            shown.join(", "),
            if unmapped.len() > shown.len() { ", …" } else { "" }
        ),
        format!(
            "say in funnel.toml under `[crm.stages]` what each stands for: {} (stages: {}, lost)",
            lines.join(", "),
            config.stages.join(", ")
        ),
    ))
}

/// What a status word says: by `[crm.stages]` of its block, by the preset of its export, by the other blocks where they
/// agree, by the name of a stage, or by its usual words.
fn meaning_of_words(
    config: &Config,
    own: &StatusWords,
) -> Result<impl Fn(&String) -> Option<Status> + use<>> {
    let place = |stage: &str| match stage {
        "lost" => Some(Status::Lost),
        _ => config.stages.iter().position(|known| known == stage).map(Status::Reached),
    };
    let mut known: BTreeMap<String, Option<Status>> = BTreeMap::new();
    for (word, stage) in status_words()? {
        // the last stage is the won one, whatever it is called
        let last = config.stages.len().checked_sub(1).map(Status::Reached);
        let status = if stage == "won" { last } else { place(&stage) };
        known.extend(status.map(|status| (normalise(&word), Some(status))));
    }
    known.extend(config.stages.iter().map(|stage| (normalise(stage), place(stage))));
    let mut of_blocks: BTreeMap<String, Option<Status>> = BTreeMap::new();
    for (word, stage) in config.crm.iter().flat_map(|block| &block.stages) {
        let said = place(stage);
        let agreed = of_blocks.entry(normalise(word)).or_insert(said);
        // where two blocks disagree neither knows what the word is in the file of a third
        *agreed = agreed.filter(|agreed| Some(*agreed) == said);
    }
    known.extend(of_blocks);
    let of_preset: Vec<(HeaderName, Status)> = own
        .of_preset
        .iter()
        .filter_map(|(word, stage)| {
            Some((HeaderName::from(word.clone()), place(nearest_stage(stage, &config.stages))?))
        })
        .collect();
    let of_block: BTreeMap<String, Status> =
        own.of_block.iter().filter_map(|(word, stage)| Some((normalise(word), place(stage)?))).collect();
    Ok(move |word: &String| {
        let word = normalise(word);
        let by_preset = || {
            let exact = of_preset.iter().find(|(name, _)| name.exact() == Some(word.as_str()));
            exact.or_else(|| of_preset.iter().find(|(name, _)| name.fits(&word))).map(|(_, status)| *status)
        };
        of_block.get(&word).copied().or_else(by_preset).or_else(|| known.get(&word).copied().flatten())
    })
}

/// The stage that a status word stands for, or `lost`; none where nothing says it.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn stage_of_words(
    config: &Config,
    own: &StatusWords,
) -> Result<impl Fn(&String) -> Option<String> + use<>> {
    let meaning = meaning_of_words(config, own)?;
    let stages = config.stages.clone();
    Ok(move |word: &String| match meaning(word)? {
        Status::Unknown => None,
        Status::Reached(place) => stages.get(place).cloned(),
        Status::Lost => Some("lost".to_string()),
    })
}

/// The stage of a preset, or the next earlier one that the funnel of the configuration has.
fn nearest_stage<'a>(stage: &'a str, stages: &'a [String]) -> &'a str {
    let Some(place) = DEFAULT_STAGES.iter().position(|known| *known == stage) else { return stage };
    let earlier = DEFAULT_STAGES[..=place].iter().rev();
    earlier.copied().find(|known| stages.iter().any(|own| own == known)).unwrap_or(&stages[0])
}
