//! New customers and those that were won before: a lead of an existing customer is no acquisition, however it came.
//!
//! The two never mix in a conversion or in a cost of acquisition (003, "own and foreign").

use std::collections::HashMap;

use polars::prelude::PlFixedStateQuality;

use super::index::NO_LEAD;
use super::{Facts, Stages};
use crate::mask::Mask;

/// The two earliest wins of a customer, each with its lead: a lead's own win makes nobody an existing customer.
#[derive(Clone, Copy)]
struct Wins {
    first: (i32, usize),
    second: Option<(i32, usize)>,
}

impl Wins {
    fn add(&mut self, win: (i32, usize)) {
        if win < self.first {
            self.second = Some(self.first);
            self.first = win;
        } else if self.second.is_none_or(|second| win < second) {
            self.second = Some(win);
        }
    }

    /// The earliest win by another lead than this one.
    fn of_others(&self, lead: usize) -> Option<i32> {
        if self.first.1 == lead { self.second.map(|(day, _)| day) } else { Some(self.first.0) }
    }
}

/// The leads that were created after their customer had been won, or had begun a contract; `of_lead` is for each lead the
/// one that stands for its customer. A lead without a date of creation is taken for a new one.
pub fn existing(of_lead: &[u32], stages: &Stages, contracts: Option<&Facts>) -> Mask {
    let mut wins: HashMap<u32, Wins, PlFixedStateQuality> = HashMap::default();
    if let Some(won) = stages.won.map(|place| &stages.stages[place]) {
        won.reached.rows().for_each(|lead| {
            if let Some(day) = won.at.get(lead) {
                let first = Wins { first: (day, lead), second: None };
                wins.entry(of_lead[lead]).and_modify(|wins| wins.add((day, lead))).or_insert(first);
            }
        });
    }
    let mut contract_since: HashMap<u32, i32, PlFixedStateQuality> = HashMap::default();
    if let Some((contracts, started)) =
        contracts.and_then(|facts| Some((facts, facts.table.dates("started_at")?)))
    {
        for row in 0..contracts.table.frame.height() {
            let lead = contracts.lead_of(row);
            if let Some(day) = started.get(row).filter(|_| lead != NO_LEAD) {
                let customer = of_lead[lead as usize];
                contract_since.entry(customer).and_modify(|since| *since = day.min(*since)).or_insert(day);
            }
        }
    }
    let created = stages.of_creation().map(|stage| &stage.at);
    Mask::from_rows(of_lead.len(), |lead| {
        let since_win = wins.get(&of_lead[lead]).and_then(|wins| wins.of_others(lead));
        let since = since_win.into_iter().chain(contract_since.get(&of_lead[lead]).copied()).min();
        created.and_then(|days| days.get(lead)).zip(since).is_some_and(|(created, since)| since < created)
    })
}
