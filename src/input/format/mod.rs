//! How the cells of a column are written, decided over all rows of an export; and what the cells say then.
//!
//! Nothing is guessed: a column that fits two readings which differ is refused with both readings of a real cell and
//! the setting that settles it, and so is a column whose cells contradict each other.

mod dates;
mod export;
mod numbers;
mod times;

use std::sync::Arc;

use self::export::Export;
use super::column::{Cells, Column, Zones};
use super::number::{Number, Reading, read_number};
use super::read::Piece;
use crate::config::{ColumnType, OnError};

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

/// The setting that a text such as `D/M/YYYY` or `1.234,56` stands for; none if it stands for no format of the type.
pub fn setting(text: &str, column_type: ColumnType) -> Option<Setting> {
    match column_type {
        ColumnType::Date => {
            let mut letters = text.to_uppercase();
            letters.retain(|c| !matches!(c, '/' | '.' | '-' | ' '));
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
        ColumnType::Id | ColumnType::Text | ColumnType::Time => None,
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
    /// The currencies whose signs its cells bear, each with the first such cell.
    pub currencies: Vec<(&'static str, Place, String)>,
    /// By file: the setting that the cells were read with.
    pub conventions: Vec<Option<Setting>>,
    /// Of times of day: whether some name a zone, and whether some name none.
    pub zones: Zones,
}

/// The rows that the threads have read, in the order of the files.
pub struct Rows<'a> {
    pub pieces: &'a [Piece],
    /// The lines of each thread's rows.
    pub lines: &'a [Vec<u32>],
}

/// Why a column is refused, and where.
pub type Undecided = (Place, anyhow::Error);

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
) -> Result<Settled, Undecided> {
    let mut settled = Settled {
        formats: vec![String::new(); files.len()],
        conventions: vec![None; files.len()],
        ..Settled::default()
    };
    if matches!(own.first().map(|column| &column.cells), Some(Cells::Time(_))) {
        settled.zones = times::settle(own, rows.pieces, files.len());
        return Ok(settled);
    }
    for (first, file) in files.iter().enumerate() {
        // files are sorted by name, those of an export need not be neighbours
        let export = file.export;
        if files[..first].iter().all(|file| file.export != export) {
            let members: Vec<usize> = (0..files.len()).filter(|file| files[*file].export == export).collect();
            let export = Export::new(column, name, rows, files, &members);
            match own.first().map(|column| &column.cells) {
                Some(Cells::Date(_)) => dates::settle(&export, own, &mut settled)?,
                Some(Cells::Number(_)) => numbers::settle(&export, own, &mut settled)?,
                _ => {}
            }
        }
    }
    Ok(settled)
}
