//! Whether a lead came by the name of the company: the part of brand awareness that exports can show.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::add_words;
use crate::config::Config;
use crate::input::normalise;
use crate::input::table::code_slice;
use crate::leads::{Data, Over};
use crate::words;

/// The dimension of leads: `brand`, `other`, or empty where nothing says where the lead came from.
pub const NAME: &str = "brand_source";

/// Adds the dimension: a lead came by the brand where its channel, campaign or keyword is one of `[attribution.brand]`.
///
/// # Errors
/// None on data that were joined.
pub fn add(data: &mut Data, config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let brand = &config.attribution.brand;
    let table = &data.leads().table;
    let mut places = vec![0; table.frame.height()];
    for (dimension, marked) in
        [("channel", &brand.channel), ("campaign", &brand.campaign), ("keyword", &brand.keyword)]
    {
        let (Some(codes), Some(words)) = (table.codes(dimension), table.dictionaries.get(dimension)) else {
            continue;
        };
        let marked: BTreeSet<String> = marked.iter().map(|word| normalise(word)).collect();
        let of_word: Vec<usize> = words
            .iter()
            .map(|word| if word.is_empty() { 0 } else { 1 + usize::from(marked.contains(&normalise(word))) })
            .collect();
        for (place, code) in places.iter_mut().zip(code_slice(&codes)) {
            *place = (*place).max(of_word[*code as usize]);
        }
    }
    add_words(data, Over::Leads, NAME, &["", words!("other"), words!("brand")], &places)
}
