//! Whether a lead was lost for a reason that time can change: whom to ask again.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::add_words;
use crate::config::Config;
use crate::input::normalise;
use crate::input::table::code_slice;
use crate::leads::{Data, Over};
use crate::words;

/// The dimension of lost leads: `reversible`, `final`, or empty where no reason is given.
pub const NAME: &str = "loss";

/// Adds the dimension, by the reasons that `[lost_reasons]` calls reversible.
///
/// # Errors
/// None on data that were joined.
pub fn add(data: &mut Data, config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let table = &data.leads().table;
    let (Some(codes), Some(words)) = (table.codes("lost_reason"), table.dictionaries.get("lost_reason"))
    else {
        return Ok(());
    };
    let reversible: BTreeSet<String> =
        config.lost_reasons.reversible.iter().map(|reason| normalise(reason)).collect();
    let of_word: Vec<usize> = words
        .iter()
        .map(|word| match (word.is_empty(), reversible.contains(&normalise(word))) {
            (true, _) => 0,
            (_, true) => 1,
            (_, false) => 2,
        })
        .collect();
    let lost = &data.stages.lost;
    let place = |(row, code): (usize, &u32)| if lost.has(row) { of_word[*code as usize] } else { 0 };
    let places: Vec<usize> = code_slice(&codes).iter().enumerate().map(place).collect();
    add_words(data, Over::Leads, NAME, &["", words!("reversible"), words!("final")], &places)
}
