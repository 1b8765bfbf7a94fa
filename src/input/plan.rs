//! What is to be read of each file of a table, and how; and what was understood of it afterwards.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::Result;
use encoding_rs::Encoding;
use polars::prelude::Series;

use super::Inputs;
use super::finish::FileReport;
use super::format::Settled;
use super::header::{Mapped, Mapping, known_headers, map_headers, normalise};
use super::preamble::date_range;
use super::presets::{self, Export};
use super::profile::{ColumnProfile, FileProfile};
use super::read::{CellSource, ColumnPlan, FilePlan};
use super::records::Shape;
use super::rows::{NullWords, RowRules, USUAL_NULL_WORDS};
use super::source::{self, HeaderHints, Source};
use super::table::Table;
use super::tables::{self, Definition, Kind};
use crate::config::{Block, ColumnType, Config, Duplicates};
use crate::error::data_error;

/// What is known of a table before its files are opened.
pub struct Reader<'a> {
    pub kind: Kind,
    pub definition: Definition,
    blocks: &'a [Block],
    wanted: &'a [String],
    reserved: BTreeSet<String>,
}

/// A file whose header has been read and mapped.
pub struct Opened {
    source: Option<Source>,
    name: String,
    /// The number of its block.
    block: usize,
    headers: Vec<String>,
    preset: Option<&'static Export>,
    pub mapped: Vec<Mapped>,
    /// Whether its rows have no lead ID and are given one each.
    pub is_numbered: bool,
    encoding: String,
    separator: &'static str,
    header_line: u64,
}

impl<'a> Reader<'a> {
    /// What the configuration says of a table.
    ///
    /// # Errors
    /// Only if `columns.toml` itself is broken.
    pub fn new(kind: Kind, config: &'a Config, wanted: &'a [String]) -> Result<Reader<'a>> {
        let mut reserved: BTreeSet<String> = config.stages.iter().cloned().collect();
        reserved.extend(["lost", "open"].map(String::from));
        let definition = tables::definition(kind, &config.stages)?;
        Ok(Reader { kind, definition, blocks: config.blocks(kind), wanted, reserved })
    }

    /// Opens a file, finds its header and decides what its columns are.
    ///
    /// # Errors
    /// A file that cannot be read, or whose header lacks what is needed.
    pub fn open(&self, path: &Path, number: usize, encoding: Option<&'static Encoding>) -> Result<Opened> {
        let block = &self.blocks[number];
        let name = path.display().to_string();
        let named = block.encoding.as_deref().map(super::encoding_of).transpose()?;
        let mut source = source::open(path, &name, encoding.or(named))?;
        let of_stage_file = block.stage.as_ref().map(|stage| of_stage_file(&self.definition, stage));
        let definition = of_stage_file.as_ref().unwrap_or(&self.definition);
        let known = known_headers(self.kind, definition, block)?;
        let hints = HeaderHints { line: block.header_line, separators: self.separators(block)? };
        source.read_header(&hints, &|cells| count_known(cells, &known))?;
        let place = source.header_place();
        let preset = presets::recognise(self.kind, block.preset.as_deref(), &source.headers, &place)?;
        let mut mapping = Mapping {
            kind: self.kind,
            definition,
            block,
            preset,
            headers: &source.headers,
            place,
            wanted: self.wanted,
            reserved: &self.reserved,
        };
        let dated;
        if let Some(block) = self.with_dates_of_preamble(block, &source, &mapping)? {
            dated = block;
            mapping.block = &dated;
        }
        let mapped = map_headers(&mapping)?;
        let has = |name: &str| mapped.iter().any(|column| column.plan.name == name);
        let is_numbered = self.kind == Kind::Crm && !has("lead_id") && !has("opportunity_id");
        Ok(Opened {
            name,
            block: number,
            headers: source.headers.clone(),
            preset,
            mapped,
            is_numbered,
            encoding: source.encoding(),
            separator: source.separator_name(),
            header_line: source.header_line,
            source: Some(source),
        })
    }

    /// The separators of the exports of the preset that is named.
    fn separators(&self, block: &Block) -> Result<Vec<u8>> {
        let Some(named) = &block.preset else { return Ok(Vec::new()) };
        let own =
            presets::exports()?.iter().filter(|export| &export.system == named && export.table == self.kind);
        let separators: Vec<Vec<u8>> = own.map(Export::separator_bytes).collect();
        // an export of which nothing is known can have any
        let is_known = separators.iter().all(|separators| !separators.is_empty());
        Ok(if is_known { separators.concat() } else { Vec::new() })
    }

    /// The block with the range of dates above the header of a spend file that has none in its rows.
    fn with_dates_of_preamble(
        &self,
        block: &Block,
        source: &Source,
        mapping: &Mapping,
    ) -> Result<Option<Block>> {
        let has_dates = |mapped: &[Mapped]| {
            mapped.iter().any(|column| ["date", "from", "to", "lead_id"].contains(&column.plan.name.as_str()))
        };
        if self.kind != Kind::Spend || source.preamble.is_empty() || has_dates(&map_headers(mapping)?) {
            return Ok(None);
        }
        Ok(date_range(&source.preamble).map(|(from, to)| {
            let mut block = block.clone();
            block.values.extend([("from".to_string(), from), ("to".to_string(), to)]);
            block
        }))
    }
}

/// How many of the cells are known as headers.
pub fn count_known(cells: &[String], known: &BTreeSet<String>) -> usize {
    cells.iter().filter(|cell| !cell.is_empty() && known.contains(&normalise(cell))).count()
}

/// How many cells the rows under a header have; the nameless ones at its end are none that a column is made of.
pub fn shape_of(headers: &[String], columns: &[CellSource]) -> Shape {
    let nameless = headers.iter().rev().take_while(|header| header.is_empty()).count();
    let last = columns.iter().filter_map(CellSource::field).max().unwrap_or_default();
    Shape { width: headers.len(), phantoms: nameless.min(headers.len().saturating_sub(1 + last)) }
}

/// In a file of events of one stage any date is that of the stage.
fn of_stage_file(definition: &Definition, stage: &str) -> Definition {
    let own = format!("{stage}_at");
    let is_other_date = |name: &str| name.ends_with("_at") && name != own;
    let of_creation = definition.columns.iter().find(|column| column.name == "lead_at");
    let usual: Vec<String> = of_creation.map(|column| column.headers.clone()).unwrap_or_default();
    let mut columns: Vec<tables::Column> =
        definition.columns.iter().filter(|column| !is_other_date(&column.name)).cloned().collect();
    if let Some(column) = columns.iter_mut().find(|column| column.name == own) {
        column.headers.extend(["date", "day", "time", "timestamp", "event date", "дата"].map(String::from));
        column.headers.extend(usual);
    }
    Definition {
        columns,
        required: definition.required.clone(),
        additive: definition.additive.clone(),
        counts: definition.counts.clone(),
    }
}

/// All columns of all files; one that any file names on purpose is kept whatever the number of its values.
pub fn union_of_columns(files: &[Opened]) -> Vec<ColumnPlan> {
    let mut columns: Vec<ColumnPlan> = Vec::new();
    let mut place_of: HashMap<&str, usize> = HashMap::new();
    for mapped in files.iter().flat_map(|file| &file.mapped) {
        if let Some(place) = place_of.get(mapped.plan.name.as_str()) {
            if mapped.plan.limit.is_none() {
                columns[*place].limit = None;
            }
        } else {
            place_of.insert(&mapped.plan.name, columns.len());
            columns.push(mapped.plan.clone());
        }
    }
    columns
}

/// The plan of each file for these columns.
pub fn plans(reader: &Reader, files: Vec<Opened>, columns: &[ColumnPlan]) -> Vec<(Opened, FilePlan)> {
    let mut exports: Vec<(usize, Vec<String>)> = Vec::new();
    let planned = files.into_iter().filter_map(|mut file| {
        let source = file.source.take()?;
        let export = (file.block, file.headers.clone());
        let number = exports.iter().position(|known| *known == export).unwrap_or_else(|| {
            exports.push(export);
            exports.len() - 1
        });
        let plan = file_plan(reader, &file, source, number, columns);
        Some((file, plan))
    });
    planned.collect()
}

fn file_plan(
    reader: &Reader,
    file: &Opened,
    source: Source,
    export: usize,
    columns: &[ColumnPlan],
) -> FilePlan {
    let block = &reader.blocks[file.block];
    let by_name: HashMap<&str, &Mapped> =
        file.mapped.iter().map(|mapped| (mapped.plan.name.as_str(), mapped)).collect();
    let field = |name: &str| by_name.get(name).and_then(|mapped| mapped.cell.field());
    let of_definition = |column_type: Option<ColumnType>| {
        let columns = reader.definition.columns.iter();
        columns
            .filter(move |column| column_type.is_none_or(|wanted| column.column_type == wanted))
            .filter_map(|column| field(&column.name))
    };
    let names =
        if reader.kind == Kind::Spend { of_definition(Some(ColumnType::Text)).collect() } else { Vec::new() };
    let preset = file.preset;
    let empty = preset.map(|preset| &preset.totals.empty).into_iter().flatten();
    let null_words = block.null_words.clone().unwrap_or_else(|| {
        let of_preset = preset.map(|preset| preset.null_words.clone()).unwrap_or_default();
        USUAL_NULL_WORDS.map(String::from).into_iter().chain(of_preset).collect()
    });
    let cells: Vec<CellSource> = columns
        .iter()
        .map(|column| {
            by_name.get(column.name.as_str()).map_or(CellSource::Absent, |mapped| mapped.cell.clone())
        })
        .collect();
    FilePlan {
        settings: columns
            .iter()
            .map(|column| by_name.get(column.name.as_str()).and_then(|mapped| mapped.setting))
            .collect(),
        shape: shape_of(&source.headers, &cells),
        cells,
        rules: RowRules::new(
            &source.headers,
            of_definition(None).next(),
            names,
            empty.filter_map(|column| field(column)).collect(),
            preset.map(|preset| preset.totals.labels.as_slice()).unwrap_or_default(),
            preset.map(|preset| preset.footers.begin.as_slice()).unwrap_or_default(),
        ),
        null_words: NullWords::new(null_words),
        on_error: block.on_error,
        export,
        table: reader.kind.name(),
        source,
    }
}

/// What the join has to know of the files of the CRM.
///
/// # Errors
/// Files of stage events beside files with lead IDs.
pub fn note_crm(files: &[Opened], config: &Config, inputs: &mut Inputs) -> Result<()> {
    for file in files {
        let block = &config.crm[file.block];
        let of_preset = file.preset.filter(|_| block.columns.is_empty()).and_then(|preset| preset.duplicates);
        let duplicates = block.duplicates.or(of_preset).unwrap_or_default();
        if duplicates != Duplicates::Error {
            inputs.duplicates.insert(file.name.clone(), duplicates);
        }
        inputs.export_of_file.insert(file.name.clone(), (file.block, file.headers.clone()));
        let automatic = file.mapped.iter().filter(|column| column.is_automatic);
        inputs.automatic_dimensions.extend(automatic.map(|column| column.plan.name.clone()));
        inputs.status_words.extend(file.preset.map(|preset| preset.stages.clone()).unwrap_or_default());
    }
    let is_event = |file: &&Opened| file.is_numbered && config.crm[file.block].stage.is_some();
    let events = files.iter().filter(is_event).count();
    if events == 0 {
        return Ok(());
    }
    inputs.is_event_based = true;
    match files.iter().find(|file| !is_event(file)) {
        None => Ok(()),
        Some(other) => Err(data_error(
            format!(
                "{}: this file has lead IDs, others of the CRM have none (`stage = \"…\"` in their blocks)",
                other.name
            ),
            "rows without lead IDs cannot be joined to leads: report the two in two configurations",
        )),
    }
}

/// What was understood of each file.
pub fn profiles(
    kind: Kind,
    files: &[Opened],
    columns: &[ColumnPlan],
    table: &Table,
    settled: &[Settled],
    reports: Vec<FileReport>,
) -> Vec<FileProfile> {
    let mut start = 0;
    let mut profiles = Vec::new();
    let series: HashMap<&str, &Series> = table
        .frame
        .get_columns()
        .iter()
        .map(|column| (column.name().as_str(), column.as_materialized_series()))
        .collect();
    for (place, (file, report)) in files.iter().zip(reports).enumerate() {
        let rows = table.origin.file_of_row[start..]
            .iter()
            .take_while(|of_row| usize::from(**of_row) == place)
            .count();
        let by_name: HashMap<&str, &Mapped> =
            file.mapped.iter().map(|mapped| (mapped.plan.name.as_str(), mapped)).collect();
        let own = columns.iter().zip(settled).filter_map(|(column, settled)| {
            let mapped = by_name.get(column.name.as_str())?;
            let series = series.get(column.name.as_str())?;
            Some(ColumnProfile {
                name: column.name.clone(),
                shown: mapped.shown.clone(),
                column_type: column.column_type,
                format: settled.formats[place].clone(),
                filled: filled(series, start, rows),
                is_automatic: mapped.is_automatic,
            })
        });
        let own: Vec<ColumnProfile> = own.collect();
        let used: HashSet<&str> = own.iter().map(|column| column.shown.as_str()).collect();
        let unused =
            file.headers.iter().filter(|header| !header.is_empty() && !used.contains(header.as_str()));
        profiles.push(FileProfile {
            name: file.name.clone(),
            kind,
            preset: file.preset.map(Export::title),
            encoding: file.encoding.clone(),
            separator: file.separator,
            header_line: file.header_line,
            rows,
            dropped: report.dropped,
            rejected: report.rejected,
            further_values: report.further_values,
            unused: unused.cloned().collect(),
            columns: own,
        });
        start += rows;
    }
    profiles
}

/// How many of these rows have a value; the code 0 of a text column is the empty cell.
fn filled(series: &Series, start: usize, rows: usize) -> usize {
    let own = series.slice(i64::try_from(start).unwrap_or(i64::MAX), rows);
    match own.u32() {
        Ok(codes) => {
            codes.downcast_iter().flat_map(|codes| codes.values().iter()).filter(|code| **code > 0).count()
        }
        Err(_) => rows - own.null_count(),
    }
}
