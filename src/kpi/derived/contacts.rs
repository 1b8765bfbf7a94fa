//! Through how many contacts a customer is known: who knows one person only loses the customer with that person.

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::add_words;
use crate::config::Config;
use crate::leads::{Data, Over};

/// The dimension, of the one lead that stands for its customer; empty for all others.
pub const NAME: &str = "contacts";

/// Adds the dimension: `one` or `several` leads with the customer's ID.
///
/// # Errors
/// None on data that were joined.
pub fn add(data: &mut Data, _config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let Some(customers) = &data.customer_of_lead else { return Ok(()) };
    let Some(ids) = data.leads().table.ids("customer_id") else { return Ok(()) };
    let mut contacts = vec![0_u32; customers.len()];
    for (lead, (customer, id)) in customers.iter().zip(ids.iter()).enumerate() {
        contacts[*customer as usize] += u32::from(id.is_some() && !data.not_yet.has(lead));
    }
    let places: Vec<usize> = contacts
        .iter()
        .map(|contacts| match contacts {
            0 => 0,
            1 => 1,
            _ => 2,
        })
        .collect();
    add_words(data, Over::Leads, NAME, &["", "one", "several"], &places)
}
