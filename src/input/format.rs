//! How the cells of a column are written, decided over all rows of an export; and what the cells say then.
//!
//! Nothing is guessed: a column that fits two readings which differ is refused with both readings of a real cell and
//! the setting that settles it, and so is a column whose cells contradict each other.

use std::ops::Range;
use std::sync::Arc;

use super::cell::SCALE;
use super::column::{Cells, Column, NO_DAY, NO_NUMBER, Odd};
use super::date::read_date;
use super::number::{Number, Reading, read_number};
use super::read::Piece;
use crate::check::group_thousands;
use crate::config::{ColumnType, OnError};
use crate::error::data_error;
use crate::kpi::exact::format_millionths;
use crate::period::format_day;

/// How cells are written where they do not say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
    /// Whole numbers are millionths; a column with decimals is taken as it is.
    Millionths,
    /// Counts: what may be thousands is.
    Whole,
    DayFirst {
        has_short_year: bool,
    },
    MonthFirst {
        has_short_year: bool,
    },
    /// Dates that need no setting, such as `YYYY-MM-DD`.
    Plain,
}

/// The settings of dates and of numbers, for messages.
pub const DATE_SETTINGS: &str = "D/M/YYYY, M/D/YYYY, D/M/YY, M/D/YY, YYYY-MM-DD";
pub const NUMBER_SETTINGS: &str = "1,234.56, 1.234,56, millionths";

const TOO_LARGE: &str = "is too large a number";
const HINT_OF_TOO_LARGE: &str = "numbers are read up to 9,223,372,036,854";

/// The setting that a text such as `D/M/YYYY` or `1.234,56` stands for; none if it stands for no format of the type.
pub fn setting(text: &str, column_type: ColumnType) -> Option<Setting> {
    match column_type {
        ColumnType::Date => {
            let mut letters: String = text.to_uppercase().chars().filter(|c| "DMY".contains(*c)).collect();
            letters = letters.replace("DD", "D").replace("MM", "M");
            match letters.as_str() {
                "DMYYYY" => Some(Setting::DayFirst { has_short_year: false }),
                "MDYYYY" => Some(Setting::MonthFirst { has_short_year: false }),
                "DMYY" => Some(Setting::DayFirst { has_short_year: true }),
                "MDYY" => Some(Setting::MonthFirst { has_short_year: true }),
                "YYYYMD" => Some(Setting::Plain),
                _ => None,
            }
        }
        ColumnType::Number if text == "millionths" => Some(Setting::Millionths),
        ColumnType::Number => match read_number(text) {
            Reading::Number(Number { with_point: Some(_), with_comma: None, .. }) => Some(Setting::Point),
            Reading::Number(Number { with_point: None, with_comma: Some(_), .. }) => Some(Setting::Comma),
            _ => None,
        },
        ColumnType::Id | ColumnType::Text => None,
    }
}

/// What is known of a file before its cells are.
#[derive(Debug, Clone)]
pub struct FileFormat {
    pub name: String,
    /// The table, for the hint that names its section in `funnel.toml`.
    pub table: &'static str,
    /// Files of one export are written alike: they share this number.
    pub export: usize,
    /// By column.
    pub settings: Vec<Option<Setting>>,
    pub on_error: OnError,
}

/// A row of the table: its place among all rows, its file and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    pub line: u32,
    pub row: usize,
}

/// A cell that cannot be read.
#[derive(Debug)]
pub struct BadCell {
    pub place: Place,
    pub cell: String,
    pub reason: &'static str,
    /// Shared: millions of cells may be bad in the same way.
    pub hint: Arc<str>,
}

/// What was decided about a column.
#[derive(Default)]
pub struct Settled {
    pub bad: Vec<BadCell>,
    /// How the column is written, by file.
    pub formats: Vec<String>,
    /// Signs of currencies met in its cells, with their first place.
    pub currencies: Vec<(&'static str, Place)>,
    /// By file: the setting that the cells were read with.
    pub conventions: Vec<Option<Setting>>,
}

/// The rows that the threads have read, in the order of the files.
pub struct Rows<'a> {
    pub pieces: &'a [Piece],
    /// The lines of each thread's rows.
    pub lines: &'a [Vec<u32>],
}

/// A distinct text of a column in one export: where it is met first, and by which rows.
struct Cell<'a> {
    text: &'a str,
    first: Place,
}

/// Decides how a column is written, export by export, and fills in the values of its odd cells.
///
/// # Errors
/// A column that fits two readings, or whose cells contradict each other.
pub fn settle(
    column: usize,
    name: &str,
    own: &mut [Column],
    rows: &Rows,
    files: &[FileFormat],
) -> Result<Settled, (Place, anyhow::Error)> {
    let mut settled = Settled {
        formats: vec![String::new(); files.len()],
        conventions: vec![None; files.len()],
        ..Settled::default()
    };
    let mut start = 0;
    while start < files.len() {
        // files are sorted by name, those of an export need not be neighbours
        let export = files[start].export;
        if files[..start].iter().all(|file| file.export != export) {
            let members: Vec<usize> = (0..files.len()).filter(|file| files[*file].export == export).collect();
            let export = Export { column, name, rows, files, members: &members };
            match own.first().map(|column| &column.cells) {
                Some(Cells::Date(_)) => export.settle_dates(own, &mut settled)?,
                Some(Cells::Number(_)) => export.settle_numbers(own, &mut settled)?,
                _ => {}
            }
        }
        start += 1;
    }
    Ok(settled)
}

/// The files that are written alike.
struct Export<'a> {
    column: usize,
    name: &'a str,
    rows: &'a Rows<'a>,
    files: &'a [FileFormat],
    members: &'a [usize],
}

impl Export<'_> {
    fn setting(&self) -> Option<Setting> {
        self.files[self.members[0]].settings[self.column]
    }

    /// The pieces of these files with the place of their first row in the table.
    fn pieces(&self) -> impl Iterator<Item = (&Piece, usize)> {
        let starts = self.rows.pieces.iter().scan(0, |next, piece| {
            let start = *next;
            *next += piece.rows.len();
            Some(start)
        });
        self.rows.pieces.iter().zip(starts).filter(|(piece, _)| self.members.contains(&piece.order.0))
    }

    fn place(&self, piece: &Piece, start: usize, row: usize) -> Place {
        Place {
            file: piece.order.0,
            line: self.rows.lines[piece.thread][row],
            row: start + row - piece.rows.start,
        }
    }

    /// The distinct odd texts of each thread with the first place of each, none where these files do not have it.
    fn cells<'b>(&self, own: &'b [Column]) -> Vec<Vec<Option<Cell<'b>>>> {
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
    fn count_plain(&self, own: &[Column]) -> usize {
        let is_value = |column: &Column, row: usize| match &column.cells {
            Cells::Date(days) => days[row] != NO_DAY,
            Cells::Number(numbers) => numbers[row] != NO_NUMBER,
            _ => false,
        };
        self.pieces()
            .map(|(piece, _)| piece.rows.clone().filter(|row| is_value(&own[piece.thread], *row)).count())
            .sum()
    }

    fn settle_dates(&self, own: &mut [Column], settled: &mut Settled) -> Result<(), (Place, anyhow::Error)> {
        let setting = self.setting();
        let cells = self.cells(own);
        let readings: Vec<Vec<_>> = cells
            .iter()
            .map(|cells| {
                cells.iter().map(|cell| cell.as_ref().and_then(|cell| read_date(cell.text))).collect()
            })
            .collect();
        let known = || {
            cells.iter().flatten().zip(readings.iter().flatten()).filter_map(|(cell, reading)| {
                let reading = (*reading).filter(|reading| !reading.has_short_year)?;
                Some((cell.as_ref()?, reading))
            })
        };
        let first = |wanted: &dyn Fn(&super::date::Reading) -> bool| {
            known().filter(|(_, reading)| wanted(reading)).map(|(cell, _)| cell).min_by_key(|cell| cell.first)
        };
        let day_first = first(&|reading| reading.month_first.is_none());
        let month_first = first(&|reading| reading.day_first.is_none());
        let open = first(&|reading| {
            reading.day_first.is_some()
                && reading.month_first.is_some()
                && reading.day_first != reading.month_first
        });
        let decided = match (setting, day_first, month_first, open) {
            (Some(setting), ..) if setting != Setting::Plain => Some(setting),
            (_, Some(day), Some(month), _) => {
                return Err(self.contradiction(
                    day,
                    month,
                    "with the day first",
                    "with the month first",
                    "D/M/YYYY",
                ));
            }
            (_, Some(_), None, _) => Some(Setting::DayFirst { has_short_year: false }),
            (_, None, Some(_), _) => Some(Setting::MonthFirst { has_short_year: false }),
            (_, None, None, Some(open)) => return Err(self.two_dates(open)),
            (_, None, None, None) => None,
        };
        let value = |thread: usize, word: u32| {
            let reading = readings[thread][word as usize]?;
            let (day, has_short_year) = match decided {
                Some(Setting::MonthFirst { has_short_year }) => (reading.month_first, has_short_year),
                Some(Setting::DayFirst { has_short_year }) => (reading.day_first, has_short_year),
                _ => (reading.day_first, false),
            };
            day.filter(|_| !reading.has_short_year || has_short_year)
        };
        let format = self.format_of_dates(own, decided, known().next().is_some());
        let hint = |own: &[Column]| {
            self.hint_of_bad(own, &format, "dates are read as 2026-02-28, 28.02.2026 or Feb 28, 2026, with or without a time behind them")
        };
        self.fill(
            own,
            settled,
            &|thread, word| value(thread, word).map(Filled::Day),
            &|_, _| "is not a date",
            &hint,
        );
        for file in self.members {
            settled.formats[*file].clone_from(&format);
            settled.conventions[*file] = decided;
        }
        Ok(())
    }

    fn format_of_dates(&self, own: &[Column], decided: Option<Setting>, has_names: bool) -> String {
        let seen = |wanted: fn(&super::column::Seen) -> bool| {
            own.iter().any(|column| self.members.iter().any(|file| wanted(&column.seen[*file])))
        };
        let mut forms = Vec::new();
        forms.extend(seen(|seen| seen.year_first).then_some("YYYY-MM-DD"));
        forms.extend(seen(|seen| seen.full_stops).then_some("DD.MM.YYYY"));
        forms.extend(match decided {
            Some(Setting::DayFirst { has_short_year: false }) => Some("D/M/YYYY"),
            Some(Setting::MonthFirst { has_short_year: false }) => Some("M/D/YYYY"),
            Some(Setting::DayFirst { .. }) => Some("D/M/YY"),
            Some(Setting::MonthFirst { .. }) => Some("M/D/YY"),
            _ => has_names.then_some("dates in words"),
        });
        forms.join(" and ")
    }

    fn settle_numbers(
        &self,
        own: &mut [Column],
        settled: &mut Settled,
    ) -> Result<(), (Place, anyhow::Error)> {
        let setting = self.setting();
        let cells = self.cells(own);
        let readings: Vec<Vec<Option<Reading>>> = cells
            .iter()
            .map(|cells| cells.iter().map(|cell| cell.as_ref().map(|cell| read_number(cell.text))).collect())
            .collect();
        let known = || {
            cells.iter().flatten().zip(readings.iter().flatten()).filter_map(
                |(cell, reading)| match reading {
                    Some(Reading::Number(number)) => Some((cell.as_ref()?, number)),
                    _ => None,
                },
            )
        };
        let first = |wanted: &dyn Fn(&Number) -> bool| {
            known().filter(|(_, number)| wanted(number)).map(|(cell, _)| cell).min_by_key(|cell| cell.first)
        };
        let plain_point = self.first_plain_point(own);
        let point = first(&|number| number.with_comma.is_none());
        let comma = first(&|number| number.with_point.is_none());
        let open = first(&|number| {
            number.with_point.is_some()
                && number.with_comma.is_some()
                && number.with_point != number.with_comma
        });
        let decided = match (setting, comma, point, open) {
            (Some(setting @ (Setting::Point | Setting::Comma)), ..) => setting,
            (_, Some(comma), Some(point), _) => {
                return Err(self.contradiction(
                    point,
                    comma,
                    "with a decimal point",
                    "with a decimal comma",
                    "1.234,56",
                ));
            }
            (_, Some(comma), None, _) if plain_point.is_some() => {
                return Err(self.comma_beside_points(comma, plain_point));
            }
            (_, Some(_), None, _) => Setting::Comma,
            (_, None, Some(_), _) => Setting::Point,
            (Some(Setting::Whole), None, None, Some(open)) if plain_point.is_none() => {
                if open.text.contains(',') { Setting::Point } else { Setting::Comma }
            }
            (_, None, None, Some(open)) if plain_point.is_none() => return Err(self.two_numbers(open)),
            _ => Setting::Point,
        };
        let has_decimals = plain_point.is_some() || point.is_some() || comma.is_some();
        let is_percent = self.is_percent(own, &cells, &readings)?;
        settled.currencies.extend(self.currencies(&cells, &readings)?);
        let value = |thread: usize, word: u32| match &readings[thread][word as usize] {
            Some(Reading::Number(number)) => {
                let value = if decided == Setting::Comma { number.with_comma } else { number.with_point };
                value.map(Filled::Number)
            }
            Some(Reading::Bound) => Some(Filled::Nothing),
            _ => None,
        };
        let reason = |thread: usize, word: u32| match &readings[thread][word as usize] {
            Some(Reading::TooLarge) => TOO_LARGE,
            _ => "is not a number",
        };
        let is_millionths = setting == Some(Setting::Millionths) && !has_decimals;
        let mut format =
            match (decided, comma.is_some() || setting == Some(Setting::Comma), known().next().is_some()) {
                (Setting::Comma, true, _) => "1.234,56",
                (_, _, true) => "1,234.56",
                _ => "1234.56",
            }
            .to_string();
        if is_percent {
            format.push_str(" %");
        }
        if is_millionths {
            format = "millionths".to_string();
        }
        let hint = |own: &[Column]| {
            self.hint_of_bad(
                own,
                &format,
                "numbers are read as 1234.50, 1,234.50 or 1.234,50, with or without the sign of a currency",
            )
        };
        self.fill(own, settled, &value, &reason, &hint);
        if is_millionths {
            self.divide(own);
        }
        for file in self.members {
            settled.formats[*file].clone_from(&format);
            settled.conventions[*file] = Some(if is_millionths { Setting::Millionths } else { decided });
        }
        Ok(())
    }

    fn first_plain_point(&self, own: &[Column]) -> Option<Place> {
        self.pieces()
            .filter_map(|(piece, start)| {
                let row = own[piece.thread].seen[piece.order.0].point? as usize;
                piece.rows.contains(&row).then(|| self.place(piece, start, row))
            })
            .min()
    }

    /// Whether the column is in percent: all its cells, or none.
    fn is_percent(
        &self,
        own: &[Column],
        cells: &[Vec<Option<Cell>>],
        readings: &[Vec<Option<Reading>>],
    ) -> Result<bool, (Place, anyhow::Error)> {
        let (mut percent, mut other): (Option<&Cell>, Option<&Cell>) = (None, None);
        for (cell, reading) in cells.iter().flatten().zip(readings.iter().flatten()) {
            let (Some(cell), Some(Reading::Number(number))) = (cell, reading) else { continue };
            let known = if number.is_percent { &mut percent } else { &mut other };
            if number.with_point.or(number.with_comma) != Some(0)
                && known.is_none_or(|known| cell.first < known.first)
            {
                *known = Some(cell);
            }
        }
        let Some(percent) = percent else { return Ok(false) };
        let is_other = |piece: &Piece, row: usize| match &own[piece.thread].cells {
            Cells::Number(numbers) => numbers[row] != NO_NUMBER && numbers[row] != 0,
            _ => false,
        };
        let plain = self.pieces().find_map(|(piece, start)| {
            let row = piece.rows.clone().find(|row| is_other(piece, *row))?;
            Some(self.place(piece, start, row))
        });
        let Some(other) = plain.into_iter().chain(other.map(|cell| cell.first)).min() else {
            return Ok(true);
        };
        Err(self.refuse(
            percent,
            format!("is in percent, but the number in line {} is not", other.line),
            "write all cells of the column with `%`, or none",
        ))
    }

    fn currencies(
        &self,
        cells: &[Vec<Option<Cell>>],
        readings: &[Vec<Option<Reading>>],
    ) -> Result<Vec<(&'static str, Place)>, (Place, anyhow::Error)> {
        let mut found: Vec<(&'static str, &Cell)> = Vec::new();
        for (cell, reading) in cells.iter().flatten().zip(readings.iter().flatten()) {
            let (Some(cell), Some(Reading::Number(Number { currency: Some(code), .. }))) = (cell, reading)
            else {
                continue;
            };
            match found.iter_mut().find(|(known, _)| known == code) {
                Some((_, known)) if cell.first < known.first => *known = cell,
                Some(_) => {}
                None => found.push((code, cell)),
            }
        }
        found.sort_by_key(|(_, cell)| cell.first);
        if let [(first, _), (_, second), ..] = found.as_slice() {
            let other = &found[0].1;
            return Err(self.refuse(
                second,
                format!("is in another currency than `{}` ({first}, line {})", other.text, other.first.line),
                "amounts in several currencies cannot be added: convert them to one before the export",
            ));
        }
        Ok(found.into_iter().map(|(code, cell)| (code, cell.first)).collect())
    }

    /// Sets the values of all odd cells, and notes those that have none.
    fn fill(
        &self,
        own: &mut [Column],
        settled: &mut Settled,
        value: &dyn Fn(usize, u32) -> Option<Filled>,
        reason: &dyn Fn(usize, u32) -> &'static str,
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
        let (hint, too_large): (Arc<str>, Arc<str>) = (hint(own).into(), HINT_OF_TOO_LARGE.into());
        settled.bad.extend(bad.into_iter().map(|(place, thread, word)| {
            let reason = reason(thread, word);
            let hint = Arc::clone(if reason == TOO_LARGE { &too_large } else { &hint });
            let cell = own[thread].words.in_order[word as usize].clone();
            BadCell { place, cell, reason, hint }
        }));
    }

    /// Whole numbers that are millionths.
    fn divide(&self, own: &mut [Column]) {
        let pieces: Vec<Piece> = self.pieces().map(|(piece, _)| piece.clone()).collect();
        for piece in pieces {
            if let Cells::Number(numbers) = &mut own[piece.thread].cells {
                let numbers = &mut numbers[piece.rows.clone()];
                numbers.iter_mut().filter(|number| **number != NO_NUMBER).for_each(|number| *number /= SCALE);
            }
        }
    }

    fn hint_of_bad(&self, own: &[Column], format: &str, otherwise: &str) -> String {
        let count = self.count_plain(own);
        if count == 0 || format.is_empty() {
            return otherwise.to_string();
        }
        format!(
            "the column reads as {format} in {} other {}; set `on_error = \"skip\"` in the `[[{}]]` block to leave such rows out and count them, or name a word that stands for no value in its `null_words`",
            group_thousands(count),
            if count == 1 { "row" } else { "rows" },
            self.files[self.members[0]].table,
        )
    }

    fn refuse(&self, cell: &Cell, what: String, hint: impl Into<String>) -> (Place, anyhow::Error) {
        let file = &self.files[cell.first.file].name;
        let message = format!("{file}:{}: column `{}`: `{}` {what}", cell.first.line, self.name, cell.text);
        (cell.first, data_error(message, hint))
    }

    fn setting_hint(&self, settings: &[&str]) -> String {
        let table = self.files[self.members[0]].table;
        let lines: Vec<String> =
            settings.iter().map(|setting| format!("`{} = \"{setting}\"`", self.name)).collect();
        format!("say in funnel.toml under `[{table}.formats]` which it is: {}", lines.join(" or "))
    }

    fn two_dates(&self, cell: &Cell) -> (Place, anyhow::Error) {
        let reading = read_date(cell.text);
        let show = |day: Option<i32>| day.map(format_day).unwrap_or_default();
        let (day, month) = (
            show(reading.and_then(|reading| reading.day_first)),
            show(reading.and_then(|reading| reading.month_first)),
        );
        self.refuse(
            cell,
            format!(
                "is {day} as D/M/YYYY and {month} as M/D/YYYY, and no row of the column shows which it is"
            ),
            self.setting_hint(&["D/M/YYYY", "M/D/YYYY"]),
        )
    }

    fn two_numbers(&self, cell: &Cell) -> (Place, anyhow::Error) {
        let (point, comma) = match read_number(cell.text) {
            Reading::Number(number) => (number.with_point, number.with_comma),
            _ => (None, None),
        };
        let show = |number: Option<i64>| number.map(format_millionths).unwrap_or_default();
        self.refuse(
            cell,
            format!(
                "is {} with a decimal point and {} with a decimal comma, and no row of the column shows which it is",
                show(point),
                show(comma)
            ),
            self.setting_hint(&["1,234.56", "1.234,56"]),
        )
    }

    fn contradiction(
        &self,
        one: &Cell,
        other: &Cell,
        is_one: &str,
        is_other: &str,
        example: &str,
    ) -> (Place, anyhow::Error) {
        let (first, second, is_first, is_second) = if one.first < other.first {
            (one, other, is_one, is_other)
        } else {
            (other, one, is_other, is_one)
        };
        self.refuse(
            second,
            format!("can only be read {is_second}, `{}` in line {} only {is_first}", first.text, first.first.line),
            format!(
                "the column is written in two ways: correct the rows of one, or say which is right, as `[{}.formats] {} = \"{example}\"`, and set `on_error = \"skip\"` to leave the others out",
                self.files[self.members[0]].table, self.name
            ),
        )
    }

    fn comma_beside_points(&self, comma: &Cell, point: Option<Place>) -> (Place, anyhow::Error) {
        let line = point.map_or(0, |place| place.line);
        self.refuse(
            comma,
            format!("can only be read with a decimal comma, the number in line {line} only with a decimal point"),
            format!(
                "the column is written in two ways: correct the rows of one, or say which is right, as `[{}.formats] {} = \"1.234,56\"`, and set `on_error = \"skip\"` to leave the others out",
                self.files[self.members[0]].table, self.name
            ),
        )
    }
}

/// What an odd cell turned out to be.
enum Filled {
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
