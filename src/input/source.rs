//! Files as blocks of whole records, so that several threads can parse one file and memory stays bounded.
//!
//! This is the only place that sees raw bytes: the encoding is settled here, and a record is never cut in two,
//! not even one with line breaks inside quotes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;
use memchr::{memchr_iter, memchr2_iter, memrchr};

use crate::error::{data_error, io_reason};

/// Bytes that are read at once. Large enough that handing out blocks costs nothing, small enough for the cache.
const BLOCK_SIZE: usize = 1 << 18;
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

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
    file: File,
    name: String,
    /// The separator of the header line: comma, semicolon or tab.
    pub separator: u8,
    /// The cells of the header.
    pub headers: Vec<String>,
    /// The line on which the header begins.
    header_line: u64,
    carry: Vec<u8>,
    line: u64,
    is_at_end: bool,
}

/// Opens a file and reads its header.
///
/// # Errors
/// A file that cannot be opened, is empty, is not UTF-8, or has an unreadable header.
pub fn open(path: &Path, name: &str) -> Result<Source> {
    let unreadable = |error: std::io::Error| {
        data_error(
            format!("{name}: cannot be read: {}", io_reason(&error)),
            "check the path; files are relative to the configuration, or to the folder you are in",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(data_error(
            format!("{name}: cannot be read: is a folder, not a file"),
            format!("name the files: `{name}/*.csv`"),
        ));
    }
    let mut source = Source {
        file,
        name: name.to_string(),
        separator: b',',
        headers: Vec::new(),
        header_line: 1,
        carry: Vec::new(),
        line: 1,
        is_at_end: false,
    };
    source.read_header()?;
    Ok(source)
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

    /// The next whole records, or none at the end of the file.
    ///
    /// # Errors
    /// A read error, or a quote that is never closed.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        loop {
            if let Some(end) = self.complete_records() {
                let rest = self.carry.split_off(end);
                let bytes = std::mem::replace(&mut self.carry, rest);
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
        let wanted = BLOCK_SIZE.max(self.carry.len()) as u64;
        let read = self.file.by_ref().take(wanted).read_to_end(&mut self.carry).map_err(|error| {
            data_error(
                format!("{}: cannot be read: {}", self.name, io_reason(&error)),
                "check the disk, then run again",
            )
        })?;
        self.is_at_end = (read as u64) < wanted;
        Ok(())
    }

    fn read_header(&mut self) -> Result<()> {
        self.fill()?;
        if self.carry.starts_with(UTF8_MARK) {
            self.carry.drain(..UTF8_MARK.len());
        }
        refuse_other_encodings(&self.carry, &self.name)?;
        let blank = self.carry.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.line += memchr_iter(b'\n', &self.carry[..blank]).count() as u64;
        self.carry.drain(..blank);
        if self.carry.iter().all(u8::is_ascii_whitespace) {
            return Err(data_error(
                format!("{}: the file is empty", self.name),
                "export it again, or take it out of the inputs",
            ));
        }
        loop {
            self.separator = most_frequent_separator(&self.carry);
            let end = first_record_end(&self.carry, self.separator);
            if end.is_some() || self.is_at_end {
                if let (None, (_, Some(opened))) = (end, last_record_end(&self.carry, self.separator)) {
                    return Err(self.open_quote(opened));
                }
                let record: Vec<u8> = self.carry.drain(..end.unwrap_or(self.carry.len())).collect();
                self.header_line = self.line;
                self.headers = parse_header(&record, self.separator, &self.name, self.line)?;
                self.line += memchr_iter(b'\n', &record).count() as u64;
                return Ok(());
            }
            self.fill()?;
        }
    }
}

fn refuse_other_encodings(bytes: &[u8], name: &str) -> Result<()> {
    let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if !is_utf16 {
        return Ok(());
    }
    Err(data_error(
        format!("{name}: the file is UTF-16"),
        "save it as UTF-8: in Excel, `CSV UTF-8 (comma delimited)`",
    ))
}

/// The separator that the first line has most of outside quotes; a comma where it has none.
fn most_frequent_separator(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for &byte in bytes {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if !is_quoted => {
                if let Some(entry) = counts.iter_mut().find(|entry| entry.0 == byte) {
                    entry.1 += 1;
                }
            }
            _ => {}
        }
    }
    // `max_by_key` keeps the last of equals, so the comma comes last
    counts.into_iter().rev().max_by_key(|entry| entry.1).map_or(b',', |entry| entry.0)
}

fn parse_header(record: &[u8], separator: u8, name: &str, line: u64) -> Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(record);
    let mut cells = csv::ByteRecord::new();
    let is_read = reader.read_byte_record(&mut cells).unwrap_or(false);
    let headers: Result<Vec<String>, _> =
        cells.iter().map(|cell| std::str::from_utf8(cell).map(|text| text.trim().to_string())).collect();
    match headers {
        Ok(headers) if is_read => Ok(headers),
        _ => {
            Err(data_error(format!("{name}:{line}: the header is not UTF-8 text"), "save the file as UTF-8"))
        }
    }
}

/// Where the first record ends (behind its line feed), if it ends in these bytes.
fn first_record_end(bytes: &[u8], separator: u8) -> Option<usize> {
    let mut quotes = Quotes::new(separator);
    memchr2_iter(b'"', b'\n', bytes).find(|&at| quotes.step(bytes, at)).map(|at| at + 1)
}

/// Where the last complete record ends (behind its line feed), and where a quote stands open at the end of the bytes.
fn last_record_end(bytes: &[u8], separator: u8) -> (Option<usize>, Option<usize>) {
    if memchr::memchr(b'"', bytes).is_none() {
        return (memrchr(b'\n', bytes).map(|at| at + 1), None);
    }
    let mut quotes = Quotes::new(separator);
    let end = memchr2_iter(b'"', b'\n', bytes).filter(|&at| quotes.step(bytes, at)).last();
    (end.map(|at| at + 1), quotes.opened)
}

/// Follows the quotes of a CSV text: a quote opens a cell only at its start, and is doubled inside one.
struct Quotes {
    separator: u8,
    opened: Option<usize>,
    /// A quote at this place is the second of a doubled one.
    escaped: usize,
}

impl Quotes {
    fn new(separator: u8) -> Quotes {
        Quotes { separator, opened: None, escaped: usize::MAX }
    }

    /// Takes the next quote or line feed; true where it is a line feed that ends a record.
    fn step(&mut self, bytes: &[u8], at: usize) -> bool {
        if bytes[at] == b'\n' {
            return self.opened.is_none();
        }
        if self.opened.is_some() {
            if at == self.escaped {
                return false;
            }
            if bytes.get(at + 1) == Some(&b'"') {
                self.escaped = at + 1;
            } else {
                self.opened = None;
            }
        } else if at == 0 || matches!(bytes[at - 1], b'\n' | b'\r') || bytes[at - 1] == self.separator {
            self.opened = Some(at);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_inside_quotes_ends_no_record() {
        let bytes = b"1,\"a\nb\"\n2,\"say \"\"x\"\"\"\n";
        assert_eq!(first_record_end(bytes, b','), Some(8));
        assert_eq!(last_record_end(bytes, b','), (Some(bytes.len()), None));
        assert_eq!(last_record_end(b"1,x\n2,\"open\n", b','), (Some(4), Some(6)));
    }

    #[test]
    fn a_quote_inside_a_plain_cell_is_a_letter() {
        assert_eq!(last_record_end(b"1,5\" pipe\n2,x\n", b','), (Some(14), None));
    }

    #[test]
    fn the_separator_is_what_the_first_line_has_most_of() {
        assert_eq!(most_frequent_separator(b"a;b;c\n1,2,3,4\n"), b';');
        assert_eq!(most_frequent_separator(b"\"a;b;c\",d\n"), b',');
        assert_eq!(most_frequent_separator(b"a\tb\n"), b'\t');
        assert_eq!(most_frequent_separator(b"a\n"), b',');
    }
}
