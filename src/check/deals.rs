//! What closed deals and leads lack: amounts, reasons, owners.

use super::subject::{Answer, Found, Subject, answer, percent, rows_found, whole};
use crate::input::table::code_slice;
use crate::kpi::exact::Exact;
use crate::mask::Mask;
use crate::{say, words};

/// The checks of deals and of single fields.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    vec![
        answer("won_without_amount", won_without_amount(subject)),
        answer("won_with_zero_amount", won_with_zero_amount(subject)),
        answer("won_with_negative_amount", won_with_negative_amount(subject)),
        answer("lost_without_reason", lost_without_reason(subject)),
        answer("leads_without_owner", leads_without_owner(subject)),
        answer("leads_without_customer_id", leads_without_customer_id(subject)),
    ]
}

/// The leads won whose amount is of a kind.
fn won_with(subject: &Subject, is_meant: impl Fn(Option<i64>) -> bool + Sync) -> Result<Mask, &'static str> {
    let amounts = subject.leads().numbers("amount").ok_or(words!("the CRM has no amounts"))?;
    if !subject.knows_won() {
        return Err(words!("nothing in the CRM tells that a lead was won"));
    }
    let height = subject.counted.height();
    Ok(Mask::from_rows(height, |row| is_meant(amounts.get(row))).and(&subject.won))
}

/// The average of these amounts; none of nothing.
fn average(subject: &Subject, rows: &Mask) -> Option<Exact> {
    Subject::sum(subject.leads(), "amount", rows.rows()).over(whole(rows.count()))
}

fn won_without_amount(subject: &Subject) -> Result<Found, &'static str> {
    let lacking = won_with(subject, |amount| amount.is_none())?;
    let others = subject.won.and(&lacking.not());
    let missing =
        average(subject, &others).and_then(|average| Some((average, average.times(whole(lacking.count()))?)));
    let effect = missing.map_or_else(
        || say!("revenue and average check are unknown"),
        |(average, missing)| {
            say!(
                "revenue is too low: by {missing} if they are like the others, whose average is {average}",
                missing = subject.money(missing),
                average = subject.money(average)
            )
        },
    );
    Ok(rows_found(&lacking, subject.won.count(), &subject.leads().origin, effect))
}

fn won_with_zero_amount(subject: &Subject) -> Result<Found, &'static str> {
    let zero = won_with(subject, |amount| amount == Some(0))?;
    let known = won_with(subject, |amount| amount.is_some())?;
    let text = |rows: &Mask| average(subject, rows).map_or_else(|| say!("empty"), |sum| subject.money(sum));
    let effect = say!(
        "the average check counts them as sales of nothing: it is {all} as counted, {rest} without them",
        all = text(&known),
        rest = text(&known.and(&zero.not()))
    );
    Ok(rows_found(&zero, subject.won.count(), &subject.leads().origin, effect))
}

fn won_with_negative_amount(subject: &Subject) -> Result<Found, &'static str> {
    let negative = won_with(subject, |amount| amount.is_some_and(|amount| amount < 0))?;
    let sum = Subject::sum(subject.leads(), "amount", negative.rows());
    let below = Exact::ZERO.minus(sum).unwrap_or(Exact::ZERO);
    let effect = say!(
        "they lower revenue by {money}: a refund is no sale, a typing error no refund",
        money = subject.money(below)
    );
    Ok(rows_found(&negative, subject.won.count(), &subject.leads().origin, effect))
}

fn lost_without_reason(subject: &Subject) -> Result<Found, &'static str> {
    let codes = subject.codes("lost_reason").ok_or(words!("the CRM has no reasons of loss"))?;
    let lost = subject.data.stages.lost.and(&subject.counted);
    let lacking = Mask::from_rows(codes.len(), |row| codes[row] == 0).and(&lost);
    let effect = say!(
        "reasons of loss speak of {share} of the leads lost; the others are under `(none)`",
        share = percent(whole(lost.count() - lacking.count()), whole(lost.count()))
    );
    Ok(rows_found(&lacking, lost.count(), &subject.leads().origin, effect))
}

fn leads_without_owner(subject: &Subject) -> Result<Found, &'static str> {
    let codes = subject.leads().codes("owner").ok_or(words!("the CRM has no owners"))?;
    let codes = code_slice(&codes);
    let lacking = Mask::from_rows(codes.len(), |row| codes[row] == 0).and(&subject.counted);
    let effect = say!(
        "under `(none)` by owner: nobody is credited with {count} of {all} wins",
        count = lacking.and(&subject.won).count(),
        all = subject.won.count()
    );
    Ok(rows_found(&lacking, subject.counted.count(), &subject.leads().origin, effect))
}

fn leads_without_customer_id(subject: &Subject) -> Result<Found, &'static str> {
    let customers = subject.customers.as_ref().ok_or(words!("the CRM has no customer IDs"))?;
    let lacking = Mask::from_rows(customers.len(), |row| super::subject::known(customers[row]).is_none());
    let lacking = lacking.and(&subject.counted);
    let effect = say!(
        "each counts as a customer of its own: {count} of them are won, and repeat business among them is not seen",
        count = lacking.and(&subject.won).count()
    );
    Ok(rows_found(&lacking, subject.counted.count(), &subject.leads().origin, effect))
}
