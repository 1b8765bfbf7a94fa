//! Reads the files of one table in parallel: threads take turns at fetching a block and parse it while others fetch.
//!
//! Only the columns of the plan are typed. The result does not depend on the number of threads: pieces are put
//! together in the order of the files, words are sorted, and of several errors the first in the files is reported.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use polars::prelude::*;
use rayon::prelude::*;

use super::column::{Builder, Refused, Words, assemble};
use super::records::split;
use super::source::{Block, Source};
use super::table::{Origin, Table};
use crate::config::ColumnType;
use crate::error::data_error;

/// A column to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPlan {
    pub name: String,
    pub column_type: ColumnType,
    /// A text column with more words than this is left out (for columns that nobody asked for by name).
    pub limit: Option<usize>,
}

/// Where the cells of a column come from in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellSource {
    Field(usize),
    Constant(String),
    /// The file lacks the column: its cells are empty.
    Absent,
}

/// A file with the source of each column of the plan.
#[derive(Debug)]
pub struct FilePlan {
    pub source: Source,
    pub cells: Vec<CellSource>,
}

/// What one thread made of one block.
struct Piece {
    /// File and block: the order in which pieces are put together.
    order: (usize, usize),
    thread: usize,
    columns: Vec<Builder>,
    lines: Vec<u32>,
}

/// The files that are still to be read.
struct Queue {
    sources: Vec<Source>,
    file: usize,
    block: usize,
}

/// Reads all rows of the files into one table.
///
/// # Errors
/// A ragged row, a cell that is not of its column's type, an open quote, a file without rows: each with file and line.
pub fn read_files(columns: &[ColumnPlan], files: Vec<FilePlan>) -> Result<Table> {
    let names: Vec<String> = files.iter().map(|file| file.source.name().to_string()).collect();
    let layouts: Vec<Layout> = files
        .iter()
        .map(|file| Layout {
            name: file.source.name().to_string(),
            separator: file.source.separator,
            width: file.source.headers.len(),
            cells: file.cells.clone(),
        })
        .collect();
    let queue =
        Mutex::new(Queue { sources: files.into_iter().map(|file| file.source).collect(), file: 0, block: 0 });
    let pieces = Mutex::new(Vec::new());
    let errors = Mutex::new(BTreeMap::new());
    let is_stopped = AtomicBool::new(false);
    let words: Vec<Mutex<Vec<Words>>> = (0..rayon::current_num_threads())
        .map(|_| Mutex::new(columns.iter().map(|column| Words::with_limit(column.limit)).collect()))
        .collect();
    rayon::scope(|scope| {
        for (thread, words) in words.iter().enumerate() {
            let (queue, pieces, errors, is_stopped, layouts) =
                (&queue, &pieces, &errors, &is_stopped, &layouts);
            scope.spawn(move |_| {
                let mut words = lock(words);
                while !is_stopped.load(Ordering::Relaxed) {
                    let (order, block) = match next_block(queue) {
                        (_, Ok(None)) => break,
                        (order, Ok(Some(block))) => (order, Ok(block)),
                        (order, Err(error)) => (order, Err(error)),
                    };
                    let parsed =
                        block.and_then(|block| parse_block(block, &layouts[order.0], columns, &mut words));
                    match parsed {
                        Ok((columns, lines)) => lock(pieces).push(Piece { order, thread, columns, lines }),
                        Err(error) => {
                            lock(errors).insert(order, error);
                            is_stopped.store(true, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    if let Some((_, error)) = into_inner(errors).pop_first() {
        return Err(error);
    }
    let words: Vec<Vec<Words>> = words.into_iter().map(into_inner).collect();
    put_together(columns, into_inner(pieces), &words, &names)
}

/// How the rows of one file are laid out.
struct Layout {
    name: String,
    separator: u8,
    width: usize,
    cells: Vec<CellSource>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn next_block(queue: &Mutex<Queue>) -> ((usize, usize), Result<Option<Block>>) {
    let mut queue = lock(queue);
    loop {
        let order = (queue.file, queue.block);
        let Some(source) = queue.sources.get_mut(order.0) else {
            return (order, Ok(None));
        };
        match source.next_block() {
            Ok(None) => (queue.file, queue.block) = (order.0 + 1, 0),
            other => {
                queue.block += 1;
                return (order, other);
            }
        }
    }
}

fn parse_block(
    block: Block,
    layout: &Layout,
    columns: &[ColumnPlan],
    words: &mut [Words],
) -> Result<(Vec<Builder>, Vec<u32>)> {
    let records = split(block, layout.separator, layout.width, &layout.name)?;
    let rows = records.lines.len();
    let mut builders = Vec::with_capacity(columns.len());
    let mut first_error: Option<(usize, anyhow::Error)> = None;
    for ((column, source), words) in columns.iter().zip(&layout.cells).zip(words) {
        let mut builder = Builder::new(&column.name, column.column_type, rows);
        let filled = match source {
            CellSource::Field(field) => builder.fill(records.column(*field), words),
            CellSource::Constant(text) => {
                builder.fill(std::iter::repeat_n(text.trim().as_bytes(), rows), words)
            }
            CellSource::Absent => builder.fill(std::iter::repeat_n(b"".as_slice(), rows), words),
        };
        builders.push(builder);
        if let Err((row, refused)) = filled {
            let cell: &[u8] = match source {
                CellSource::Field(field) => records.cell(row, *field),
                CellSource::Constant(text) => text.as_bytes(),
                CellSource::Absent => b"",
            };
            if first_error.as_ref().is_none_or(|(first, _)| row < *first) {
                first_error = Some((row, bad_cell(layout, records.lines[row], &column.name, cell, &refused)));
            }
        }
    }
    match first_error {
        Some((_, error)) => Err(error),
        None => Ok((builders, records.lines)),
    }
}

fn bad_cell(layout: &Layout, line: u32, column: &str, cell: &[u8], refused: &Refused) -> anyhow::Error {
    let text = String::from_utf8_lossy(cell);
    data_error(
        format!("{}:{line}: column `{column}`: `{}` {}", layout.name, text.trim(), refused.expected),
        refused.hint,
    )
}

fn put_together(
    columns: &[ColumnPlan],
    mut pieces: Vec<Piece>,
    words: &[Vec<Words>],
    names: &[String],
) -> Result<Table> {
    pieces.sort_unstable_by_key(|piece| piece.order);
    let origin = origin_of(names, &mut pieces)?;
    // the pieces of each column, moved out so that the columns can be put together in parallel
    let mut own: Vec<Vec<(usize, Builder)>> =
        columns.iter().map(|_| Vec::with_capacity(pieces.len())).collect();
    for piece in pieces {
        own.iter_mut().zip(piece.columns).for_each(|(own, builder)| own.push((piece.thread, builder)));
    }
    let assembled: Vec<_> = columns
        .par_iter()
        .zip(own)
        .enumerate()
        .map(|(index, (column, own))| {
            let own_words: Vec<&Words> = words.iter().map(|words| &words[index]).collect();
            assemble(&column.name, own, &own_words, column.limit)
        })
        .collect();
    let mut series = Vec::new();
    let mut dictionaries = BTreeMap::new();
    for (column, (values, dictionary)) in
        columns.iter().zip(assembled).filter_map(|(column, made)| Some((column, made?)))
    {
        series.push(values.into_column());
        dictionaries.extend(dictionary.map(|dictionary| (column.name.clone(), dictionary)));
    }
    let frame = DataFrame::new(series).context("columns of one table")?;
    Ok(Table { frame, dictionaries, origin })
}

/// The place of every row.
///
/// # Errors
/// A file without rows.
fn origin_of(names: &[String], pieces: &mut [Piece]) -> Result<Origin> {
    let mut origin = Origin { files: names.to_vec(), ..Origin::default() };
    let mut rows_of_file = vec![0; names.len()];
    for piece in pieces {
        let file = piece.order.0;
        rows_of_file[file] += piece.lines.len();
        origin
            .file_of_row
            .extend(std::iter::repeat_n(u16::try_from(file).unwrap_or(u16::MAX), piece.lines.len()));
        origin.line_of_row.append(&mut piece.lines);
    }
    match rows_of_file.iter().position(|rows| *rows == 0) {
        Some(file) => Err(data_error(
            format!("{}: the file has a header and no rows", names[file]),
            "export it again, or take it out of the inputs",
        )),
        None => Ok(origin),
    }
}
