//! Reads the files of one table in parallel: threads take turns at fetching a block and parse it while others fetch.
//!
//! Only the columns of the plan are typed. The result does not depend on the number of threads: pieces are put
//! together in the order of the files, words are sorted, and of several errors the first in the files is reported.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;

use super::column::Column;
use super::finish::{Finished, finish};
use super::format::{FileFormat, Setting};
use super::profile::{Reason, Rejected};
use super::progress::Progress;
use super::records::{Ragged, Records, Shape, Spare, ragged, split};
use super::rows::{NoData, NullWords, RowRules};
use super::source::{Block, Source};
use crate::config::{ColumnType, OnError};
use crate::error::{data_error, shortened};

/// More lines with a single cell than this in one block are no footer, and are not kept to see whether they are.
const LONGEST_FOOTER: usize = 1_000;

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
    /// The first of the values that a cell joins with this separator.
    First(usize, u8),
    Constant(String),
    /// The file lacks the column: its cells are empty.
    Absent,
}

impl CellSource {
    /// The field of the file, if the cells are of one.
    pub fn field(&self) -> Option<usize> {
        match self {
            CellSource::Field(field) | CellSource::First(field, _) => Some(*field),
            CellSource::Constant(_) | CellSource::Absent => None,
        }
    }
}

/// A file with all that is known of how to read it.
#[derive(Debug)]
pub struct FilePlan {
    pub source: Source,
    /// By column of the plan.
    pub cells: Vec<CellSource>,
    /// By column of the plan.
    pub settings: Vec<Option<Setting>>,
    pub shape: Shape,
    pub rules: RowRules,
    pub null_words: NullWords,
    pub on_error: OnError,
    /// Files of one export are written alike: they share this number.
    pub export: usize,
    /// The table, for hints.
    pub table: &'static str,
}

/// How the rows of one file are laid out: the plan without the file itself.
pub struct Layout {
    pub format: FileFormat,
    pub separator: u8,
    pub cells: Vec<CellSource>,
    pub shape: Shape,
    pub rules: RowRules,
    pub null_words: NullWords,
}

/// What one thread has read: its columns grow from block to block, because many small pieces would take the memory twice.
pub struct Share {
    pub columns: Vec<Column>,
    pub lines: Vec<u32>,
    pub blocks: Vec<Piece>,
    /// Rows that are no data: by file and reason.
    pub no_data: BTreeMap<(usize, NoData), LeftOut>,
    pub totals: Vec<TotalRow>,
    /// Rows with a single cell, which are the footer if they stand at the end: file and row.
    pub single_cells: Vec<(usize, Ragged)>,
    pub rejected: Vec<(usize, Rejected)>,
    /// Cells of which only the first value was taken: by file.
    pub further_values: Vec<usize>,
    /// Rows with blank cells behind the last column: file, line and number of cells.
    pub longer: Vec<(usize, u32, usize)>,
    /// The memory of the last block, which is used again.
    spare: Spare,
    /// The bytes that the thread will read if all read alike.
    size: u64,
}

/// Rows that were left out: how many, and the lines of the first ones.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    pub count: usize,
    pub lines: Vec<u32>,
}

impl LeftOut {
    /// How many lines are kept: a file may be empty lines by the million.
    const EXAMPLES: usize = 10;

    /// Adds further rows.
    pub fn add(&mut self, count: usize, lines: impl IntoIterator<Item = u32>) {
        self.count += count;
        self.lines.extend(lines);
        self.lines.sort_unstable();
        self.lines.truncate(LeftOut::EXAMPLES);
    }
}

/// A total row that was dropped: its cells by column of the plan.
pub struct TotalRow {
    pub file: usize,
    pub line: u32,
    pub cells: Vec<String>,
}

/// The rows that a thread read from one block.
#[derive(Debug, Clone)]
pub struct Piece {
    /// File and block: the order in which pieces are put together.
    pub order: (usize, usize),
    /// The thread and the rows among those that it read.
    pub thread: usize,
    pub rows: Range<usize>,
}

/// A file turned out not to be UTF-8: it may be read again in another encoding.
#[derive(Debug)]
pub struct NotUtf8 {
    /// The place of the file among those of the table.
    pub file: usize,
    message: String,
}

impl NotUtf8 {
    /// The error where the file cannot be in another encoding: one is named, or a mark says that it is UTF-8.
    pub fn in_words(&self) -> anyhow::Error {
        data_error(
            &self.message,
            "the file is damaged there, or pasted together from files in several encodings: save it as UTF-8, or name what it is in as `encoding = \"…\"` in its block of funnel.toml",
        )
    }
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for NotUtf8 {}

/// The files that are still to be read.
struct Queue {
    sources: Vec<Source>,
    file: usize,
    block: usize,
}

/// Reads all rows of the files into one table.
///
/// # Errors
/// A ragged row, a cell that is not of its column's type, an undecidable format, an open quote, a file without rows:
/// each with file and line; [`NotUtf8`] for a file that may be in another encoding.
pub fn read_files(columns: &[ColumnPlan], files: Vec<FilePlan>, progress: &Progress) -> Result<Finished> {
    let mut layouts = Vec::new();
    let mut sources = Vec::new();
    for file in files {
        let name = file.source.name().to_string();
        let FilePlan { settings, export, table, on_error, .. } = file;
        layouts.push(Layout {
            format: FileFormat { name, table, export, settings, on_error },
            separator: file.source.separator,
            cells: file.cells,
            shape: file.shape,
            rules: file.rules,
            null_words: file.null_words,
        });
        sources.push(file.source);
    }
    let size: u64 = sources.iter().map(|source| source.size).sum();
    let size_of_share = size / rayon::current_num_threads().max(1) as u64;
    let queue = Mutex::new(Queue { sources, file: 0, block: 0 });
    let errors = Mutex::new(BTreeMap::new());
    let is_stopped = AtomicBool::new(false);
    let shares: Vec<Mutex<Share>> = (0..rayon::current_num_threads())
        .map(|_| Mutex::new(Share::new(columns, layouts.len(), size_of_share)))
        .collect();
    rayon::scope(|scope| {
        for (thread, share) in shares.iter().enumerate() {
            let (queue, errors, is_stopped, layouts) = (&queue, &errors, &is_stopped, &layouts);
            scope.spawn(move |_| {
                let mut share = lock(share);
                while !is_stopped.load(Ordering::Relaxed) {
                    let bytes = std::mem::take(&mut share.spare.bytes);
                    let (order, block) = next_block(queue, progress, bytes);
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
        None => finish(columns, shares.into_iter().map(into_inner).collect(), &layouts),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn next_block(
    queue: &Mutex<Queue>,
    progress: &Progress,
    mut spare: Vec<u8>,
) -> ((usize, usize), Result<Option<Block>>) {
    let mut queue = lock(queue);
    loop {
        let order = (queue.file, queue.block);
        let Some(source) = queue.sources.get_mut(order.0) else {
            return (order, Ok(None));
        };
        match source.next_block(std::mem::take(&mut spare)) {
            Ok(None) => (queue.file, queue.block) = (order.0 + 1, 0),
            other => {
                queue.block += 1;
                if let Ok(Some(block)) = &other {
                    progress.add(block.bytes.len());
                }
                return (order, other);
            }
        }
    }
}

impl Share {
    fn new(columns: &[ColumnPlan], files: usize, size: u64) -> Share {
        Share {
            columns: columns
                .iter()
                .map(|column| Column::new(column.column_type, column.limit, files))
                .collect(),
            lines: Vec::new(),
            blocks: Vec::new(),
            no_data: BTreeMap::new(),
            totals: Vec::new(),
            single_cells: Vec::new(),
            rejected: Vec::new(),
            further_values: vec![0; files],
            longer: Vec::new(),
            spare: Spare::default(),
            size,
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
        let spare = std::mem::take(&mut self.spare);
        let length = block.bytes.len() as u64;
        let mut records = split(block, layout.separator, layout.shape, &layout.format.name, spare)?;
        if !records.empty.is_empty() {
            let empty = std::mem::take(&mut records.empty);
            self.no_data.entry((order.0, NoData::Empty)).or_default().add(empty.len(), empty);
        }
        self.longer.extend(records.longer.iter().map(|line| (order.0, *line, records.longer_fields)));
        self.set_ragged_aside(order.0, std::mem::take(&mut records.ragged), layout)?;
        self.drop_no_data(order.0, &mut records, layout);
        let rows = records.lines.len();
        if self.lines.is_empty() {
            self.make_room(rows, length);
        }
        let mut first_bad: Option<(usize, usize)> = None;
        for (place, source) in layout.cells.iter().enumerate() {
            if let Err(row) = self.fill(place, source, &records, order.0, layout) {
                first_bad = first_bad.into_iter().chain([(row, place)]).min();
            }
        }
        if let Some((row, place)) = first_bad {
            let field = layout.cells[place].field().unwrap_or_default();
            let text = String::from_utf8_lossy(records.cell(row, field));
            return Err(anyhow::Error::new(NotUtf8 {
                file: order.0,
                message: format!(
                    "{}:{}: column `{}`: `{}` is not UTF-8 text",
                    layout.format.name,
                    records.lines[row],
                    // the key of a lookup has a name that no user could give
                    columns[place].name.trim_start_matches('\0'),
                    shortened(text.trim())
                ),
            }));
        }
        let first = self.lines.len();
        self.lines.append(&mut records.lines);
        self.blocks.push(Piece { order, thread, rows: first..first + rows });
        self.spare = records.into_spare();
        Ok(())
    }

    /// Makes room for the rows that are to be expected after a first block of `rows` in so many bytes: columns that
    /// grow step by step are copied at each.
    fn make_room(&mut self, rows: usize, length: u64) {
        // the threads never read quite alike
        let expected = (rows as u64).saturating_mul(self.size / length.max(1)).saturating_mul(5) / 4;
        let expected = usize::try_from(expected).unwrap_or_default();
        for column in &mut self.columns {
            column.make_room(expected);
        }
        self.lines.reserve(expected);
    }

    /// Adds the cells of one column; the row of the first one that is not UTF-8 comes back.
    fn fill(
        &mut self,
        place: usize,
        source: &CellSource,
        records: &Records,
        file: usize,
        layout: &Layout,
    ) -> Result<(), usize> {
        let nulls = &layout.null_words;
        let known = |cell| if nulls.has(cell) { &b""[..] } else { cell };
        let keeps_points = layout.format.settings[place] != Some(Setting::Comma);
        let column = &mut self.columns[place];
        let rows = records.lines.len();
        let filled = match source {
            CellSource::Field(field) => column.fill(records.column(*field).map(known), file, keeps_points),
            CellSource::First(field, separator) => {
                let further = &mut self.further_values[file];
                let first = |cell: &[u8]| cell.iter().position(|byte| byte == separator);
                let cells = records.column(*field).map(|cell| match first(cell) {
                    Some(end) => {
                        *further += 1;
                        cell[..end].trim_ascii()
                    }
                    None => cell,
                });
                column.fill(cells.map(known), file, keeps_points)
            }
            CellSource::Constant(text) => {
                column.fill(std::iter::repeat_n(text.trim().as_bytes(), rows), file, keeps_points)
            }
            CellSource::Absent => column.fill(std::iter::repeat_n(&b""[..], rows), file, keeps_points),
        };
        filled.map_err(|(row, _)| row)
    }

    /// Rows with a single cell may be a footer, which only the end of the file shows; others are errors or left out.
    fn set_ragged_aside(&mut self, file: usize, rows: Vec<Ragged>, layout: &Layout) -> Result<()> {
        let mut first_single: Option<Ragged> = None;
        let mut singles = 0;
        for row in rows {
            if row.only.is_some() {
                let first = first_single.get_or_insert_with(|| row.clone());
                singles += 1;
                if singles > LONGEST_FOOTER && layout.format.on_error == OnError::Fail {
                    return Err(ragged(&layout.format.name, first, layout.shape.width));
                }
                self.single_cells.push((file, row));
            } else if layout.format.on_error == OnError::Skip {
                self.rejected.push((file, rejected_row(&row, layout.shape.width)));
            } else {
                return Err(ragged(&layout.format.name, &row, layout.shape.width));
            }
        }
        Ok(())
    }

    fn drop_no_data(&mut self, file: usize, records: &mut Records, layout: &Layout) {
        let reasons: Vec<Option<NoData>> =
            (0..records.lines.len()).map(|row| layout.rules.no_data(records, row)).collect();
        if reasons.iter().all(Option::is_none) {
            return;
        }
        for (row, reason) in reasons.iter().enumerate() {
            let Some(reason) = reason else { continue };
            let line = records.lines[row];
            self.no_data.entry((file, *reason)).or_default().add(1, [line]);
            if *reason == NoData::Total {
                let text = |source: &CellSource| {
                    source
                        .field()
                        .map(|field| String::from_utf8_lossy(records.cell(row, field)).trim().to_string())
                };
                let cells = layout.cells.iter().map(|source| text(source).unwrap_or_default()).collect();
                self.totals.push(TotalRow { file, line, cells });
            }
        }
        let keeps: Vec<bool> = reasons.iter().map(Option::is_none).collect();
        records.retain(&keeps);
    }
}

/// A row that is left out because it has more or fewer cells than the header.
pub fn rejected_row(row: &Ragged, width: usize) -> Rejected {
    Rejected {
        line: row.line,
        column: "".into(),
        cell: row.only.clone().unwrap_or_default().into(),
        reason: Reason::Fields { found: row.fields, width },
    }
}
