//! How the numbers of a column are written: which sign stands before the decimals, whether they are in percent, and
//! of which currency they are.

use super::super::cell::SCALE;
use super::super::column::{Cells, Column, NO_NUMBER};
use super::super::number::{Number, Reading, read_number};
use super::super::read::Piece;
use super::export::{Cell, Export, Filled, Way};
use super::{Place, Setting, Settled, Undecided};
use crate::kpi::exact::format_millionths;
use crate::{bilingual, words};

const HINT: &str =
    "numbers are read as 1234.50, 1,234.50 or 1.234,50, with or without the sign of a currency";

/// The odd cells of a column with what each says.
struct Odd<'a> {
    cells: Vec<Vec<Option<Cell<'a>>>>,
    readings: Vec<Vec<Option<Reading>>>,
}

/// What the cells show of the decimal sign, each by the first cell that does.
struct Evidence<'a> {
    /// A plain cell that only reads with a point.
    plain_point: Option<Place>,
    point: Option<&'a Cell<'a>>,
    comma: Option<&'a Cell<'a>>,
    /// A cell that reads with both, to different values.
    open: Option<&'a Cell<'a>>,
}

/// Decides how the numbers are written and fills in the odd cells.
///
/// # Errors
/// Cells that contradict each other, in decimal sign, percent or currency; a column that fits two readings.
pub fn settle(export: &Export, own: &mut [Column], settled: &mut Settled) -> Result<(), Undecided> {
    let odd = Odd::new(export, own);
    let evidence = odd.evidence(export, own);
    let decided = decide(export, &evidence)?;
    let is_percent = is_percent(export, own, &odd)?;
    settled.currencies.extend(currencies(export, &odd)?);
    let has_decimals = evidence.plain_point.is_some() || evidence.point.is_some() || evidence.comma.is_some();
    let is_millionths = export.setting() == Some(Setting::Millionths) && !has_decimals;
    let format = if is_millionths { "millionths".to_string() } else { odd.describe(decided, is_percent) };
    let readings = odd.readings;
    let value = |thread: usize, word: u32| match &readings[thread][word as usize] {
        Some(Reading::Number(number)) => {
            let value = if decided == Setting::Comma { number.with_comma } else { number.with_point };
            value.map(Filled::Number)
        }
        Some(Reading::Bound) => Some(Filled::Nothing),
        _ => None,
    };
    let reason = |thread: usize, word: u32| match &readings[thread][word as usize] {
        Some(Reading::TooLarge) => {
            let hint = "numbers are read up to 9,223,372,036,854: correct the cell, or set `on_error = \"skip\"` in its block to leave such rows out and count them";
            (words!("is too large a number"), Some(hint.to_string()))
        }
        _ => (words!("is not a number"), None),
    };
    export.fill(own, settled, &value, &reason, &|own: &[Column]| export.hint_of_bad(own, &format, HINT));
    if is_millionths {
        divide(export, own);
    }
    for file in export.members {
        settled.formats[*file].clone_from(&format);
        settled.conventions[*file] = Some(if is_millionths { Setting::Millionths } else { decided });
    }
    Ok(())
}

impl<'a> Odd<'a> {
    fn new(export: &Export, own: &'a [Column]) -> Odd<'a> {
        let cells = export.cells(own);
        let reading = |cell: &Option<Cell>| cell.as_ref().map(|cell| read_number(cell.text));
        let readings = cells.iter().map(|cells| cells.iter().map(reading).collect()).collect();
        Odd { cells, readings }
    }

    /// The cells that are numbers.
    fn numbers(&self) -> impl Iterator<Item = (&Cell<'a>, &Number)> {
        self.cells.iter().flatten().zip(self.readings.iter().flatten()).filter_map(|(cell, reading)| {
            match reading {
                Some(Reading::Number(number)) => Some((cell.as_ref()?, number)),
                _ => None,
            }
        })
    }

    fn first(&self, wanted: impl Fn(&Number) -> bool) -> Option<&Cell<'a>> {
        self.numbers()
            .filter(|(_, number)| wanted(number))
            .map(|(cell, _)| cell)
            .min_by_key(|cell| cell.first)
    }

    fn evidence(&self, export: &Export, own: &[Column]) -> Evidence<'_> {
        Evidence {
            plain_point: first_plain_point(export, own),
            point: self.first(|number| number.with_comma.is_none()),
            comma: self.first(|number| number.with_point.is_none()),
            open: self.first(|number| {
                number.with_point.zip(number.with_comma).is_some_and(|(point, comma)| point != comma)
            }),
        }
    }

    /// `1,234.56`, `1 234,56`, `1234.56 %`.
    fn describe(&self, decided: Setting, is_percent: bool) -> String {
        // a column without odd cells is plain, whatever was said of it
        let decimal = if decided == Setting::Comma && self.numbers().next().is_some() { ',' } else { '.' };
        let texts = || self.numbers().map(|(cell, _)| cell.text.trim());
        let parts = |c: char| !c.is_alphanumeric() && c != decimal && c != '-';
        let inside = |text: &str| {
            let start = text.find(|c: char| c.is_ascii_digit())?;
            let end = text.rfind(|c: char| c.is_ascii_digit())?;
            text[start..end].chars().find(|c| parts(*c))
        };
        let grouping = texts().filter_map(inside).map(|c| if c.is_whitespace() { ' ' } else { c }).min();
        let thousands = grouping.map(String::from).unwrap_or_default();
        format!("1{thousands}234{decimal}56{}", if is_percent { " %" } else { "" })
    }
}

fn decide(export: &Export, evidence: &Evidence) -> Result<Setting, Undecided> {
    let Evidence { plain_point, point, comma, open } = evidence;
    match (export.setting(), comma, point, open) {
        (Some(setting @ (Setting::Point | Setting::Comma)), ..) => Ok(setting),
        (_, Some(comma), Some(point), _) => {
            let of_point = Way {
                setting: "1,234.56",
                against: words!(
                    "can only be read with a decimal point, `{text}` in line {line} only with a decimal comma"
                ),
            };
            let of_comma = Way {
                setting: "1.234,56",
                against: words!(
                    "can only be read with a decimal comma, `{text}` in line {line} only with a decimal point"
                ),
            };
            Err(export.contradiction(point, comma, of_point, of_comma))
        }
        (_, Some(comma), None, _) => match plain_point {
            Some(place) => Err(comma_beside_points(export, comma, *place)),
            None => Ok(Setting::Comma),
        },
        (setting, None, None, Some(open)) if plain_point.is_none() => match setting {
            Some(Setting::Whole) if open.text.contains(',') => Ok(Setting::Point),
            Some(Setting::Whole) => Ok(Setting::Comma),
            _ => Err(two_readings(export, open)),
        },
        _ => Ok(Setting::Point),
    }
}

fn first_plain_point(export: &Export, own: &[Column]) -> Option<Place> {
    let place = |(piece, start): (&Piece, usize)| {
        let row = own[piece.thread].seen[piece.order.0].point? as usize;
        piece.rows.contains(&row).then(|| export.place(piece, start, row))
    };
    export.pieces().filter_map(place).min()
}

/// Whether the column is in percent: all its cells, or none.
fn is_percent(export: &Export, own: &[Column], odd: &Odd) -> Result<bool, Undecided> {
    let is_zero = |number: &Number| number.with_point.or(number.with_comma) == Some(0);
    let Some(percent) = odd.first(|number| number.is_percent && !is_zero(number)) else { return Ok(false) };
    let other = odd.first(|number| !number.is_percent && !is_zero(number)).map(|cell| cell.first);
    let is_other = |piece: &Piece, row: usize| match &own[piece.thread].cells {
        Cells::Number(numbers) => numbers[row] != NO_NUMBER && numbers[row] != 0,
        _ => false,
    };
    let plain = export.pieces().find_map(|(piece, start)| {
        let row = piece.rows.clone().find(|row| is_other(piece, *row))?;
        Some(export.place(piece, start, row))
    });
    match plain.into_iter().chain(other).min() {
        None => Ok(true),
        Some(other) => Err(export.refuse(
            percent,
            bilingual!("is in percent, but the number in line {line} is not", line = other.line.to_string()),
            "write all cells of the column with `%`, or none",
        )),
    }
}

/// The currencies whose signs the cells bear: at most one.
fn currencies(export: &Export, odd: &Odd) -> Result<Option<(&'static str, Place, String)>, Undecided> {
    let known = || odd.numbers().filter_map(|(cell, number)| Some((cell, number.currency?)));
    let Some((first, code)) = known().min_by_key(|(cell, _)| cell.first) else { return Ok(None) };
    match known().filter(|(_, other)| *other != code).min_by_key(|(cell, _)| cell.first) {
        None => Ok(Some((code, first.first, first.text.to_string()))),
        Some((other, _)) => Err(export.refuse(
            other,
            bilingual!(
                "is in another currency than `{text}` in line {line}",
                text = first.text,
                line = first.first.line.to_string()
            ),
            "a column of signs is of one currency: give the rows a column `currency`, or export each currency to a file of its own",
        )),
    }
}

/// Whole numbers that are millionths.
fn divide(export: &Export, own: &mut [Column]) {
    let pieces: Vec<Piece> = export.pieces().map(|(piece, _)| piece.clone()).collect();
    for piece in pieces {
        if let Cells::Number(numbers) = &mut own[piece.thread].cells {
            let numbers = &mut numbers[piece.rows.clone()];
            numbers.iter_mut().filter(|number| **number != NO_NUMBER).for_each(|number| *number /= SCALE);
        }
    }
}

fn two_readings(export: &Export, cell: &Cell) -> Undecided {
    let (point, comma) = match read_number(cell.text) {
        Reading::Number(number) => (number.with_point, number.with_comma),
        _ => (None, None),
    };
    let show = |number: Option<i64>| number.map(format_millionths).unwrap_or_default();
    let (point, comma) = (show(point), show(comma));
    let what = format!(
        "is {point} with a decimal point and {comma} with a decimal comma, and no row of the column shows which it is"
    );
    export.two_readings(cell, &what, vec![("1,234.56", point), ("1.234,56", comma)])
}

fn comma_beside_points(export: &Export, comma: &Cell, point: Place) -> Undecided {
    let what = bilingual!(
        "can only be read with a decimal comma, the number in line {line} only with a decimal point",
        line = point.line.to_string()
    );
    export.refuse(comma, what, export.two_ways(&["1,234.56", "1.234,56"]))
}
