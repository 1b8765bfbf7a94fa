//! Ad spend as it counts: a row a day, tied to its lead where a call tracker names one.

use anyhow::{Context, Result};
use polars::prelude::*;

use super::Facts;
use super::index::{Index, NO_LEAD};
use super::shares::{CENT, PIECE, shares};
use crate::check::{Finding, finding};
use crate::error::data_error;
use crate::input::table::Table;
use crate::period::format_day;
use crate::say;

/// A range of dates longer than this is a mistake.
const LONGEST_RANGE: i32 = 3_660;

/// The spend file, a row a day; ranges of dates are spread over their days.
///
/// # Errors
/// A range that ends before it begins.
pub fn facts(
    table: Table,
    index: &Index,
    lead_count: usize,
    as_of: Option<i32>,
    findings: &mut Vec<Finding>,
) -> Result<Facts> {
    let table = if table.has("date") { table } else { spread_ranges(table)? };
    let table = match as_of {
        Some(day) => super::related::hide_later(table, "date", day)?,
        None => table,
    };
    if let Some(dates) = table.dates("date") {
        let undated = (0..table.frame.height()).filter(|row| dates.get(*row).is_none());
        findings.extend(finding(
            "spend_without_date",
            say!("spend rows without a date, in no period"),
            undated,
            &table.origin,
        ));
    }
    let lead_rows = match table.ids("lead_id") {
        Some(ids) => index.find_all(&ids),
        None => Vec::new(),
    };
    if !lead_rows.is_empty() {
        let orphans = (0..lead_rows.len()).filter(|row| lead_rows[*row] == NO_LEAD);
        findings.extend(finding(
            "spend_of_unknown_leads",
            say!("spend rows of leads that are not in the CRM, shared out by the rest of their key"),
            orphans,
            &table.origin,
        ));
    }
    let lead_rows = if lead_rows.is_empty() { vec![NO_LEAD; table.frame.height()] } else { lead_rows };
    Ok(Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: Some("date") })
}

/// Spreads every row with `from` and `to` (both included) over its days, each number in whole cents, the sum kept.
fn spread_ranges(table: Table) -> Result<Table> {
    let (Some(from), Some(to)) = (table.dates("from"), table.dates("to")) else {
        return Ok(table);
    };
    let mut rows: Vec<u32> = Vec::new();
    let mut days: Vec<Option<i32>> = Vec::new();
    let mut lengths: Vec<usize> = Vec::new();
    for row in 0..table.frame.height() {
        let span = from.get(row).zip(to.get(row));
        let length = span.map_or(1, |(from, to)| to - from + 1);
        if !(1..=LONGEST_RANGE).contains(&length) {
            return Err(bad_range(&table, row, span.unwrap_or_default()));
        }
        lengths.push(usize::try_from(length).unwrap_or(1));
        for part in 0..length {
            rows.push(u32::try_from(row).unwrap_or(NO_LEAD));
            days.push(span.map(|(from, _)| from + part));
        }
    }
    let taken = IdxCa::from_vec("rows".into(), rows.clone());
    let mut frame = table.frame.take(&taken).context("rows of the table")?;
    for name in table.frame.get_column_names_str() {
        if let Some(numbers) = table.numbers(name) {
            // clicks and impressions are whole, money goes down to the cent
            let unit = if name == "cost" { CENT } else { PIECE };
            let spread = lengths.iter().enumerate().flat_map(|(row, length)| {
                let number = numbers.get(row);
                shares(number.map_or(0, i128::from), *length, unit)
                    .map(move |share| number.and(i64::try_from(share).ok()))
            });
            let spread: Int64Chunked = spread.collect_ca(name.into());
            frame.with_column(spread.into_series()).context("columns of one height")?;
        }
    }
    let date: Int32Chunked = days.into_iter().collect_ca("date".into());
    frame.with_column(date.into_date().into_series()).context("columns of one height")?;
    let origin = table.origin.select(rows.iter().map(|row| *row as usize));
    Ok(Table { frame, dictionaries: table.dictionaries, origin })
}

fn bad_range(table: &Table, row: usize, (from, to): (i32, i32)) -> anyhow::Error {
    let reason = if to < from { "ends before it begins" } else { "is longer than ten years" };
    data_error(
        format!(
            "{}: the range from {} to {} {reason}",
            table.origin.describe(row),
            format_day(from),
            format_day(to)
        ),
        "`from` is the first and `to` the last day of the spend of a row",
    )
}
