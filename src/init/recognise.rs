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
use crate::say;

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
    pub reason: Reason,
    pub headers: Vec<String>,
}

/// Why no table takes a file.
#[derive(Debug)]
pub enum Reason {
    /// An error in its own words.
    Unreadable(String),
    /// The headers of a known export, which is refused for an error.
    Refused { title: String, error: String },
    /// No table knows enough of the headers.
    FewHeaders,
    /// Tables that know equally many of them.
    Several(Vec<&'static str>),
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
        |reason: Reason, headers: Vec<String>| Unplaced { file: file.to_path_buf(), reason, headers };
    match survey(file) {
        Err(error) if !file.is_file() => Err(error),
        Err(error) => Ok(Err(unplaced(Reason::Unreadable(Problem::new(&error).in_one_line()), Vec::new()))),
        Ok(survey) => {
            let headers = survey.headers.clone();
            Ok(choose(survey).map_err(|reason| unplaced(reason, headers)))
        }
    }
}

fn choose(survey: Survey) -> Result<Reading, Reason> {
    let (known, others): (Vec<Reading>, Vec<Reading>) =
        survey.readings.into_iter().partition(|reading| reading.preset.is_some());
    let candidates = match (known.is_empty(), survey.refusals.first()) {
        (true, Some((title, error))) => {
            return Err(Reason::Refused { title: title.clone(), error: error.to_string() });
        }
        (true, None) => others,
        (false, _) => known,
    };
    let most = candidates.iter().map(|reading| reading.known).max().unwrap_or(0);
    let mut best: Vec<Reading> = candidates.into_iter().filter(|reading| reading.known == most).collect();
    if most < FEWEST_HEADERS {
        return Err(Reason::FewHeaders);
    }
    match (best.pop(), best.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            Err(Reason::Several(best.iter().chain(&last).map(|reading| reading.kind.name()).collect()))
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
    /// The file, the reason, the headers, as an error and the configuration tell them: in English.
    pub fn describe(&self) -> String {
        let reason = match &self.reason {
            Reason::Unreadable(error) => error.clone(),
            Reason::Refused { title, error } => format!("the headers are those of {title}, but {error}"),
            Reason::FewHeaders => "no table knows enough of the headers".to_string(),
            Reason::Several(tables) => {
                format!("the tables {} know equally many of the headers", tables.join(" and "))
            }
        };
        let headers = if self.headers.is_empty() {
            String::new()
        } else {
            format!(" (headers found: {})", listed(&self.headers))
        };
        format!("{}{reason}{headers}", self.place())
    }

    /// The same in the language of the run.
    pub fn said(&self) -> String {
        let reason = match &self.reason {
            Reason::Unreadable(error) => error.clone(),
            Reason::Refused { title, error } => {
                say!("the headers are those of {export}, but {error}", export = title, error = error)
            }
            Reason::FewHeaders => say!("no table knows enough of the headers"),
            Reason::Several(tables) => {
                let tables = tables.iter().map(|table| (*table).to_string());
                let tables = tables.reduce(|one, other| say!("{one} and {other}", one = one, other = other));
                say!(
                    "the tables {tables} know equally many of the headers",
                    tables = tables.unwrap_or_default()
                )
            }
        };
        let headers = if self.headers.is_empty() {
            String::new()
        } else {
            format!(" ({})", say!("headers found: {headers}", headers = listed(&self.headers)))
        };
        format!("{}{reason}{headers}", self.place())
    }

    /// The file, as the beginning of a line; an error names it, and often the line, already.
    fn place(&self) -> String {
        let name = self.file.display().to_string();
        match &self.reason {
            Reason::Unreadable(error) if error.starts_with(&name) => String::new(),
            _ => format!("{name}: "),
        }
    }
}
