//! Files to typed tables. The only place that knows paths, encodings, separators and the formats of cells.
//!
//! `encoding` makes text of bytes, `source` finds the header and cuts a file into blocks of whole records, `records`
//! finds their cells, `rows` tells data from totals and footers, `presets` and `header` decide what each column is,
//! `read` fills the columns in parallel, `cell`, `date` and `number` read one cell, `format` decides how a column is
//! written over all its rows, `finish` puts the table together; `tables` is the list of what can be read.

pub mod cell;
mod channels;
mod column;
mod date;
mod encoding;
mod finish;
mod format;
mod header;
mod identity;
pub mod number;
mod plan;
mod preamble;
pub mod presets;
pub mod profile;
mod progress;
mod read;
mod records;
pub mod rejects;
mod rows;
mod source;
pub mod table;
pub mod tables;
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

pub use self::encoding::by_name as encoding_of;
pub use self::header::normalise;
use self::plan::{Opened, Reader};
use self::profile::FileProfile;
pub use self::progress::Progress;
use self::read::{CellSource, ColumnPlan, FilePlan, NotUtf8, read_files};
use self::rows::{NullWords, RowRules, USUAL_NULL_WORDS};
use self::table::Table;
use self::tables::Kind;
use crate::check::Finding;
use crate::config::{Block, ColumnType, Config, Duplicates, Lookup, OnError};
use crate::error::data_error;

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Inputs {
    pub tables: BTreeMap<Kind, Table>,
    pub lookups: Vec<LookupTable>,
    /// What a repeated lead ID means in each CRM file.
    pub duplicates: BTreeMap<String, Duplicates>,
    /// The export that each CRM file is of: files of one block with the same header. Such files may overlap; others
    /// complete each other.
    pub export_of_file: BTreeMap<String, (usize, Vec<String>)>,
    /// Dimensions of the CRM that nobody named.
    pub automatic_dimensions: BTreeSet<String>,
    /// Status words of the presets, `*` for anything, with the stage of each.
    pub status_words: BTreeMap<String, String>,
    /// Whether the CRM has no lead IDs: each row is an event of one stage.
    pub is_event_based: bool,
    /// Signs of currencies that amounts bear, with the place of the first of each column.
    pub currency_signs: Vec<(&'static str, String)>,
    /// What was understood of each file, in the order of tables and files.
    pub files: Vec<FileProfile>,
    /// What was left out or looks wrong while reading.
    pub findings: Vec<Finding>,
}

/// The column of a lookup's key; no name that a user could give to another column.
pub const LOOKUP_KEY: &str = "\0key";

/// A file that adds columns to the leads by one of their dimensions.
#[derive(Debug)]
pub struct LookupTable {
    /// The dimension of the leads that is looked up.
    pub dimension: String,
    /// The key of the file as the text column [`LOOKUP_KEY`], and the added dimensions.
    pub table: Table,
}

/// Reads all inputs of the configuration.
///
/// `wanted` are the dimensions named on the command line.
///
/// # Errors
/// The first error in the order of tables, files and lines.
pub fn read(config: &Config, wanted: &[String], progress: &Progress) -> Result<Inputs> {
    let mut inputs = Inputs::default();
    for kind in Kind::ALL.into_iter().filter(|kind| !config.blocks(*kind).is_empty()) {
        read_kind(kind, config, wanted, progress, &mut inputs)?;
    }
    for table in inputs.tables.values_mut() {
        channels::rename(table, &config.channels)?;
    }
    for lookup in &config.lookup {
        inputs.lookups.push(read_lookup(lookup, config.folder()).map_err(|error| config.blame(error))?);
    }
    Ok(inputs)
}

/// How many bytes the inputs have, as far as that can be known before they are read.
///
/// # Errors
/// A pattern that matches nothing.
pub fn size(config: &Config) -> Result<u64> {
    let mut bytes = 0;
    for kind in Kind::ALL {
        for (path, _) in files_of(config.blocks(kind), config.folder())? {
            bytes += path.metadata().map_or(0, |metadata| metadata.len());
        }
    }
    Ok(bytes)
}

fn read_kind(
    kind: Kind,
    config: &Config,
    wanted: &[String],
    progress: &Progress,
    inputs: &mut Inputs,
) -> Result<()> {
    let reader = Reader::new(kind, config, wanted)?;
    let files = files_of(config.blocks(kind), config.folder())?;
    let mut encodings: BTreeMap<usize, &'static encoding_rs::Encoding> = BTreeMap::new();
    let (opened, columns, finished) = loop {
        let opened: Vec<Opened> = files
            .iter()
            .enumerate()
            .map(|(file, (path, block))| reader.open(path, *block, encodings.get(&file).copied()))
            .collect::<Result<_>>()?;
        let columns = plan::union_of_columns(&opened);
        let (opened, plans): (Vec<Opened>, Vec<FilePlan>) =
            plan::plans(&reader, opened, &columns).into_iter().unzip();
        match read_files(&columns, plans, progress) {
            Ok(finished) => break (opened, columns, finished),
            Err(error) => {
                // what shows first behind the beginning of a file
                let Some(not_utf8) = error.downcast_ref::<NotUtf8>() else { return Err(error) };
                let (path, block) = &files[not_utf8.file];
                let is_named = config.blocks(kind)[*block].encoding.is_some();
                if is_named || encodings.contains_key(&not_utf8.file) {
                    return Err(not_utf8.in_words());
                }
                let name = path.display().to_string();
                encodings.insert(not_utf8.file, encoding::detect_in_whole(&name, path)?);
            }
        }
    };
    let mut table = finished.table;
    let numbered: Vec<bool> = opened.iter().map(|file| file.is_numbered).collect();
    if kind == Kind::Crm {
        plan::note_crm(&opened, config, inputs)?;
        identity::give_ids(&mut table, &numbered)?;
        identity::find_leads(&mut table, &mut inputs.findings)?;
    }
    inputs.findings.extend(totals::differences(
        &reader,
        &table,
        &columns,
        &finished.totals,
        &finished.settled,
    ));
    for (place, settled) in finished.settled.iter().enumerate() {
        let _ = place;
        let name = |file: usize| table.origin.files.get(file).map_or("", String::as_str);
        inputs.currency_signs.extend(
            settled.currencies.iter().map(|(code, at)| (*code, format!("{}:{}", name(at.file), at.line))),
        );
    }
    let profiles = plan::profiles(kind, &opened, &columns, &table, &finished.settled, finished.files);
    inputs.findings.extend(profiles.iter().filter_map(profile::rejected_rows));
    inputs.files.extend(profiles);
    inputs.tables.insert(kind, table);
    Ok(())
}

/// The files of the blocks in the order of their names, each once, with the number of its block.
///
/// # Errors
/// A pattern that matches nothing.
fn files_of(blocks: &[Block], folder: &Path) -> Result<Vec<(PathBuf, usize)>> {
    let mut files: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (number, block) in blocks.iter().enumerate() {
        for pattern in &block.files {
            for path in expand(pattern, folder)? {
                files.entry(path).or_insert(number);
            }
        }
    }
    Ok(files.into_iter().collect())
}

fn expand(pattern: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let joined = folder.join(pattern);
    if joined.exists() || !pattern.contains(['*', '?', '[']) {
        return Ok(vec![joined]);
    }
    let shown = joined.display().to_string();
    let matches = glob::glob(&shown).map_err(|error| {
        data_error(
            format!("`{shown}` is not a pattern of files: {}", error.msg),
            "use `*` for any letters and `?` for one",
        )
    })?;
    let paths: Vec<PathBuf> = matches.filter_map(Result::ok).collect();
    if paths.is_empty() {
        return Err(data_error(
            format!("no file matches `{shown}`"),
            "files are relative to the configuration, or to the folder you are in",
        ));
    }
    Ok(paths)
}

fn read_lookup(lookup: &Lookup, folder: &Path) -> Result<LookupTable> {
    let block = Block { files: lookup.files.clone(), ..Block::default() };
    let (dimension, key_header) =
        lookup.key.first_key_value().map(|(key, header)| (key.clone(), header)).unzip();
    let mut wanted: Vec<(String, &String)> =
        key_header.map(|header| ("key".to_string(), header)).into_iter().collect();
    wanted.extend(lookup.columns.iter().map(|(name, header)| (name.clone(), header)));
    let known: BTreeSet<String> = wanted.iter().map(|(_, header)| normalise(header)).collect();
    let names = std::iter::once(LOOKUP_KEY).chain(lookup.columns.keys().map(String::as_str));
    let columns: Vec<ColumnPlan> = names
        .map(|name| ColumnPlan { name: name.to_string(), column_type: ColumnType::Text, limit: None })
        .collect();
    let mut plans = Vec::new();
    for (export, (path, _)) in files_of(std::slice::from_ref(&block), folder)?.into_iter().enumerate() {
        let mut source = source::open(&path, &path.display().to_string(), None)?;
        source.read_header(&source::HeaderHints::default(), &|cells| plan::count_known(cells, &known))?;
        let cells = header::find_all(&source.headers, &wanted, &source.header_place())?;
        let identity = cells.first().and_then(CellSource::field);
        plans.push(FilePlan {
            settings: vec![None; columns.len()],
            shape: plan::shape_of(&source.headers, &cells),
            rules: RowRules::new(&source.headers, identity, Vec::new(), Vec::new(), &[], &[]),
            null_words: NullWords::new(USUAL_NULL_WORDS.map(String::from)),
            on_error: OnError::Fail,
            export,
            table: "lookup",
            cells,
            source,
        });
    }
    let table = read_files(&columns, plans, &Progress::hidden())?.table;
    Ok(LookupTable { dimension: dimension.unwrap_or_default(), table })
}
