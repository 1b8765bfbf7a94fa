//! One name for a channel that the files spell in several ways (`[channels]` of the configuration).

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::header::normalise;
use super::table::{Table, code_slice};

/// Renames the channels of a table. Case, blanks and punctuation of a spelling do not matter.
///
/// # Errors
/// None on a table that was read.
pub fn rename(table: &mut Table, names: &BTreeMap<String, String>) -> Result<()> {
    let (Some(codes), Some(words)) = (table.codes("channel"), table.dictionaries.get("channel")) else {
        return Ok(());
    };
    if names.is_empty() {
        return Ok(());
    }
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
    let values: Vec<u32> = code_slice(&codes).iter().map(|code| new[*code as usize]).collect();
    let column = UInt32Chunked::from_vec("channel".into(), values).into_series();
    table.frame.with_column(column).context("columns of one height")?;
    table.dictionaries.insert("channel".to_string(), Arc::new(dictionary));
    Ok(())
}
