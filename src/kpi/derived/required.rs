//! How well the fields are filled that the sales process asks for at each stage: the CRM is the company's property.

use std::collections::BTreeMap;

use anyhow::Result;
use polars::prelude::*;

use super::super::catalogue::Catalogue;
use crate::check::placeholders::is_placeholder;
use crate::config::Config;
use crate::error::{data_error, suggestion};
use crate::input::cell::SCALE;
use crate::input::table::{Table, code_slice};
use crate::leads::{Data, Over, Stages};
use crate::mask::Mask;

/// The columns of leads: how many fields `[required]` asks for up to the stage that the lead has reached, and how many of
/// them hold a real value.
pub const REQUIRED: &str = "required_fields";
pub const FILLED: &str = "filled_fields";

/// The column of leads whose 0 says nothing.
const AMOUNT: &str = "amount";

/// Adds both columns.
///
/// # Errors
/// A stage or a field that there is not.
pub fn add(data: &mut Data, config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let (required, filled) =
        counts(&data.leads().table, &data.stages, &config.required).map_err(|error| config.blame(error))?;
    if let Some(leads) = data.facts.get_mut(&Over::Leads) {
        for (name, counts) in [(REQUIRED, required), (FILLED, filled)] {
            let millionths = counts.into_iter().map(|count| count * SCALE).collect();
            leads.table.frame.with_column(Int64Chunked::from_vec(name.into(), millionths).into_series())?;
        }
    }
    Ok(())
}

/// An amount of 0 stands for none that was agreed on, but of a deal that is won: nothing came in, which a check tells.
fn is_amount(amounts: &Int64Chunked, stages: &Stages) -> Mask {
    let won = stages.won.map(|place| &stages.stages[place].reached);
    let not_zero = Mask::from_rows(amounts.len(), |row| amounts.get(row) != Some(0));
    won.map_or_else(|| not_zero.clone(), |won| not_zero.or(won))
}

type Counts = (Vec<i64>, Vec<i64>);

fn counts(leads: &Table, stages: &Stages, required: &BTreeMap<String, Vec<String>>) -> Result<Counts> {
    let height = leads.frame.height();
    let (mut asked, mut filled) = (vec![0; height], vec![0; height]);
    for (stage, fields) in required {
        // a stage that no input knows is one that nobody reached
        let Some(stage) = stages.stages.iter().find(|known| known.name == *stage) else { continue };
        for field in fields {
            let has_value = values(leads, stages, field)?;
            stage.reached.rows().for_each(|lead| asked[lead] += 1);
            stage.reached.and(&has_value).rows().for_each(|lead| filled[lead] += 1);
        }
    }
    Ok((asked, filled))
}

/// The leads whose field holds a real value.
fn values(leads: &Table, stages: &Stages, field: &str) -> Result<Mask> {
    let stage =
        field.strip_suffix("_at").and_then(|name| stages.stages.iter().find(|stage| stage.name == name));
    if let Some(stage) = stage {
        return Ok(stage.at.known());
    }
    if let (Some(codes), Some(words)) = (leads.codes(field), leads.dictionaries.get(field)) {
        let is_real: Vec<bool> = words.iter().map(|word| !word.is_empty() && !is_placeholder(word)).collect();
        let codes = code_slice(&codes);
        return Ok(Mask::from_rows(codes.len(), |row| is_real[codes[row] as usize]));
    }
    if let Some(ids) = leads.ids(field) {
        return Ok(Mask::from_rows(ids.len(), |row| ids.get(row).is_some_and(|id| !is_placeholder(id))));
    }
    if let Some(numbers) = leads.numbers(field) {
        let known = Mask::from_booleans(&numbers.is_not_null());
        return Ok(if field == AMOUNT { known.and(&is_amount(&numbers, stages)) } else { known });
    }
    leads.dates(field).map(|days| days.known()).ok_or_else(|| {
        data_error(
            format!("`[required]`: the leads have no field `{field}`"),
            suggestion(field, &leads.frame.get_column_names_str()),
        )
    })
}
