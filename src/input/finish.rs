//! The end of reading a table: how each column is written is decided over all rows, rows that cannot be read are
//! refused or left out, and the pieces of all threads become one table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;
use rayon::prelude::*;

use super::column::{Column, assemble};
use super::format::{Place, Rows, Settled, settle};
use super::profile::{Dropped, Reason, Rejected, rejected_in_english};
use super::read::{ColumnPlan, Layout, LeftOut, Piece, Share, TotalRow, rejected_row};
use super::records::{Ragged, ragged};
use super::rows::NoData;
use super::table::{Origin, Table, code_slice};
use crate::config::OnError;
use crate::error::{data_error, shortened};

/// A table, and what was seen on the way to it.
pub struct Finished {
    pub table: Table,
    /// By column of the plan, then by file: how its cells are written.
    pub settled: Vec<Settled>,
    pub totals: Vec<TotalRow>,
    pub files: Vec<FileReport>,
}

/// What was left out of a file.
#[derive(Debug, Default)]
pub struct FileReport {
    pub dropped: Vec<Dropped>,
    pub rejected: Vec<Rejected>,
    /// Cells of which only the first value was taken.
    pub further_values: usize,
}

/// Puts the shares of all threads together.
///
/// # Errors
/// See [`super::read::read_files`].
pub fn finish(columns: &[ColumnPlan], mut shares: Vec<Share>, layouts: &[Layout]) -> Result<Finished> {
    let mut pieces: Vec<Piece> =
        shares.iter_mut().flat_map(|share| std::mem::take(&mut share.blocks)).collect();
    pieces.sort_unstable_by_key(|piece| piece.order);
    let lines: Vec<Vec<u32>> = shares.iter_mut().map(|share| std::mem::take(&mut share.lines)).collect();
    let origin = origin_of(layouts, &pieces, &lines);
    let mut files = files_of(&mut shares, layouts, &origin)?;
    let shifted = shifted_rows(&mut shares, layouts, &origin)?;
    let totals = shares.iter_mut().flat_map(|share| std::mem::take(&mut share.totals)).collect();
    let mut own: Vec<Vec<Column>> = columns.iter().map(|_| Vec::new()).collect();
    for share in shares {
        own.iter_mut().zip(share.columns).for_each(|(own, made)| own.push(made));
    }
    let formats: Vec<_> = layouts.iter().map(|layout| layout.format.clone()).collect();
    let rows = Rows { pieces: &pieces, lines: &lines };
    let settled: Vec<Result<Settled, (Place, anyhow::Error)>> = columns
        .par_iter()
        .enumerate()
        .zip(&mut own)
        .map(|((place, column), own)| settle(place, &column.name, own, &rows, &formats))
        .collect();
    let (settled, mut rejected) = refuse_or_reject(columns, settled, layouts, &mut files)?;
    leave_out(shifted, layouts, &mut files, &mut rejected);
    let assembled: Vec<_> = columns
        .par_iter()
        .zip(own)
        // columns differ in what they take, so threads take one at a time
        .with_max_len(1)
        .map(|(column, own)| assemble(&column.name, own, &pieces, column.limit))
        .collect();
    let mut series = Vec::new();
    let mut dictionaries = BTreeMap::new();
    for (column, assembled) in columns.iter().zip(assembled) {
        let Some((values, dictionary)) = assembled? else { continue };
        series.push(values.into_column());
        dictionaries.extend(dictionary.map(|dictionary| (column.name.clone(), dictionary)));
    }
    let frame = DataFrame::new(series).context("columns of one table")?;
    let table = without_rows(Table { frame, dictionaries, origin }, &rejected)?;
    refuse_empty(&table, layouts, &files)?;
    Ok(Finished { table, settled, totals, files })
}

/// The place of every row.
fn origin_of(layouts: &[Layout], pieces: &[Piece], lines: &[Vec<u32>]) -> Origin {
    let names = layouts.iter().map(|layout| layout.format.name.clone()).collect();
    let height = pieces.iter().map(|piece| piece.rows.len()).sum();
    let file_of_row = || {
        let mut files = Vec::with_capacity(height);
        for piece in pieces {
            let number = u16::try_from(piece.order.0).unwrap_or(u16::MAX);
            files.extend(std::iter::repeat_n(number, piece.rows.len()));
        }
        files
    };
    let line_of_row = || {
        let mut all = Vec::with_capacity(height);
        for piece in pieces {
            all.extend_from_slice(&lines[piece.thread][piece.rows.clone()]);
        }
        all
    };
    let (file_of_row, line_of_row) = rayon::join(file_of_row, line_of_row);
    Origin { files: names, file_of_row, line_of_row }
}

fn refuse_empty(table: &Table, layouts: &[Layout], files: &[FileReport]) -> Result<()> {
    // rows stand in the order of their files
    let of_row = &table.origin.file_of_row;
    let has_rows = |file: usize| of_row.binary_search(&u16::try_from(file).unwrap_or(u16::MAX)).is_ok();
    let without = (0..layouts.len()).find(|file| !has_rows(*file));
    match without.map(|file| (file, files[file].rejected.first())) {
        Some((file, Some(first))) => Err(data_error(
            format!(
                "{}:{}: {}, and no other row of the file can be read either",
                layouts[file].format.name,
                first.line,
                rejected_in_english(first)
            ),
            "correct the file, or take it out of the inputs",
        )),
        Some((file, None)) => Err(data_error(
            format!("{}: the file has a header and no rows", layouts[file].format.name),
            "export it again, or take it out of the inputs",
        )),
        None => Ok(()),
    }
}

/// What was left out of each file while it was read; lines with a single cell are its footer, or wrong.
fn files_of(shares: &mut [Share], layouts: &[Layout], origin: &Origin) -> Result<Vec<FileReport>> {
    let mut files: Vec<FileReport> = layouts.iter().map(|_| FileReport::default()).collect();
    let mut no_data: BTreeMap<(usize, NoData), LeftOut> = BTreeMap::new();
    let mut single_cells: Vec<Vec<Ragged>> = layouts.iter().map(|_| Vec::new()).collect();
    for share in shares {
        for (place, found) in std::mem::take(&mut share.no_data) {
            no_data.entry(place).or_default().add(found.count, found.lines);
        }
        for (file, row) in share.single_cells.drain(..) {
            single_cells[file].push(row);
        }
        for (file, rejected) in share.rejected.drain(..) {
            files[file].rejected.push(rejected);
        }
        files.iter_mut().zip(&share.further_values).for_each(|(file, count)| file.further_values += count);
    }
    for (file, rows) in single_cells.iter_mut().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        rows.sort_unstable_by_key(|row| row.line);
        let layout = &layouts[file];
        let last = last_line(origin, file);
        let at_end = rows.partition_point(|row| row.line < last);
        let is_footer = layout.rules.is_footer(rows[at_end..].iter().filter_map(|row| row.only.as_deref()));
        let wrong = if is_footer { &rows[..at_end] } else { &rows[..] };
        match wrong.first() {
            Some(row) if layout.format.on_error == OnError::Fail => {
                return Err(ragged(&layout.format.name, row, layout.shape.width));
            }
            _ => files[file].rejected.extend(wrong.iter().map(|row| rejected_row(row, layout.shape.width))),
        }
        let footer = &rows[wrong.len()..];
        if !footer.is_empty() {
            let lines = footer.iter().map(|row| row.line);
            no_data.entry((file, NoData::Footer)).or_default().add(footer.len(), lines);
        }
    }
    for ((file, reason), found) in no_data {
        files[file].dropped.push(Dropped { what: reason.name(), count: found.count, lines: found.lines });
    }
    Ok(files)
}

/// Rows with blank cells behind the last column where others have none: a separator in a cell has shifted them.
///
/// Each with its file, its place in the table, its line and the number of its cells.
fn shifted_rows(
    shares: &mut [Share],
    layouts: &[Layout],
    origin: &Origin,
) -> Result<Vec<(usize, usize, Ragged)>> {
    let mut longer: Vec<(usize, u32, usize)> =
        shares.iter_mut().flat_map(|share| std::mem::take(&mut share.longer)).collect();
    longer.sort_unstable();
    let mut shifted = Vec::new();
    for (file, layout) in layouts.iter().enumerate() {
        let number = u16::try_from(file).unwrap_or(u16::MAX);
        let start = origin.file_of_row.partition_point(|of_row| *of_row < number);
        let end = origin.file_of_row.partition_point(|of_row| *of_row <= number);
        let lines = &origin.line_of_row[start..end];
        let own: Vec<(usize, Ragged)> = longer
            .iter()
            .filter(|(of_file, ..)| *of_file == file)
            // those that are no data have been dropped
            .filter_map(|(_, line, fields)| {
                let row = start + lines.binary_search(line).ok()?;
                Some((row, Ragged { line: *line, fields: *fields, only: None }))
            })
            .collect();
        if own.len() == lines.len() {
            continue;
        }
        if let (OnError::Fail, Some((_, row))) = (layout.format.on_error, own.first()) {
            return Err(ragged(&layout.format.name, row, layout.shape.width));
        }
        shifted.extend(own.into_iter().map(|(row, ragged)| (file, row, ragged)));
    }
    Ok(shifted)
}

fn leave_out(
    rows: Vec<(usize, usize, Ragged)>,
    layouts: &[Layout],
    files: &mut [FileReport],
    rejected: &mut BTreeSet<usize>,
) {
    for (file, row, ragged) in rows {
        if rejected.insert(row) {
            files[file].rejected.push(rejected_row(&ragged, layouts[file].shape.width));
        }
    }
    for file in files.iter_mut() {
        file.rejected.sort();
    }
}

/// The line of the last row of data of a file.
fn last_line(origin: &Origin, file: usize) -> u32 {
    let of_file = origin.file_of_row.iter().zip(&origin.line_of_row).rev();
    of_file.clone().find(|(of_row, _)| usize::from(**of_row) == file).map_or(0, |(_, line)| *line)
}

/// The first error in the order of the files, or the rows that are left out instead.
fn refuse_or_reject(
    columns: &[ColumnPlan],
    settled: Vec<Result<Settled, (Place, anyhow::Error)>>,
    layouts: &[Layout],
    files: &mut [FileReport],
) -> Result<(Vec<Settled>, BTreeSet<usize>)> {
    let mut first: Option<(Place, anyhow::Error)> = None;
    let mut all = Vec::new();
    let mut rejected = BTreeSet::new();
    for (column, settled) in columns.iter().zip(settled) {
        match settled {
            Err((place, _)) if first.as_ref().is_some_and(|(known, _)| *known <= place) => {}
            Err(refused) => first = Some(refused),
            Ok(mut settled) => {
                let name: Arc<str> = Arc::from(column.name.as_str());
                for bad in std::mem::take(&mut settled.bad) {
                    let format = &layouts[bad.place.file].format;
                    if format.on_error == OnError::Fail {
                        if first.as_ref().is_some_and(|(known, _)| *known <= bad.place) {
                            continue;
                        }
                        let message = format!(
                            "{}:{}: column `{}`: `{}` {}",
                            format.name,
                            bad.place.line,
                            column.name,
                            shortened(&bad.cell),
                            bad.reason
                        );
                        first = Some((bad.place, data_error(message, &*bad.hint)));
                    } else if rejected.insert(bad.place.row) {
                        files[bad.place.file].rejected.push(Rejected {
                            line: bad.place.line,
                            column: name.clone(),
                            cell: bad.cell.into(),
                            reason: Reason::Cell(bad.reason),
                        });
                    }
                }
                all.push(settled);
            }
        }
    }
    for file in files.iter_mut() {
        file.rejected.sort();
    }
    match first {
        Some((_, error)) => Err(error),
        None => Ok((all, rejected)),
    }
}

fn without_rows(table: Table, rejected: &BTreeSet<usize>) -> Result<Table> {
    if rejected.is_empty() {
        return Ok(table);
    }
    let height = table.origin.line_of_row.len();
    let keeps: BooleanChunked = (0..height).map(|row| !rejected.contains(&row)).collect();
    let frame = table.frame.filter(&keeps).context("a mask of the table's height")?;
    let origin = table.origin.select((0..height).filter(|row| !rejected.contains(row)));
    let mut table = Table { frame, dictionaries: table.dictionaries, origin };
    let names: Vec<String> = table.dictionaries.keys().cloned().collect();
    for name in names {
        drop_unused_words(&mut table, &name)?;
    }
    Ok(table)
}

/// A word that only rows had which are left out is none of the column.
fn drop_unused_words(table: &mut Table, name: &str) -> Result<()> {
    let (Some(codes), Some(words)) = (table.codes(name), table.dictionaries.get(name)) else {
        return Ok(());
    };
    let codes = code_slice(&codes);
    let mut is_used = vec![false; words.len()];
    is_used[0] = true;
    for code in codes {
        is_used[*code as usize] = true;
    }
    let mut next = 0;
    let new: Vec<u32> = is_used
        .iter()
        .map(|is_used| {
            let code = next;
            next += u32::from(*is_used);
            code
        })
        .collect();
    let used = words.iter().zip(&is_used).filter(|(_, is_used)| **is_used).map(|(word, _)| word.clone());
    let dictionary = used.collect();
    table.recode(name, dictionary, &new)
}
