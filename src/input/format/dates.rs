//! How the dates of a column are written: which of day and month stands first.

use std::collections::BTreeSet;

use super::super::column::{Column, Seen};
use super::super::date::{Reading, read_date};
use super::super::profile::{AND, IN_WORDS};
use super::export::{Cell, Export, Filled, Way};
use super::{Setting, Settled, Undecided};
use crate::period::format_day;
use crate::words;

const HINT: &str =
    "dates are read as 2026-02-28, 28.02.2026 or Feb 28, 2026, with or without a time behind them";

/// The readings of the odd cells, as [`Export::cells`] gives them.
type Readings = Vec<Vec<Option<Reading>>>;

/// Decides the order of day and month and fills in the odd cells.
///
/// # Errors
/// Cells that contradict each other, or a column whose cells all fit both orders and differ in them.
pub fn settle(export: &Export, own: &mut [Column], settled: &mut Settled) -> Result<(), Undecided> {
    let cells = export.cells(own);
    let reading = |cell: &Option<Cell>| cell.as_ref().and_then(|cell| read_date(cell.text));
    let readings: Readings = cells.iter().map(|cells| cells.iter().map(reading).collect()).collect();
    if export.setting().is_none() && !own.iter().any(|column| export.is_seen_plainly(column)) {
        refuse_short_years(export, &cells, &readings)?;
    }
    let decided = decide(export, &cells, &readings)?;
    let forms = odd_forms(&cells, &readings, decided);
    let format = describe(export, own, &forms);
    let value = |thread: usize, word: u32| {
        let reading = readings[thread][word as usize]?;
        let (day, has_short_year) = match decided {
            Some(Setting::MonthFirst { has_short_year }) => (reading.month_first, has_short_year),
            Some(Setting::DayFirst { has_short_year }) => (reading.day_first, has_short_year),
            _ => (reading.day_first, false),
        };
        day.filter(|_| !reading.has_short_year || has_short_year).map(Filled::Day)
    };
    let hint = |own: &[Column]| export.hint_of_bad(own, &format, HINT);
    let reason = |thread: usize, word: u32| {
        let is_short = readings[thread][word as usize].is_some_and(|reading| reading.has_short_year);
        (words!("is not a date"), is_short.then(|| export.setting_hint(&["D/M/YY", "M/D/YY"])))
    };
    export.fill(own, settled, &value, &reason, &hint);
    for file in export.members {
        settled.formats[*file].clone_from(&format);
        settled.conventions[*file] = decided;
    }
    Ok(())
}

fn decide(
    export: &Export,
    cells: &[Vec<Option<Cell>>],
    readings: &Readings,
) -> Result<Option<Setting>, Undecided> {
    let first = |wanted: &dyn Fn(&Reading) -> bool| {
        let known = cells.iter().flatten().zip(readings.iter().flatten());
        known
            .filter_map(|(cell, reading)| Some((cell.as_ref()?, (*reading)?)))
            .filter(|(_, reading)| !reading.has_short_year && wanted(reading))
            .map(|(cell, _)| cell)
            .min_by_key(|cell| cell.first)
    };
    let day_first = first(&|reading| reading.month_first.is_none());
    let month_first = first(&|reading| reading.day_first.is_none());
    match (export.setting(), day_first, month_first) {
        (Some(setting), ..) if setting != Setting::Plain => Ok(Some(setting)),
        (_, Some(day), Some(month)) => Err(export.contradiction(
            day,
            month,
            Way {
                setting: "D/M/YYYY",
                against: words!(
                    "can only be read with the day first, `{text}` in line {line} only with the month first"
                ),
            },
            Way {
                setting: "M/D/YYYY",
                against: words!(
                    "can only be read with the month first, `{text}` in line {line} only with the day first"
                ),
            },
        )),
        (_, Some(_), None) => Ok(Some(Setting::DayFirst { has_short_year: false })),
        (_, None, Some(_)) => Ok(Some(Setting::MonthFirst { has_short_year: false })),
        (_, None, None) => {
            let open = first(&|reading| reading.day_first != reading.month_first);
            open.map_or(Ok(None), |open| Err(two_readings(export, open)))
        }
    }
}

/// A column of which every date has a year of two digits is read only where a setting says so.
fn refuse_short_years(
    export: &Export,
    cells: &[Vec<Option<Cell>>],
    readings: &Readings,
) -> Result<(), Undecided> {
    let known = cells.iter().flatten().zip(readings.iter().flatten());
    let dated: Vec<(&Cell, Reading)> =
        known.filter_map(|(cell, reading)| Some((cell.as_ref()?, (*reading)?))).collect();
    let Some((first, reading)) = dated.iter().min_by_key(|(cell, _)| cell.first) else { return Ok(()) };
    if !dated.iter().all(|(_, reading)| reading.has_short_year) {
        return Ok(());
    }
    let fitting = |setting: &'static str, order: fn(&Reading) -> Option<i32>| {
        let day = order(reading).filter(|_| dated.iter().all(|(_, reading)| order(reading).is_some()))?;
        Some((setting, format_day(day)))
    };
    let day_first = fitting("D/M/YY", |reading| reading.day_first);
    let month_first = fitting("M/D/YY", |reading| reading.month_first);
    let fitting: Vec<(&'static str, String)> = day_first.into_iter().chain(month_first).collect();
    if fitting.is_empty() {
        return Ok(());
    }
    let what = "has two digits for its year, which are read only where a format says so";
    Err(export.two_readings(first, what, fitting))
}

/// How the odd cells are written: with slashes, in words, or as digits alone.
fn odd_forms(
    cells: &[Vec<Option<Cell>>],
    readings: &Readings,
    decided: Option<Setting>,
) -> BTreeSet<&'static str> {
    let order = match decided {
        Some(Setting::MonthFirst { has_short_year: false }) => "M/D/YYYY",
        Some(Setting::DayFirst { has_short_year: true }) => "D/M/YY",
        Some(Setting::MonthFirst { has_short_year: true }) => "M/D/YY",
        _ => "D/M/YYYY",
    };
    let form = |text: &str| {
        // AM and PM are two letters, the name of a month is three at least
        if text.chars().filter(|c| c.is_alphabetic()).count() > 2 {
            IN_WORDS
        } else if text.bytes().take(8).filter(u8::is_ascii_digit).count() == 8 {
            "YYYYMMDD"
        } else {
            order
        }
    };
    let known = cells.iter().flatten().zip(readings.iter().flatten());
    known.filter_map(|(cell, reading)| reading.and(cell.as_ref()).map(|cell| form(cell.text))).collect()
}

fn describe(export: &Export, own: &[Column], odd: &BTreeSet<&'static str>) -> String {
    let seen = |wanted: fn(&Seen) -> bool| {
        own.iter().any(|column| export.members.iter().any(|file| wanted(&column.seen[*file])))
    };
    let mut forms = Vec::new();
    forms.extend(seen(|seen| seen.year_first).then_some("YYYY-MM-DD"));
    forms.extend(seen(|seen| seen.full_stops).then_some("DD.MM.YYYY"));
    forms.extend(odd);
    forms.join(AND)
}

fn two_readings(export: &Export, cell: &Cell) -> Undecided {
    let reading = read_date(cell.text);
    let show = |day: Option<i32>| day.map(format_day).unwrap_or_default();
    let day = show(reading.and_then(|reading| reading.day_first));
    let month = show(reading.and_then(|reading| reading.month_first));
    let what =
        format!("is {day} as D/M/YYYY and {month} as M/D/YYYY, and no row of the column shows which it is");
    export.two_readings(cell, &what, vec![("D/M/YYYY", day), ("M/D/YYYY", month)])
}
