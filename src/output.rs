//! Where text goes: stdout holds the report and nothing else, files are written whole or not at all.

mod files;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

pub use self::files::write_files;
use self::files::{is_named_as_folder, unwritable};
use crate::cli::Format;
use crate::error::{data_error, io_reason, usage_error};
use crate::render::{Manner, extension, is_binary, is_whole, render};
use crate::report::Report;

/// Writes to stdout.
///
/// # Errors
/// A closed pipe, which `main` takes for success.
pub fn to_stdout(text: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(data_error(
            format!("stdout: cannot be written: {}", io_reason(&error)),
            "make room where stdout goes, or write elsewhere with `-o FILE`",
        )),
        written => Ok(written?),
    }
}

/// Writes lines to stderr; nobody reading them is no error.
pub fn to_stderr<'a>(lines: impl IntoIterator<Item = &'a String>) {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        let _ = writeln!(stderr, "{line}");
    }
}

/// Refuses formats that do not fit the place, before anything is read.
///
/// # Errors
/// Several formats without a folder, or a file that is no text on stdout.
pub fn check_place(formats: &[Format], place: Option<&Path>) -> Result<()> {
    let is_folder = place.is_some_and(is_folder);
    if formats.len() > 1 && !is_folder {
        return Err(usage_error(
            "several formats need a folder",
            "name one that exists, or a name that ends in `/`: `-o reports/`",
        ));
    }
    match formats.iter().find(|format| is_binary(**format)) {
        Some(format) if place.is_none() => {
            let extension = extension(*format);
            Err(usage_error(
                format!("`--format {extension}` makes a file, not text"),
                format!("name the file: `-o report.{extension}`"),
            ))
        }
        _ => Ok(()),
    }
}

/// Prints the report, or writes it to a file, or into a folder in each format: one file a table, or one of all tables.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_report(report: &Report, formats: &[Format], place: Option<&Path>, manner: Manner) -> Result<()> {
    let Some(path) = place.filter(|path| is_folder(path)) else {
        let bytes =
            formats.first().map_or_else(|| Ok(Vec::new()), |format| render(report, *format, manner))?;
        return write_bytes(bytes, place);
    };
    let mut files = Vec::new();
    for format in formats {
        let extension = extension(*format);
        if is_whole(*format) {
            files.push((path.join(format!("report.{extension}")), render(report, *format, manner)?));
            continue;
        }
        for table in report.single_tables() {
            let name = table.tables.first().map_or("report", |table| table.name.as_str());
            files.push((path.join(format!("{name}.{extension}")), render(&table, *format, manner)?));
        }
    }
    std::fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
    write_files(&files)
}

/// Whether a place is a folder, or is to become one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || is_named_as_folder(path)
}

/// Prints a text, or writes it to a file.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_bytes(bytes: Vec<u8>, place: Option<&Path>) -> Result<()> {
    match place {
        Some(path) => write_files(&[(PathBuf::from(path), bytes)]),
        None => to_stdout(&bytes),
    }
}
