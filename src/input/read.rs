//! Reads the files of one table in parallel: threads take turns at fetching a block and parse it while others fetch.
//!
//! Only the columns of the plan are typed. The result does not depend on the number of threads: pieces are put
//! together in the order of the files, words are sorted, and of several errors the first in the files is reported.

use std::collections::BTreeMap;
use std::ops::Range;
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

/// What one thread has read: its columns grow from block to block, because many small pieces would take the memory twice.
struct Share {
    columns: Vec<Builder>,
    words: Vec<Words>,
    lines: Vec<u32>,
    blocks: Vec<Piece>,
}

/// The rows that a thread read from one block.
#[derive(Debug, Clone)]
pub struct Piece {
    /// File and block: the order in which pieces are put together.
    order: (usize, usize),
    /// The thread and the rows among those that it read.
    pub thread: usize,
    pub rows: Range<usize>,
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
    let errors = Mutex::new(BTreeMap::new());
    let is_stopped = AtomicBool::new(false);
    let shares: Vec<Mutex<Share>> =
        (0..rayon::current_num_threads()).map(|_| Mutex::new(Share::new(columns))).collect();
    rayon::scope(|scope| {
        for (thread, share) in shares.iter().enumerate() {
            let (queue, errors, is_stopped, layouts) = (&queue, &errors, &is_stopped, &layouts);
            scope.spawn(move |_| {
                let mut share = lock(share);
                while !is_stopped.load(Ordering::Relaxed) {
                    let (order, block) = next_block(queue);
                    let read = match block {
                        Ok(None) => break,
                        Ok(Some(block)) => share.read(block, order, thread, &layouts[order.0], columns),
                        Err(error) => Err(error),
                    };
                    if let Err(error) = read {
                        lock(errors).insert(order, error);
                        is_stopped.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match into_inner(errors).pop_first() {
        Some((_, error)) => Err(error),
        None => put_together(columns, shares.into_iter().map(into_inner).collect(), &names),
    }
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

impl Share {
    fn new(columns: &[ColumnPlan]) -> Share {
        Share {
            columns: columns.iter().map(|column| Builder::new(&column.name, column.column_type)).collect(),
            words: columns.iter().map(|column| Words::with_limit(column.limit)).collect(),
            lines: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Adds the rows of a block.
    fn read(
        &mut self,
        block: Block,
        order: (usize, usize),
        thread: usize,
        layout: &Layout,
        columns: &[ColumnPlan],
    ) -> Result<()> {
        let mut records = split(block, layout.separator, layout.width, &layout.name)?;
        let rows = records.lines.len();
        let mut first_error: Option<(usize, anyhow::Error)> = None;
        for (place, source) in layout.cells.iter().enumerate() {
            let (builder, words) = (&mut self.columns[place], &mut self.words[place]);
            let filled = match source {
                CellSource::Field(field) => builder.fill(records.column(*field), words),
                CellSource::Constant(text) => {
                    builder.fill(std::iter::repeat_n(text.trim().as_bytes(), rows), words)
                }
                CellSource::Absent => builder.fill(std::iter::repeat_n(b"".as_slice(), rows), words),
            };
            if let Err((row, refused)) = filled {
                let cell: &[u8] = match source {
                    CellSource::Field(field) => records.cell(row, *field),
                    CellSource::Constant(text) => text.as_bytes(),
                    CellSource::Absent => b"",
                };
                if first_error.as_ref().is_none_or(|(first, _)| row < *first) {
                    let error = bad_cell(layout, records.lines[row], &columns[place].name, cell, &refused);
                    first_error = Some((row, error));
                }
            }
        }
        if let Some((_, error)) = first_error {
            return Err(error);
        }
        let first = self.lines.len();
        self.lines.append(&mut records.lines);
        self.blocks.push(Piece { order, thread, rows: first..first + rows });
        Ok(())
    }
}

fn bad_cell(layout: &Layout, line: u32, column: &str, cell: &[u8], refused: &Refused) -> anyhow::Error {
    let text = String::from_utf8_lossy(cell);
    data_error(
        format!("{}:{line}: column `{column}`: `{}` {}", layout.name, text.trim(), refused.expected),
        refused.hint,
    )
}

fn put_together(columns: &[ColumnPlan], mut shares: Vec<Share>, names: &[String]) -> Result<Table> {
    let mut pieces: Vec<Piece> =
        shares.iter_mut().flat_map(|share| std::mem::take(&mut share.blocks)).collect();
    pieces.sort_unstable_by_key(|piece| piece.order);
    let lines: Vec<Vec<u32>> = shares.iter_mut().map(|share| std::mem::take(&mut share.lines)).collect();
    let origin = origin_of(names, &pieces, &lines)?;
    let mut own: Vec<Vec<(Builder, Words)>> = columns.iter().map(|_| Vec::new()).collect();
    for share in shares {
        let of_thread = share.columns.into_iter().zip(share.words);
        own.iter_mut().zip(of_thread).for_each(|(own, made)| own.push(made));
    }
    let assembled: Vec<_> = columns
        .par_iter()
        .zip(own)
        .map(|(column, own)| assemble(&column.name, own, &pieces, column.limit))
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
fn origin_of(names: &[String], pieces: &[Piece], lines: &[Vec<u32>]) -> Result<Origin> {
    let mut origin = Origin { files: names.to_vec(), ..Origin::default() };
    let mut rows_of_file = vec![0; names.len()];
    for piece in pieces {
        let file = piece.order.0;
        rows_of_file[file] += piece.rows.len();
        let number = u16::try_from(file).unwrap_or(u16::MAX);
        origin.file_of_row.extend(std::iter::repeat_n(number, piece.rows.len()));
        origin.line_of_row.extend_from_slice(&lines[piece.thread][piece.rows.clone()]);
    }
    match rows_of_file.iter().position(|rows| *rows == 0) {
        Some(file) => Err(data_error(
            format!("{}: the file has a header and no rows", names[file]),
            "export it again, or take it out of the inputs",
        )),
        None => Ok(origin),
    }
}
