//! A block of `funnel.toml`: some files of one table that share their headers, and how they are written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::Duplicates;
use crate::error::{data_error, suggestion};
use crate::input::tables::Kind;

/// Some files of one table that share their headers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Paths or globs
    pub files: Vec<String>,
    /// The export that the files are of, such as `hubspot`; without it the headers decide
    pub preset: Option<String>,
    /// The stage that every row of the files is an event of: files without lead IDs (crm only)
    pub stage: Option<String>,
    /// The encoding, where the bytes do not say
    pub encoding: Option<String>,
    /// The line of the header, where it cannot be found by its names
    pub header_line: Option<u64>,
    /// What to do with a row that cannot be read; without it an error
    pub on_error: Option<OnError>,
    /// The words that stand for no value, instead of the usual ones
    pub null_words: Option<Vec<String>>,
    /// Canonical name = header in the file
    #[serde(default)]
    pub columns: BTreeMap<String, ColumnSource>,
    /// Constants for what the file lacks
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Canonical name = how its cells are written
    #[serde(default)]
    pub formats: BTreeMap<String, String>,
    /// Status word = stage, or `lost` (crm only)
    #[serde(default)]
    pub stages: BTreeMap<String, String>,
    /// Columns whose cells are not read, because an audit cannot tell what they say
    #[serde(skip)]
    pub left_out: BTreeSet<String>,
    /// Whether the paths are relative to the folder that the command runs in, not to that of the configuration
    #[serde(skip)]
    pub is_of_command_line: bool,
    /// What a lead ID means that a file has twice (crm only); without it an error, or what the preset says
    pub duplicates: Option<Duplicates>,
}

/// What to do with a row that cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// An error: no number is printed
    #[default]
    Fail,
    /// The row is left out, counted and located
    Skip,
}

/// Where a column comes from; the long form gives the type of a column that the program does not know.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ColumnSource {
    Header(String),
    Typed { header: String, r#type: ColumnType },
}

impl ColumnSource {
    /// The header in the file.
    pub fn header(&self) -> &str {
        match self {
            ColumnSource::Header(header) | ColumnSource::Typed { header, .. } => header,
        }
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text that identifies a row; kept letter by letter
    Id,
    /// A calendar day, with or without a time
    Date,
    /// A count or an amount, exact to six decimals
    Number,
    /// A dimension
    Text,
    /// The time of day of a date, which `input::clock` adds where a KPI needs it
    #[serde(skip)]
    Time,
}

/// Checks what the types alone cannot.
///
/// # Errors
/// A block without files, keys of another table, a stage that is none.
pub fn validate_block(kind: Kind, block: &Block, stages: &[String]) -> Result<()> {
    let name = kind.name();
    if block.files.is_empty() {
        return Err(data_error(
            format!("a `[[{name}]]` block names no files"),
            "write `files = [\"exports/*.csv\"]`",
        ));
    }
    if kind != Kind::Crm && (!block.stages.is_empty() || block.duplicates.is_some() || block.stage.is_some())
    {
        return Err(data_error(
            format!("`[[{name}]]`: `stages`, `stage` and `duplicates` belong to `[[crm]]` blocks"),
            "move them to the block of the CRM export",
        ));
    }
    if let Some(stage) = block.stage.as_ref().filter(|stage| !stages.contains(stage)) {
        let known: Vec<&str> = stages.iter().map(String::as_str).collect();
        return Err(data_error(
            format!("`[[{name}]]`: `stage = \"{stage}\"` is no stage"),
            suggestion(stage, &known),
        ));
    }
    if let Some(encoding) = &block.encoding {
        crate::input::encoding_of(encoding)?;
    }
    if block.header_line == Some(0) {
        return Err(data_error(
            format!("`[[{name}]]`: `header_line = 0` is no line"),
            "lines are counted from 1",
        ));
    }
    for (word, stage) in &block.stages {
        if stage != "lost" && !stages.contains(stage) {
            let known: Vec<&str> = stages.iter().map(String::as_str).chain(["lost"]).collect();
            return Err(data_error(
                format!("`[{name}.stages]`: `{word}` is mapped to `{stage}`, which is no stage"),
                suggestion(stage, &known),
            ));
        }
    }
    if let Some(column) = block.values.keys().find(|column| block.columns.contains_key(*column)) {
        return Err(data_error(
            format!("`[{name}.values]`: `{column}` is also in `[{name}.columns]`"),
            "a column has a header in the file or a constant value, not both",
        ));
    }
    Ok(())
}
