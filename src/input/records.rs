//! A block of bytes as cells: where each cell of each record is, with quotes taken off.
//!
//! The `csv` crate reads what has quotes; a block without any is split at its separators and line feeds alone, which
//! is the same by the rules of CSV and several times as fast. The cells are then typed column by column.

use anyhow::{Context, Result};
use memchr::{memchr, memchr_iter};

use super::source::Block;
use crate::error::{data_error, shortened};

/// How many cells the rows of a file have.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The cells of the header.
    pub width: usize,
    /// Nameless cells at the end of the header, which rows may lack.
    pub phantoms: usize,
}

/// The cells of a block.
#[derive(Debug)]
pub struct Records {
    bytes: Vec<u8>,
    /// Start and end of each cell, record by record.
    cells: Vec<(u32, u32)>,
    width: usize,
    /// The line of the file on which each record begins.
    pub lines: Vec<u32>,
    /// The lines of rows without any text.
    pub empty: Vec<u32>,
    /// Rows with more or fewer cells than the header.
    pub ragged: Vec<Ragged>,
    /// The lines of rows with blank cells behind the last column of the header: right if all rows have them.
    pub longer: Vec<u32>,
    /// How many cells these rows have.
    pub longer_fields: usize,
}

/// Memory of a block that has been read, for the next one.
#[derive(Debug, Default)]
pub struct Spare {
    pub bytes: Vec<u8>,
    cells: Vec<(u32, u32)>,
}

/// A row with more or fewer cells than the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ragged {
    pub line: u32,
    pub fields: usize,
    /// The only cell with text, if there is no other.
    pub only: Option<String>,
}

impl Records {
    /// No rows yet, with room for those of a block of this many bytes; its bytes are set when all rows are there.
    fn new(length: usize, shape: Shape, rows: usize, spare: Spare) -> Records {
        let most_cells = length + rows;
        // nameless cells at the end are not kept: a header of many would make short rows long
        let width = shape.width - shape.phantoms;
        let mut cells = spare.cells;
        cells.clear();
        // no more than there can be separators: many empty lines under a wide header are no table
        cells.reserve((rows * width).min(most_cells));
        Records {
            bytes: Vec::new(),
            cells,
            width,
            lines: Vec::with_capacity(rows),
            empty: Vec::new(),
            ragged: Vec::new(),
            longer: Vec::new(),
            longer_fields: 0,
        }
    }

    /// The memory, for the next block.
    pub fn into_spare(self) -> Spare {
        Spare { bytes: self.bytes, cells: self.cells }
    }

    /// The cells of one column, without the blanks around them.
    #[inline]
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

    /// The cells of a row without the blanks around them.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &[u8]> + '_ {
        (0..self.width).map(move |field| self.cell(row, field).trim_ascii())
    }

    /// Takes rows out: those for which `keeps` is false.
    pub fn retain(&mut self, keeps: &[bool]) {
        let width = self.width;
        let mut kept = 0;
        for (row, _) in keeps.iter().enumerate().filter(|(_, keeps)| **keeps) {
            self.cells.copy_within(row * width..(row + 1) * width, kept * width);
            self.lines[kept] = self.lines[row];
            kept += 1;
        }
        self.cells.truncate(kept * width);
        self.lines.truncate(kept);
    }

    /// Ends a row whose cells have been added.
    #[inline]
    fn end_row(&mut self, bytes: &[u8], line: u64, phantoms: usize) {
        let before = self.lines.len() * self.width;
        let fields = self.cells.len() - before;
        if fields == self.width && phantoms == 0 || self.is_mended(bytes, before, fields, phantoms) {
            self.lines.push(line_number(line));
            if fields > self.width + phantoms {
                self.longer.push(line_number(line));
                self.longer_fields = fields;
            }
            return;
        }
        let with_text: Vec<&[u8]> = self.cells[before..]
            .iter()
            .map(|&(start, end)| bytes[start as usize..end as usize].trim_ascii())
            .filter(|cell| !cell.is_empty())
            .collect();
        let line = line_number(line);
        match with_text.as_slice() {
            [] => self.empty.push(line),
            [only] => {
                let only = Some(String::from_utf8_lossy(only).into_owned());
                self.ragged.push(Ragged { line, fields, only });
            }
            _ => self.ragged.push(Ragged { line, fields, only: None }),
        }
        self.cells.truncate(before);
    }

    /// Makes a row as wide as the names of the header where nothing but nameless, empty cells is too much or too little.
    fn is_mended(&mut self, bytes: &[u8], before: usize, fields: usize, phantoms: usize) -> bool {
        let of_header = self.width + phantoms;
        let is_blank =
            |&(start, end): &(u32, u32)| bytes[start as usize..end as usize].trim_ascii().is_empty();
        let fits = if fields > of_header {
            self.cells[before + of_header..].iter().all(is_blank)
        } else {
            fields == of_header || (fields > 1 && fields >= self.width)
        };
        if fits {
            self.cells.truncate(before + self.width);
        }
        fits
    }
}

/// Finds the cells of a block of a file.
///
/// # Errors
/// A read error of the csv crate, which no bytes in memory give.
pub fn split(block: Block, separator: u8, shape: Shape, name: &str, spare: Spare) -> Result<Records> {
    let is_plain = memchr(b'"', &block.bytes).is_none() && !has_lone_carriage_return(&block.bytes);
    if is_plain {
        Ok(split_plain(block, separator, shape, spare))
    } else {
        split_quoted(&block, separator, shape, name, spare)
    }
}

fn has_lone_carriage_return(bytes: &[u8]) -> bool {
    memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn split_plain(block: Block, separator: u8, shape: Shape, spare: Spare) -> Records {
    let bytes = block.bytes;
    let rows = memchr_iter(b'\n', &bytes).count() + 1;
    let mut records = Records::new(bytes.len(), shape, rows, spare);
    let (mut row, mut cell, mut line) = (0, 0, block.first_line);
    let mut end_line = |records: &mut Records, start: usize, cell: usize, end: usize| {
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        if end > start {
            records.cells.push((place(cell), place(end)));
            records.end_row(&bytes, line, shape.phantoms);
        } else {
            records.empty.push(line_number(line));
        }
        line += 1;
    };
    for_each_mark(&bytes, separator, |at| {
        if bytes[at] == b'\n' {
            end_line(&mut records, row, cell, at);
            row = at + 1;
        } else {
            records.cells.push((place(cell), place(at)));
        }
        cell = at + 1;
    });
    if row < bytes.len() {
        end_line(&mut records, row, cell, bytes.len());
    }
    Records { bytes, ..records }
}

/// Calls `mark` with the place of each separator and each line feed, in their order.
///
/// Cells are short, so a search that starts anew at each would cost more than a look at every eight bytes.
#[inline]
fn for_each_mark(bytes: &[u8], separator: u8, mut mark: impl FnMut(usize)) {
    let (words, rest) = bytes.as_chunks::<8>();
    let everywhere = |byte: u8| u64::from_le_bytes([byte; 8]);
    let (separators, line_feeds) = (everywhere(separator), everywhere(b'\n'));
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let mut hits = zero_bytes(word ^ separators) | zero_bytes(word ^ line_feeds);
        while hits != 0 {
            mark(number * 8 + (hits.trailing_zeros() / 8) as usize);
            hits &= hits - 1;
        }
    }
    let start = words.len() * 8;
    let is_mark = |byte: &u8| *byte == separator || *byte == b'\n';
    for (place, _) in rest.iter().enumerate().filter(|(_, byte)| is_mark(byte)) {
        mark(start + place);
    }
}

/// The highest bit of each byte that is zero.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}

fn split_quoted(block: &Block, separator: u8, shape: Shape, name: &str, spare: Spare) -> Result<Records> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(1 << 16)
        .from_reader(block.bytes.as_slice());
    let mut records = Records::new(block.bytes.len(), shape, 0, spare);
    let mut bytes = Vec::with_capacity(block.bytes.len());
    let mut record = csv::ByteRecord::new();
    loop {
        let is_record = reader.read_byte_record(&mut record).with_context(|| name.to_string())?;
        let line = note_empty_lines(block, &record, &mut records.empty);
        if !is_record {
            return Ok(Records { bytes, ..records });
        }
        for cell in &record {
            let start = place(bytes.len());
            bytes.extend_from_slice(cell);
            records.cells.push((start, place(bytes.len())));
        }
        records.end_row(&bytes, line, shape.phantoms);
    }
}

/// A place in a block. One cell of 4 GiB would not fit; such a file is refused by memory long before.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a block is smaller than 4 GiB")
}

fn line_number(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The line on which a record begins. The reader counts the empty lines before a record as part of it: they are noted.
fn note_empty_lines(block: &Block, record: &csv::ByteRecord, empty: &mut Vec<u32>) -> u64 {
    let Some(position) = record.position() else {
        return block.first_line;
    };
    let bytes = &block.bytes;
    let mut line = block.first_line - 1 + position.line();
    let mut at = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(bytes.len());
    // for the reader a carriage return ends a record, and the line feed behind it belongs to the next one
    if at > 0 && bytes[at - 1] == b'\r' && bytes.get(at) == Some(&b'\n') {
        at += 1;
        line += 1;
    }
    while let Some(end @ (b'\n' | b'\r')) = bytes.get(at) {
        let is_pair = *end == b'\r' && bytes.get(at + 1) == Some(&b'\n');
        empty.push(line_number(line));
        line += u64::from(is_pair || *end == b'\n');
        at += 1 + usize::from(is_pair);
    }
    line
}

/// The error of a row with more or fewer cells than the header.
pub fn ragged(name: &str, row: &Ragged, width: usize) -> anyhow::Error {
    let fields = row.fields;
    let only = row.only.as_ref().map(|text| format!(": `{}`", shortened(text))).unwrap_or_default();
    let cause = if fields > width {
        "a separator inside a cell needs quotes around the cell: `\"Smith, John\"`"
    } else if row.only.is_some() {
        "the row is cut short, or no data: take it out"
    } else {
        "the row is cut short, or another separator stands in it: export it again"
    };
    data_error(
        format!(
            "{name}:{}: the row has {fields} {}, the header has {width}{only}",
            row.line,
            if fields == 1 { "field" } else { "fields" }
        ),
        format!("{cause}; or set `on_error = \"skip\"` in its block to leave such rows out and count them"),
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
        /// Without quotes both ways of splitting see the same cells on the same lines, and the same ragged rows.
        #[test]
        fn plain_splitting_agrees_with_the_csv_crate(
            text in "([a-c]{0,2},){1,2}[a-c ]{0,2}(\r?\n([a-c]{0,2},){1,2}[a-c]{0,2}|\r?\n){0,6}\n?",
            phantoms in 0_usize..2,
        ) {
            let width = text.lines().next().map_or(1, |line| line.split(',').count());
            let shape = Shape { width, phantoms };
            let plain = split_plain(block(text.as_bytes()), b',', shape, Spare::default());
            let quoted = split_quoted(&block(text.as_bytes()), b',', shape, "x", Spare::default()).unwrap();
            prop_assert_eq!(cells(&plain), cells(&quoted));
            prop_assert_eq!(plain.lines, quoted.lines);
            prop_assert_eq!(plain.empty, quoted.empty);
            prop_assert_eq!(plain.ragged, quoted.ragged);
        }
    }

    #[test]
    fn lines_count_line_breaks_inside_quotes() {
        let shape = Shape { width: 2, phantoms: 0 };
        let records =
            split(block(b"a,\"x\ny\"\n\nb,\"say \"\"z\"\"\"\n"), b',', shape, "x", Spare::default()).unwrap();
        assert_eq!(records.lines, [2, 5]);
        assert_eq!(records.cell(1, 1), b"say \"z\"");
    }

    #[test]
    fn empty_lines_are_counted_beside_quotes_too() {
        let shape = Shape { width: 2, phantoms: 0 };
        for text in ["\n\na,\"b\"\n\n\nc,d\n\n", "\r\n\r\na,\"b\"\r\n\r\n\r\nc,d\r\n\r\n"] {
            let records = split(block(text.as_bytes()), b',', shape, "x", Spare::default()).unwrap();
            assert_eq!((records.lines, records.empty), (vec![4, 7], vec![2, 3, 5, 6, 8]), "{text:?}");
        }
        let records = split(block(b"a,b\r\rc,d\r"), b',', shape, "x", Spare::default()).unwrap();
        assert_eq!((records.lines, records.empty), (vec![2, 2], vec![2]));
    }

    #[test]
    fn many_empty_lines_under_a_wide_header_take_no_memory() {
        let records =
            split_plain(block(&[b'\n'; 1000]), b',', Shape { width: 1 << 40, phantoms: 0 }, Spare::default());
        assert_eq!((records.empty.len(), records.lines.len()), (1000, 0));
    }

    #[test]
    fn nameless_cells_at_the_end_may_be_there_or_not() {
        let shape = Shape { width: 3, phantoms: 1 };
        let records =
            split(block(b"a,b,,,\nc,d\n,,\ne\nf,g,h,i\n"), b',', shape, "x", Spare::default()).unwrap();
        assert_eq!(records.lines, [2, 3, 4]);
        assert_eq!(
            records.ragged.iter().map(|row| (row.line, row.fields)).collect::<Vec<_>>(),
            [(5, 1), (6, 4)]
        );
    }

    #[test]
    fn nameless_cells_take_no_memory() {
        let shape = Shape { width: 1 << 40, phantoms: (1 << 40) - 2 };
        let records = split(block(b"a,b\nc,d,,\n\"e\",f\n"), b',', shape, "x", Spare::default()).unwrap();
        assert_eq!((records.lines.as_slice(), records.cells.len()), (&[2, 3, 4][..], 6));
        assert_eq!(records.cell(2, 1), b"f");
    }

    #[test]
    fn rows_that_are_taken_out_leave_the_others_as_they_were() {
        let shape = Shape { width: 1, phantoms: 0 };
        let mut records = split(block(b"a\nb\nc\n"), b',', shape, "x", Spare::default()).unwrap();
        records.retain(&[true, false, true]);
        assert_eq!(
            (records.lines.clone(), cells(&records)),
            (vec![2, 4], vec![b"a".to_vec(), b"c".to_vec()])
        );
    }
}
