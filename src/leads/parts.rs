//! Rows that are parts of one deal, such as a row a product: their amounts are added before leads are merged.
//!
//! The result does not depend on the order of the rows: dates are the earliest, texts those of the largest part.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::currency;
use super::index::Duplicate;
use crate::check::{Finding, finding};
use crate::error::data_error;
use crate::input::table::Table;
use crate::say;

/// Puts the sum of the parts of a deal into its first row and empties the others; of each pair the rows are parts of one.
///
/// # Errors
/// A sum that is too large, or over two currencies.
pub fn sum(table: Table, pairs: &[Duplicate], findings: &mut Vec<Finding>) -> Result<Table> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (later, first) in pairs {
        parts.entry(*first as usize).or_insert_with(|| vec![*first as usize]).push(*later as usize);
    }
    if parts.is_empty() {
        return Ok(table);
    }
    let further = parts.values().flat_map(|rows| rows[1..].iter().copied());
    findings.extend(finding(
        "parts_of_leads",
        say!("CRM rows that are further parts of a lead, their amounts added"),
        further,
        &table.origin,
    ));
    for rows in parts.values() {
        currency::refuse_mixed(&table, rows)?;
    }
    let amounts = table.numbers("amount");
    let size = |row: usize| amounts.as_ref().and_then(|amounts| amounts.get(row));
    let mut frame = table.frame.clone();
    for name in table.frame.get_column_names_str().into_iter().filter(|name| *name != "lead_id") {
        frame.with_column(combined(&table, name, &parts, &size)?).context("columns of one height")?;
    }
    Ok(Table { frame, ..table })
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

/// A sum over rows of one lead that no number can hold.
pub fn too_large(table: &Table, name: &str, row: usize) -> anyhow::Error {
    data_error(
        format!(
            "{}: column `{name}`: the sum over the rows of the lead is too large",
            table.origin.describe(row)
        ),
        "numbers are read up to 9,223,372,036,854; where every row has the amount of the whole deal, set `duplicates = \"merge\"`",
    )
}
