//! Numbers in bands (`[bands]` of `funnel.toml`): a number of the leads becomes a dimension, so that one can split by it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use polars::prelude::*;

use crate::error::{data_error, did_you_mean};
use crate::input::cell::parse_decimal;
use crate::input::table::{Dictionary, Table};
use crate::kpi::exact::Exact;
use crate::lang;

/// What stands behind the name of a number in the name of its dimension: `amount` → `amount_band`.
const ENDING: &str = "_band";

/// The limits of the bands of each number, in millionths.
pub type Bands = BTreeMap<String, Vec<i64>>;

/// The bands of a configuration, checked.
///
/// # Errors
/// Limits that do not ascend, that are no numbers, or none at all.
pub fn bands(config: &BTreeMap<String, Vec<toml::Value>>) -> Result<Bands> {
    let mut bands = Bands::new();
    for (name, limits) in config {
        let hint = format!("write limits that ascend: `{name} = [0, 1000, 10000]`");
        let mut own: Vec<i64> = Vec::new();
        for limit in limits {
            let number = match limit {
                toml::Value::Integer(number) => parse_decimal(&number.to_string()),
                toml::Value::Float(number) => parse_decimal(&number.to_string()),
                _ => None,
            };
            let number = number.ok_or_else(|| {
                data_error(
                    format!("`[bands]`: `{name}`: {limit} is no number of at most six decimals"),
                    &hint,
                )
            })?;
            if own.last().is_some_and(|last| *last >= number) {
                return Err(data_error(format!("`[bands]`: `{name}`: {limit} does not ascend"), &hint));
            }
            own.push(number);
        }
        if own.is_empty() {
            return Err(data_error(format!("`[bands]`: `{name}` has no limit"), &hint));
        }
        bands.insert(name.clone(), own);
    }
    Ok(bands)
}

/// Adds a dimension to the leads for each number that has bands; gives the labels of each dimension from the smallest
/// number to the largest. A band holds its lower limit, not its upper one; bands without leads are left out.
///
/// # Errors
/// A number that the leads do not have, or a dimension whose name is taken.
pub fn add(leads: &mut Table, bands: &Bands) -> Result<BTreeMap<String, Vec<String>>> {
    let mut dimensions = BTreeMap::new();
    for (name, limits) in bands {
        let numbers = leads.numbers(name).ok_or_else(|| no_number(leads, name))?;
        let dimension = format!("{name}{ENDING}");
        if leads.has(&dimension) {
            return Err(data_error(
                format!("`[bands]`: crm has a column `{dimension}` already"),
                "map that column to another name in `[crm.columns]`",
            ));
        }
        let place_of = |number: i64| limits.partition_point(|limit| *limit <= number);
        let places: Vec<Option<usize>> = numbers.iter().map(|number| number.map(place_of)).collect();
        let mut occurs = vec![false; limits.len() + 1];
        places.iter().flatten().for_each(|place| occurs[*place] = true);
        let labels: Vec<String> = (0..=limits.len()).map(|place| label(limits, place)).collect();
        let in_order: Vec<String> = labels
            .iter()
            .zip(&occurs)
            .filter(|(_, occurs)| **occurs)
            .map(|(label, _)| label.clone())
            .collect();
        let mut words: Dictionary = in_order.iter().cloned().chain([String::new()]).collect();
        words.sort();
        let code = |label: &String| words.binary_search(label).ok().and_then(|code| u32::try_from(code).ok());
        let codes: Vec<u32> = labels.iter().map(|label| code(label).unwrap_or(0)).collect();
        let column = places.into_iter().map(|place| place.map_or(0, |place| codes[place])).collect();
        let column = UInt32Chunked::from_vec(dimension.as_str().into(), column).into_series();
        leads.frame.with_column(column).context("columns of one height")?;
        leads.dictionaries.insert(dimension.clone(), std::sync::Arc::new(words));
        dimensions.insert(dimension, in_order);
    }
    Ok(dimensions)
}

/// `below 0`, `0 to 1,000`, `10,000 and more`.
fn label(limits: &[i64], place: usize) -> String {
    let lower = place.checked_sub(1).and_then(|place| limits.get(place)).map(|limit| text(*limit));
    let upper = limits.get(place).map(|limit| text(*limit));
    match (lower, upper) {
        (Some(lower), Some(upper)) => format!("{lower} to {upper}"),
        (None, Some(upper)) => format!("below {upper}"),
        (Some(lower), None) => format!("{lower} and more"),
        (None, None) => String::new(),
    }
}

/// A limit with grouped thousands and the decimals that it has.
fn text(limit: i64) -> String {
    let plain = Exact::millionths(i128::from(limit));
    // programs read it too, so it is the same in every language
    let text = plain.to_plain();
    let (whole, part) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let part = part.map(|part| format!(".{part}")).unwrap_or_default();
    format!("{}{part}", lang::grouped(whole, ","))
}

fn no_number(leads: &Table, name: &str) -> anyhow::Error {
    let columns = leads.frame.get_columns().iter();
    let numbers: Vec<&str> = columns
        .filter(|column| *column.dtype() == DataType::Int64)
        .map(|column| column.name().as_str())
        .collect();
    let near = did_you_mean(name, numbers.iter().copied());
    data_error(
        format!("`[bands]`: crm has no number `{name}`"),
        format!(
            "{near}map the column with its type in `[crm.columns]`: `{name} = {{ header = \"…\", type = \"number\" }}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_half_open_and_grouped() {
        let limits = [-5_000_000, 0, 1_000_500_000, 10_000_000_000];
        let labels: Vec<String> = (0..=4).map(|place| label(&limits, place)).collect();
        assert_eq!(labels, ["below -5", "-5 to 0", "0 to 1,000.5", "1,000.5 to 10,000", "10,000 and more"]);
    }

    #[test]
    fn limits_must_ascend() {
        let parse = |text: &str| bands(&toml::from_str(text).unwrap());
        assert_eq!(parse("x = [0, 1.5]").unwrap()["x"], [0, 1_500_000]);
        for text in ["x = [1, 1]", "x = [2, 1]", "x = []", "x = ['1']", "x = [nan]", "x = [1e300]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
