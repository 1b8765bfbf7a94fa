//! Exports as they really are, from `fixtures/messy/`: what is messy gives the very report of the same data in plain form
//! (UTF-8, commas, LF, ISO dates, plain decimals), or it is refused with the way out.
//!
//! Nearly all of it is the data of `clean.csv` (16 leads) and `clean-spend.csv` (9 rows), written in another way. What
//! cannot stand in a repository (large files, broken bytes) is written when the test runs.

mod hostile;
mod large;
mod refusals;
mod skipping;
mod twins;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{project, run};

/// What a file is; a configuration says it itself.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Crm,
    /// Read beside `clean.csv`.
    Spend,
    /// Read beside `clean.csv`.
    Tickets,
}

/// The folder of the fixtures, in which every command runs.
fn folder() -> PathBuf {
    project().join("fixtures/messy")
}

/// Runs `funnel report` over a file or a configuration.
fn report(folder: &Path, file: &str, kind: Kind, more: &[&str]) -> Output {
    let mut arguments = vec!["report", "--format", "csv"];
    // before the files: `--crm` takes all words behind it
    arguments.extend(more);
    if has_extension(file, "toml") {
        arguments.extend(["--config", file]);
    } else {
        match kind {
            Kind::Crm => arguments.extend(["--crm", file]),
            Kind::Spend => arguments.extend(["--crm", "clean.csv", "--spend", file]),
            Kind::Tickets => arguments.extend(["--crm", "clean.csv", "--tickets", file]),
        }
    }
    run(folder, &arguments, None)
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file).extension().is_some_and(|found| found == extension)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The same text in UTF-16, without a mark.
fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What differs between the reports of a messy file and its clean twin, if anything.
fn difference(folder: &Path, messy: &str, clean: &str, kind: Kind) -> Option<String> {
    let expected = report(folder, clean, kind, &["--quiet"]);
    assert!(expected.status.success(), "{clean}: {}", text(&expected.stderr));
    let found = report(folder, messy, kind, &["--quiet"]);
    if !found.status.success() {
        return Some(format!("{messy}: {}", text(&found.stderr)));
    }
    // a clean file has plain numbers, so only the messy one may name its currency
    let (found, expected) = (without_currency(&found.stdout), without_currency(&expected.stdout));
    if found == expected {
        return None;
    }
    let line = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    let (found, expected) = line.unwrap_or(("one report is longer", ""));
    Some(format!("{messy} differs from {clean}\n  found    {found}\n  expected {expected}\n"))
}

/// A tidy CSV without its column `report_currency`, the fifth.
fn without_currency(csv: &[u8]) -> String {
    let line = |line: &str| {
        let mut cells: Vec<&str> = line.splitn(6, ',').collect();
        cells.remove(4);
        cells.join(",") + "\n"
    };
    assert!(text(csv).starts_with("table,period,basis,as_of,report_currency,"));
    text(csv).lines().map(line).collect()
}

/// Writes a file into a folder.
fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).expect("a file in a temporary folder");
}

/// A folder that goes away with the test.
fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A fixture that no test reads proves nothing.
#[test]
fn every_fixture_is_used() {
    let named = twins::files().chain(refusals::files()).chain(skipping::FILES.iter().copied());
    let mut used: BTreeSet<String> = named.map(String::from).collect();
    let all: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder of the fixtures")
        .map(|entry| entry.expect("a fixture").file_name().to_string_lossy().into_owned())
        .collect();
    let configurations: Vec<String> =
        used.iter().filter(|file| has_extension(file, "toml")).cloned().collect();
    for configuration in configurations {
        let written = fs::read_to_string(folder().join(&configuration)).expect("a configuration");
        used.extend(all.iter().filter(|file| written.contains(&format!("\"{file}\""))).cloned());
    }
    let unused: Vec<&String> = all.difference(&used).collect();
    let missing: Vec<&String> = used.difference(&all).collect();
    assert!(unused.is_empty() && missing.is_empty(), "used by no test: {unused:?}; missing: {missing:?}");
}
