//! One column in the files of one export: its rows wherever the threads have put them, its odd cells, and the errors
//! that say which of them cannot be decided.

use std::ops::Range;
use std::sync::Arc;

use super::super::column::{Cells, Column, NO_DAY, NO_NUMBER, Odd};
use super::super::read::Piece;
use super::{BadCell, FileFormat, Place, Rows, Setting, Settled, Undecided};
use crate::error::{Reasons, Undecided as UndecidedColumn, number_of, shortened, undecided_error};
use crate::lang::Bilingual;

/// A distinct text of a column in one export, and where it is met first.
pub struct Cell<'a> {
    pub text: &'a str,
    pub first: Place,
}

/// The files that are written alike.
pub struct Export<'a> {
    column: usize,
    name: &'a str,
    rows: &'a Rows<'a>,
    files: &'a [FileFormat],
    /// The places of the files.
    pub members: &'a [usize],
}

impl<'a> Export<'a> {
    /// The column of this number in these files.
    pub fn new(
        column: usize,
        name: &'a str,
        rows: &'a Rows<'a>,
        files: &'a [FileFormat],
        members: &'a [usize],
    ) -> Export<'a> {
        Export { column, name, rows, files, members }
    }

    /// What the configuration or the preset says of the column.
    pub fn setting(&self) -> Option<Setting> {
        self.files[self.members[0]].settings[self.column]
    }

    /// The pieces of these files with the place of their first row in the table.
    pub fn pieces(&self) -> impl Iterator<Item = (&Piece, usize)> {
        let starts = self.rows.pieces.iter().scan(0, |next, piece| {
            let start = *next;
            *next += piece.rows.len();
            Some(start)
        });
        self.rows.pieces.iter().zip(starts).filter(|(piece, _)| self.members.contains(&piece.order.0))
    }

    /// Where a row of a piece stands; `start` is the place of the piece's first row in the table.
    pub fn place(&self, piece: &Piece, start: usize, row: usize) -> Place {
        Place {
            file: piece.order.0,
            line: self.rows.lines[piece.thread][row],
            row: start + row - piece.rows.start,
        }
    }

    /// The distinct odd texts of each thread with the first place of each, none where these files do not have it.
    pub fn cells<'b>(&self, own: &'b [Column]) -> Vec<Vec<Option<Cell<'b>>>> {
        let mut cells: Vec<Vec<Option<Cell>>> =
            own.iter().map(|column| column.words.in_order.iter().map(|_| None).collect()).collect();
        for (piece, start) in self.pieces() {
            let column = &own[piece.thread];
            for odd in odd_rows(&column.odd, &piece.rows) {
                let known = &mut cells[piece.thread][odd.word as usize];
                if known.is_none() {
                    let first = self.place(piece, start, odd.row as usize);
                    *known = Some(Cell { text: &column.words.in_order[odd.word as usize], first });
                }
            }
        }
        cells
    }

    /// How often a plain cell has a value.
    pub fn count_plain(&self, own: &[Column]) -> usize {
        let is_value = |column: &Column, row: usize| match &column.cells {
            Cells::Date(days) => days[row] != NO_DAY,
            Cells::Number(numbers) => numbers[row] != NO_NUMBER,
            _ => false,
        };
        self.pieces()
            .map(|(piece, _)| piece.rows.clone().filter(|row| is_value(&own[piece.thread], *row)).count())
            .sum()
    }

    /// Sets the values of all odd cells, and notes those that have none: `reason` says why, with a hint of its own if
    /// that of the column does not fit.
    pub fn fill(
        &self,
        own: &mut [Column],
        settled: &mut Settled,
        value: &dyn Fn(usize, u32) -> Option<Filled>,
        reason: &dyn Fn(usize, u32) -> (&'static str, Option<String>),
        hint: &dyn Fn(&[Column]) -> String,
    ) {
        let mut bad: Vec<(Place, usize, u32)> = Vec::new();
        let pieces: Vec<(Piece, usize)> =
            self.pieces().map(|(piece, start)| (piece.clone(), start)).collect();
        for (piece, start) in &pieces {
            let column = &mut own[piece.thread];
            for odd in odd_rows(&column.odd, &piece.rows) {
                let row = odd.row as usize;
                match (value(piece.thread, odd.word), &mut column.cells) {
                    (Some(Filled::Day(day)), Cells::Date(days)) => days[row] = day,
                    (Some(Filled::Number(number)), Cells::Number(numbers)) => numbers[row] = number,
                    (Some(_), _) => {}
                    (None, _) => bad.push((self.place(piece, *start, row), piece.thread, odd.word)),
                }
            }
        }
        if bad.is_empty() {
            return;
        }
        let hint: Arc<str> = hint(own).into();
        settled.bad.extend(bad.into_iter().map(|(place, thread, word)| {
            let (reason, own_hint) = reason(thread, word);
            let hint = own_hint.map_or_else(|| Arc::clone(&hint), Arc::from);
            BadCell { place, cell: own[thread].words.in_order[word as usize].clone(), reason, hint }
        }));
    }

    /// The way out of a cell that cannot be read; `otherwise` where no other cell shows how the column is written.
    pub fn hint_of_bad(&self, own: &[Column], format: &str, otherwise: &str) -> String {
        let count = self.count_plain(own);
        if count == 0 || format.is_empty() {
            return otherwise.to_string();
        }
        format!(
            "the column reads as {format} in {}; set `on_error = \"skip\"` in the `[[{}]]` block to leave such rows out and count them, or name a word that stands for no value in its `null_words`",
            number_of(count as u64, "other row", "other rows"),
            self.files[self.members[0]].table,
        )
    }

    /// Whether a thread has seen a date of this export in plain form.
    pub fn is_seen_plainly(&self, column: &Column) -> bool {
        let seen = |file: &usize| column.seen[*file].year_first || column.seen[*file].full_stops;
        self.members.iter().any(seen)
    }

    /// The error of a column that cannot be decided, at one of its cells.
    pub fn refuse(&self, cell: &Cell, what: Bilingual, hint: impl Into<String>) -> Undecided {
        let message = what.english.clone();
        self.undecided(cell, &message, hint, Reasons::Wrong(what))
    }

    /// The error of a column that only a setting decides, with the readings of one of its cells and the setting of each.
    pub fn two_readings(&self, cell: &Cell, what: &str, readings: Vec<(&'static str, String)>) -> Undecided {
        let settings: Vec<&str> = readings.iter().map(|(setting, _)| *setting).collect();
        self.undecided(cell, what, self.setting_hint(&settings), Reasons::Readings(readings))
    }

    fn undecided(&self, cell: &Cell, what: &str, hint: impl Into<String>, reasons: Reasons) -> Undecided {
        let file = self.files[cell.first.file].name.clone();
        let (line, text) = (cell.first.line, shortened(cell.text));
        let message = format!("{file}:{line}: column `{}`: `{text}` {what}", self.name);
        let (column, cell_text) = (self.name.to_string(), cell.text.to_string());
        let undecided = UndecidedColumn { column, file, line, cell: cell_text, reasons };
        (cell.first, undecided_error(message, hint, undecided))
    }

    /// The settings that decide a column.
    pub fn setting_hint(&self, settings: &[&str]) -> String {
        let table = self.files[self.members[0]].table;
        let lines: Vec<String> =
            settings.iter().map(|setting| format!("`{} = \"{setting}\"`", self.name)).collect();
        let which = if lines.len() > 1 { "which it is" } else { "that it is so" };
        format!("say in funnel.toml under `[{table}.formats]` {which}: {}", lines.join(" or "))
    }

    /// The error of two cells that no way of writing has in common, told of the one that is met later. Each has the setting
    /// that reads it, and what is said of it where it is the later one, with `{text}` and `{line}` of the earlier.
    pub fn contradiction(&self, one: &Cell, other: &Cell, of_one: Way, of_other: Way) -> Undecided {
        let (first, second, first_way, second_way) = if one.first < other.first {
            (one, other, of_one, of_other)
        } else {
            (other, one, of_other, of_one)
        };
        let line = first.first.line.to_string();
        let what = Bilingual::new(second_way.against, &[("text", &first.text), ("line", &line)]);
        self.refuse(second, what, self.two_ways(&[first_way.setting, second_way.setting]))
    }

    /// The way out of a column that is written in two ways.
    pub fn two_ways(&self, settings: &[&str]) -> String {
        format!(
            "the column is written in two ways: correct the rows of one, or {}, and set `on_error = \"skip\"` to leave the others out",
            self.setting_hint(settings)
        )
    }
}

/// A way of writing that a cell asks for.
pub struct Way {
    /// The setting of it.
    pub setting: &'static str,
    /// What is said of such a cell behind one that asks for another.
    pub against: &'static str,
}

/// What an odd cell turned out to be.
pub enum Filled {
    Day(i32),
    Number(i64),
    /// A cell that says that there is no value.
    Nothing,
}

/// The odd cells of these rows.
fn odd_rows<'a>(odd: &'a [Odd], rows: &Range<usize>) -> &'a [Odd] {
    let start = odd.partition_point(|odd| (odd.row as usize) < rows.start);
    let end = odd.partition_point(|odd| (odd.row as usize) < rows.end);
    &odd[start..end]
}
