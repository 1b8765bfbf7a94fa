//! Rows of one table that have no counterpart in another.

use super::subject::{Answer, Examples, Found, Subject, answer, counted, known, percent, rows_found, whole};
use crate::leads::index::NO_LEAD;
use crate::leads::{Facts, Over};
use crate::mask::Mask;
use crate::{say, words};

/// The checks of orphans on every side.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    vec![
        answer("tickets_without_lead", tickets_without_lead(subject)),
        answer("contracts_without_lead", contracts_without_lead(subject)),
        answer("spend_of_unknown_leads", spend_of_unknown_leads(subject)),
        answer("won_without_contract", won_without_contract(subject)),
        answer("contracts_of_leads_not_won", contracts_of_leads_not_won(subject)),
    ]
}

/// What the checks of a table need, as they say it where it is not there.
pub const NO_TICKETS: &str = words!("no service desk export is named");
pub const NO_CONTRACTS: &str = words!("no export of contracts is named");

/// The rows whose lead the CRM does not know.
fn orphans(facts: &Facts) -> Mask {
    Mask::from_rows(facts.table.frame.height(), |row| facts.lead_of(row) == NO_LEAD)
}

fn tickets_without_lead(subject: &Subject) -> Result<Found, &'static str> {
    let tickets = subject.facts(Over::Tickets).ok_or(NO_TICKETS)?;
    let orphans = orphans(tickets);
    let all = orphans.height() as u64;
    let effect = say!(
        "in totals and under `(not in CRM)` only: {share} of the service cases are missing from every split by channel, \
         segment or owner",
        share = percent(whole(orphans.count()), whole(all))
    );
    Ok(rows_found(&orphans, all, &tickets.table.origin, effect))
}

fn contracts_without_lead(subject: &Subject) -> Result<Found, &'static str> {
    let contracts = subject.facts(Over::Contracts).ok_or(NO_CONTRACTS)?;
    let orphans = orphans(contracts);
    let effect =
        say!("their customers are in churn in total, but under `(not in CRM)` by segment, channel or owner");
    Ok(rows_found(&orphans, orphans.height() as u64, &contracts.table.origin, effect))
}

fn spend_of_unknown_leads(subject: &Subject) -> Result<Found, &'static str> {
    const NO_IDS: &str = words!("no spend export names leads");
    let spend = subject.facts(Over::Spend).ok_or(NO_IDS)?;
    let ids = spend.table.ids("lead_id").ok_or(NO_IDS)?;
    let named = Mask::from_booleans(&polars::prelude::ChunkedArray::is_not_null(&ids));
    let orphans = orphans(spend).and(&named);
    let cost = Subject::sum(&spend.table, "cost", orphans.rows());
    let effect = say!(
        "{cost} cannot reach their own lead: they are shared out by the rest of their key, or reach nobody",
        cost = subject.money(cost)
    );
    Ok(rows_found(&orphans, named.count(), &spend.table.origin, effect))
}

/// The leads that stand for the customers of a set of leads: the lead itself and the first lead of its customer.
fn with_customers(subject: &Subject, leads: impl Iterator<Item = usize>) -> Mask {
    let mut marked = Mask::none(subject.counted.height());
    for lead in leads {
        marked.insert(lead);
        if let Some(first) = subject.customers.as_ref().and_then(|customers| known(customers[lead])) {
            marked.insert(first);
        }
    }
    marked
}

/// Whether a lead, or the customer that it belongs to, is marked.
fn is_marked(subject: &Subject, marked: &Mask, lead: usize) -> bool {
    let of_customer = || subject.customers.as_ref().and_then(|customers| known(customers[lead]));
    marked.has(lead) || of_customer().is_some_and(|first| marked.has(first))
}

fn won_without_contract(subject: &Subject) -> Result<Found, &'static str> {
    let contracts = subject.facts(Over::Contracts).ok_or(NO_CONTRACTS)?;
    let with_contract = with_customers(
        subject,
        (0..contracts.table.frame.height()).filter_map(|row| known(contracts.lead_of(row))),
    );
    let won = &subject.won;
    let lacking = won.rows().filter(|lead| !is_marked(subject, &with_contract, *lead));
    let lacking: Vec<usize> = lacking.collect();
    let (count, of) = (lacking.len() as u64, won.count());
    let effect = say!(
        "churn, MRR and complaints per customer do not know them: they speak of {known} of {all} leads won",
        known = of - count,
        all = of
    );
    Ok(counted(count, of, Examples::of_rows(lacking, &subject.leads().origin), effect))
}

fn contracts_of_leads_not_won(subject: &Subject) -> Result<Found, &'static str> {
    let contracts = subject.facts(Over::Contracts).ok_or(NO_CONTRACTS)?;
    if !subject.knows_won() {
        return Err(words!("nothing in the CRM tells that a lead was won"));
    }
    let won = with_customers(subject, subject.won.rows());
    let lead = |row: usize| known(contracts.lead_of(row));
    let height = contracts.table.frame.height();
    let not_won =
        Mask::from_rows(height, |row| lead(row).is_some_and(|lead| !is_marked(subject, &won, lead)));
    let mut customers = Mask::none(subject.counted.height());
    not_won.rows().filter_map(lead).for_each(|lead| customers.insert(lead));
    let known_leads = (0..height).filter(|row| lead(*row).is_some()).count() as u64;
    let (leads, won) = (whole(subject.counted.count()), subject.won.count());
    let effect = say!(
        "customers that the CRM does not count as won: {all} of all leads are won as counted, {together} with them",
        all = percent(whole(won), leads),
        together = percent(whole(won + customers.and(&subject.counted).count()), leads)
    );
    Ok(rows_found(&not_won, known_leads, &contracts.table.origin, effect))
}
