//! The total rows of an export against the sum of its rows: a difference says that something is missing on one side.

use super::format::{Setting, Settled};
use super::number::{Reading, read_number};
use super::plan::Reader;
use super::read::{ColumnPlan, TotalRow};
use super::table::Table;
use crate::check::{Finding, finding_of_texts};
use crate::kpi::exact::format_millionths;
use crate::{lang, say};

/// A note on each column of each file whose sum none of the total rows names.
///
/// Total rows overlap (by campaign, by network, all), so one that fits is enough.
pub fn differences(
    reader: &Reader,
    table: &Table,
    columns: &[ColumnPlan],
    totals: &[TotalRow],
    settled: &[Settled],
) -> Option<Finding> {
    let mut notes = Vec::new();
    let mut files: Vec<usize> = totals.iter().map(|total| total.file).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        for (place, column) in columns.iter().enumerate() {
            if !reader.definition.additive.contains(&column.name) {
                continue;
            }
            let convention = settled[place].conventions[file];
            let mut named: Vec<(i64, u32)> = totals
                .iter()
                .filter(|total| total.file == file)
                .filter_map(|total| Some((amount(&total.cells[place], convention)?, total.line)))
                .collect();
            named.sort_unstable();
            let sum = sum_of(table, &column.name, file);
            let Some((largest, line)) = named.last().copied() else { continue };
            if named.iter().all(|(amount, _)| i128::from(*amount) != sum) {
                notes.push(say!(
                    "{place}: `{column}` {largest}, the rows add up to {sum}",
                    place = format!("{}:{line}", table.origin.files[file]),
                    column = column.name,
                    largest = shown(i128::from(largest)),
                    sum = shown(sum)
                ));
            }
        }
    }
    finding_of_texts(
        "totals_that_differ",
        say!("total rows that differ from the sum of the rows above, left out all the same"),
        notes.len(),
        notes.into_iter(),
    )
}

fn amount(cell: &str, convention: Option<Setting>) -> Option<i64> {
    let Reading::Number(number) = read_number(cell) else { return None };
    match convention {
        Some(Setting::Comma) => number.with_comma,
        Some(Setting::Millionths) => number.with_point.map(|amount| amount / super::cell::SCALE),
        _ => number.with_point,
    }
}

fn sum_of(table: &Table, column: &str, file: usize) -> i128 {
    let Some(numbers) = table.numbers(column) else { return 0 };
    let of_file = table.origin.file_of_row.iter().map(|of_row| usize::from(*of_row) == file);
    numbers
        .iter()
        .zip(of_file)
        .filter(|(_, is_own)| *is_own)
        .filter_map(|(number, _)| number.map(i128::from))
        .sum()
}

/// `3,100.50`; counts have no decimals.
fn shown(millionths: i128) -> String {
    let plain = i64::try_from(millionths).map_or_else(|_| millionths.to_string(), format_millionths);
    match plain.split_once('.') {
        Some((whole, fraction)) => format!("{}{}{fraction:0<2}", lang::whole(whole), lang::decimal_mark()),
        None => lang::whole(plain),
    }
}
