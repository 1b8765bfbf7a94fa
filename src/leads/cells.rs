//! A column that is read cell by cell, whatever its type.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use crate::input::table::{Days, Dictionary, Table};

/// The cells of a column.
pub enum Cells {
    Ids(StringChunked),
    Days(Days),
    Numbers(Int64Chunked),
    Codes(UInt32Chunked, Arc<Dictionary>),
}

impl Cells {
    /// The cells of a column of a table.
    ///
    /// # Errors
    /// None for a column of a table that was read.
    pub fn new(table: &Table, name: &str) -> Result<Cells> {
        let dictionary = table.dictionaries.get(name).cloned();
        table
            .ids(name)
            .map(Cells::Ids)
            .or_else(|| table.numbers(name).map(Cells::Numbers))
            .or_else(|| table.codes(name).zip(dictionary).map(|(codes, words)| Cells::Codes(codes, words)))
            .or_else(|| table.dates(name).map(Cells::Days))
            .with_context(|| format!("column `{name}` is of no type that is read"))
    }

    /// Whether the cell has no value.
    pub fn is_empty(&self, row: u32) -> bool {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => ids.get(row).is_none(),
            Cells::Days(days) => days.get(row).is_none(),
            Cells::Numbers(numbers) => numbers.get(row).is_none(),
            Cells::Codes(codes, _) => codes.get(row).is_none_or(|code| code == 0),
        }
    }

    /// Two cells in the order of their values, an empty one first.
    pub fn compare(&self, left: u32, right: u32) -> Ordering {
        let (left, right) = (left as usize, right as usize);
        match self {
            Cells::Ids(ids) => ids.get(left).cmp(&ids.get(right)),
            Cells::Days(days) => days.get(left).cmp(&days.get(right)),
            Cells::Numbers(numbers) => numbers.get(left).cmp(&numbers.get(right)),
            // codes are in the order of the words
            Cells::Codes(codes, _) => codes.get(left).cmp(&codes.get(right)),
        }
    }

    /// A number that is equal for equal cells.
    pub fn hash(&self, row: u32, hasher: &PlFixedStateQuality) -> u64 {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => hasher.hash_one(ids.get(row)),
            Cells::Days(days) => hasher.hash_one(days.get(row)),
            Cells::Numbers(numbers) => hasher.hash_one(numbers.get(row)),
            Cells::Codes(codes, _) => hasher.hash_one(codes.get(row)),
        }
    }

    /// The cell as a message shows it.
    pub fn show(&self, row: u32) -> String {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => ids.get(row).unwrap_or_default().to_string(),
            Cells::Days(days) => days.get(row).map(crate::period::format_day).unwrap_or_default(),
            Cells::Numbers(numbers) => {
                numbers.get(row).map(crate::kpi::exact::format_millionths).unwrap_or_default()
            }
            Cells::Codes(codes, words) => {
                codes.get(row).map(|code| words[code as usize].clone()).unwrap_or_default()
            }
        }
    }
}
