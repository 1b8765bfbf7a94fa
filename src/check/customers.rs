//! New and existing customers: who was a customer already when the lead was created.

use super::subject::{Answer, Found, Subject, answer, known, rows_found, whole};
use crate::leads::Over;
use crate::mask::Mask;

/// The check of repeat business.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    vec![answer("leads_of_existing_customers", leads_of_existing_customers(subject))]
}

fn leads_of_existing_customers(subject: &Subject) -> Result<Found, &'static str> {
    let customers = subject.customers.as_ref().ok_or("the CRM has no customer IDs")?;
    let created = subject.data.created_at().ok_or("no stage is dated")?;
    subject.data.stages.won.ok_or("nothing in the CRM tells that a lead was won")?;
    let existing = subject.data.existing.as_ref().ok_or("the CRM has no customer IDs")?;
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
    let text = format!(
        "no acquisition: reports leave them out of leads, conversions and acquisition costs; {repeated} of {won} wins are \
         further sales to customers"
    );
    let Some(spend) = subject.facts(Over::Spend).filter(|_| repeated > 0) else {
        return text;
    };
    let cost = Subject::sum(&spend.table, "cost", 0..spend.table.frame.height());
    let each = |wins: u64| {
        cost.over(whole(wins)).map_or_else(|| "an unknown sum".to_string(), |each| subject.money(each))
    };
    format!("{text}, so that spend is {} a new customer, and not {} a win", each(won - repeated), each(won))
}
