//! One name for a channel that the files spell in several ways (`[channels]` of the configuration).

use std::collections::BTreeMap;

use anyhow::Result;

use super::header::normalise;
use super::table::Table;

/// Renames the channels of a table. Case, blanks and punctuation of a spelling do not matter.
///
/// # Errors
/// None on a table that was read.
pub fn rename(table: &mut Table, names: &BTreeMap<String, String>) -> Result<()> {
    let Some(words) = table.dictionaries.get("channel").filter(|_| !names.is_empty()) else {
        return Ok(());
    };
    let by_spelling: BTreeMap<String, &String> =
        names.iter().map(|(spelling, name)| (normalise(spelling), name)).collect();
    let renamed: Vec<&String> = words
        .iter()
        .map(|word| by_spelling.get(&normalise(word)).copied().filter(|_| !word.is_empty()).unwrap_or(word))
        .collect();
    let mut dictionary: Vec<String> = renamed.iter().map(|word| (*word).clone()).collect();
    dictionary.sort_unstable();
    dictionary.dedup();
    let new: Vec<u32> = renamed
        .iter()
        .map(|word| {
            dictionary.binary_search(word).ok().and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
        })
        .collect();
    table.recode("channel", dictionary, &new)
}
