//! Files to typed tables. The only place that knows paths, encodings, separators and the formats of cells.
//!
//! `encoding` makes text of bytes, `source` finds the header and cuts a file into blocks of whole records (`quotes`),
//! `records` finds their cells, `rows` tells data from totals and footers. `presets` and `header` decide what each column
//! is, `settings` what is said of how it is written, `plan` puts that together for each file, `crm` says what
//! those of the CRM are to each other, `clock` keeps times of day where a KPI needs them. `read` fills the columns in
//! parallel, `cell`, `date` and `number` read one cell, `words` the words of a text column, `format` decides how a column
//! is written over all its rows, `finish` puts the table together, `understood` says in a `profile` what became of each
//! file. `tables` is the list of what can be read, `spellings` finds names that are one.

pub mod cell;
mod channels;
pub mod clock;
mod column;
mod crm;
mod date;
mod encoding;
mod finish;
mod format;
mod gather;
mod header;
mod identity;
mod ids;
pub mod misnamed;
pub mod number;
mod plan;
mod preamble;
pub mod presets;
pub mod profile;
mod progress;
mod quotes;
mod read;
mod records;
pub mod rejects;
mod rows;
mod settings;
mod source;
pub mod spellings;
pub mod survey;
pub mod table;
pub mod tables;
mod totals;
mod understood;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

pub use self::clock::Clock;
pub use self::encoding::by_name as encoding_of;
pub use self::header::normalise;
use self::plan::{Opened, Reader};
use self::profile::FileProfile;
pub use self::progress::Progress;
use self::read::{ColumnPlan, FilePlan, NotUtf8, read_files};
use self::table::Table;
use self::tables::Kind;
use crate::check::Finding;
use crate::config::{Block, ColumnType, Config, Duplicates, Lookup, Purpose};
use crate::error::data_error;

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Inputs {
    pub tables: BTreeMap<Kind, Table>,
    pub lookups: Vec<LookupTable>,
    /// What they were read for.
    pub purpose: Purpose,
    /// What a repeated lead ID means in each CRM file.
    pub duplicates: BTreeMap<String, Duplicates>,
    /// The export that each CRM file is of: files of one block with the same header. Such files may overlap; others
    /// complete each other.
    pub export_of_file: BTreeMap<String, Export>,
    /// The same of each file of tickets, spend, payments and contracts.
    pub exports: BTreeMap<(Kind, String), Export>,
    /// Dimensions of the CRM that nobody named.
    pub automatic_dimensions: BTreeSet<String>,
    /// CRM files whose rows are deals, which say more of the outcome than the lead that became one.
    pub deal_files: BTreeSet<String>,
    /// For CRM files of deals that have no column of the lead: what the user can do so that they find it.
    pub ways_to_the_lead: BTreeMap<String, WayToTheLead>,
    /// The status words of each CRM file, in the order of the files.
    pub status_words: Vec<StatusWords>,
    /// The times of day of the CRM's rows, where it has a date of the first touch by sales.
    pub clock: Option<Clock>,
    /// Whether the CRM has no lead IDs: each row is an event of one stage.
    pub is_event_based: bool,
    /// Signs of currencies that amounts bear.
    pub currency_signs: Vec<Signed>,
    /// What was understood of each file, in the order of tables and files.
    pub files: Vec<FileProfile>,
    /// What was left out or looks wrong while reading.
    pub findings: Vec<Finding>,
}

/// What the words of a status column stand for in a file: stages, or `lost`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusWords {
    /// As `[crm.stages]` of its block says.
    pub of_block: BTreeMap<String, String>,
    /// As the preset of its export says, `*` for anything.
    pub of_preset: BTreeMap<String, String>,
}

/// A column whose amounts bear the sign of a currency, in the files of one export.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The code of the currency, or a sign that several have.
    pub code: &'static str,
    pub column: String,
    pub files: BTreeSet<String>,
    /// File, line, column and text of the first such cell.
    pub cell: String,
}

/// An export that may come in several files: the place of its block, and the headers.
pub type Export = (usize, Vec<String>);

/// The column of a lookup's key; no name that a user could give to another column.
pub const LOOKUP_KEY: &str = "\0key";

/// What a user can do so that deals of an export without a column of the lead find their leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayToTheLead {
    /// Export these columns with the deals.
    ExportWithDeals(String),
    /// Export these columns with the leads.
    ExportWithLeads(String),
    /// Map the column that names the lead.
    Map,
}

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
    let mut inputs = Inputs { purpose: config.purpose, ..Inputs::default() };
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

/// The files of all tables.
///
/// # Errors
/// A pattern that matches nothing.
pub fn paths(config: &Config) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for kind in Kind::ALL {
        paths.extend(files_of(config.blocks(kind), config.folder())?.into_iter().map(|(path, _)| path));
    }
    Ok(paths)
}

/// How many bytes the inputs have, as far as that can be known before they are read.
///
/// # Errors
/// A pattern that matches nothing.
pub fn size(config: &Config) -> Result<u64> {
    Ok(paths(config)?.iter().map(|path| path.metadata().map_or(0, |metadata| metadata.len())).sum())
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
    let is_named = |file: usize| config.blocks(kind)[files[file].1].encoding.is_some();
    let (opened, columns, finished) = in_known_encodings(&files, &is_named, |encodings| {
        let mut opened: Vec<Opened> = files
            .iter()
            .enumerate()
            .map(|(file, (path, block))| reader.open(path, *block, encodings.get(&file).copied()))
            .collect::<Result<_>>()?;
        if kind == Kind::Crm {
            crm::tell_deals_from_leads(&mut opened)?;
        }
        let mut columns = plan::union_of_columns(&opened);
        if kind == Kind::Crm {
            clock::plan(&mut columns, &config.stages);
        }
        let (opened, plans): (Vec<Opened>, Vec<FilePlan>) =
            plan::plans(&reader, opened, &columns).into_iter().unzip();
        let finished = read_files(&columns, plans, progress)?;
        Ok((opened, columns, finished))
    })?;
    let mut table = finished.table;
    inputs.clock = clock::take(&mut table, &columns, &finished.settled)?.or(inputs.clock.take());
    inputs.findings.extend(totals::differences(
        &reader,
        &table,
        &columns,
        &finished.totals,
        &finished.settled,
    ));
    for (column, settled) in columns.iter().zip(&finished.settled) {
        inputs.currency_signs.extend(settled.currencies.iter().map(|(code, at, cell)| {
            let file = &opened[at.file];
            Signed {
                code,
                column: column.name.clone(),
                files: opened
                    .iter()
                    .filter(|other| other.is_same_export(file))
                    .map(|other| other.name.clone())
                    .collect(),
                cell: format!("{}:{}: column `{}`: `{cell}`", file.name, at.line, column.name),
            }
        }));
    }
    let profiles = understood::of_files(kind, &opened, &columns, &table, &finished.settled, finished.files);
    inputs.findings.extend(profiles.iter().filter_map(profile::rejected_rows));
    inputs.files.extend(profiles);
    let numbered: Vec<bool> = opened.iter().map(|file| file.is_numbered).collect();
    if kind == Kind::Crm {
        crm::note(&opened, config, inputs)?;
        identity::give_ids(&mut table, &numbered)?;
        identity::find_leads(&mut table, inputs)?;
    }
    if matches!(kind, Kind::Tickets | Kind::Spend | Kind::Payments | Kind::Contracts) {
        let export = |file: &Opened| ((kind, file.name.clone()), (file.block, file.headers.clone()));
        inputs.exports.extend(opened.iter().map(export));
    }
    inputs.tables.insert(kind, table);
    Ok(())
}

/// The encodings of files that turned out not to be UTF-8, by the place of the file.
type Encodings = BTreeMap<usize, &'static encoding_rs::Encoding>;

/// The block that a file of the inputs belongs to: its table, and its place among the blocks of that table.
///
/// # Errors
/// A pattern that matches nothing.
pub fn block_of(config: &Config, file: &str) -> Result<Option<(Kind, usize)>> {
    for kind in Kind::ALL {
        let files = files_of(config.blocks(kind), config.folder())?;
        if let Some((_, block)) = files.iter().find(|(path, _)| path.display().to_string() == file) {
            return Ok(Some((kind, *block)));
        }
    }
    Ok(None)
}

/// Reads files again where one of them turns out, behind its beginning, not to be UTF-8.
///
/// # Errors
/// Those of `read`; a file that is not UTF-8 although its encoding is named, or that no encoding fits.
fn in_known_encodings<T>(
    files: &[(PathBuf, usize)],
    is_named: &dyn Fn(usize) -> bool,
    read: impl Fn(&Encodings) -> Result<T>,
) -> Result<T> {
    let mut encodings = Encodings::new();
    loop {
        let error = match read(&encodings) {
            Ok(finished) => return Ok(finished),
            Err(error) => error,
        };
        let Some(not_utf8) = error.downcast_ref::<NotUtf8>() else { return Err(error) };
        if is_named(not_utf8.file) || encodings.contains_key(&not_utf8.file) {
            return Err(not_utf8.in_words());
        }
        encodings.insert(not_utf8.file, encoding::detect_in_whole(&files[not_utf8.file].0)?);
    }
}

/// The files of the blocks in the order of their names, each once, with the number of its block.
///
/// # Errors
/// A pattern that matches nothing.
fn files_of(blocks: &[Block], folder: &Path) -> Result<Vec<(PathBuf, usize)>> {
    let mut files: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (number, block) in blocks.iter().enumerate() {
        let folder = if block.is_of_command_line { Path::new("") } else { folder };
        for pattern in &block.files {
            for path in expand(pattern, folder)? {
                files.entry(path).or_insert(number);
            }
        }
    }
    Ok(files.into_iter().collect())
}

/// The files that a pattern stands for, or the one that it names.
///
/// # Errors
/// A pattern that matches nothing.
pub fn expand(pattern: &str, folder: &Path) -> Result<Vec<PathBuf>> {
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
    let files = files_of(std::slice::from_ref(&block), folder)?;
    let finished = in_known_encodings(&files, &|_| false, |encodings| {
        let mut plans = Vec::new();
        for (export, (path, _)) in files.iter().enumerate() {
            let mut source =
                source::open(path, &path.display().to_string(), encodings.get(&export).copied())?;
            let hints = source::HeaderHints::default();
            source.read_header(&hints, &|cells| plan::count_known(cells, &known))?;
            let cells = header::find_all(&source.headers, &wanted, &source.header_place())?;
            plans.push(plan::of_lookup(source, cells, export));
        }
        read_files(&columns, plans, &Progress::hidden())
    })?;
    let table = finished.table;
    Ok(LookupTable { dimension: dimension.unwrap_or_default(), table })
}
