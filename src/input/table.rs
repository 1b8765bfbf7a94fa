//! A table that has been read: typed polars columns, the words behind its text columns, and where each row stood.
//!
//! Text columns hold codes (`UInt32`) into a sorted dictionary whose code 0 is the empty cell, so that grouping
//! and comparing by a dimension never touches text. The place of every row is kept: a number must be traceable.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use crate::mask::Mask;

/// The words of a text column in order; the code of a cell is the place of its word. Word 0 is the empty cell.
pub type Dictionary = Vec<String>;

/// Rows of one input table.
#[derive(Debug, Clone)]
pub struct Table {
    /// IDs as `String`, dates as `Date`, numbers as `Int64` millionths, text as `UInt32` codes.
    pub frame: DataFrame,
    /// The words of each text column.
    pub dictionaries: BTreeMap<String, Arc<Dictionary>>,
    pub origin: Origin,
}

/// Where rows come from: for each row its file and line.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub files: Vec<String>,
    /// The place of each row's file in `files`.
    pub file_of_row: Vec<u16>,
    /// The line of each row in its file.
    pub line_of_row: Vec<u32>,
}

impl Origin {
    /// File and line of a row.
    pub fn place(&self, row: usize) -> (&str, u32) {
        let file = self.file_of_row.get(row).and_then(|file| self.files.get(usize::from(*file)));
        (file.map_or("", String::as_str), self.line_of_row.get(row).copied().unwrap_or_default())
    }

    /// `leads.csv:43`.
    pub fn describe(&self, row: usize) -> String {
        let (file, line) = self.place(row);
        format!("{file}:{line}")
    }

    /// The places of these rows, in the order in which they are named.
    #[must_use]
    pub fn select(&self, rows: impl Iterator<Item = usize>) -> Origin {
        let (file_of_row, line_of_row) =
            rows.map(|row| (self.file_of_row[row], self.line_of_row[row])).unzip();
        Origin { files: self.files.clone(), file_of_row, line_of_row }
    }
}

impl Table {
    /// Whether the table has a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.frame.get_column_index(column).is_some()
    }

    /// The dates of a column in days from 1970-01-01.
    pub fn dates(&self, column: &str) -> Option<Days> {
        let series = self.frame.column(column).ok()?.as_materialized_series().to_physical_repr().into_owned();
        series.i32().ok().map(|days| Days(days.rechunk().into_owned()))
    }

    /// The codes of a text column.
    pub fn codes(&self, column: &str) -> Option<UInt32Chunked> {
        self.frame.column(column).ok()?.u32().ok().map(|codes| codes.rechunk().into_owned())
    }

    /// Gives a text column another dictionary; `new` is for each code of today that of tomorrow.
    ///
    /// # Errors
    /// None for a text column of the table.
    pub fn recode(&mut self, column: &str, dictionary: Dictionary, new: &[u32]) -> Result<()> {
        let codes = self.codes(column).context("a text column has codes")?;
        let values = code_slice(&codes).iter().map(|code| new[*code as usize]).collect();
        let recoded = UInt32Chunked::from_vec(column.into(), values).into_series();
        self.frame.with_column(recoded).context("columns of one height")?;
        self.dictionaries.insert(column.to_string(), Arc::new(dictionary));
        Ok(())
    }

    /// The table with some of its rows only.
    ///
    /// # Errors
    /// None for a mask over the rows of the table.
    pub fn select(&self, keep: &Mask) -> Result<Table> {
        Ok(Table {
            frame: self.frame.filter(&keep.to_booleans("keep")).context("rows of the table")?,
            dictionaries: self.dictionaries.clone(),
            origin: self.origin.select(keep.rows()),
        })
    }

    /// The IDs of a column.
    pub fn ids(&self, column: &str) -> Option<StringChunked> {
        self.frame.column(column).ok()?.str().ok().map(|ids| ids.rechunk().into_owned())
    }

    /// The numbers of a column in millionths.
    pub fn numbers(&self, column: &str) -> Option<Int64Chunked> {
        self.frame.column(column).ok()?.i64().ok().map(|numbers| numbers.rechunk().into_owned())
    }
}

/// A column of dates that is read row by row.
#[derive(Debug, Clone)]
pub struct Days(Int32Chunked);

impl Days {
    /// Nothing but empty cells.
    pub fn none(height: usize) -> Days {
        Days(Int32Chunked::full_null(PlSmallStr::EMPTY, height))
    }

    /// The day of a row, in days from 1970-01-01.
    #[inline]
    pub fn get(&self, row: usize) -> Option<i32> {
        let array = self.0.downcast_as_array();
        array.validity().is_none_or(|valid| valid.get_bit(row)).then(|| array.values()[row])
    }

    /// A column of whole numbers that are counted as days are.
    pub fn of_numbers(numbers: Int32Chunked) -> Days {
        Days(numbers)
    }

    /// A column from days row by row.
    pub fn from_rows(days: impl Iterator<Item = Option<i32>>) -> Days {
        Days(days.collect_ca(PlSmallStr::EMPTY))
    }

    /// The column without the days for which `keeps` is false.
    #[must_use]
    pub fn filtered(&self, keeps: impl Fn(i32) -> bool) -> Days {
        Days::from_rows((0..self.0.len()).map(|row| self.get(row).filter(|day| keeps(*day))))
    }

    /// The rows that have a day.
    pub fn known(&self) -> Mask {
        Mask::from_booleans(&self.0.is_not_null())
    }

    /// The days as a polars column of type `Date`.
    pub fn to_series(&self, name: &str) -> Series {
        let mut days = self.0.clone();
        days.rename(name.into());
        days.into_date().into_series()
    }

    /// The earliest day.
    pub fn earliest(&self) -> Option<i32> {
        self.0.min()
    }

    /// The latest day.
    pub fn latest(&self) -> Option<i32> {
        self.0.max()
    }
}

/// The codes of a text column as a slice (text columns have no nulls: 0 is the empty cell).
pub fn code_slice(codes: &UInt32Chunked) -> &[u32] {
    codes.downcast_as_array().values().as_slice()
}
