//! New and existing customers: who was a customer already when the lead was created.

use std::collections::HashMap;

use polars::prelude::PlFixedStateQuality;

use super::subject::{Answer, Found, Subject, answer, known, rows_found, whole};
use crate::kpi::exact::Exact;
use crate::leads::Over;
use crate::mask::Mask;

/// The check of repeat business.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    vec![answer("leads_of_existing_customers", leads_of_existing_customers(subject))]
}

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

fn leads_of_existing_customers(subject: &Subject) -> Result<Found, &'static str> {
    let customers = subject.customers.as_ref().ok_or("the CRM has no customer IDs")?;
    let created = subject.data.created_at().ok_or("no stage is dated")?;
    let won = subject.data.stages.won.ok_or("nothing in the CRM tells that a lead was won")?;
    let won_at = &subject.data.stages.stages[won].at;
    let mut wins: HashMap<usize, Wins, PlFixedStateQuality> = HashMap::default();
    for lead in subject.won.rows() {
        if let (Some(customer), Some(day)) = (known(customers[lead]), won_at.get(lead)) {
            let first = Wins { first: (day, lead), second: None };
            wins.entry(customer).and_modify(|wins| wins.add((day, lead))).or_insert(first);
        }
    }
    let known_leads = Mask::from_rows(subject.counted.height(), |lead| {
        known(customers[lead]).is_some() && created.get(lead).is_some()
    });
    let known_leads = known_leads.and(&subject.counted);
    let is_existing = |lead: usize| {
        let wins = known(customers[lead]).and_then(|customer| wins.get(&customer));
        let before = wins.and_then(|wins| wins.of_others(lead));
        before.zip(created.get(lead)).is_some_and(|(won, created)| won < created)
    };
    let existing = Mask::from_rows(subject.counted.height(), is_existing).and(&known_leads);
    let effect = effect(subject, &existing);
    Ok(rows_found(&existing, known_leads.count(), &subject.leads().origin, effect))
}

fn effect(subject: &Subject, existing: &Mask) -> String {
    let won = subject.won.count();
    let repeated = existing.and(&subject.won).count();
    let text = format!("{repeated} of {won} wins are further sales to customers, not new customers");
    let Some(spend) = subject.facts(Over::Spend) else {
        return text;
    };
    let cost = Subject::sum(&spend.table, "cost", 0..spend.table.frame.height());
    let each = |wins: u64| cost.over(whole(wins)).unwrap_or(Exact::ZERO);
    format!(
        "{text}: acquisition costs {} a win as counted, {} a new customer",
        subject.money(each(won)),
        if won > repeated { subject.money(each(won - repeated)) } else { "an unknown sum".to_string() }
    )
}
