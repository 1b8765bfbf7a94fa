//! Which customers have one product only: whom to offer a second one.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::super::customers::product_column;
use super::add_words;
use crate::config::Config;
use crate::input::table::code_slice;
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Facts, Over};
use crate::mask::Mask;
use crate::words;

/// The dimension, of the one lead that stands for its customer; empty for all others.
pub const NAME: &str = "products_bought";

/// Adds the dimension: `one` or `several` different products (or groups of products) of a customer that was won. With
/// contracts that name products these are the products of its running contracts, and whose contracts have all ended is
/// a customer no more; else those of its won leads. A customer whose product nobody wrote down has an empty cell.
///
/// # Errors
/// None on data that were joined.
pub fn add(data: &mut Data, _config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let nobody = Mask::none(data.leads().lead_count);
    let won = data.stages.won.map_or(&nobody, |place| &data.stages.stages[place].reached);
    let has_products = |facts: &&Facts| product_of(facts).is_some();
    let contracts = data.facts.get(&Over::Contracts).filter(has_products);
    let Some(sold) = contracts.or_else(|| Some(data.leads()).filter(has_products)) else { return Ok(()) };
    let running = contracts.map(|contracts| running(contracts, data.as_of));
    let counts = running.as_ref().unwrap_or(won);
    let Some(name) = product_of(sold) else { return Ok(()) };
    let Some(codes) = sold.table.codes(name) else { return Ok(()) };
    let mut products: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, code) in code_slice(&codes).iter().enumerate() {
        let lead = sold.lead_of(row);
        if *code > 0 && lead != NO_LEAD && counts.has(row) {
            let products = products.entry(data.customer_of(lead)).or_default();
            if !products.contains(code) {
                products.push(*code);
            }
        }
    }
    let mut places = vec![0_usize; data.leads().lead_count];
    for lead in won.rows() {
        let lead = data.customer_of(u32::try_from(lead).unwrap_or(NO_LEAD));
        places[lead as usize] = match products.get(&lead).map(Vec::len) {
            None => 0,
            Some(1) => 1,
            Some(_) => 2,
        };
    }
    add_words(data, Over::Leads, NAME, &["", words!("one"), words!("several")], &places)
}

fn product_of(facts: &Facts) -> Option<&'static str> {
    product_column(|name| facts.table.dictionaries.contains_key(name))
}

/// The contracts that have begun and not ended on the day of the data; where no column says so, all of them.
fn running(contracts: &Facts, as_of: Option<i32>) -> Mask {
    let (started, churned) = (contracts.table.dates("started_at"), contracts.table.dates("churned_at"));
    let as_of = as_of.unwrap_or(i32::MAX);
    let has_begun =
        |row: usize| started.as_ref().is_none_or(|days| days.get(row).is_some_and(|day| day <= as_of));
    let has_ended =
        |row: usize| churned.as_ref().is_some_and(|days| days.get(row).is_some_and(|day| day <= as_of));
    Mask::from_rows(contracts.table.frame.height(), |row| has_begun(row) && !has_ended(row))
}
