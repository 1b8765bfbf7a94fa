//! Known exports as data: one TOML file a system in `presets/`, from which everything about its headers is taken.
//!
//! A new system is a new file there; nothing else has to know of it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::header::normalise;
use super::number::currency_of;
use super::tables::Kind;
use crate::config::Duplicates;
use crate::error::{data_error, listed, suggestion};
use crate::say;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/input/presets");

/// What is known of one export of one system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Which of the system's exports it is: `deals`
    pub name: String,
    pub table: Kind,
    /// What a row of the CRM is
    #[serde(default)]
    pub row: RowIs,
    /// From every group one header must be in the file
    pub recognise: Vec<Vec<HeaderName>>,
    /// The separators that the export can have; none: any
    #[serde(default)]
    pub separators: Vec<String>,
    /// Words that stand for no value, beside the usual ones
    #[serde(default)]
    pub null_words: Vec<String>,
    /// Headers that are never taken as dimensions: names of people, technical columns
    #[serde(default)]
    pub ignore: Vec<HeaderName>,
    pub duplicates: Option<Duplicates>,
    /// Canonical name = headers that it goes by, the best first
    #[serde(default)]
    pub columns: BTreeMap<String, Vec<HeaderName>>,
    /// Canonical name = how its cells are written
    #[serde(default)]
    pub formats: BTreeMap<String, String>,
    /// Canonical name = the separator of a cell that joins several values, of which the first is taken
    #[serde(default)]
    pub lists: BTreeMap<String, String>,
    /// Constants for what the export lacks
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Status word, `*` for anything = stage, or `lost`
    #[serde(default)]
    pub stages: BTreeMap<String, String>,
    #[serde(default)]
    pub totals: Totals,
    #[serde(default)]
    pub footers: Footers,
    /// The name of the system: what `preset = "…"` says
    #[serde(skip)]
    pub system: String,
    #[serde(skip)]
    pub system_title: String,
}

/// What a row of a CRM export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowIs {
    #[default]
    Lead,
    /// A deal, which says more of the outcome than the lead that became one; with an `opportunity_id` it is numbered on
    /// its own, and meets its lead only where the data say so
    Deal,
}

/// The name of a header, in which `*` stands for anything; case, blanks and punctuation do not matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub struct HeaderName {
    text: String,
    start: String,
    /// What stands behind the `*`, if there is one.
    end: Option<String>,
}

impl From<String> for HeaderName {
    fn from(text: String) -> HeaderName {
        let (start, end) =
            text.split_once('*').map_or((text.as_str(), None), |(start, end)| (start, Some(end)));
        HeaderName { start: normalise(start), end: end.map(normalise), text }
    }
}

impl HeaderName {
    /// Whether a normalised header has this name.
    pub fn fits(&self, header: &str) -> bool {
        match &self.end {
            None => !header.is_empty() && self.start == header,
            Some(end) => {
                header.len() >= self.start.len() + end.len()
                    && header.starts_with(&self.start)
                    && header.ends_with(end.as_str())
            }
        }
    }

    /// The whole name, normalised, if no `*` is in it.
    pub fn exact(&self) -> Option<&str> {
        self.end.is_none().then_some(self.start.as_str())
    }
}

/// How the total rows of an export look, beside the usual ways.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// What a leading cell says, `*` for anything behind it
    #[serde(default)]
    pub labels: Vec<String>,
    /// Canonical columns that are all empty in a total row
    #[serde(default)]
    pub empty: Vec<String>,
}

/// How the lines behind the data begin, beside the usual ways.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footers {
    #[serde(default)]
    pub begin: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    name: String,
    title: String,
    export: Vec<Export>,
}

impl Export {
    /// `Bitrix24, deals`.
    pub fn title(&self) -> String {
        format!("{}, {}", self.system_title, self.name)
    }

    /// Whether from every group of tell-tale headers one is there; headers are normalised, here and below.
    pub fn recognises(&self, headers: &[String]) -> bool {
        self.recognise
            .iter()
            .all(|group| group.iter().any(|name| headers.iter().any(|header| name.fits(header))))
    }

    /// The field of a canonical column, by the best of its headers that is there and not in `taken`.
    pub fn field(&self, column: &str, headers: &[String], taken: &dyn Fn(usize) -> bool) -> Option<usize> {
        let names = self.columns.get(column)?;
        names
            .iter()
            .find_map(|name| (0..headers.len()).find(|field| !taken(*field) && name.fits(&headers[*field])))
    }

    /// The headers under which a column stands as a rule: `A` or `B`.
    pub fn usual_headers(&self, column: &str) -> Option<String> {
        let names = self.columns.get(column)?.iter().take(2);
        let names: Vec<&str> = names.map(|name| name.text.as_str()).collect();
        match names.as_slice() {
            [first, second, ..] => Some(say!("`{first}` or `{second}`", first = first, second = second)),
            [only] => Some(format!("`{only}`")),
            [] => None,
        }
    }

    /// How many of its columns the headers have.
    pub fn known_headers(&self, headers: &[String]) -> usize {
        self.columns.keys().filter(|column| self.field(column, headers, &|_| false).is_some()).count()
    }

    /// Whether a header is never a dimension.
    pub fn ignores(&self, header: &str) -> bool {
        self.ignore.iter().any(|name| name.fits(header))
    }

    /// The separators that the export can have; none: any.
    pub fn separator_bytes(&self) -> Vec<u8> {
        self.separators.iter().filter_map(|separator| separator.bytes().next()).collect()
    }
}

/// All known exports.
///
/// # Errors
/// Only if a preset itself is broken, which a test excludes.
pub fn exports() -> Result<&'static [Export]> {
    static EXPORTS: OnceLock<Vec<Export>> = OnceLock::new();
    if let Some(exports) = EXPORTS.get() {
        return Ok(exports);
    }
    let mut exports = Vec::new();
    for file in FILES.files() {
        let text = file.contents_utf8().context("a preset is UTF-8")?;
        let system: System = toml::from_str(text).with_context(|| file.path().display().to_string())?;
        for export in system.export {
            exports.push(Export {
                system: system.name.clone(),
                system_title: system.title.clone(),
                ..export
            });
        }
    }
    Ok(EXPORTS.get_or_init(|| exports))
}

/// Checks that a named system has an export of a table.
///
/// # Errors
/// A system that is not known, or not for this table.
pub fn check_name(kind: Kind, named: Option<&str>) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let mut known: Vec<&str> = exports()?
        .iter()
        .filter(|export| export.table == kind)
        .map(|export| export.system.as_str())
        .collect();
    known.dedup();
    if known.contains(&named) {
        return Ok(());
    }
    let table = kind.name();
    let is_other = exports()?.iter().any(|export| export.system == named);
    let message = if is_other {
        format!("`[[{table}]]`: `preset = \"{named}\"` has no export of {table}")
    } else {
        format!("`[[{table}]]`: `preset = \"{named}\"` is not known")
    };
    Err(data_error(message, suggestion(named, &known)))
}

/// The export that the headers are of: the one whose tell-tale headers are all there, and of several the one that
/// knows most of the headers. With `named`, only exports of that system count, and one must fit.
///
/// # Errors
/// Headers that none of the named system's exports has; `place` is the file and line of the header.
pub fn recognise(
    kind: Kind,
    named: Option<&str>,
    headers: &[String],
    separator: &str,
    place: &str,
) -> Result<Option<&'static Export>> {
    let normal: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let of_table = exports()?.iter().filter(|export| export.table == kind);
    let own = of_table.filter(|export| named.is_none_or(|named| export.system == named));
    let fitting = own
        .clone()
        .filter(|export| export.recognises(&normal))
        .max_by_key(|export| (export.known_headers(&normal), std::cmp::Reverse(export.title())));
    match named {
        Some(named) if fitting.is_none() => {
            Err(other_headers(named, &own.collect::<Vec<_>>(), headers, separator, place))
        }
        _ => Ok(fitting),
    }
}

fn other_headers(
    named: &str,
    own: &[&Export],
    headers: &[String],
    separator: &str,
    place: &str,
) -> anyhow::Error {
    let group = |group: &Vec<HeaderName>| {
        let names: Vec<String> = group.iter().take(4).map(|name| format!("`{}`", name.text)).collect();
        let more = if group.len() > names.len() { " …" } else { "" };
        if let [only] = names.as_slice() {
            only.clone()
        } else {
            format!("one of {}{more}", names.join(", "))
        }
    };
    let needs: Vec<String> = own
        .iter()
        .map(|export| {
            format!(
                "{} need {}",
                export.name,
                export.recognise.iter().map(group).collect::<Vec<_>>().join(" and ")
            )
        })
        .collect();
    data_error(
        format!("{place}: the headers are not those of `{named}`"),
        format!(
            "leave `preset` out to go by the headers; {}; found, split by {separator}: {}",
            needs.join("; "),
            listed(headers)
        ),
    )
}

/// The currency that a header such as `Amount spent (EUR)` or `Расход, руб.` names.
pub fn currency_in(header: &str) -> Option<&'static str> {
    header.split([' ', ',', '(', ')', '[', ']']).find_map(currency_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_STAGES;
    use crate::input::format::setting;
    use crate::input::tables::definition;

    #[test]
    fn every_preset_is_well_formed_and_none_is_left_out_of_the_program() {
        let stages = DEFAULT_STAGES.map(String::from).to_vec();
        for export in exports().unwrap() {
            let title = export.title();
            assert!(!export.recognise.is_empty(), "{title}: nothing tells it");
            let columns = definition(export.table, &stages).unwrap().columns;
            let type_of = |name: &str| {
                columns.iter().find(|column| column.name == name).map(|column| column.column_type)
            };
            for (column, format) in &export.formats {
                let known = type_of(column).and_then(|column_type| setting(format, column_type));
                assert!(known.is_some(), "{title}: {column} = {format}");
            }
            for column in export.lists.keys().chain(&export.totals.empty) {
                assert!(export.columns.contains_key(column), "{title}: {column} is no column of it");
            }
            for (word, stage) in &export.stages {
                assert!(stage == "lost" || stages.contains(stage), "{title}: {word} = {stage}");
                assert!(export.table == Kind::Crm, "{title}: stages belong to the CRM");
            }
            let is_crm = export.row == RowIs::Lead || export.table == Kind::Crm;
            assert!(is_crm, "{title}: deals belong to the CRM");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/input/presets");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(
            FILES.files().count(),
            files,
            "a new preset needs a clean build: touch src/input/presets.rs"
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |name: &str, header: &str| HeaderName::from(name.to_string()).fits(&normalise(header));
        assert!(fits("Amount spent (*)", "Amount spent (RUB)") && fits("Телефон*", "Телефон (рабочий)"));
        assert!(!fits("Amount spent (*)", "Amount") && !fits("ID", "") && fits("lead id", "Lead_ID"));
        assert_eq!(currency_in("Расход (руб.)"), Some("RUB"));
        assert_eq!(currency_in("Потрачено всего, ₽"), Some("RUB"));
        assert_eq!(currency_in("Cost"), None);
    }
}
