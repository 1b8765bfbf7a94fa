//! Columns in the making: each thread adds cells block by block, and the pieces become one polars column.
//!
//! Cells in plain form are typed at once. All others are kept as text until every row of the column is known: only
//! then is it decided how the column is written (`format`).

use std::sync::Arc;

use anyhow::Result;
use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::Bitmap;
use polars_arrow::types::NativeType;

use super::cell::{Plain, parse_date, parse_number};
use super::date::read_time;
use super::gather::gather;
use super::ids::{self, Ids};
use super::read::Piece;
use super::table::Dictionary;
use super::words::{NotText, Words};
use crate::config::ColumnType;

/// Stands for no value in a column of days in the making; no calendar has this day.
pub const NO_DAY: i32 = i32::MIN;
/// Stands for no value in a column of times of day in the making.
pub const NO_TIME: i32 = NO_DAY;
/// Stands for no value in a column of numbers in the making; no number that is read is so small.
pub const NO_NUMBER: i64 = i64::MIN;

/// A cell that is not in plain form: its row among those of the thread, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Odd {
    pub row: u32,
    pub word: u32,
}

/// What the plain cells of one file show.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// The first row, among those of the thread, with a decimal point that can be nothing else.
    pub point: Option<u32>,
    /// Some date is written with full stops, day first.
    pub full_stops: bool,
    /// Some date is written year first.
    pub year_first: bool,
    /// Some time of day is not midnight.
    pub beyond_midnight: bool,
    pub zones: Zones,
}

/// Whether times of day name the zone that they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zones {
    /// Some do.
    pub named: bool,
    /// Some do not.
    pub unnamed: bool,
}

/// The cells of one column that one thread has read.
pub struct Column {
    pub cells: Cells,
    pub words: Words,
    /// In the order of rows.
    pub odd: Vec<Odd>,
    /// By file.
    pub seen: Vec<Seen>,
}

/// The typed cells of a column.
pub enum Cells {
    Id(Ids),
    Date(Vec<i32>),
    /// In millionths.
    Number(Vec<i64>),
    /// Codes into the words of the thread.
    Text(Vec<u32>),
    /// Seconds from midnight in UTC of dates that another column holds.
    Time(Vec<i32>),
}

impl Column {
    /// An empty column of a table of so many files; a text column holds at most `limit` words.
    pub fn new(column_type: ColumnType, limit: Option<usize>, files: usize) -> Column {
        let cells = match column_type {
            ColumnType::Id => Cells::Id(Ids::default()),
            ColumnType::Date => Cells::Date(Vec::new()),
            ColumnType::Number => Cells::Number(Vec::new()),
            ColumnType::Text => Cells::Text(Vec::new()),
            ColumnType::Time => Cells::Time(Vec::new()),
        };
        Column { cells, words: Words::new(limit), odd: Vec::new(), seen: vec![Seen::default(); files] }
    }

    /// Makes room for so many rows in a column that is still empty.
    pub fn make_room(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Id(ids) => ids.reserve(rows),
            Cells::Date(days) => days.reserve(rows),
            Cells::Number(numbers) => numbers.reserve(rows),
            Cells::Text(codes) => codes.reserve(rows),
            Cells::Time(seconds) => seconds.reserve(rows),
        }
    }

    /// Adds cells of a file; an empty cell is no value. With `keeps_points` a decimal point is plain.
    ///
    /// # Errors
    /// The place of the first cell that is not UTF-8.
    pub fn fill<'a>(
        &mut self,
        cells: impl Iterator<Item = &'a [u8]>,
        file: usize,
        keeps_points: bool,
    ) -> Result<(), (usize, NotText)> {
        let (words, odd, seen) = (&mut self.words, &mut self.odd, &mut self.seen[file]);
        let mut keep_odd = |row: usize, cell: &[u8]| -> Result<(), NotText> {
            let word = words.code(cell)?;
            odd.push(Odd { row: u32::try_from(row).unwrap_or(u32::MAX), word });
            Ok(())
        };
        match &mut self.cells {
            Cells::Text(codes) => {
                for (place, cell) in cells.enumerate() {
                    codes.push(self.words.code(cell).map_err(|not_text| (place, not_text))?);
                }
            }
            Cells::Id(ids) => {
                for (place, cell) in cells.enumerate() {
                    ids.push(cell).map_err(|not_text| (place, not_text))?;
                }
            }
            Cells::Date(days) => {
                for (place, cell) in cells.enumerate() {
                    let day = parse_date(cell).unwrap_or(NO_DAY);
                    if day != NO_DAY {
                        let is_day_first = cell[2] == b'.';
                        seen.full_stops |= is_day_first;
                        seen.year_first |= !is_day_first;
                    } else if !cell.is_empty() {
                        keep_odd(days.len(), cell).map_err(|not_text| (place, not_text))?;
                    }
                    days.push(day);
                }
            }
            Cells::Number(numbers) => {
                for (place, cell) in cells.enumerate() {
                    let number = match parse_number(cell) {
                        Plain::Whole(number) => number,
                        Plain::Point(number) if keeps_points => {
                            seen.point = seen.point.or(u32::try_from(numbers.len()).ok());
                            number
                        }
                        _ => {
                            if !cell.is_empty() {
                                keep_odd(numbers.len(), cell).map_err(|not_text| (place, not_text))?;
                            }
                            NO_NUMBER
                        }
                    };
                    numbers.push(number);
                }
            }
            Cells::Time(seconds) => seconds.extend(cells.map(|cell| second_of_day(cell, seen))),
        }
        Ok(())
    }
}

/// The time of day of a date, [`NO_TIME`] where it has none. What is no text is told of by the column of the dates.
fn second_of_day(cell: &[u8], seen: &mut Seen) -> i32 {
    let Some(time) = std::str::from_utf8(cell).ok().and_then(read_time) else { return NO_TIME };
    seen.beyond_midnight |= time.written != 0;
    seen.zones.named |= time.zone.is_some();
    seen.zones.unnamed |= time.zone.is_none();
    time.second_of_day()
}

/// The values of a column; of a text column also its words.
pub type Assembled = (Series, Option<Arc<Dictionary>>);

/// One column from what each thread made of it, its pieces in the order of the files; for text also its sorted words.
///
/// A text column with more than `limit` words gives none.
///
/// # Errors
/// None for cells that were filled in.
pub fn assemble(
    name: &str,
    own: Vec<Column>,
    pieces: &[Piece],
    limit: Option<usize>,
) -> Result<Option<Assembled>> {
    let (mut days, mut numbers, mut ids, mut codes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut words, mut seconds) = (Vec::new(), Vec::new());
    for column in own {
        words.push(column.words.in_order);
        match column.cells {
            Cells::Date(own) => days.push(own),
            Cells::Number(own) => numbers.push(own),
            Cells::Id(own) => ids.push(own),
            Cells::Text(own) => codes.push(own),
            Cells::Time(own) => seconds.push(own),
        }
    }
    if !days.is_empty() {
        let array = with_gaps(gather(days, pieces), NO_DAY, ArrowDataType::Int32);
        return Ok(Some((Int32Chunked::with_chunk(name.into(), array).into_date().into_series(), None)));
    }
    if !seconds.is_empty() {
        let array = with_gaps(gather(seconds, pieces), NO_TIME, ArrowDataType::Int32);
        return Ok(Some((Int32Chunked::with_chunk(name.into(), array).into_series(), None)));
    }
    if !numbers.is_empty() {
        let array = with_gaps(gather(numbers, pieces), NO_NUMBER, ArrowDataType::Int64);
        return Ok(Some((Int64Chunked::with_chunk(name.into(), array).into_series(), None)));
    }
    if !ids.is_empty() {
        return Ok(Some((ids::assemble(name, ids, pieces)?.into_series(), None)));
    }
    let dictionary = sorted_words(&words);
    if limit.is_some_and(|limit| dictionary.len() > limit) {
        return Ok(None);
    }
    for (codes, words) in codes.iter_mut().zip(words) {
        let new: Vec<u32> = words.iter().map(|word| place(&dictionary, word)).collect();
        for code in codes.iter_mut() {
            *code = new[*code as usize];
        }
    }
    let codes = UInt32Chunked::from_vec(name.into(), gather(codes, pieces));
    Ok(Some((codes.into_series(), Some(Arc::new(dictionary)))))
}

/// An array in which `gap` is no value.
fn with_gaps<T: NativeType + PartialEq>(
    values: Vec<T>,
    gap: T,
    data_type: ArrowDataType,
) -> PrimitiveArray<T> {
    let validity =
        values.contains(&gap).then(|| values.iter().map(|value| *value != gap).collect::<Bitmap>());
    PrimitiveArray::new(data_type, values.into(), validity)
}

fn sorted_words(words: &[Vec<String>]) -> Dictionary {
    let mut all: Vec<String> = words.iter().flatten().cloned().collect();
    all.push(String::new());
    all.sort_unstable();
    all.dedup();
    all
}

fn place(dictionary: &Dictionary, word: &String) -> u32 {
    let found = dictionary.binary_search(word).expect("a dictionary holds every word of its column");
    u32::try_from(found).expect("a column has fewer than 2^32 words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_break_blanks_around_a_word_make_no_other_word() {
        let mut words = Words::new(Some(3));
        let mut code = |cell: &str| words.code(cell.as_bytes()).ok();
        assert_eq!(
            [code("ads"), code("ads\u{a0}"), code("\u{a0}ads"), code("radio")].map(Option::unwrap),
            [0, 0, 0, 1]
        );
        assert_eq!([code("\u{a0}tv"), code("tv"), code("tv\u{a0}")].map(Option::unwrap), [2, 2, 2]);
        assert_eq!(words.in_order, ["ads", "radio", "tv"]);
    }
}
