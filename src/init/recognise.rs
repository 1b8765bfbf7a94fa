//! Which table each file is of: the one whose known export it is, else the one that knows most of its headers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Problem;
use crate::config::text::quoted;
use crate::error::{data_error, listed};
use crate::input::presets::Export;
use crate::input::survey::{Reading, Survey, survey};
use crate::input::{expand, tables::Kind};

/// A table must know so many headers: one that is called `ID` says nothing.
const FEWEST_HEADERS: usize = 2;

/// Files of one export: same table, same known export, same headers.
#[derive(Debug)]
pub struct Group {
    pub reading: Reading,
    /// In the order of their names.
    pub files: Vec<PathBuf>,
}

/// A file that no table takes.
#[derive(Debug)]
pub struct Unplaced {
    pub file: PathBuf,
    pub reason: String,
    pub headers: Vec<String>,
}

/// Recognises the files that the patterns stand for.
///
/// # Errors
/// A pattern that matches nothing, a file that is not there, files of which none is recognised.
pub fn recognise(patterns: &[String]) -> Result<(Vec<Group>, Vec<Unplaced>)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut unplaced = Vec::new();
    for file in files(patterns)? {
        match table_of(&file)? {
            Err(reason) => unplaced.push(reason),
            Ok(reading) => match groups.iter_mut().find(|group| is_same_export(&group.reading, &reading)) {
                Some(group) => group.files.push(file),
                None => groups.push(Group { reading, files: vec![file] }),
            },
        }
    }
    if groups.is_empty() {
        return Err(nothing_recognised(&unplaced));
    }
    groups.sort_by(|one, other| (one.reading.kind, &one.files).cmp(&(other.reading.kind, &other.files)));
    Ok((groups, unplaced))
}

/// Each file once, in the order of their names.
fn files(patterns: &[String]) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for pattern in patterns {
        files.extend(expand(pattern, Path::new(""))?);
    }
    Ok(files)
}

/// The table of a file, or why it has none.
fn table_of(file: &Path) -> Result<Result<Reading, Unplaced>> {
    let unplaced =
        |reason: String, headers: Vec<String>| Unplaced { file: file.to_path_buf(), reason, headers };
    match survey(file) {
        Err(error) if !file.is_file() => Err(error),
        Err(error) => Ok(Err(unplaced(Problem::new(&error).in_one_line(), Vec::new()))),
        Ok(survey) => {
            let headers = survey.headers.clone();
            Ok(choose(survey).map_err(|reason| unplaced(reason, headers)))
        }
    }
}

fn choose(survey: Survey) -> Result<Reading, String> {
    let (known, others): (Vec<Reading>, Vec<Reading>) =
        survey.readings.into_iter().partition(|reading| reading.preset.is_some());
    let candidates = match (known.is_empty(), survey.refusals.first()) {
        (true, Some((title, error))) => return Err(format!("the headers are those of {title}, but {error}")),
        (true, None) => others,
        (false, _) => known,
    };
    let most = candidates.iter().map(|reading| reading.known).max().unwrap_or(0);
    let mut best: Vec<Reading> = candidates.into_iter().filter(|reading| reading.known == most).collect();
    if most < FEWEST_HEADERS {
        return Err("no table knows enough of the headers".to_string());
    }
    match (best.pop(), best.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            let names: Vec<&str> = best.iter().chain(&last).map(|reading| reading.kind.name()).collect();
            Err(format!("the tables {} know equally many of the headers", names.join(" and ")))
        }
    }
}

fn is_same_export(one: &Reading, other: &Reading) -> bool {
    let key = |reading: &Reading| (reading.kind, reading.preset.map(Export::title));
    key(one) == key(other) && one.headers == other.headers
}

fn nothing_recognised(unplaced: &[Unplaced]) -> anyhow::Error {
    let files: Vec<String> = unplaced.iter().map(Unplaced::describe).collect();
    let tables: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let message = format!("no file is recognised: {}", files.join("; "));
    // of a file whose headers cannot be read nobody can say what they lack
    if let Some(first) = unplaced.first().filter(|_| unplaced.iter().all(|file| file.headers.is_empty())) {
        let name = first.file.display().to_string();
        return data_error(
            message,
            format!(
                "mend the file, or write a funnel.toml with a block for it (`[[{}]]`) that says `files = [{}]` and how it is to be read",
                tables.join("]]`, `[["),
                quoted(&name)
            ),
        );
    }
    data_error(
        message,
        format!(
            "write a funnel.toml with a block for each file (`[[{}]]`) and its headers; files without lead IDs, one row an event, need `stage = \"…\"` in a `[[crm]]` block",
            tables.join("]]`, `[[")
        ),
    )
}

impl Unplaced {
    /// The file, the reason, the headers.
    pub fn describe(&self) -> String {
        let headers = if self.headers.is_empty() {
            String::new()
        } else {
            format!(" (headers found: {})", listed(&self.headers))
        };
        let name = self.file.display().to_string();
        // an error names the file, and often the line, already
        let place = if self.reason.starts_with(&name) { String::new() } else { format!("{name}: ") };
        format!("{place}{}{headers}", self.reason)
    }
}
