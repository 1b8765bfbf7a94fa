//! Columns in the making: each thread fills builders block by block, and the pieces become one polars column.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;

use super::cell::{parse_date, parse_number};
use super::read::Piece;
use super::table::Dictionary;
use crate::config::ColumnType;

/// Why a cell was refused, in the words of the error message.
pub struct Refused {
    pub expected: &'static str,
    pub hint: &'static str,
}

const NOT_A_DATE: Refused = Refused {
    expected: "is not a date",
    hint: "dates are read as 2026-02-28 or 28.02.2026, with or without a time behind them",
};
const NOT_A_NUMBER: Refused = Refused {
    expected: "is not a number",
    hint: "numbers are read as 1234.50, without signs of currency or thousands",
};
const TOO_LARGE: Refused =
    Refused { expected: "is too large a number", hint: "numbers are read up to 9,223,372,036,854" };
const NOT_TEXT: Refused = Refused { expected: "is not UTF-8 text", hint: "save the file as UTF-8" };

/// The words that one thread has met in one text column.
#[derive(Default)]
pub struct Words {
    codes: HashMap<Box<[u8]>, u32, PlFixedStateQuality>,
    in_order: Vec<String>,
    /// With more words than this the column is no dimension and is given up.
    limit: Option<usize>,
}

impl Words {
    /// A dictionary that holds at most `limit` words.
    pub fn with_limit(limit: Option<usize>) -> Words {
        Words { limit, ..Words::default() }
    }

    fn code(&mut self, cell: &[u8]) -> Result<u32, Refused> {
        if let Some(&code) = self.codes.get(cell) {
            return Ok(code);
        }
        if self.limit.is_some_and(|limit| self.in_order.len() > limit) {
            return Ok(0);
        }
        let word = std::str::from_utf8(cell).map_err(|_| NOT_TEXT)?;
        let code = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        self.in_order.push(word.to_string());
        self.codes.insert(cell.into(), code);
        Ok(code)
    }
}

/// The cells of one column that one thread has read.
pub enum Builder {
    Id(StringChunkedBuilder),
    Date(PrimitiveChunkedBuilder<Int32Type>),
    Number(PrimitiveChunkedBuilder<Int64Type>),
    /// Codes into the [`Words`] of the thread.
    Text(Vec<u32>),
}

impl Builder {
    /// An empty column.
    pub fn new(name: &str, column_type: ColumnType) -> Builder {
        match column_type {
            ColumnType::Id => Builder::Id(StringChunkedBuilder::new(name.into(), 0)),
            ColumnType::Date => Builder::Date(PrimitiveChunkedBuilder::new(name.into(), 0)),
            ColumnType::Number => Builder::Number(PrimitiveChunkedBuilder::new(name.into(), 0)),
            ColumnType::Text => Builder::Text(Vec::new()),
        }
    }

    /// Adds cells that have no blanks around them; an empty cell is no value.
    ///
    /// # Errors
    /// The first cell that is not of the column's type, with its place among the cells.
    pub fn fill<'a>(
        &mut self,
        cells: impl Iterator<Item = &'a [u8]>,
        words: &mut Words,
    ) -> Result<(), (usize, Refused)> {
        let mut cells = cells.enumerate();
        match self {
            Builder::Text(codes) => cells.try_for_each(|(row, cell)| {
                codes.push(words.code(cell).map_err(|refused| (row, refused))?);
                Ok(())
            }),
            Builder::Id(ids) => cells.try_for_each(|(row, cell)| {
                ids.append_option(text(cell).map_err(|refused| (row, refused))?);
                Ok(())
            }),
            Builder::Date(days) => cells.try_for_each(|(row, cell)| {
                days.append_option(typed(cell, parse_date, || NOT_A_DATE).map_err(|refused| (row, refused))?);
                Ok(())
            }),
            Builder::Number(numbers) => cells.try_for_each(|(row, cell)| {
                let refused = || if is_long_number(cell) { TOO_LARGE } else { NOT_A_NUMBER };
                numbers.append_option(typed(cell, parse_number, refused).map_err(|refused| (row, refused))?);
                Ok(())
            }),
        }
    }
}

fn text(cell: &[u8]) -> Result<Option<&str>, Refused> {
    if cell.is_empty() { Ok(None) } else { std::str::from_utf8(cell).map(Some).map_err(|_| NOT_TEXT) }
}

/// Whether a cell is a number of so many digits that it may not fit.
fn is_long_number(cell: &[u8]) -> bool {
    let digits = cell.strip_prefix(b"-").unwrap_or(cell);
    digits.len() > 12 && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

#[inline]
fn typed<T>(
    cell: &[u8],
    parse: impl Fn(&[u8]) -> Option<T>,
    refused: impl Fn() -> Refused,
) -> Result<Option<T>, Refused> {
    if cell.is_empty() { Ok(None) } else { parse(cell).map(Some).ok_or_else(refused) }
}

/// One column from what each thread made of it, its pieces in the order of the files; for text also its sorted words.
///
/// A text column with more than `limit` words gives none.
pub fn assemble(
    name: &str,
    own: Vec<(Builder, Words)>,
    pieces: &[Piece],
    limit: Option<usize>,
) -> Option<(Series, Option<Arc<Dictionary>>)> {
    let dictionary = sorted_words(own.iter().map(|(_, words)| words));
    if limit.is_some_and(|limit| dictionary.len() > limit) {
        return None;
    }
    let mut typed: Vec<Series> = Vec::new();
    let mut codes: Vec<Vec<u32>> = Vec::new();
    for (builder, words) in own {
        match builder {
            Builder::Id(ids) => typed.push(ids.finish().into_series()),
            Builder::Date(days) => typed.push(days.finish().into_date().into_series()),
            Builder::Number(numbers) => typed.push(numbers.finish().into_series()),
            Builder::Text(mut own) => {
                let new: Vec<u32> = words.in_order.iter().map(|word| place(&dictionary, word)).collect();
                for code in &mut own {
                    *code = new[*code as usize];
                }
                codes.push(own);
            }
        }
    }
    if typed.is_empty() {
        let mut all = Vec::with_capacity(codes.iter().map(Vec::len).sum());
        for piece in pieces {
            all.extend_from_slice(&codes[piece.thread][piece.rows.clone()]);
        }
        return Some((UInt32Chunked::from_vec(name.into(), all).into_series(), Some(Arc::new(dictionary))));
    }
    let mut column = typed[0].clear();
    for piece in pieces {
        let start = i64::try_from(piece.rows.start).expect("a thread reads fewer than 2^63 rows");
        let part = typed[piece.thread].slice(start, piece.rows.len());
        column.append(&part).expect("the pieces of a column have one type");
    }
    Some((column.rechunk(), None))
}

fn sorted_words<'a>(words: impl Iterator<Item = &'a Words>) -> Dictionary {
    let mut all: Vec<String> = words.flat_map(|words| words.in_order.iter().cloned()).collect();
    all.push(String::new());
    all.sort_unstable();
    all.dedup();
    all
}

fn place(dictionary: &Dictionary, word: &String) -> u32 {
    let found = dictionary.binary_search(word).expect("a dictionary holds every word of its column");
    u32::try_from(found).expect("a column has fewer than 2^32 words")
}
