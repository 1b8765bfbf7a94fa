//! What was understood of each file: the first thing that a reader who does not trust the files wants to see.
//!
//! Filled while reading, told on stderr in a line a file, and the beginning of the audit of `funnel check`.

use std::fmt;
use std::sync::Arc;

use super::rows::NoData;
use super::tables::Kind;
use crate::check::{Finding, finding_of_texts};
use crate::config::ColumnType;
use crate::{lang, say, words};

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
    /// Rows left out by `on_error = "skip"`, or by an audit.
    pub rejected: Vec<Rejected>,
    /// Whether a report stops at a row that cannot be read.
    pub stops_report: bool,
    /// Cells that hold several values, of which the first was taken.
    pub further_values: usize,
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
///
/// There may be millions: what they have in common is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    pub line: u32,
    /// The column of the bad cell; empty where the row has too many or too few.
    pub column: Arc<str>,
    /// The text of the bad cell.
    pub cell: Box<str>,
    pub reason: Reason,
}

/// Why a row cannot be read; in English as it is displayed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// What is wrong with a cell: `is not a date`.
    Cell(&'static str),
    /// Another number of cells than the header.
    Fields { found: usize, width: usize },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Cell(reason) => formatter.write_str(reason),
            Reason::Fields { found, width } => write!(formatter, "has {found} of {width} fields"),
        }
    }
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
    /// Taken as a dimension because it is there, not because its header is known or was named.
    pub is_automatic: bool,
}

/// The formats that need no word.
const PLAIN_FORMATS: [&str; 4] = ["", "YYYY-MM-DD", "DD.MM.YYYY", "1234.56"];
/// The format of dates with the names of months.
pub const IN_WORDS: &str = words!("words");
/// What stands between the formats of a column that has several.
pub const AND: &str = " and ";

impl FileProfile {
    /// The separator as a byte.
    pub fn separator_byte(&self) -> u8 {
        match self.separator {
            "semicolon" => b';',
            "tab" => b'\t',
            _ => b',',
        }
    }

    /// What the file was taken for in one line, and how it was read in another where that is not the plain way.
    pub fn describe(&self) -> Vec<String> {
        let (table, columns) = (self.kind.name(), self.describe_columns());
        let taken = match &self.preset {
            Some(preset) => say!(
                "{file}: {table} ({preset}), {count} {count:row|rows}: {columns}",
                file = self.name,
                table = table,
                preset = preset,
                count = self.rows,
                columns = columns
            ),
            None => say!(
                "{file}: {table}, {count} {count:row|rows}: {columns}",
                file = self.name,
                table = table,
                count = self.rows,
                columns = columns
            ),
        };
        let read = self.describe_reading();
        let how = (!read.is_empty()).then(|| format!("{}: {}", self.name, read.join("; ")));
        std::iter::once(taken).chain(how).collect()
    }

    /// That the contracts have an end and no churn: an agreed end may lie ahead, and a header such as `End date` says both.
    pub fn describe_ends(&self) -> Option<String> {
        let column = |name: &str| self.columns.iter().find(|column| column.name == name);
        let end =
            column("ends_at").filter(|_| self.kind == Kind::Contracts && column("churned_at").is_none())?;
        Some(say!(
            "note: {file}: `{shown}` is taken as the agreed end, and no column is a date of churn: none of these contracts \
             has churned. If they ended on that day, map it in `[contracts.columns]`: churned_at = \"{shown}\"",
            file = self.name,
            shown = end.shown
        ))
    }

    fn describe_columns(&self) -> String {
        let (automatic, named): (Vec<&ColumnProfile>, Vec<&ColumnProfile>) =
            self.columns.iter().partition(|column| column.is_automatic);
        let mut text: Vec<String> =
            named.iter().map(|column| format!("{} = {}", column.name, column.shown)).collect();
        if text.is_empty() {
            text.push(say!("no known column"));
        }
        let automatic: Vec<&str> = automatic.iter().map(|column| column.name.as_str()).collect();
        if automatic.is_empty() {
            text.join(", ")
        } else {
            say!(
                "{columns}; other dimensions: {dimensions}",
                columns = text.join(", "),
                dimensions = automatic.join(", ")
            )
        }
    }

    /// Whatever is not UTF-8, not in the first line, not written plainly, or no data.
    fn describe_reading(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if !self.encoding.starts_with("UTF-8") {
            parts.push(say!("read as {encoding}", encoding = self.encoding));
        }
        if self.header_line > 1 {
            parts.push(say!("header in line {line}", line = self.header_line.to_string()));
        }
        let formats = self.columns.iter().filter(|column| !PLAIN_FORMATS.contains(&column.format.as_str()));
        parts.extend(formats.map(|column| match column.format.as_str() {
            IN_WORDS => say!("{column} written in words", column = column.name),
            format => {
                say!("{column} written as {format}", column = column.name, format = describe_format(format))
            }
        }));
        let empty = NoData::Empty.name();
        parts.extend(self.dropped.iter().filter(|dropped| dropped.what != empty).map(describe_dropped));
        if self.further_values > 0 {
            parts.push(say!(
                "cells with several values, the first taken: {count}",
                count = self.further_values
            ));
        }
        parts
    }
}

/// How the cells of a column are written, for people: `YYYY-MM-DD and words`.
pub fn describe_format(format: &str) -> String {
    let form = |form: &str| if form == IN_WORDS { lang::text(form) } else { form.to_string() };
    let forms = format.split(AND).map(form);
    forms.reduce(|forms, form| say!("{forms} and {form}", forms = forms, form = form)).unwrap_or_default()
}

/// Rows that are no data and where they are.
fn describe_dropped(dropped: &Dropped) -> String {
    let lines: Vec<String> = dropped.lines.iter().map(u32::to_string).collect();
    let more = if dropped.count > lines.len() { ", …" } else { "" };
    say!(
        "{rows} left out: {count} ({count:line|lines} {lines})",
        rows = lang::text(dropped.what),
        count = dropped.count,
        lines = lines.join(", ") + more
    )
}

/// Which cell of a row cannot be read, and why.
pub fn describe_rejected(rejected: &Rejected) -> String {
    match rejected.reason {
        Reason::Cell(reason) => {
            format!("`{}`: `{}` {}", rejected.column, rejected.cell, lang::text(reason))
        }
        Reason::Fields { found, width } => {
            say!("has {found} of {width} {width:field|fields}", found = found, width = width)
        }
    }
}

/// The same for errors, which are in English.
pub fn rejected_in_english(rejected: &Rejected) -> String {
    match rejected.reason {
        Reason::Cell(reason) => format!("`{}`: `{}` {reason}", rejected.column, rejected.cell),
        Reason::Fields { .. } => rejected.reason.to_string(),
    }
}

/// The rows of a file that cannot be read and were left out, the first ten located.
pub fn rejected_rows(file: &FileProfile) -> Option<Finding> {
    let place =
        |rejected: &Rejected| format!("{}:{}: {}", file.name, rejected.line, describe_rejected(rejected));
    finding_of_texts(
        "unreadable_rows",
        unreadable(file.kind),
        file.rejected.len(),
        file.rejected.iter().map(place),
    )
}

fn unreadable(kind: Kind) -> String {
    match kind {
        Kind::Crm => say!("CRM rows that cannot be read, left out"),
        Kind::Spend => say!("spend rows that cannot be read, left out"),
        Kind::Tickets => say!("tickets rows that cannot be read, left out"),
        Kind::Contracts => say!("contracts rows that cannot be read, left out"),
        Kind::Payments => say!("payments rows that cannot be read, left out"),
        Kind::Rates => say!("rates rows that cannot be read, left out"),
        Kind::Plan => say!("plan rows that cannot be read, left out"),
    }
}
