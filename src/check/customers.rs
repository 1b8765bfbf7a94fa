//! New and existing customers: who was a customer already when the lead was created.

use super::contacts::Contacts;
use super::subject::{Answer, Found, Subject, answer, known, rows_found, whole};
use crate::leads::Over;
use crate::mask::Mask;
use crate::{say, words};

const NO_CUSTOMERS: &str = words!("the CRM has no customer IDs");

/// The checks of repeat business.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    vec![
        answer("leads_of_existing_customers", leads_of_existing_customers(subject)),
        answer("persons_in_both_bases", persons_in_both_bases(subject)),
    ]
}

/// Leads that count as new although a lead with the same e-mail or phone was won before they were created.
fn persons_in_both_bases(subject: &Subject) -> Result<Found, &'static str> {
    let created = subject.data.created_at().ok_or(words!("no stage is dated"))?;
    let won = subject.data.stages.won.ok_or(words!("nothing in the CRM tells that a lead was won"))?;
    let won = &subject.data.stages.stages[won];
    let contacts: Vec<&Contacts> = subject.emails.iter().chain(&subject.phones).collect();
    if contacts.is_empty() {
        return Err(words!("no column of the CRM is called `email` or `phone`"));
    }
    let height = subject.counted.height();
    let mut known_before = Mask::none(height);
    let mut told = Mask::none(height);
    for contacts in contacts {
        let mut first_win: Vec<Option<i32>> = vec![None; contacts.count];
        for lead in subject.won.rows() {
            let first = &mut first_win[contacts.of_lead[lead] as usize];
            *first = (*first).into_iter().chain(won.at.get(lead)).min();
        }
        let contact = |lead: usize| Some(contacts.of_lead[lead] as usize).filter(|contact| *contact > 0);
        let is_known = |lead: usize| {
            let win = contact(lead).and_then(|contact| first_win[contact]);
            win.zip(created.get(lead)).is_some_and(|(win, created)| created > win)
        };
        known_before = known_before.or(&Mask::from_rows(height, is_known));
        told = told.or(&Mask::from_rows(height, |lead| contact(lead).is_some()));
    }
    let found = known_before.and(&subject.acquired);
    let wins = found.and(&subject.won).count();
    let effect = say!(
        "counted as new in leads, conversions and acquisition costs, {count} of them as new customers: with the \
         customer's ID in both rows they are leads of existing customers",
        count = wins
    );
    Ok(rows_found(&found, told.and(&subject.acquired).count(), &subject.leads().origin, effect))
}

fn leads_of_existing_customers(subject: &Subject) -> Result<Found, &'static str> {
    let customers = subject.customers.as_ref().ok_or(NO_CUSTOMERS)?;
    let created = subject.data.created_at().ok_or(words!("no stage is dated"))?;
    subject.data.stages.won.ok_or(words!("nothing in the CRM tells that a lead was won"))?;
    let existing = subject.data.existing.as_ref().ok_or(NO_CUSTOMERS)?;
    let known_leads = Mask::from_rows(subject.counted.height(), |lead| {
        known(customers[lead]).is_some() && created.get(lead).is_some()
    });
    let known_leads = known_leads.and(&subject.counted);
    let existing = existing.and(&known_leads);
    let effect = effect(subject, &existing);
    Ok(rows_found(&existing, known_leads.count(), &subject.leads().origin, effect))
}

/// Reports leave these leads out already: what is told is how much that changes.
fn effect(subject: &Subject, existing: &Mask) -> String {
    let won = subject.won.count();
    let repeated = existing.and(&subject.won).count();
    let Some(spend) = subject.facts(Over::Spend).filter(|_| repeated > 0) else {
        return say!(
            "no acquisition: reports leave them out of leads, conversions and acquisition costs; {repeated} of {won} \
             wins are further sales to customers",
            repeated = repeated,
            won = won
        );
    };
    let cost = Subject::sum(&spend.table, "cost", 0..spend.table.frame.height());
    let each =
        |wins: u64| cost.over(whole(wins)).map_or_else(|| say!("an unknown sum"), |each| subject.money(each));
    say!(
        "no acquisition: reports leave them out of leads, conversions and acquisition costs; {repeated} of {won} wins are \
         further sales to customers, so that spend is {new} a new customer, and not {all} a win",
        repeated = repeated,
        won = won,
        new = each(won - repeated),
        all = each(won)
    )
}
