//! Files that add columns to the leads by one of their dimensions.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use crate::check::{Finding, finding_of_values};
use crate::error::{data_error, suggestion};
use crate::input::table::{Table, code_slice};
use crate::input::{LOOKUP_KEY, LookupTable};
use crate::say;

/// Adds the columns of a lookup file to the leads.
///
/// # Errors
/// A dimension that the leads lack, a column they have already, a key with two different values.
pub fn add(leads: &mut Table, lookup: &LookupTable, findings: &mut Vec<Finding>) -> Result<()> {
    let codes = leads.codes(&lookup.dimension);
    let (Some(codes), Some(words)) = (codes, leads.dictionaries.get(&lookup.dimension).cloned()) else {
        let known: Vec<&str> = leads.dictionaries.keys().map(String::as_str).collect();
        return Err(data_error(
            format!("`[[lookup]]`: the leads have no dimension `{}`", lookup.dimension),
            suggestion(&lookup.dimension, &known),
        ));
    };
    let rows = rows_by_key(lookup)?;
    let file = lookup.table.origin.place(0).0.to_string();
    let row_of_word: Vec<Option<usize>> = words.iter().map(|word| rows.get(word).copied()).collect();
    let is_unknown = |code: &u32| *code > 0 && row_of_word[*code as usize].is_none();
    let unknown: Vec<String> = words
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(code, _)| row_of_word[*code].is_none())
        .map(|(_, word)| word.clone())
        .collect();
    let count = code_slice(&codes).iter().filter(|code| is_unknown(code)).count() as u64;
    let mut tell = |key: &'static str, what: String, count: u64, values: &[String]| {
        findings
            .extend(finding_of_values(key, what, count, values).map(|found| found.about(&lookup.dimension)));
    };
    let what = say!("leads whose `{dimension}` is not in {file}", dimension = lookup.dimension, file = file);
    tell("leads_without_lookup", what, count, &unknown);
    let unused: Vec<String> = rows.keys().filter(|key| words.binary_search(key).is_err()).cloned().collect();
    let what =
        say!("values of `{dimension}` in {file} that no lead has", dimension = lookup.dimension, file = file);
    tell("lookup_values_unused", what, unused.len() as u64, &unused);
    for (name, dictionary) in lookup.table.dictionaries.iter().filter(|(name, _)| *name != LOOKUP_KEY) {
        if leads.has(name) {
            return Err(data_error(
                format!("`[[lookup]]`: the leads have a column `{name}` already"),
                "give the column of the lookup another name",
            ));
        }
        let added = lookup.table.codes(name).context("a column of the lookup")?;
        let code_of_word: Vec<u32> =
            row_of_word.iter().map(|row| row.and_then(|row| added.get(row)).unwrap_or(0)).collect();
        let values: Vec<u32> = code_slice(&codes).iter().map(|code| code_of_word[*code as usize]).collect();
        let column = UInt32Chunked::from_vec(name.as_str().into(), values).into_series();
        leads.frame.with_column(column).context("columns of one height")?;
        leads.dictionaries.insert(name.clone(), dictionary.clone());
    }
    Ok(())
}

/// The row of each key of a lookup; rows that repeat a key must say the same.
fn rows_by_key(lookup: &LookupTable) -> Result<BTreeMap<String, usize>> {
    let table = &lookup.table;
    let keys = table.codes(LOOKUP_KEY).context("a lookup has a key column")?;
    let words = table.dictionaries.get(LOOKUP_KEY).context("a lookup has a key column")?;
    let columns: Vec<UInt32Chunked> = table
        .dictionaries
        .keys()
        .filter(|name| *name != LOOKUP_KEY)
        .filter_map(|name| table.codes(name))
        .collect();
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    for (row, code) in code_slice(&keys).iter().enumerate().filter(|(_, code)| **code > 0) {
        let key = words[*code as usize].clone();
        if let Some(&first) = rows.get(&key) {
            if columns.iter().any(|column| column.get(first) != column.get(row)) {
                return Err(data_error(
                    format!(
                        "{}: the key `{key}` has another answer in line {}",
                        table.origin.describe(row),
                        table.origin.place(first).1
                    ),
                    "a lookup needs one answer a key: take one of the rows out",
                ));
            }
        } else {
            rows.insert(key, row);
        }
    }
    Ok(rows)
}
