//! Files to typed tables. The only place that knows paths, encodings, separators and the formats of cells.
//!
//! `source` cuts a file into blocks of whole records, `records` finds their cells, `header` decides what each column is,
//! `read` types the cells in parallel, `cell` and `column` say how; `tables` is the list of what can be read.

pub mod cell;
mod column;
mod header;
pub mod profile;
mod read;
mod records;
mod source;
pub mod table;
pub mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

pub use self::header::normalise;
use self::header::{Mapped, map_headers};
use self::profile::FileProfile;
use self::read::{CellSource, ColumnPlan, FilePlan, read_files};
use self::table::Table;
use self::tables::Kind;
use crate::check::group_thousands;
use crate::config::{Block, ColumnType, Config, Duplicates, Lookup};
use crate::error::data_error;

/// Everything that was read.
#[derive(Debug)]
pub struct Inputs {
    pub tables: BTreeMap<Kind, Table>,
    pub lookups: Vec<LookupTable>,
    /// CRM files in which a lead may span several rows.
    pub merging_files: BTreeSet<String>,
    /// The export that each CRM file is of: files of one block with the same header. Such files may overlap; others
    /// complete each other.
    pub export_of_file: BTreeMap<String, (usize, Vec<String>)>,
    /// Dimensions of the CRM that nobody named.
    pub automatic_dimensions: BTreeSet<String>,
    /// What was understood of each file, in the order of tables and files.
    pub files: Vec<FileProfile>,
    /// What was taken for what, a line a file.
    pub recognised: Vec<String>,
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
pub fn read(config: &Config, wanted: &[String]) -> Result<Inputs> {
    let mut inputs = Inputs {
        tables: BTreeMap::new(),
        lookups: Vec::new(),
        merging_files: BTreeSet::new(),
        export_of_file: BTreeMap::new(),
        automatic_dimensions: BTreeSet::new(),
        files: Vec::new(),
        recognised: Vec::new(),
    };
    for kind in Kind::ALL.into_iter().filter(|kind| !config.blocks(*kind).is_empty()) {
        read_kind(kind, config, wanted, &mut inputs)?;
    }
    for lookup in &config.lookup {
        inputs.lookups.push(read_lookup(lookup, config.folder()).map_err(|error| config.blame(error))?);
    }
    Ok(inputs)
}

fn read_kind(kind: Kind, config: &Config, wanted: &[String], inputs: &mut Inputs) -> Result<()> {
    let definition = tables::definition(kind, &config.stages)?;
    let mut reserved: BTreeSet<String> = config.stages.iter().cloned().collect();
    reserved.extend(["lost", "open"].map(String::from));
    let mut files: Vec<(source::Source, Vec<Mapped>)> = Vec::new();
    for (path, number) in files_of(config.blocks(kind), config.folder())? {
        let block = &config.blocks(kind)[number];
        let name = path.display().to_string();
        let source = source::open(&path, &name)?;
        let mapped = map_headers(
            kind,
            &definition,
            block,
            &source.headers,
            &source.header_place(),
            wanted,
            &reserved,
        )?;
        if block.duplicates == Duplicates::Merge {
            inputs.merging_files.insert(name.clone());
        }
        if kind == Kind::Crm {
            inputs.export_of_file.insert(name, (number, source.headers.clone()));
        }
        files.push((source, mapped));
    }
    let columns = union_of_columns(&files);
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut plans = Vec::new();
    for (source, mapped) in files {
        lines.push((source.name().to_string(), describe(kind, &mapped)));
        let cells = columns.iter().map(|column| cell_of(&mapped, &column.name)).collect();
        for column in mapped.iter().filter(|column| column.is_automatic) {
            inputs.automatic_dimensions.insert(column.plan.name.clone());
        }
        plans.push(FilePlan { source, cells });
    }
    let table = read_files(&columns, plans)?;
    for (file, (name, taken)) in lines.iter().enumerate() {
        let rows = table.origin.file_of_row.iter().filter(|row| usize::from(**row) == file).count();
        inputs.recognised.push(format!(
            "{name}: {}, {} {}: {taken}",
            kind.name(),
            group_thousands(rows),
            if rows == 1 { "row" } else { "rows" }
        ));
    }
    inputs.tables.insert(kind, table);
    Ok(())
}

fn cell_of(mapped: &[Mapped], column: &str) -> CellSource {
    mapped
        .iter()
        .find(|mapped| mapped.plan.name == column)
        .map_or(CellSource::Absent, |mapped| mapped.cell.clone())
}

/// All columns of all files; one that any file names on purpose is kept whatever the number of its values.
fn union_of_columns(files: &[(source::Source, Vec<Mapped>)]) -> Vec<ColumnPlan> {
    let mut columns: Vec<ColumnPlan> = Vec::new();
    for mapped in files.iter().flat_map(|(_, mapped)| mapped) {
        match columns.iter_mut().find(|column| column.name == mapped.plan.name) {
            Some(known) if mapped.plan.limit.is_none() => known.limit = None,
            Some(_) => {}
            None => columns.push(mapped.plan.clone()),
        }
    }
    columns
}

fn describe(kind: Kind, mapped: &[Mapped]) -> String {
    let (automatic, named): (Vec<&Mapped>, Vec<&Mapped>) =
        mapped.iter().partition(|column| column.is_automatic);
    let named: Vec<String> =
        named.iter().map(|column| format!("{} = {}", column.plan.name, column.shown)).collect();
    let automatic: Vec<&str> = automatic.iter().map(|column| column.plan.name.as_str()).collect();
    match (kind, automatic.is_empty()) {
        (Kind::Crm, false) => format!("{}; other dimensions: {}", named.join(", "), automatic.join(", ")),
        _ => named.join(", "),
    }
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
    let names = std::iter::once(LOOKUP_KEY).chain(lookup.columns.keys().map(String::as_str));
    let columns: Vec<ColumnPlan> = names
        .map(|name| ColumnPlan { name: name.to_string(), column_type: ColumnType::Text, limit: None })
        .collect();
    let mut plans = Vec::new();
    for (path, _) in files_of(std::slice::from_ref(&block), folder)? {
        let source = source::open(&path, &path.display().to_string())?;
        let cells = header::find_all(&source.headers, &wanted, &source.header_place())?;
        plans.push(FilePlan { source, cells });
    }
    Ok(LookupTable { dimension: dimension.unwrap_or_default(), table: read_files(&columns, plans)? })
}
