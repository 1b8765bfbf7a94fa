//! The tables whose rows each belong to a lead: spend, service cases, contracts and payments find theirs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::index::{Index, NO_LEAD};
use super::{Facts, Over, repeated, spend};
use crate::check::{Finding, finding};
use crate::input::Inputs;
use crate::input::table::Table;
use crate::input::tables::Kind;
use crate::mask::Mask;
use crate::say;

/// What rows can find.
pub struct Known<'a> {
    pub leads: &'a Index,
    /// By customer ID the lead that stands for the customer.
    pub customers: Option<&'a Index>,
    /// How many leads there are.
    pub height: usize,
    /// Without a CRM nobody is missing from it.
    pub has_crm: bool,
    /// The currency of all amounts, which may have no name; none where they are yet to be converted.
    pub money: Option<&'a str>,
}

/// A table whose rows each belong to one lead.
struct Related {
    kind: Kind,
    over: Over,
    /// The date before which a row is not there yet.
    begins: &'static str,
    event_date: Option<&'static str>,
    /// The check of the rows whose lead the CRM does not know.
    orphans: &'static str,
}

const RELATED: [Related; 3] = [
    Related {
        kind: Kind::Tickets,
        over: Over::Tickets,
        begins: "opened_at",
        event_date: Some("opened_at"),
        orphans: "tickets_without_lead",
    },
    Related {
        kind: Kind::Contracts,
        over: Over::Contracts,
        begins: "started_at",
        event_date: None,
        orphans: "contracts_without_lead",
    },
    Related {
        kind: Kind::Payments,
        over: Over::Payments,
        begins: "paid_at",
        event_date: Some("paid_at"),
        orphans: "payments_without_lead",
    },
];

/// Takes the tables out of the inputs and ties them to the leads; `cut` hides what is later.
///
/// # Errors
/// None on tables that were read.
pub fn facts(
    inputs: &mut Inputs,
    known: &Known,
    cut: Option<i32>,
    findings: &mut Vec<Finding>,
) -> Result<BTreeMap<Over, Facts>> {
    let mut facts = BTreeMap::new();
    if let Some(table) = inputs.tables.remove(&Kind::Spend) {
        findings.extend(repeated::alike(&table, Kind::Spend, &inputs.exports, cut, known.money)?);
        facts.insert(Over::Spend, spend::facts(table, known.leads, known.height, cut, findings)?);
    }
    for related in RELATED {
        if let Some(table) = inputs.tables.remove(&related.kind) {
            let table = match cut {
                Some(day) => hide_later(table, related.begins, day)?,
                None => table,
            };
            let table = repeated::once(table, related.kind, &inputs.exports, findings)?;
            findings.extend(repeated::alike(&table, related.kind, &inputs.exports, cut, known.money)?);
            let tied = tie_to_leads(table, &related, known);
            findings.extend(orphans(&tied, &related).filter(|_| known.has_crm));
            facts.insert(related.over, tied);
        }
    }
    Ok(facts)
}

/// Finds the lead of each row by the indexes of leads and of customers; rows of unknown leads are kept.
fn tie_to_leads(table: Table, related: &Related, known: &Known) -> Facts {
    let lead_rows = lead_rows(&table, known.leads, known.customers);
    Facts { table, lead_rows: Some(lead_rows), lead_count: known.height, event_date: related.event_date }
}

/// The rows whose lead the CRM does not know.
fn orphans(facts: &Facts, related: &Related) -> Option<Finding> {
    let orphans = (0..facts.table.frame.height()).filter(|row| facts.lead_of(*row) == NO_LEAD);
    let what = match related.kind {
        Kind::Tickets => say!("tickets whose lead is not in the CRM, counted as `(not in CRM)`"),
        Kind::Contracts => say!("contracts whose lead is not in the CRM, counted as `(not in CRM)`"),
        _ => say!("payments whose lead is not in the CRM, counted as `(not in CRM)`"),
    };
    finding(related.orphans, what, orphans, &facts.table.origin)
}

/// The table as it was on a day: rows that began later are gone, later dates are empty.
///
/// # Errors
/// None on a table that was read.
pub fn hide_later(mut table: Table, begins: &str, day: i32) -> Result<Table> {
    let names: Vec<String> = table.frame.get_column_names_str().into_iter().map(String::from).collect();
    if let Some(began) = table.dates(begins) {
        let keep =
            Mask::from_rows(table.frame.height(), |row| began.get(row).is_none_or(|began| began <= day));
        table.frame = table.frame.filter(&keep.to_booleans("keep")).context("rows of the table")?;
        table.origin = table.origin.select(keep.rows());
    }
    for name in names.iter().filter(|name| *name != "ends_at") {
        if let Some(days) = table.dates(name) {
            let hidden = days.filtered(|known| known <= day).to_series(name);
            table.frame.with_column(hidden).context("columns of one height")?;
        }
    }
    Ok(table)
}

/// The lead of each row, by lead ID and else by customer ID.
fn lead_rows(table: &Table, leads: &Index, customers: Option<&Index>) -> Vec<u32> {
    let by_lead = table.ids("lead_id").map(|ids| leads.find_all(&ids));
    let by_customer = table.ids("customer_id").map(|ids| {
        // a CRM without customer IDs may well use them as its lead IDs
        customers.unwrap_or(leads).find_all(&ids)
    });
    match (by_lead, by_customer) {
        (Some(by_lead), Some(by_customer)) => by_lead
            .into_iter()
            .zip(by_customer)
            .map(|(lead, customer)| if lead == NO_LEAD { customer } else { lead })
            .collect(),
        (Some(rows), None) | (None, Some(rows)) => rows,
        (None, None) => vec![NO_LEAD; table.frame.height()],
    }
}
