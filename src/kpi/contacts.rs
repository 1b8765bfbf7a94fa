//! Through how many contacts each account is known: who knows one person only loses the customer with that person.
//!
//! An account is several leads, and a period asks two things of them: which accounts are looked at (those with a lead
//! created in it), and what was known of each by its end (all of their leads until then, older ones too). No predicate
//! over single leads can say that, so it is code.

use polars::prelude::StringChunked;

use super::view::View;
use crate::input::cell::SCALE;
use crate::input::table::Days;
use crate::leads::customers::rank;
use crate::mask::Mask;

/// Whether a lead stands for its account: of the account's leads of the period the first won, else the first created.
pub const ACCOUNT: &str = "known_account";
/// Whether it does, and the account is known through that one lead only.
pub const SINGLE: &str = "single_contact_account";
/// The number of contacts of the account that a lead stands for.
pub const CONTACTS: &str = "contacts_of_account";

/// For each lead the number of contacts of the account that it stands for, 0 where it stands for none.
#[derive(Debug)]
pub struct Contacts(Vec<u32>);

impl Contacts {
    /// Counts them in a view; none where the CRM has no customer IDs. Filters do not matter: they select accounts by the
    /// leads that stand for them.
    pub(super) fn of(view: &View) -> Option<Contacts> {
        let (data, period) = (view.data, view.period);
        let customers = data.customer_of_lead.as_ref()?;
        let table = &data.leads().table;
        let (ids, lead_ids): (StringChunked, StringChunked) =
            (table.ids("customer_id")?, table.ids("lead_id")?);
        let created = |lead: usize| data.created_at().and_then(|days: &Days| days.get(lead));
        let mut counts = vec![0_u32; customers.len()];
        let mut first: Vec<Option<usize>> = vec![None; customers.len()];
        for (lead, customer) in customers.iter().enumerate() {
            let is_there = ids.get(lead).is_some() && !data.not_yet.has(lead);
            let is_known = period.is_none_or(|period| created(lead).is_some_and(|day| day < period.to));
            if !is_there || !is_known {
                continue;
            }
            let customer = *customer as usize;
            counts[customer] += 1;
            let is_of_period =
                period.is_none_or(|period| created(lead).is_some_and(|day| period.contains(day)));
            let rank = |lead: usize| rank(&data.stages, &lead_ids, lead);
            if is_of_period && first[customer].is_none_or(|known| rank(lead) < rank(known)) {
                first[customer] = Some(lead);
            }
        }
        let mut of_lead = vec![0_u32; customers.len()];
        for (customer, lead) in first.into_iter().enumerate() {
            if let Some(lead) = lead {
                of_lead[lead] = counts[customer];
            }
        }
        Some(Contacts(of_lead))
    }

    /// The leads that stand for an account.
    pub fn accounts(&self) -> Mask {
        Mask::from_rows(self.0.len(), |lead| self.0[lead] > 0)
    }

    /// Those that stand for an account with one contact.
    pub fn single(&self) -> Mask {
        Mask::from_rows(self.0.len(), |lead| self.0[lead] == 1)
    }

    /// The number of contacts for each lead, in millionths.
    pub fn amounts(&self) -> Vec<i128> {
        self.0.iter().map(|count| i128::from(*count) * i128::from(SCALE)).collect()
    }
}
