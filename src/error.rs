//! One kind of error for everything a user can mend: a sentence that names the place, and a hint with the way out.
//!
//! Modules return `anyhow::Result`; `main` prints the chain once, as `error:` and `hint:`, and picks the exit code.

use std::fmt;

use crate::lang::{self, Bilingual};
use crate::say;

/// What went wrong (`message`), the way out (`hint`), and whether the command line itself was wrong.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    is_usage: bool,
    undecided: Option<Box<Undecided>>,
}

/// A column whose cells do not say how to read it: they fit two readings that differ, or contradict each other.
#[derive(Debug, Clone)]
pub struct Undecided {
    pub column: String,
    pub file: String,
    pub line: u32,
    /// A real cell that shows it.
    pub cell: String,
    pub reasons: Reasons,
}

/// Why a column is undecided.
#[derive(Debug, Clone)]
pub enum Reasons {
    /// The settings under `formats` that fit all cells, one at least, and what the cell says with each.
    Readings(Vec<(&'static str, String)>),
    /// What is wrong with the cell, to stand behind it: no setting fits all cells.
    Wrong(Bilingual),
}

impl Undecided {
    /// The settings that fit all cells, and what the cell says with each; none where no setting does.
    pub fn readings(&self) -> &[(&'static str, String)] {
        match &self.reasons {
            Reasons::Readings(readings) => readings,
            Reasons::Wrong(_) => &[],
        }
    }

    /// What the cell is by each reading, or what is wrong with it: `` `03/04/2026` is 2026-04-03 as D/M/YYYY and 2026-03-04 as M/D/YYYY``.
    pub fn in_words(&self) -> String {
        if let Reasons::Wrong(what) = &self.reasons {
            return format!("`{}` {what}", self.cell);
        }
        match self.readings() {
            [] => String::new(),
            [(setting, reading)] => {
                say!(
                    "`{cell}` is {reading} as {setting}",
                    cell = self.cell,
                    reading = reading,
                    setting = *setting
                )
            }
            [(first, one), (second, other), ..] => say!(
                "`{cell}` is {one} as {first} and {other} as {second}",
                cell = self.cell,
                one = one,
                first = *first,
                other = other,
                second = *second
            ),
        }
    }
}

impl Failure {
    /// What a user can mend of an error, wherever in its chain it stands.
    pub fn of(error: &anyhow::Error) -> Option<&Failure> {
        error.chain().find_map(|cause| cause.downcast_ref())
    }

    /// The line for `hint:`, if there is a way out to name.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The column that has to be decided, if that is what is wrong.
    pub fn undecided(&self) -> Option<&Undecided> {
        self.undecided.as_deref()
    }

    /// `2` for a wrong command line, `1` for data and files (section 6 of the design).
    pub fn exit_code(&self) -> u8 {
        if self.is_usage { 2 } else { 1 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The exit code of an error: that of a [`Failure`], else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    Failure::of(error).map_or(1, Failure::exit_code)
}

/// An error in data or files: exit code 1.
pub fn data_error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure {
        message: message.into(),
        hint: Some(hint.into()),
        is_usage: false,
        undecided: None,
    })
}

/// An error in data that a setting resolves: exit code 1.
pub fn undecided_error(
    message: impl Into<String>,
    hint: impl Into<String>,
    undecided: Undecided,
) -> anyhow::Error {
    let undecided = Some(Box::new(undecided));
    anyhow::Error::new(Failure {
        message: message.into(),
        hint: Some(hint.into()),
        is_usage: false,
        undecided,
    })
}

/// An error in what was asked for: exit code 2.
pub fn usage_error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure {
        message: message.into(),
        hint: Some(hint.into()),
        is_usage: true,
        undecided: None,
    })
}

/// Why the operating system refused, in the words of this program (the system's own vary by platform).
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        std::io::ErrorKind::IsADirectory => "is a folder, not a file".to_string(),
        std::io::ErrorKind::InvalidData => "is not UTF-8 text".to_string(),
        std::io::ErrorKind::StorageFull => "no space is left".to_string(),
        std::io::ErrorKind::QuotaExceeded => "the quota is used up".to_string(),
        std::io::ErrorKind::FileTooLarge => "it is larger than a file may be here".to_string(),
        std::io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_string(),
        std::io::ErrorKind::ResourceBusy => "something else holds it".to_string(),
        _ => error.to_string(),
    }
}

/// The known name nearest to `name`, if one is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0).then(right.1.cmp(left.1)))
        .map(|(_, candidate)| candidate)
}

/// `did you mean …? ` as the beginning of a hint; nothing where no name is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`? ")).unwrap_or_default()
}

/// `did you mean …?` where a name is near, and the list of all known names.
pub fn suggestion(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "there are none here".to_string();
    }
    format!("{}known: {}", did_you_mean(name, known.iter().copied()), known.join(", "))
}

/// `1 row`, `2,000 rows`: in English whatever the language, as errors and written settings are.
pub fn number_of(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", lang::grouped(&count.to_string(), ","), if count == 1 { one } else { many })
}

/// A cell for a message: no longer than a reader wants to see.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// Headers for a message: the first ones, and long ones cut short.
pub fn listed(headers: &[String]) -> String {
    const MOST: usize = 40;
    let known = headers.iter().filter(|header| !header.is_empty());
    let shown: Vec<String> = known.take(MOST).map(|header| shortened(header)).collect();
    let more = if headers.len() > MOST { format!(", … ({} in all)", headers.len()) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("curency", ["currency", "stages"]), Some("currency"));
        assert_eq!(nearest("zzz", ["currency", "stages"]), None);
    }
}
