//! Each group of files as the report reads it, so that what `init` says of them is what the report will see.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use super::Problem;
use super::recognise::Group;
use crate::check::Finding;
use crate::config::{self, Block, Config, Purpose};
use crate::error::{Failure, Undecided};
use crate::input::profile::FileProfile;
use crate::input::survey::{Reading, first_rows};
use crate::input::table::Table;
use crate::input::tables::Kind;
use crate::input::{self, Inputs, Progress, StatusWords};
use crate::leads;

/// What becomes a block of the configuration.
pub struct Part {
    pub reading: Reading,
    pub files: Vec<PathBuf>,
    /// What is written as settings.
    pub block: Block,
    /// Columns that are read only with a setting.
    pub undecided: Vec<Undecided>,
    /// What was read, or why the files cannot be read.
    pub contents: Result<Contents, Problem>,
}

/// What the files of a block hold.
pub struct Contents {
    pub table: Table,
    pub profiles: Vec<FileProfile>,
    pub columns: Vec<Column>,
    pub unused: Vec<String>,
    /// What the status words of the files stand for; they are of one export.
    pub status_words: StatusWords,
    pub currency_signs: Vec<&'static str>,
    /// Rows that repeat a lead ID of their own file, which a report refuses unless the block says what they are.
    pub repeated: Option<Finding>,
    /// Rows of a lead that say something else than its first one.
    pub contradicting: Vec<Finding>,
}

/// A column of the files as it was understood.
pub struct Column {
    pub name: String,
    /// The header, or the constant.
    pub shown: String,
    pub is_constant: bool,
    pub is_automatic: bool,
    /// How its cells are written; empty for text and IDs.
    pub format: String,
    /// Rows with a value, of all rows; none where the program only looks the column up.
    pub filled: Option<(usize, usize)>,
    pub example: String,
}

impl Contents {
    /// The columns in which rows of one lead differ, each with the first such row.
    pub fn contradictions(&self) -> String {
        let column = |finding: &Finding| {
            let place = finding.examples.first().map_or("", String::as_str);
            format!("`{}` ({place})", finding.subject.as_deref().unwrap_or_default())
        };
        self.contradicting.iter().map(column).collect::<Vec<_>>().join(", ")
    }
}

impl Part {
    pub fn kind(&self) -> Kind {
        self.reading.kind
    }

    /// Whether a column fits two readings.
    pub fn is_undecided(&self, column: &Column) -> bool {
        self.open_columns().any(|undecided| undecided.column == column.name)
    }

    /// The columns that the user has to decide: those of which several settings fit all cells.
    pub fn open_columns(&self) -> impl Iterator<Item = &Undecided> {
        self.undecided.iter().filter(|undecided| undecided.readings().len() > 1)
    }
}

/// Reads a group of files.
///
/// # Errors
/// None that a report would not have as well: those are kept for the user to see.
pub fn part(group: Group, progress: &dyn Fn(u64) -> Progress) -> Result<Part> {
    let Group { reading, files } = group;
    let names = files.iter().map(|file| file.display().to_string()).collect();
    let block = Block { files: names, ..Block::default() };
    // what a report refuses is counted here, whatever the user will want to do with it
    let mut config = Config { purpose: Purpose::Audit, ..config::from_files(&[]) };
    config.blocks_mut(reading.kind).push(block);
    let bytes = input::size(&config)?;
    let mut undecided: Vec<Undecided> = Vec::new();
    let contents = loop {
        match input::read(&config, &[], &progress(bytes)) {
            Ok(inputs) => break contents(&reading, &files, &config, inputs),
            Err(error) => match undecided_column(&error, &undecided) {
                Some(column) => {
                    settle(&mut config, reading.kind, &column);
                    undecided.push(column);
                }
                None => break Err(Problem::new(&error)),
            },
        }
    };
    Ok(Part { reading, files, block: Block::default(), undecided, contents })
}

/// The column that stopped the reading because only a setting says how to read it, if it is a new one.
fn undecided_column(error: &anyhow::Error, known: &[Undecided]) -> Option<Undecided> {
    let column = Failure::of(error).and_then(Failure::undecided)?;
    let is_new = known.iter().all(|other| other.column != column.column);
    (is_new && !column.readings().is_empty()).then(|| column.clone())
}

/// Takes the first of two readings, so that the rest of the file can be looked at.
fn settle(config: &mut Config, kind: Kind, column: &Undecided) {
    for block in config.blocks_mut(kind) {
        block.formats.insert(column.column.clone(), column.readings()[0].0.to_string());
    }
}

fn contents(
    reading: &Reading,
    files: &[PathBuf],
    config: &Config,
    mut inputs: Inputs,
) -> Result<Contents, Problem> {
    let missing = || Problem { message: "nothing was read".to_string(), hint: String::new() };
    let table = inputs.tables.remove(&reading.kind).ok_or_else(missing)?;
    let first = files.first().ok_or_else(missing)?;
    let (repeated, contradicting) = repeated_rows(reading.kind, &table, config, &inputs)?;
    let rows = first_rows(reading, first).map_err(|error| Problem::new(&error))?;
    let of_first = table.origin.file_of_row.iter().zip(&table.origin.line_of_row);
    let lines: BTreeSet<u32> = of_first.filter(|(file, _)| **file == 0).map(|(_, line)| *line).collect();
    let rows: Vec<&Vec<String>> =
        rows.iter().filter(|(line, _)| lines.contains(line)).map(|(_, cells)| cells).collect();
    let columns = columns(reading, &inputs.files, &rows);
    let is_unused = |header: &&String| !columns.iter().any(|column| column.shown == **header);
    let unused = inputs.files.first().map(|file| file.unused.iter().filter(is_unused).cloned().collect());
    Ok(Contents {
        unused: unused.unwrap_or_default(),
        columns,
        status_words: inputs.status_words.into_iter().next().unwrap_or_default(),
        currency_signs: inputs.currency_signs.into_iter().map(|signed| signed.code).collect(),
        profiles: inputs.files,
        table,
        repeated,
        contradicting,
    })
}

/// The rows that repeat a lead of their file, and those that say something else than its first row.
fn repeated_rows(
    kind: Kind,
    table: &Table,
    config: &Config,
    inputs: &Inputs,
) -> Result<(Option<Finding>, Vec<Finding>), Problem> {
    if kind != Kind::Crm {
        return Ok((None, Vec::new()));
    }
    let found = leads::repeated_rows(table.clone(), config, inputs).map_err(|error| Problem::new(&error))?;
    let (contradicting, others): (Vec<Finding>, Vec<Finding>) =
        found.into_iter().partition(|finding| finding.key == "refused_values");
    let find = |key: &str| others.iter().find(|finding| finding.key == key);
    // where a lead has several deals, `merge` would make one of these as well
    let is_unsettled = contradicting.is_empty() && find("further_deals").is_some();
    Ok((find("refused_ids").filter(|_| !is_unsettled).cloned(), contradicting))
}

fn columns(reading: &Reading, profiles: &[FileProfile], rows: &[&Vec<String>]) -> Vec<Column> {
    let all: usize = profiles.iter().map(|profile| profile.rows).sum();
    let column = |name: &str, shown: &str| {
        let field = reading.headers.iter().position(|header| header == shown);
        let cells = rows.iter().filter_map(|row| row.get(field?)).find(|cell| !cell.is_empty());
        Column {
            name: name.to_string(),
            shown: shown.to_string(),
            is_constant: field.is_none(),
            is_automatic: false,
            format: String::new(),
            filled: None,
            example: cells.cloned().unwrap_or_default(),
        }
    };
    let mut columns = Vec::new();
    for profile in profiles.first().into_iter().flat_map(|profile| &profile.columns) {
        let of_files =
            profiles.iter().flat_map(|file| &file.columns).filter(|other| other.name == profile.name);
        columns.push(Column {
            is_automatic: profile.is_automatic,
            format: profile.format.clone(),
            filled: Some((of_files.map(|other| other.filled).sum(), all)),
            ..column(&profile.name, &profile.shown)
        });
    }
    // the ID of a deal leads to its lead and is then no column of the table any more
    let known = |name: &str| columns.iter().any(|column: &Column| column.name == name);
    let further: Vec<Column> = reading
        .columns
        .iter()
        .filter(|(name, _)| !known(name))
        .map(|(name, shown)| column(name, shown))
        .collect();
    columns.extend(further);
    // in the order of the manual; presets name them in that of the alphabet
    columns.sort_by_key(|column| {
        (
            column.is_automatic,
            reading.order.iter().position(|name| *name == column.name).unwrap_or(usize::MAX),
        )
    });
    columns
}
