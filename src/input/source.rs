//! Files as blocks of whole records, so that several threads can parse one file and memory stays bounded.
//!
//! This is the only place that sees raw bytes: the encoding is settled here, and a record is never cut in two,
//! not even one with line breaks inside quotes.

use std::fs::File;
use std::path::Path;

use anyhow::Result;
use encoding_rs::Encoding;
use memchr::memchr_iter;

use super::encoding::Text;
use super::quotes::{first_record_end, header_end, last_record_end};
use crate::error::{data_error, io_reason};

/// Bytes that are read at once. Large enough that handing out blocks costs nothing, small enough for the cache.
const BLOCK_SIZE: usize = 1 << 18;
/// A record longer than this is no record: most likely a quote is never closed.
const LONGEST_RECORD: usize = 1 << 27;
/// The header stands among so many first records.
const HEADER_WITHIN: usize = 40;
/// The separators of CSV files.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Whole records of a file, and where they stand in it.
#[derive(Debug)]
pub struct Block {
    pub bytes: Vec<u8>,
    /// The line of the file (from 1) on which the block begins.
    pub first_line: u64,
}

/// A file that is being read: its header, then blocks of records.
#[derive(Debug)]
pub struct Source {
    text: Text,
    name: String,
    /// The bytes of the whole file.
    pub size: u64,
    /// The separator of the header line: comma, semicolon or tab.
    pub separator: u8,
    /// The cells of the header; the second `Name` is `Name (2)`.
    pub headers: Vec<String>,
    /// The line on which the header begins.
    pub header_line: u64,
    /// The lines with text above the header.
    pub preamble: Vec<String>,
    carry: Vec<u8>,
    line: u64,
    is_at_end: bool,
}

/// Where a header can be, if anything is known of that.
#[derive(Debug, Clone, Default)]
pub struct HeaderHints {
    /// The line of the header.
    pub line: Option<u64>,
    /// The separators that the file can have; none: any.
    pub separators: Vec<u8>,
}

/// Opens a file and reads its first bytes. The header is read next.
///
/// # Errors
/// A file that cannot be opened, is empty, or in an encoding that nobody can tell.
pub fn open(path: &Path, name: &str, encoding: Option<&'static Encoding>) -> Result<Source> {
    let unreadable = |error: std::io::Error| {
        data_error(
            format!("{name}: cannot be read: {}", io_reason(&error)),
            "check the path; files are relative to the configuration, or to the folder you are in",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(data_error(
            format!("{name}: cannot be read: is a folder, not a file"),
            format!("name the files: `{name}/*.csv`"),
        ));
    }
    let mut source = Source {
        text: Text::open(file, name, encoding, BLOCK_SIZE)?,
        name: name.to_string(),
        size: metadata.len(),
        separator: b',',
        headers: Vec::new(),
        header_line: 1,
        preamble: Vec::new(),
        carry: Vec::new(),
        line: 1,
        is_at_end: false,
    };
    source.fill()?;
    if source.carry.iter().all(u8::is_ascii_whitespace) && source.is_at_end {
        return Err(data_error(
            format!("{name}: the file is empty"),
            "export it again, or take it out of the inputs",
        ));
    }
    Ok(source)
}

/// A record near the beginning of a file that may be its header.
struct Candidate {
    separator: u8,
    start: usize,
    end: usize,
    line: u64,
    cells: Vec<String>,
}

impl Source {
    /// The name of the file as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name and line of the header: `leads.csv:1`.
    pub fn header_place(&self) -> String {
        format!("{}:{}", self.name, self.header_line)
    }

    /// What to call the encoding.
    pub fn encoding(&self) -> String {
        self.text.describe()
    }

    /// What to call the separator.
    pub fn separator_name(&self) -> &'static str {
        match self.separator {
            b';' => "semicolon",
            b'\t' => "tab",
            _ => "comma",
        }
    }

    /// Finds the header: of the first records the one of whose cells `score` knows most, the first one of equals;
    /// where it knows none, the first record.
    ///
    /// # Errors
    /// A header that is no text, a quote that is never closed, a line that the file does not have.
    pub fn read_header(&mut self, hints: &HeaderHints, score: &dyn Fn(&[String]) -> usize) -> Result<()> {
        let separators = if hints.separators.is_empty() { &SEPARATORS[..] } else { &hints.separators };
        let candidates = loop {
            let found: Vec<Candidate> =
                separators.iter().flat_map(|separator| self.candidates(*separator, hints.line)).collect();
            if !found.is_empty() || self.is_at_end {
                break found;
            }
            self.fill()?;
        };
        let fits = |candidate: &&Candidate| hints.line.is_none_or(|line| candidate.line == line);
        let rank = |candidate: &Candidate| {
            let known = if hints.line.is_some() { 0 } else { score(&candidate.cells) };
            (known, std::cmp::Reverse(candidate.line), candidate.cells.len())
        };
        // `max_by_key` keeps the last of equals, and the comma is to win
        let Some(best) = candidates.iter().rev().filter(fits).max_by_key(|candidate| rank(candidate)) else {
            return Err(self.no_header(hints));
        };
        if let (true, Some(opened)) = (self.is_at_end, last_record_end(&self.carry, b',').1) {
            // with another separator the quote is a letter; but then some header would be known
            if score(&best.cells) == 0 && memchr_iter(b'\n', &self.carry[..opened]).count() == 0 {
                return Err(self.open_quote(opened));
            }
        }
        self.separator = best.separator;
        self.header_line = best.line;
        self.headers = unique(&best.cells);
        if std::str::from_utf8(&self.carry[best.start..best.end]).is_err() {
            return Err(data_error(
                format!("{}: the header is not {} text", self.header_place(), self.text.describe()),
                "save the file as UTF-8, or name its encoding in its block of funnel.toml: `encoding = \"windows-1251\"`, `\"windows-1252\"`, …",
            ));
        }
        let above = String::from_utf8_lossy(&self.carry[..best.start]);
        self.preamble =
            above.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
        self.line += memchr_iter(b'\n', &self.carry[..best.end]).count() as u64;
        self.carry.drain(..best.end);
        Ok(())
    }

    /// The first complete records, split by a separator, at least up to a line that is named.
    fn candidates(&self, separator: u8, named: Option<u64>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let mut start = 0;
        let mut line = 1;
        let is_near =
            |count: usize, line: u64| count < HEADER_WITHIN || named.is_some_and(|named| line <= named);
        while start < self.carry.len() && is_near(candidates.len(), line) {
            let rest = &self.carry[start..];
            let end = match header_end(rest, separator) {
                Some(end) => start + end,
                None if self.is_at_end && last_record_end(rest, separator).1.is_none() => self.carry.len(),
                None => break,
            };
            let cells = cells_of(&self.carry[start..end], separator);
            if cells.iter().any(|cell| !cell.is_empty()) {
                candidates.push(Candidate { separator, start, end, line, cells });
            }
            line += memchr_iter(b'\n', &self.carry[start..end]).count() as u64;
            start = end;
        }
        candidates
    }

    fn no_header(&self, hints: &HeaderHints) -> anyhow::Error {
        match (hints.line, last_record_end(&self.carry, b',').1) {
            (None, Some(opened)) => self.open_quote(opened),
            (Some(line), _) => data_error(
                format!("{}: no row with text begins in line {line}", self.name),
                "`header_line` counts the lines of the file from 1; leave it out to find the header by its names",
            ),
            (None, None) => data_error(
                format!("{}: the file has no row that could be a header", self.name),
                "export it again, or take it out of the inputs",
            ),
        }
    }

    /// The next whole records, or none at the end of the file. `spare` is memory that is used again.
    ///
    /// # Errors
    /// A read error, or a quote that is never closed.
    pub fn next_block(&mut self, mut spare: Vec<u8>) -> Result<Option<Block>> {
        loop {
            if let Some(end) = self.complete_records() {
                spare.clear();
                spare.extend_from_slice(&self.carry[end..]);
                self.carry.truncate(end);
                let bytes = std::mem::replace(&mut self.carry, spare);
                let first_line = self.line;
                self.line += memchr_iter(b'\n', &bytes).count() as u64;
                return Ok(Some(Block { bytes, first_line }));
            }
            if self.is_at_end {
                return self.last_block();
            }
            self.fill()?;
        }
    }

    /// The records of a block as they stand in the file, with the line on which each begins.
    pub fn records_of<'a>(&self, block: &'a Block) -> Vec<(u32, &'a [u8])> {
        let mut records = Vec::new();
        let mut start = 0;
        let mut line = block.first_line;
        while start < block.bytes.len() {
            let rest = &block.bytes[start..];
            let length = first_record_end(rest, self.separator).unwrap_or(rest.len());
            records.push((u32::try_from(line).unwrap_or(u32::MAX), &rest[..length]));
            line += memchr_iter(b'\n', &rest[..length]).count() as u64;
            start += length;
        }
        records
    }

    /// The end of the last complete record in what has been read, once a block's worth has been read.
    fn complete_records(&self) -> Option<usize> {
        if self.carry.len() < BLOCK_SIZE {
            return None;
        }
        last_record_end(&self.carry, self.separator).0
    }

    fn last_block(&mut self) -> Result<Option<Block>> {
        if self.carry.is_empty() {
            return Ok(None);
        }
        if let (_, Some(opened)) = last_record_end(&self.carry, self.separator) {
            return Err(self.open_quote(opened));
        }
        Ok(Some(Block { bytes: std::mem::take(&mut self.carry), first_line: self.line }))
    }

    /// The error of a quote that is opened at a place of what has been read, and never closed.
    fn open_quote(&self, opened: usize) -> anyhow::Error {
        let line = self.line + memchr_iter(b'\n', &self.carry[..opened]).count() as u64;
        data_error(
            format!("{}:{line}: a quote is opened and never closed", self.name),
            "double the quotes inside a quoted cell: `\"a \"\"quoted\"\" word\"`",
        )
    }

    /// Reads at least one more block's worth (twice as much for a record that does not end).
    fn fill(&mut self) -> Result<()> {
        if self.carry.len() > LONGEST_RECORD {
            return Err(data_error(
                format!("{}:{}: the row does not end within 128 MB", self.name, self.line),
                "most likely a quote is opened and never closed, or the file is no CSV",
            ));
        }
        let wanted = BLOCK_SIZE.max(self.carry.len());
        self.is_at_end = self.text.fill(wanted, &mut self.carry)?;
        Ok(())
    }
}

/// Repeated headers get a number, so that each can be named.
fn unique(cells: &[String]) -> Vec<String> {
    let mut counts: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let number = |cell| {
        let count = counts.entry(cell).or_default();
        *count += 1;
        *count
    };
    let numbers: Vec<usize> = cells.iter().map(String::as_str).map(number).collect();
    let name = |(cell, number): (&String, usize)| {
        if number > 1 && !cell.is_empty() { format!("{cell} ({number})") } else { cell.clone() }
    };
    cells.iter().zip(numbers).map(name).collect()
}

/// The cells of one record, without blanks around them.
pub fn cells_of(record: &[u8], separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(record);
    let mut cells = csv::ByteRecord::new();
    // bytes in memory cannot fail to be read, and an empty record has no cells
    let _ = reader.read_byte_record(&mut cells);
    cells.iter().map(|cell| super::number::trim(&String::from_utf8_lossy(cell)).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_header_gets_a_number() {
        let names = ["a", "b", "a", "", ""].map(String::from);
        assert_eq!(unique(&names), ["a", "b", "a (2)", "", ""]);
    }
}
