//! Where text goes: stdout holds the report and nothing else, files are written whole or not at all.

use std::fs::Permissions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::{Builder, NamedTempFile};

use crate::cli::Format;
use crate::error::{data_error, io_reason};
use crate::render::{extension, render};
use crate::report::Report;

/// Writes to stdout.
///
/// # Errors
/// A closed pipe, which `main` takes for success.
pub fn to_stdout(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
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

/// Prints the report, or writes it to a file, or each table to a file of its own in a folder.
///
/// # Errors
/// A place that cannot be written to; nothing is left there then.
pub fn write_report(report: &Report, format: Format, place: Option<&Path>) -> Result<()> {
    let Some(path) = place else {
        return to_stdout(&render(report, format)?);
    };
    let is_folder = path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', '\\']);
    if !is_folder {
        return write_files(&[(path.to_path_buf(), render(report, format)?)]);
    }
    let mut files = Vec::new();
    for table in report.single_tables() {
        let name = table.tables.first().map_or("report", |table| table.name.as_str());
        files.push((path.join(format!("{name}.{}", extension(format))), render(&table, format)?));
    }
    std::fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
    write_files(&files)
}

/// Prints a text, or writes it to a file.
///
/// # Errors
/// A place that cannot be written to; nothing is left there then.
pub fn write_text(text: String, place: Option<&Path>) -> Result<()> {
    match place {
        Some(path) => write_files(&[(path.to_path_buf(), text)]),
        None => to_stdout(&text),
    }
}

/// Writes files whole or not at all: to temporary names first, then all are renamed. A link is followed, and a device
/// or pipe is written to as it is.
///
/// # Errors
/// A place that cannot be written to.
pub fn write_files(files: &[(PathBuf, String)]) -> Result<()> {
    if let Some((folder, _)) = files.iter().find(|(path, _)| path.is_dir()) {
        return Err(unwritable(folder, &std::io::ErrorKind::IsADirectory.into()));
    }
    let mut written: Vec<(NamedTempFile, PathBuf)> = Vec::new();
    for (path, text) in files {
        if path.exists() && !path.is_file() {
            std::fs::write(path, text).map_err(|error| unwritable(path, &error))?;
            continue;
        }
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = temporary(folder).map_err(|error| unwritable(&path, &error))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.flush())
            .map_err(|error| unwritable(&path, &error))?;
        written.push((file, path));
    }
    for (file, path) in written {
        file.persist(&path).map_err(|error| unwritable(&path, &error.error))?;
    }
    Ok(())
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".funnel-");
    // a temporary file is private by default, a report is as public as other files
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666))
    };
    builder.tempfile_in(folder)
}

fn unwritable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "no such folder".to_string(),
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "a file stands in the way".to_string()
        }
        _ => io_reason(error),
    };
    data_error(
        format!("{}: cannot be written: {reason}", path.display()),
        "name a file in a folder that exists",
    )
}
