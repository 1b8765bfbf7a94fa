//! Where answers go: stdout holds the report and nothing else, files are written whole or not at all.

mod draft;
mod files;
mod places;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum as _;

use self::files::{is_named_as_folder, unwritable, write_files_after};
use crate::cli::Format;
use crate::error::{data_error, io_reason, usage_error};
use crate::render::{Manner, extension, is_binary, is_whole, render};
use crate::report::Report;

/// Writes to stdout. A reader that has seen enough (`funnel report | head`) is no failure: what else there is to do and to
/// tell goes on.
///
/// # Errors
/// A device that takes no more.
pub fn to_stdout(text: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(data_error(
            format!("stdout: cannot be written: {}", io_reason(&error)),
            "make room where stdout goes, or write elsewhere with `-o FILE`",
        )),
        _ => Ok(()),
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
            if place.is_none() {
                "several formats need a folder: stdout holds one"
            } else {
                "several formats need a folder"
            },
            "name one that exists, or a name that ends in `/`: `-o reports/`",
        ));
    }
    let named = place.filter(|_| !is_folder).and_then(|path| path.extension()?.to_str());
    let meant =
        named.and_then(|named| Format::value_variants().iter().find(|format| extension(**format) == named));
    if let (Some(meant), [format]) = (meant, formats)
        // text is text, whatever its name
        && (is_whole(*meant) || is_whole(*format))
        && meant != format
    {
        let name = meant.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default();
        return Err(usage_error(
            format!("the file is called `.{}`, and would hold something else", extension(*meant)),
            format!("add `--format {name}`, or call it `.{}`", extension(*format)),
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
/// What is written beside it is written with it, or not at all. The files that were written come back.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_report(
    report: &Report,
    formats: &[Format],
    place: Option<&Path>,
    manner: Manner,
    beside: Option<(PathBuf, Vec<u8>)>,
) -> Result<Vec<PathBuf>> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    let mut printed = Vec::new();
    match place {
        Some(folder) if is_folder(folder) => {
            files = files_of_folder(report, formats, folder, manner)?;
            std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        _ => {
            let bytes =
                formats.first().map_or_else(|| Ok(Vec::new()), |format| render(report, *format, manner))?;
            match place {
                Some(path) => files.push((path.to_path_buf(), bytes)),
                None => printed = bytes,
            }
        }
    }
    files.extend(beside);
    write_and_print(files, &printed)
}

/// Writes files and prints a text, all of it or nothing: a text that cannot be printed leaves the files as they were. The
/// files that were written come back.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_and_print(files: Vec<(PathBuf, Vec<u8>)>, printed: &[u8]) -> Result<Vec<PathBuf>> {
    write_files_after(&files, || to_stdout(printed))?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// The report as the files of a folder.
fn files_of_folder(
    report: &Report,
    formats: &[Format],
    folder: &Path,
    manner: Manner,
) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for format in formats {
        let extension = extension(*format);
        if is_whole(*format) {
            files.push((folder.join(format!("report.{extension}")), render(report, *format, manner)?));
            continue;
        }
        for table in report.single_tables() {
            let name = table.tables.first().map_or("report", |table| table.name.as_str());
            files.push((folder.join(format!("{name}.{extension}")), render(&table, *format, manner)?));
        }
    }
    Ok(files)
}

/// The place that an option names; none is stdout, and so is `-`.
pub fn place(option: Option<&PathBuf>) -> Option<PathBuf> {
    option.filter(|path| path.as_os_str() != "-").cloned()
}

/// The file for an answer that is one file: in a folder it has the name of its command.
pub fn file_at(place: PathBuf, command: &str, extension: &str) -> PathBuf {
    if is_folder(&place) { place.join(format!("{command}.{extension}")) } else { place }
}

/// Writes an answer that is one file, and makes the folder that was named for it. The file that was written comes back.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_one(bytes: Vec<u8>, named: Option<&Path>, file: Option<&Path>) -> Result<Vec<PathBuf>> {
    if let Some(folder) = named.filter(|named| is_folder(named)) {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    write_bytes(bytes, file)
}

/// Whether a place is a folder, or is to become one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || is_named_as_folder(path)
}

/// Prints a text, or writes it to a file. The file that was written comes back.
///
/// # Errors
/// A place that cannot be written to; what stood there before stands there still.
pub fn write_bytes(bytes: Vec<u8>, place: Option<&Path>) -> Result<Vec<PathBuf>> {
    let Some(path) = place.map(PathBuf::from) else {
        return to_stdout(&bytes).map(|()| Vec::new());
    };
    write_and_print(vec![(path, bytes)], &[])
}

/// Nothing is written over an input: an export that is gone cannot be counted again.
///
/// # Errors
/// An output that is one of the inputs.
pub fn keep_inputs<'a>(inputs: &[PathBuf], outputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    let real = |path: &Path| path.canonicalize().ok();
    let known: Vec<PathBuf> = inputs.iter().filter_map(|input| real(input)).collect();
    let mut outputs = outputs.into_iter();
    match outputs.find(|path| real(path).is_some_and(|path| known.contains(&path))) {
        None => Ok(()),
        Some(path) => Err(usage_error(
            format!("`{}` is one of the inputs, and would be written over", path.display()),
            "write elsewhere",
        )),
    }
}

/// The files that a report of these tables (none named: of all) may be written to.
///
/// # Errors
/// None that the catalogue of tables can cause.
pub fn possible_files(tables: &[String], formats: &[Format], place: &Path) -> Result<Vec<PathBuf>> {
    if !is_folder(place) {
        return Ok(vec![place.to_path_buf()]);
    }
    let known = crate::report::tables::tables()?.into_iter().map(|table| table.name);
    let names: Vec<String> = known.filter(|name| tables.is_empty() || tables.contains(name)).collect();
    let of_format = |format: &Format| {
        let extension = extension(*format);
        let names = if is_whole(*format) { vec!["report".to_string()] } else { names.clone() };
        names.into_iter().map(move |name| place.join(format!("{name}.{extension}")))
    };
    Ok(formats.iter().flat_map(of_format).collect())
}
