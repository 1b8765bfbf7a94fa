//! What is to be read of each file of a table, and how; and what was understood of it afterwards.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Result;
use encoding_rs::Encoding;

use super::clock;
use super::header::{Mapped, Mapping, known_headers, map_headers, normalise};
use super::preamble::date_range;
use super::presets::{self, Export, RowIs};
use super::read::{CellSource, ColumnPlan, FilePlan};
use super::records::Shape;
use super::rows::{NullWords, RowRules};
use super::settings::check_formats;
use super::source::{self, HeaderHints, Source};
use super::tables::{self, Definition, Kind};
use crate::config::{Block, ColumnType, Config, OnError};
use crate::error::{data_error, listed};

/// What is known of a table before its files are opened.
pub struct Reader<'a> {
    pub kind: Kind,
    pub definition: Definition,
    blocks: &'a [Block],
    config: &'a Config,
    wanted: &'a [String],
    reserved: BTreeSet<String>,
}

/// A file whose header has been read and mapped.
pub struct Opened {
    pub source: Option<Source>,
    pub name: String,
    /// The number of its block.
    pub block: usize,
    pub headers: Vec<String>,
    pub preset: Option<&'static Export>,
    pub mapped: Vec<Mapped>,
    /// Whether its block says what each column is.
    pub is_configured: bool,
    /// Whether its rows have no lead ID and are given one each.
    pub is_numbered: bool,
    /// Whether a report stops at a row that cannot be read.
    pub stops_report: bool,
    pub encoding: String,
    pub separator: &'static str,
    pub header_line: u64,
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
        Ok(Reader { kind, definition, blocks: config.blocks(kind), config, wanted, reserved })
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
        let named = block.preset.as_deref();
        presets::check_name(self.kind, named).map_err(|error| self.config.blame(error))?;
        let preset = presets::recognise(self.kind, named, &source.headers, source.separator_name(), &place)?;
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
        check_formats(&mapping, &mapped).map_err(|error| self.config.blame(error))?;
        let has = |name: &str| mapped.iter().any(|column| column.plan.name == name);
        if let Some(stage) = &block.stage {
            check_stage_file(&mapping, &mapped, stage)?;
        }
        let is_numbered = self.kind == Kind::Crm && !has("lead_id") && !has("opportunity_id");
        Ok(Opened {
            name,
            block: number,
            headers: source.headers.clone(),
            preset,
            mapped,
            is_configured: !block.columns.is_empty(),
            is_numbered,
            stops_report: block.on_error.unwrap_or_default() == OnError::Fail,
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

impl Opened {
    /// Whether two files are of one export, and so written alike.
    pub fn is_same_export(&self, other: &Opened) -> bool {
        self.block == other.block && self.headers == other.headers
    }

    /// Whether a row is a deal: as its preset says, else one that leads to its lead by the record of the deal alone or by a
    /// list of contacts.
    pub fn is_of_deals(&self) -> bool {
        if let Some(preset) = self.preset {
            return preset.row == RowIs::Deal;
        }
        let is_lead = self.cell("lead_id").is_some_and(|cell| !matches!(cell, CellSource::First(..)));
        self.cell("opportunity_id").is_some() && !is_lead
    }

    /// Where a column comes from.
    pub fn cell(&self, name: &str) -> Option<&CellSource> {
        self.mapped.iter().find(|column| column.plan.name == name).map(|column| &column.cell)
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
    let others = definition.columns.iter().filter(|column| is_other_date(&column.name));
    let usual: Vec<String> = others.flat_map(|column| column.headers.clone()).collect();
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

/// A file of events needs their date, and no lead IDs.
fn check_stage_file(mapping: &Mapping, mapped: &[Mapped], stage: &str) -> Result<()> {
    let find = |name: &str| mapped.iter().find(|column| column.plan.name == name);
    if let Some(id) = find("lead_id") {
        return Err(data_error(
            format!(
                "{}: `{}` is the ID of a lead, so the file is none of events of `{stage}`",
                mapping.place, id.shown
            ),
            format!("leave `stage = \"{stage}\"` out: files with lead IDs are joined by them"),
        ));
    }
    let date = format!("{stage}_at");
    if find(&date).is_some() {
        return Ok(());
    }
    Err(data_error(
        format!("{}: no header is known as the date of the events, `{date}`", mapping.place),
        format!(
            "map it in funnel.toml under `[crm.columns]`: `{date} = \"…\"`; headers found: {}",
            listed(mapping.headers)
        ),
    ))
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
    let null_words = block.null_words.clone().map_or_else(|| NullWords::usual(preset), NullWords::new);
    let cells: Vec<CellSource> = columns
        .iter()
        .map(|column| {
            by_name.get(clock::date_of(&column.name)).map_or(CellSource::Absent, |mapped| mapped.cell.clone())
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
        null_words,
        on_error: block.on_error.unwrap_or(reader.config.purpose.on_error()),
        export,
        table: reader.kind.name(),
        source,
    }
}

/// The plan of a lookup file: text under the usual rules.
pub fn of_lookup(source: Source, cells: Vec<CellSource>, export: usize) -> FilePlan {
    let identity = cells.first().and_then(CellSource::field);
    FilePlan {
        settings: vec![None; cells.len()],
        shape: shape_of(&source.headers, &cells),
        rules: RowRules::new(&source.headers, identity, Vec::new(), Vec::new(), &[], &[]),
        null_words: NullWords::usual(None),
        on_error: OnError::Fail,
        export,
        table: "lookup",
        cells,
        source,
    }
}
