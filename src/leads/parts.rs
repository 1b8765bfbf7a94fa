//! Rows that are parts of one deal, such as a row a product: their amounts are added before leads are merged.
//!
//! The result does not depend on the order of the rows: dates are the earliest, texts those of the largest part.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::index::Duplicate;
use crate::check::{Finding, finding};
use crate::config::Duplicates;
use crate::error::data_error;
use crate::input::Inputs;
use crate::input::table::Table;

/// Puts the sum of the parts of a deal into its first row and empties the others; only rows of files whose block says
/// `duplicates = "sum"` are parts.
///
/// # Errors
/// A sum that is too large, parts in two currencies.
pub fn sum(
    table: Table,
    inputs: &Inputs,
    duplicates: &[Duplicate],
    findings: &mut Vec<Finding>,
) -> Result<Table> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (later, first) in duplicates.iter().filter(|pair| is_part(&table, inputs, **pair)) {
        parts.entry(*first as usize).or_insert_with(|| vec![*first as usize]).push(*later as usize);
    }
    if parts.is_empty() {
        return Ok(table);
    }
    refuse_currencies(&table, &parts)?;
    let further = parts.values().flat_map(|rows| rows[1..].iter().copied());
    findings.extend(finding(
        "CRM rows that are further parts of a lead, their amounts added",
        further,
        &table.origin,
    ));
    let amounts = table.numbers("amount");
    let size = |row: usize| amounts.as_ref().and_then(|amounts| amounts.get(row));
    let mut frame = table.frame.clone();
    for name in table.frame.get_column_names_str().into_iter().filter(|name| *name != "lead_id") {
        frame.with_column(combined(&table, name, &parts, &size)?).context("columns of one height")?;
    }
    Ok(Table { frame, ..table })
}

/// Parts in two currencies have no sum.
fn refuse_currencies(table: &Table, parts: &BTreeMap<usize, Vec<usize>>) -> Result<()> {
    let (Some(codes), Some(words)) = (table.codes("currency"), table.dictionaries.get("currency")) else {
        return Ok(());
    };
    for rows in parts.values() {
        let mut known = rows.iter().filter_map(|row| Some((*row, codes.get(*row).filter(|code| *code > 0)?)));
        let Some((first, code)) = known.next() else { continue };
        if let Some((row, other)) = known.find(|(_, other)| *other != code) {
            return Err(data_error(
                format!(
                    "{}: column `currency`: `{}`, but another part of the lead is in `{}` ({})",
                    table.origin.describe(row),
                    words[other as usize],
                    words[code as usize],
                    table.origin.describe(first)
                ),
                "the parts of a deal are added, so they must be in one currency",
            ));
        }
    }
    Ok(())
}

/// Whether two rows of a lead are parts of one deal.
pub fn is_part(table: &Table, inputs: &Inputs, (later, first): Duplicate) -> bool {
    let file = |row: u32| table.origin.place(row as usize).0;
    file(later) == file(first) && inputs.duplicates.get(file(later)) == Some(&Duplicates::Sum)
}

fn combined(
    table: &Table,
    name: &str,
    parts: &BTreeMap<usize, Vec<usize>>,
    size: &dyn Fn(usize) -> Option<i64>,
) -> Result<Series> {
    if let Some(numbers) = table.numbers(name) {
        let mut values: Vec<Option<i64>> = numbers.iter().collect();
        for (first, rows) in parts {
            let sum =
                rows.iter().filter_map(|row| values[*row]).try_fold(None, |sum: Option<i64>, value| {
                    sum.unwrap_or(0)
                        .checked_add(value)
                        .map(Some)
                        .ok_or_else(|| too_large(table, name, *first))
                })?;
            for row in rows {
                values[*row] = None;
            }
            values[*first] = sum;
        }
        return Ok(Int64Chunked::from_iter_options(name.into(), values.into_iter()).into_series());
    }
    if let Some(words) = table.dictionaries.get(name) {
        let codes = table.codes(name).context("a text column has codes")?;
        let mut values: Vec<u32> = codes.iter().map(Option::unwrap_or_default).collect();
        for (first, rows) in parts {
            // of parts of one size the first word in order: codes are in the order of the words
            let known = rows.iter().filter(|row| values[**row] > 0);
            let largest = known.max_by_key(|row| (size(**row), std::cmp::Reverse(values[**row])));
            let code = largest.map_or(0, |row| values[*row]);
            for row in rows {
                values[*row] = 0;
            }
            values[*first] = code;
        }
        debug_assert!(values.iter().all(|code| (*code as usize) < words.len()));
        return Ok(UInt32Chunked::from_vec(name.into(), values).into_series());
    }
    if let Some(ids) = table.ids(name) {
        let mut values: Vec<Option<&str>> = ids.iter().collect();
        for (first, rows) in parts {
            let id = rows.iter().filter_map(|row| values[*row]).min();
            for row in rows {
                values[*row] = None;
            }
            values[*first] = id;
        }
        return Ok(StringChunked::from_iter_options(name.into(), values.into_iter()).into_series());
    }
    let days = table.dates(name).context("a column is of one of four types")?;
    let mut values: Vec<Option<i32>> = (0..table.frame.height()).map(|row| days.get(row)).collect();
    for (first, rows) in parts {
        let earliest = rows.iter().filter_map(|row| values[*row]).min();
        for row in rows {
            values[*row] = None;
        }
        values[*first] = earliest;
    }
    Ok(Int32Chunked::from_iter_options(name.into(), values.into_iter()).into_date().into_series())
}

fn too_large(table: &Table, name: &str, row: usize) -> anyhow::Error {
    data_error(
        format!(
            "{}: column `{name}`: the sum over the rows of the lead is too large",
            table.origin.describe(row)
        ),
        "numbers are read up to 9,223,372,036,854; where every row has the amount of the whole deal, set `duplicates = \"merge\"`",
    )
}
