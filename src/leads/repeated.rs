//! Exports that overlap: a month that stands in two files counts twice, and no total says so.
//!
//! A ticket has an ID, and so may a payment: the same one counts once. A row of spend, a contract or a payment without an
//! ID has none, and two that are alike may both be real: they stay in the sum and are told.

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
use crate::{lang, say, words};

/// Rows of several files that are alike, as the check and the report call them, and what they would make too high.
pub struct Alike {
    pub kind: Kind,
    pub key: &'static str,
    pub what: &'static str,
    /// What is done with them, and why they may be one, with their money: `if they are the same ads, spend is … too high`.
    too_high: fn(&str) -> String,
    /// The columns of its date, the first that is filled.
    begins: &'static [&'static str],
    money: &'static str,
}

/// The tables whose rows have no ID.
pub const ALIKE: [Alike; 3] = [
    Alike {
        kind: Kind::Spend,
        key: "repeated_spend",
        what: words!("spend rows that an earlier file of their block has too"),
        too_high: |money| {
            say!("counted all the same: if they are the same ads, spend is {money} too high", money = money)
        },
        begins: &["date", "from"],
        money: "cost",
    },
    Alike {
        kind: Kind::Payments,
        key: "payments_in_two_files",
        what: words!("payments that an earlier file of their block has too"),
        too_high: |money| {
            say!(
                "counted all the same: if they are the same payments, the money received is {money} too high",
                money = money
            )
        },
        begins: &["paid_at"],
        money: "amount",
    },
    Alike {
        kind: Kind::Contracts,
        key: "contracts_in_two_files",
        what: words!("contracts that an earlier file of their block has too"),
        too_high: |money| {
            say!(
                "counted all the same: if they are the same contracts, MRR is {money} too high",
                money = money
            )
        },
        begins: &["started_at"],
        money: "mrr",
    },
];

/// The files of tables that overlap, with the export that each is of.
pub type Exports = BTreeMap<(Kind, String), Export>;

/// A table whose rows have IDs, and what becomes of a second row with one.
struct Identified {
    kind: Kind,
    id: &'static str,
    /// The key of the rows that are alike, which are left out, and what they are.
    alike: (&'static str, &'static str),
    /// The same of those with other values.
    differing: (&'static str, &'static str),
    /// Whether those with other values stay: a further instalment is money too, a case with two states is one case.
    keeps_differing: bool,
}

const IDENTIFIED: [Identified; 2] = [
    Identified {
        kind: Kind::Tickets,
        id: "ticket_id",
        alike: (
            "repeated_tickets",
            words!("service cases that repeat an earlier row of the same export, left out"),
        ),
        differing: (
            "differing_tickets",
            words!(
                "service cases with the ID of an earlier row of the same export and other values, left out"
            ),
        ),
        keeps_differing: false,
    },
    Identified {
        kind: Kind::Payments,
        id: "payment_id",
        alike: (
            "repeated_payments",
            words!("payments that repeat an earlier row of the same export, left out"),
        ),
        differing: (
            "differing_payments",
            words!(
                "payments with the ID of an earlier row of the same export and other values, counted all the same"
            ),
        ),
        keeps_differing: true,
    },
];

/// The rows of a table, each ID once within an export: the first row in the order of files and lines. Rows without an ID
/// stay, and so do tables without one.
///
/// # Errors
/// None on tables that were read.
pub fn once(mut table: Table, kind: Kind, exports: &Exports, findings: &mut Vec<Finding>) -> Result<Table> {
    let Some(identified) = IDENTIFIED.iter().find(|identified| identified.kind == kind) else {
        return Ok(table);
    };
    let Some(ids) = table.ids(identified.id) else { return Ok(table) };
    let (_, duplicates) = Index::new(ids);
    let repeats = of_one_export(&table, kind, exports, &duplicates);
    if repeats.is_empty() {
        return Ok(table);
    }
    let (alike, differing) = by_values(&table, repeats)?;
    for ((key, what), rows) in [(identified.alike, &alike), (identified.differing, &differing)] {
        findings.extend(finding(key, lang::text(what), rows.iter().copied(), &table.origin));
    }
    let mut keep = Mask::all(table.frame.height());
    let further = differing.into_iter().filter(|_| !identified.keeps_differing);
    alike.into_iter().chain(further).for_each(|row| keep.remove(row));
    table.frame = table.frame.filter(&keep.to_booleans("keep")).context("rows of the table")?;
    table.origin = table.origin.select(keep.rows());
    Ok(table)
}

/// The later rows of one ID that are alike in everything to the first, and those that are not.
fn by_values(table: &Table, repeats: Vec<Duplicate>) -> Result<(Vec<usize>, Vec<usize>)> {
    let columns = columns(table)?;
    let are_alike = |(later, first): &Duplicate| are_alike(&columns, *later, *first);
    let (alike, differing): (Vec<Duplicate>, Vec<Duplicate>) = repeats.into_iter().partition(are_alike);
    let rows = |pairs: Vec<Duplicate>| pairs.into_iter().map(|(later, _)| later as usize).collect();
    Ok((rows(alike), rows(differing)))
}

/// Of rows with one ID those that stand in the same export, each later one with the first of them.
fn of_one_export(table: &Table, kind: Kind, exports: &Exports, duplicates: &[Duplicate]) -> Vec<Duplicate> {
    let origin = &table.origin;
    let export = |file: &String| exports.get(&(kind, file.clone()));
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

/// Rows with a date that are alike in every column to one of an earlier file of their block, up to the day of the
/// report; with the money of them where it is in one currency (`currency`, which may have no name).
///
/// # Errors
/// None on tables that were read.
pub fn alike(
    table: &Table,
    kind: Kind,
    exports: &Exports,
    cut: Option<i32>,
    currency: Option<&str>,
) -> Result<Option<Finding>> {
    let Some(told) = ALIKE.iter().find(|alike| alike.kind == kind) else { return Ok(None) };
    let origin = &table.origin;
    let block = |file: &String| exports.get(&(kind, file.clone())).map(|export| export.0);
    let blocks: Vec<Option<usize>> = origin.files.iter().map(block).collect();
    if blocks.iter().collect::<BTreeSet<_>>().len() == blocks.len() {
        return Ok(None);
    }
    let begins: Vec<_> = told.begins.iter().filter_map(|name| table.dates(name)).collect();
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
    let amounts = table.numbers(told.money);
    let amount = |row: &usize| amounts.as_ref().and_then(|amounts| amounts.get(*row)).map_or(0, i128::from);
    let money = Exact::millionths(repeated.iter().map(amount).sum()).to_text(2);
    let effect = match currency {
        Some(currency) => (told.too_high)(format!("{money} {currency}").trim_end()),
        None => say!("counted all the same"),
    };
    let what = format!("{}, {effect}", lang::text(told.what));
    Ok(finding(told.key, what, repeated, origin).map(|found| found.with_effect(effect)))
}

fn columns(table: &Table) -> Result<Vec<Cells>> {
    table.frame.get_column_names_str().into_iter().map(|name| Cells::new(table, name)).collect()
}

fn are_alike(columns: &[Cells], one: u32, other: u32) -> bool {
    columns.iter().all(|cells| cells.compare(one, other).is_eq())
}
