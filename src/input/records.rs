//! A block of bytes as cells: where each cell of each record is, with quotes taken off.
//!
//! The `csv` crate reads what has quotes; a block without any is split at its separators and line feeds alone, which
//! is the same by the rules of CSV and several times as fast. The cells are then typed column by column.

use anyhow::{Context, Result};
use memchr::{memchr, memchr_iter};

use super::source::Block;
use crate::error::data_error;

/// The cells of a block.
#[derive(Debug)]
pub struct Records {
    bytes: Vec<u8>,
    /// Start and end of each cell, record by record.
    cells: Vec<(u32, u32)>,
    width: usize,
    /// The line of the file on which each record begins.
    pub lines: Vec<u32>,
}

impl Records {
    /// The cells of one column, without the blanks around them.
    pub fn column(&self, field: usize) -> impl Iterator<Item = &[u8]> + '_ {
        let cells = self.cells.get(field..).unwrap_or_default();
        cells
            .iter()
            .step_by(self.width)
            .map(|&(start, end)| self.bytes[start as usize..end as usize].trim_ascii())
    }

    /// A cell as it stands in the file, quotes taken off.
    pub fn cell(&self, row: usize, field: usize) -> &[u8] {
        let (start, end) = self.cells[row * self.width + field];
        &self.bytes[start as usize..end as usize]
    }
}

/// Finds the cells of a block of a file whose header has `width` cells.
///
/// # Errors
/// A record with more or fewer cells than the header.
pub fn split(block: Block, separator: u8, width: usize, name: &str) -> Result<Records> {
    let is_plain = memchr(b'"', &block.bytes).is_none() && !has_lone_carriage_return(&block.bytes);
    if is_plain {
        split_plain(block, separator, width, name)
    } else {
        split_quoted(&block, separator, width, name)
    }
}

fn has_lone_carriage_return(bytes: &[u8]) -> bool {
    memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn split_plain(block: Block, separator: u8, width: usize, name: &str) -> Result<Records> {
    let bytes = block.bytes;
    let mut lines = Vec::with_capacity(memchr_iter(b'\n', &bytes).count() + 1);
    let mut cells = Vec::with_capacity(lines.capacity() * width);
    let ends = memchr_iter(b'\n', &bytes).chain((bytes.last() != Some(&b'\n')).then_some(bytes.len()));
    let mut start = 0;
    for (number, end) in ends.enumerate() {
        let text = &bytes[start..end];
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() {
            let before = cells.len();
            let mut cell = start;
            for at in memchr_iter(separator, text) {
                cells.push((place(cell), place(start + at)));
                cell = start + at + 1;
            }
            cells.push((place(cell), place(start + text.len())));
            let line = block.first_line + number as u64;
            if cells.len() - before != width {
                return Err(ragged(name, line, cells.len() - before, width));
            }
            lines.push(line_number(line));
        }
        start = end + 1;
    }
    Ok(Records { bytes, cells, width, lines })
}

fn split_quoted(block: &Block, separator: u8, width: usize, name: &str) -> Result<Records> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(1 << 16)
        .from_reader(block.bytes.as_slice());
    let mut records =
        Records { bytes: Vec::with_capacity(block.bytes.len()), cells: Vec::new(), width, lines: Vec::new() };
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).with_context(|| name.to_string())? {
        let line = line_of(block, &record);
        if record.len() != width {
            return Err(ragged(name, line, record.len(), width));
        }
        for cell in &record {
            let start = place(records.bytes.len());
            records.bytes.extend_from_slice(cell);
            records.cells.push((start, place(records.bytes.len())));
        }
        records.lines.push(line_number(line));
    }
    Ok(records)
}

/// A place in a block. One cell of 4 GiB would not fit; such a file is refused by memory long before.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a block is smaller than 4 GiB")
}

fn line_number(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The line on which a record begins; the reader counts the empty lines before a record as part of it.
fn line_of(block: &Block, record: &csv::ByteRecord) -> u64 {
    let Some(position) = record.position() else {
        return block.first_line;
    };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(block.bytes.len());
    let blank = block.bytes[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    block.first_line - 1 + position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn ragged(name: &str, line: u64, fields: usize, width: usize) -> anyhow::Error {
    data_error(
        format!(
            "{name}:{line}: the row has {fields} {}, the header has {width}",
            if fields == 1 { "field" } else { "fields" }
        ),
        if fields > width {
            "a separator inside a cell needs quotes around the cell: `\"Smith, John\"`"
        } else {
            "the row is cut short, or another separator stands in it: export it again"
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(bytes: &[u8]) -> Block {
        Block { bytes: bytes.to_vec(), first_line: 2 }
    }

    fn cells(records: &Records) -> Vec<Vec<u8>> {
        (0..records.lines.len() * records.width)
            .map(|place| records.cell(place / records.width, place % records.width).to_vec())
            .collect()
    }

    proptest! {
        /// Without quotes both ways of splitting see the same cells on the same lines, or refuse the same line.
        #[test]
        fn plain_splitting_agrees_with_the_csv_crate(text in "([a-c]{0,2},){1,2}[a-c ]{0,2}(\r?\n([a-c]{0,2},){1,2}[a-c]{0,2}|\r?\n){0,6}\n?") {
            let width = text.lines().next().map_or(1, |line| line.split(',').count());
            let plain = split_plain(block(text.as_bytes()), b',', width, "x");
            let quoted = split_quoted(&block(text.as_bytes()), b',', width, "x");
            match (plain, quoted) {
                (Ok(plain), Ok(quoted)) => {
                    prop_assert_eq!(cells(&plain), cells(&quoted));
                    prop_assert_eq!(plain.lines, quoted.lines);
                }
                (Err(plain), Err(quoted)) => prop_assert_eq!(plain.to_string(), quoted.to_string()),
                (plain, quoted) => prop_assert!(false, "{plain:?} {quoted:?}"),
            }
        }
    }

    #[test]
    fn lines_count_line_breaks_inside_quotes() {
        let records = split(block(b"a,\"x\ny\"\n\nb,\"say \"\"z\"\"\"\n"), b',', 2, "x").unwrap();
        assert_eq!(records.lines, [2, 5]);
        assert_eq!(records.cell(1, 1), b"say \"z\"");
    }
}
