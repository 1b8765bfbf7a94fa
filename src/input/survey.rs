//! What a file could be, before anybody has said which table it is of: the eyes of `funnel init`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::header::{Mapped, known_headers};
use super::plan::{Opened, Reader, count_known};
use super::presets::{self, Export};
use super::rows::NullWords;
use super::source::{self, HeaderHints, cells_of};
use super::tables::{self, Kind};
use crate::config::{self, Block, ColumnType, Config};

/// Examples are looked for in so many first rows.
const FIRST_ROWS: usize = 500;

/// A file as one table reads it.
#[derive(Debug, Clone)]
pub struct Reading {
    pub kind: Kind,
    /// The export that the headers are of, if it is a known one.
    pub preset: Option<&'static Export>,
    /// How many columns the table knows by their headers.
    pub known: usize,
    pub headers: Vec<String>,
    /// The columns that are known, each with the header or the constant that it is taken from.
    pub columns: Vec<(String, String)>,
    /// All columns of the table in their usual order.
    pub order: Vec<String>,
    /// Whether further columns are taken as dimensions.
    pub has_dimensions: bool,
    /// Whether its rows have no lead ID and are given one each.
    pub is_numbered: bool,
}

/// What the tables say to a file.
#[derive(Debug)]
pub struct Survey {
    pub headers: Vec<String>,
    pub readings: Vec<Reading>,
    /// The known exports that the headers are of although their tables cannot take the file, with the reason.
    pub refusals: Vec<(String, anyhow::Error)>,
}

/// Shows a file to every table.
///
/// # Errors
/// A file that cannot be read, is empty, has no header, or is in an encoding that nobody can tell.
pub fn survey(path: &Path) -> Result<Survey> {
    let mut survey = Survey { headers: headers_of(path)?, readings: Vec::new(), refusals: Vec::new() };
    for kind in Kind::ALL {
        let config = config_of(kind, Block::default());
        match open(kind, &config, path) {
            Ok(opened) => survey.readings.push(reading(kind, &opened, &config)?),
            Err(error) => {
                let preset = presets::recognise(kind, None, &survey.headers, "", "")?;
                survey.refusals.extend(preset.map(|preset| (preset.title(), error)));
            }
        }
    }
    Ok(survey)
}

/// Whether a file is read with a block, in a funnel of these stages, just as it is without any.
pub fn reads_alike(kind: Kind, path: &Path, stages: &[String], block: &Block) -> bool {
    let plain = config_of(kind, Block::default());
    let written = Config { stages: stages.to_vec(), ..config_of(kind, block.clone()) };
    let (Ok(one), Ok(other)) = (open(kind, &plain, path), open(kind, &written, path)) else { return false };
    let title = |opened: &Opened| opened.preset.map(Export::title);
    let layout = |opened: &Opened| {
        (opened.headers.clone(), opened.header_line, opened.separator, opened.is_numbered, title(opened))
    };
    let by_name = |opened: &Opened| {
        let facts =
            |mapped: &Mapped| (mapped.plan.clone(), mapped.cell.clone(), mapped.is_automatic, mapped.setting);
        let columns = opened.mapped.iter().map(|mapped| (mapped.plan.name.clone(), facts(mapped)));
        columns.collect::<BTreeMap<_, _>>()
    };
    // the dimensions of the leads are reported in the order of their columns
    let texts = |opened: &Opened| -> Vec<String> {
        let texts = opened.mapped.iter().filter(|mapped| mapped.plan.column_type == ColumnType::Text);
        texts.map(|mapped| mapped.plan.name.clone()).collect()
    };
    layout(&one) == layout(&other) && by_name(&one) == by_name(&other) && texts(&one) == texts(&other)
}

/// The cells of the first rows with the line of each; those that stand for no value are empty.
///
/// # Errors
/// A file that cannot be read.
pub fn first_rows(reading: &Reading, path: &Path) -> Result<Vec<(u32, Vec<String>)>> {
    let config = config_of(reading.kind, Block::default());
    let opened = open(reading.kind, &config, path)?;
    let nulls = NullWords::usual(reading.preset);
    let Some(mut source) = opened.source else { return Ok(Vec::new()) };
    let Some(block) = source.next_block(Vec::new())? else { return Ok(Vec::new()) };
    let known = |cell: String| if nulls.has(cell.as_bytes()) { String::new() } else { cell };
    let rows =
        source.records_of(&block).into_iter().take(FIRST_ROWS).map(|(line, record)| {
            (line, cells_of(record, source.separator).into_iter().map(known).collect())
        });
    Ok(rows.collect())
}

fn config_of(kind: Kind, block: Block) -> Config {
    let mut config = config::from_files(&[]);
    config.blocks_mut(kind).push(block);
    config
}

fn open(kind: Kind, config: &Config, path: &Path) -> Result<Opened> {
    Reader::new(kind, config, &[])?.open(path, 0, None)
}

fn reading(kind: Kind, opened: &Opened, config: &Config) -> Result<Reading> {
    let known: Vec<&Mapped> = opened.mapped.iter().filter(|mapped| !mapped.is_automatic).collect();
    let order = tables::definition(kind, &config.stages)?.columns;
    Ok(Reading {
        kind,
        order: order.into_iter().map(|column| column.name).collect(),
        preset: opened.preset,
        known: known.iter().filter(|mapped| mapped.cell.field().is_some()).count(),
        headers: opened.headers.clone(),
        columns: known.iter().map(|mapped| (mapped.plan.name.clone(), mapped.shown.clone())).collect(),
        has_dimensions: known.len() < opened.mapped.len(),
        is_numbered: opened.is_numbered,
    })
}

/// The headers, whatever table they may be of.
fn headers_of(path: &Path) -> Result<Vec<String>> {
    let config = config::from_files(&[]);
    let mut known: BTreeSet<String> = BTreeSet::new();
    for kind in Kind::ALL {
        let definition = tables::definition(kind, &config.stages)?;
        known.extend(known_headers(kind, &definition, &Block::default())?);
    }
    let mut source = source::open(path, &path.display().to_string(), None)?;
    source.read_header(&HeaderHints::default(), &|cells| count_known(cells, &known))?;
    Ok(source.headers.clone())
}

/// The headers that a file has twice, as the first of each is called.
pub fn repeated(headers: &[String]) -> Vec<&String> {
    let names: BTreeSet<&String> = headers.iter().collect();
    let is_first = |header: &&String| !header.is_empty() && names.contains(&format!("{header} (2)"));
    headers.iter().filter(is_first).collect()
}
