//! What of a part is written as a setting: only what leaves the report as it is without any configuration.

use std::collections::BTreeMap;
use std::path::Path;

use super::place::relative;
use super::read::{Contents, Part};
use crate::config::{Block, ColumnSource, Duplicates};
use crate::error::Undecided;
use crate::input::survey::reads_alike;

/// Decides on the settings of a part, in a funnel of these stages, for a configuration at `place`.
pub fn decide(part: &mut Part, stages: &[String], place: &Path) {
    let mut block = Block { encoding: encoding(part), ..Block::default() };
    let preset = part.reading.preset.map(|preset| preset.system.clone());
    let fits = |block: &Block| part.files.iter().all(|file| reads_alike(part.kind(), file, stages, block));
    if preset.is_some() {
        let named = Block { preset, ..block.clone() };
        // a name ties the file to the separators of the system, which its own may not be among
        if fits(&named) {
            block = named;
        }
    } else if !part.reading.has_dimensions {
        // a list of columns leaves further ones out, so it is written only where there are none
        let listed = Block { columns: columns(part), ..block.clone() };
        if fits(&listed) {
            block = listed;
        }
    }
    block.formats = formats(part);
    block.duplicates = duplicates(part);
    block.files = part.files.iter().map(|file| relative(file, place)).collect();
    part.block = block;
}

/// The encoding, where neither the bytes themselves nor a byte order mark say it.
fn encoding(part: &Part) -> Option<String> {
    let profiles = &part.contents.as_ref().ok()?.profiles;
    let first = &profiles.first()?.encoding;
    let is_shared = profiles.iter().all(|profile| &profile.encoding == first);
    (is_shared && !first.starts_with("UTF-")).then(|| first.to_lowercase())
}

/// The settings that alone fit all cells of a column.
fn formats(part: &Part) -> BTreeMap<String, String> {
    let setting = |column: &Undecided| match column.readings() {
        [(only, _)] => Some((column.column.clone(), (*only).to_string())),
        _ => None,
    };
    part.undecided.iter().filter_map(setting).collect()
}

/// Rows of one lead that agree are that lead.
fn duplicates(part: &Part) -> Option<Duplicates> {
    let contents = part.contents.as_ref().ok()?;
    contents.repeated.as_ref().filter(|_| contents.contradicting.is_empty()).map(|_| Duplicates::Merge)
}

fn columns(part: &Part) -> BTreeMap<String, ColumnSource> {
    let columns = part.contents.as_ref().map_or(&[][..], |contents: &Contents| &contents.columns);
    let of_headers = columns.iter().filter(|column| !column.is_constant);
    of_headers.map(|column| (column.name.clone(), ColumnSource::Header(column.shown.clone()))).collect()
}
