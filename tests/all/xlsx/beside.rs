//! A table of Markdown held beside a sheet: made of the same report by other code, so what one shows the other must hold.

use std::path::Path;

use calamine::{Data, Range};

use super::looks::formats;

/// A cell: what it holds, and how that is shown.
pub struct Cell {
    data: Data,
    format: String,
}

/// The rows of a sheet that are not empty. Sheets are numbered from 1.
pub fn rows(path: &Path, sheet: usize, range: &Range<Data>) -> Vec<Vec<Cell>> {
    let mut formats = formats(path, sheet);
    let (first_row, first_column) = range.start().unwrap();
    let mut rows = Vec::new();
    for (row, cells) in (first_row as usize..).zip(range.rows()) {
        if cells.iter().all(|cell| *cell == Data::Empty) {
            continue;
        }
        let cells = (first_column as usize..).zip(cells).map(|(column, data)| Cell {
            data: data.clone(),
            format: formats.remove(&(row, column)).unwrap_or_default(),
        });
        rows.push(cells.collect());
    }
    rows
}

/// The number of numbers that a table of Markdown and a sheet have in common, in which they must be alike.
pub fn hold_beside(part: &str, rows: &[Vec<Cell>]) -> Result<usize, String> {
    let mut rows = rows.iter();
    // a total of nothing has a row without any cell
    let lines = part.lines().filter(|line| !line.trim_matches(['|', ' ']).is_empty());
    let mut numbers = 0;
    let mut pairs: Vec<bool> = Vec::new();
    for line in lines.filter(|line| !line.starts_with("| :--")) {
        let mut row = rows.next().ok_or(format!("no row for {line}"))?;
        if row[0].data == Data::String("Notes".into()) {
            row = rows.next().ok_or("no notes")?;
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            let said = unescaped(line.strip_prefix("### ").unwrap_or(line));
            if row[0].data.to_string() != said {
                return Err(format!("{:?}, not {said}", row[0].data));
            }
            pairs.clear();
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").map(str::trim).collect();
        if pairs.is_empty() {
            pairs = heading_pairs(&cells, row)?;
        } else if cells.iter().any(|cell| is_interval(cell)) {
            // where periods are the columns an interval is a row, and in the sheet one for each limit
            let high = rows.next().ok_or("no row of upper limits")?;
            for (limits, of) in [(row, Limit::Low), (high, Limit::High)] {
                let cells: Vec<String> = cells.iter().map(|cell| limit(cell, of)).collect();
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                numbers += hold_row(&cells, &pairs, limits).map_err(|what| format!("{what}, in {line}"))?;
            }
        } else {
            numbers += hold_row(&cells, &pairs, row).map_err(|what| format!("{what}, in {line}"))?;
        }
    }
    if rows.next().is_some() { Err("more rows than in Markdown".to_string()) } else { Ok(numbers) }
}

/// Which columns are intervals, and stand in the sheet as two.
fn heading_pairs(cells: &[&str], row: &[Cell]) -> Result<Vec<bool>, String> {
    let mut place = 0;
    let mut pairs = Vec::new();
    for heading in cells {
        let found = row.get(place).map(|cell| cell.data.to_string()).unwrap_or_default();
        let is_pair = found == format!("{heading}: low");
        if !is_pair && found != *heading {
            return Err(format!("heading {found}, not {heading}"));
        }
        pairs.push(is_pair);
        place += if is_pair { 2 } else { 1 };
    }
    Ok(pairs)
}

/// Whether a label is that of intervals, in percent or in points.
fn is_interval(label: &str) -> bool {
    label == "95% interval, %" || label == "95% interval"
}

/// An end of an interval.
#[derive(Clone, Copy)]
enum Limit {
    Low,
    High,
}

/// What one of the two rows of an interval shows in the place of a cell.
fn limit(cell: &str, of: Limit) -> String {
    let name = match of {
        Limit::Low => "low",
        Limit::High => "high",
    };
    if is_interval(cell) {
        return format!("{cell}: {name}");
    }
    match (cell.split_once('–').or_else(|| cell.split_once(" to ")), of) {
        (Some((low, _)), Limit::Low) => low.to_string(),
        (Some((_, high)), Limit::High) => high.to_string(),
        (None, _) => cell.to_string(),
    }
}

/// The number of numbers in a row.
fn hold_row(cells: &[&str], pairs: &[bool], row: &[Cell]) -> Result<usize, String> {
    let mut numbers = 0;
    let mut found = row.iter();
    for (shown, is_pair) in cells.iter().zip(pairs) {
        let parted = shown.split_once('–').or_else(|| shown.split_once(" to "));
        let (low, high) = parted.unwrap_or((shown, ""));
        let parts = if *is_pair { vec![low, high] } else { vec![*shown] };
        for part in parts {
            match found.next() {
                Some(cell) if is_shown(cell, part) => {
                    numbers += usize::from(matches!(cell.data, Data::Float(_)));
                }
                None if part.is_empty() => {}
                Some(cell) => return Err(format!("{:?} as {}, not {part}", cell.data, cell.format)),
                None => return Err(format!("nothing, not {part}")),
            }
        }
    }
    Ok(numbers)
}

/// Whether a cell is shown as a reader of Markdown sees it: the same mark, and the same number, in percent where the
/// format says so.
fn is_shown(cell: &Cell, shown: &str) -> bool {
    let shown = &unescaped(shown);
    let plain = shown.trim_start_matches(['!', '~', '*', '≥', '≤', ' ']);
    let mark = &shown[..shown.len() - plain.len()];
    let plain = plain.replace(',', "");
    match (&cell.data, plain.parse::<f64>()) {
        (Data::Float(number), Ok(value)) => {
            let decimals = plain.split_once('.').map_or("", |(_, decimals)| decimals);
            let half = 0.501 / 10_f64.powi(i32::try_from(decimals.len()).unwrap());
            let (quoted, pattern) = match cell.format.strip_prefix('"').and_then(|rest| rest.split_once('"'))
            {
                Some(parts) => parts,
                None => ("", cell.format.as_str()),
            };
            let first = pattern.split(';').next().unwrap_or("");
            let scale = if first.ends_with('%') { 100.0 } else { 1.0 };
            let digits = first
                .split(['%', '"'])
                .next()
                .and_then(|number| number.split_once('.'))
                .map_or("", |(_, digits)| digits);
            quoted == mark && digits.len() == decimals.len() && (number * scale - value).abs() <= half
        }
        (Data::Empty, _) => shown.is_empty(),
        (Data::String(text), _) => text.trim() == shown,
        _ => false,
    }
}

/// What a reader of Markdown sees of a text in which marks are escaped.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_escape = letter == '\\' && letters.peek().is_some_and(char::is_ascii_punctuation);
        if !is_escape {
            plain.push(letter);
        } else if let Some(escaped) = letters.next() {
            plain.push(escaped);
        }
    }
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
