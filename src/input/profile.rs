//! What was understood of each file: the first thing that a reader who does not trust the files wants to see.
//!
//! Filled while reading, told on stderr in a line a file, and the beginning of the audit of `funnel check`.

use super::tables::Kind;
use crate::config::ColumnType;

/// One file as it was read.
#[derive(Debug, Clone)]
pub struct FileProfile {
    /// The path as the user gave it.
    pub name: String,
    pub kind: Kind,
    /// The title of the preset that fits the headers, such as `Bitrix24, deals`.
    pub preset: Option<String>,
    /// `UTF-8`, `UTF-8 with BOM`, `UTF-16LE`, `windows-1251` …
    pub encoding: String,
    /// `comma`, `semicolon` or `tab`.
    pub separator: &'static str,
    /// The line on which the header begins, from 1.
    pub header_line: u64,
    /// Rows that are data, those left out for a bad cell not among them.
    pub rows: usize,
    /// Rows that are no data, by their reason: `empty rows`, `total rows`, `footer rows`, `repeated headers`; each
    /// with the lines on which the first ten begin.
    pub dropped: Vec<Dropped>,
    /// Rows left out by `on_error = "skip"`.
    pub rejected: Vec<Rejected>,
    pub columns: Vec<ColumnProfile>,
    /// Headers that nothing was made of.
    pub unused: Vec<String>,
}

/// Rows of a file that are no data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// What they are, in the plural.
    pub what: &'static str,
    pub count: usize,
    /// The lines on which the first ten begin.
    pub lines: Vec<u32>,
}

/// A row that was left out because a cell of it, or its number of cells, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    pub line: u32,
    /// The column of the bad cell; empty where the row has too many or too few.
    pub column: String,
    /// The text of the bad cell.
    pub cell: String,
    /// What is wrong: `is not a date`.
    pub reason: String,
}

/// One column as it was understood.
#[derive(Debug, Clone)]
pub struct ColumnProfile {
    /// The canonical name, or that of the dimension.
    pub name: String,
    /// The header in the file, or the constant.
    pub shown: String,
    pub column_type: ColumnType,
    /// How its cells are written: `YYYY-MM-DD`, `D/M/YYYY`, `1,234.56`; empty for text and IDs.
    pub format: String,
    /// Rows with a value.
    pub filled: usize,
}
