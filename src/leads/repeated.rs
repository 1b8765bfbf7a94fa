//! Exports that overlap: a month that stands in two files counts twice, and no total says so.
//!
//! A ticket has an ID, so that the same one counts once. A row of spend has none, and two that are alike may both be
//! real: they stay in the sum and are told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::cells::Cells;
use super::index::{Duplicate, Index};
use crate::check::{Finding, finding};
use crate::input::Export;
use crate::input::table::Table;
use crate::input::tables::Kind;
use crate::kpi::exact::Exact;
use crate::mask::Mask;

/// What spend rows of several files are that are alike, as the check and the report call them.
pub const REPEATED_SPEND: &str = "spend rows that an earlier file of their block has too";

/// The files of tickets and spend, with the export that each is of.
pub type Exports = BTreeMap<(Kind, String), Export>;

/// The tickets, each ID once within an export: the first row in the order of files and lines. Tickets without an ID stay.
///
/// # Errors
/// None on tables that were read.
pub fn tickets_once(mut table: Table, exports: &Exports, findings: &mut Vec<Finding>) -> Result<Table> {
    let Some(ids) = table.ids("ticket_id") else { return Ok(table) };
    let (_, duplicates) = Index::new(ids);
    let repeats = of_one_export(&table, exports, &duplicates);
    if repeats.is_empty() {
        return Ok(table);
    }
    let columns = columns(&table)?;
    let are_alike = |(later, first): &Duplicate| are_alike(&columns, *later, *first);
    let (alike, differing): (Vec<Duplicate>, Vec<Duplicate>) = repeats.into_iter().partition(are_alike);
    let rows = |pairs: &[Duplicate]| pairs.iter().map(|(later, _)| *later as usize).collect::<Vec<_>>();
    let mut keep = Mask::all(table.frame.height());
    for (later, _) in alike.iter().chain(&differing) {
        keep.remove(*later as usize);
    }
    findings.extend(finding(
        "repeated_tickets",
        "service cases that repeat an earlier row of the same export, left out",
        rows(&alike),
        &table.origin,
    ));
    findings.extend(finding(
        "differing_tickets",
        "service cases with the ID of an earlier row of the same export and other values, left out",
        rows(&differing),
        &table.origin,
    ));
    table.frame = table.frame.filter(&keep.to_booleans("keep")).context("rows of the table")?;
    table.origin = table.origin.select(keep.rows());
    Ok(table)
}

/// Of rows with one ID those that stand in the same export, each later one with the first of them.
fn of_one_export(table: &Table, exports: &Exports, duplicates: &[Duplicate]) -> Vec<Duplicate> {
    let origin = &table.origin;
    let export = |file: &String| exports.get(&(Kind::Tickets, file.clone()));
    let all: Vec<Option<&Export>> = origin.files.iter().map(export).collect();
    // files of one export have the number of the first of them
    let numbers: Vec<Option<usize>> =
        all.iter().map(|export| all.iter().position(|other| other == export)).collect();
    let number = |row: u32| numbers[usize::from(origin.file_of_row[row as usize])];
    let mut firsts: HashMap<(u32, Option<usize>), u32> = HashMap::new();
    let mut repeats = Vec::new();
    for &(later, first) in duplicates {
        let own = number(later);
        let kept = if own == number(first) { first } else { *firsts.entry((first, own)).or_insert(later) };
        if kept != later {
            repeats.push((later, kept));
        }
    }
    repeats
}

/// Spend rows with a date that are alike in every column to one of an earlier file of their block, up to the day of the
/// report; with what they cost in millionths.
///
/// # Errors
/// None on tables that were read.
pub fn spend(
    table: &Table,
    exports: &Exports,
    cut: Option<i32>,
    currency: Option<&str>,
) -> Result<Option<Finding>> {
    let origin = &table.origin;
    let block = |file: &String| exports.get(&(Kind::Spend, file.clone())).map(|export| export.0);
    let blocks: Vec<Option<usize>> = origin.files.iter().map(block).collect();
    if blocks.iter().collect::<BTreeSet<_>>().len() == blocks.len() {
        return Ok(None);
    }
    let begins: Vec<_> = ["date", "from"].iter().filter_map(|name| table.dates(name)).collect();
    let is_looked_at = |row: usize| {
        let day = begins.iter().find_map(|days| days.get(row));
        day.is_some_and(|day| cut.is_none_or(|cut| day <= cut))
    };
    let columns = columns(table)?;
    let file = |row: u32| origin.file_of_row[row as usize];
    let block = |row: u32| blocks[usize::from(file(row))];
    let hasher = PlFixedStateQuality::default();
    let mut known: HashMap<u64, Vec<u32>> = HashMap::new();
    let mut repeated: Vec<usize> = Vec::new();
    for place in (0..table.frame.height()).filter(|row| is_looked_at(*row)) {
        let row = u32::try_from(place).context("a table has fewer rows")?;
        let hash = columns.iter().fold(hasher.hash_one(block(row)), |hash, cells| {
            hasher.hash_one((hash, cells.hash(row, &hasher)))
        });
        let alike = known.entry(hash).or_default();
        let first =
            alike.iter().find(|first| block(**first) == block(row) && are_alike(&columns, **first, row));
        match first {
            Some(first) if file(*first) != file(row) => repeated.push(place),
            Some(_) => {}
            None => alike.push(row),
        }
    }
    let costs = table.numbers("cost");
    let cost = |row: &usize| costs.as_ref().and_then(|costs| costs.get(*row)).map_or(0, i128::from);
    let money = Exact::millionths(repeated.iter().map(cost).sum()).to_text(2);
    let money = format!("{money} {}", currency.unwrap_or_default());
    let what = format!(
        "{REPEATED_SPEND}, counted all the same: if they are the same ads, spend is {} too high",
        money.trim_end()
    );
    Ok(finding("repeated_spend", what, repeated, origin))
}

fn columns(table: &Table) -> Result<Vec<Cells>> {
    table.frame.get_column_names_str().into_iter().map(|name| Cells::new(table, name)).collect()
}

fn are_alike(columns: &[Cells], one: u32, other: u32) -> bool {
    columns.iter().all(|cells| cells.compare(one, other).is_eq())
}
