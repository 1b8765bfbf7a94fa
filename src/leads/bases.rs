//! New customers and those that were won before: a lead of an existing customer is no acquisition, however it came.
//!
//! The two never mix in a conversion or in a cost of acquisition (003, "own and foreign").

use super::index::NO_LEAD;
use super::{Facts, Stages};
use crate::mask::Mask;

/// The leads that were created after their customer had been won, or had begun a contract; `of_lead` is for each lead the
/// one that stands for its customer. A lead without a date of creation is taken for a new one.
pub fn existing(of_lead: &[u32], stages: &Stages, contracts: Option<&Facts>) -> Mask {
    let mut customer_since = vec![i32::MAX; of_lead.len()];
    let mut note = |lead: usize, day: i32| {
        let customer = of_lead[lead] as usize;
        customer_since[customer] = customer_since[customer].min(day);
    };
    if let Some(won) = stages.won.map(|place| &stages.stages[place]) {
        won.reached.rows().for_each(|lead| {
            if let Some(day) = won.at.get(lead) {
                note(lead, day);
            }
        });
    }
    if let Some((contracts, started)) =
        contracts.and_then(|facts| Some((facts, facts.table.dates("started_at")?)))
    {
        for row in 0..contracts.table.frame.height() {
            let lead = contracts.lead_of(row);
            if let Some(day) = started.get(row).filter(|_| lead != NO_LEAD) {
                note(lead as usize, day);
            }
        }
    }
    let created = stages.of_creation().map(|stage| &stage.at);
    Mask::from_rows(of_lead.len(), |lead| {
        let day = created.and_then(|days| days.get(lead));
        day.is_some_and(|day| customer_since[of_lead[lead] as usize] < day)
    })
}
