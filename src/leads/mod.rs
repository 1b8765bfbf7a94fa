//! The join: from typed tables to one row a lead, with everything else tied to these rows.
//!
//! `index` finds the lead of an ID, `merge` makes one row of several and adds lookups, `stages` says how far each lead
//! came, `customers` turns contracts into customers, `money` brings all amounts into one currency and makes `accounts`,
//! one row a customer, of contracts (`renewals`), `payments` and wins, `spend`, `keys` and `allocation` bring the money to the leads.

pub mod accounts;
pub mod allocation;
mod costs;
mod currency;
mod customers;
mod dates;
pub mod index;
mod keys;
pub mod margin;
mod merge;
mod money;
pub mod numbering;
mod parts;
mod payments;
mod rates;
mod renewals;
mod shares;
pub mod spend;
pub mod stages;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use self::accounts::Customers;
use self::currency::Currencies;
use self::index::{Index, NO_LEAD};
use self::margin::Margin;
use self::rates::Rates;
pub use self::stages::{Stage, Stages};
use crate::check::{Finding, finding};
use crate::config::{Config, NegativeDays};
use crate::error::data_error;
use crate::input::Inputs;
use crate::input::profile::FileProfile;
use crate::input::table::{Days, Table, code_slice};
use crate::input::tables::Kind;
use crate::mask::{Mask, WORD, bits};

/// What a measure can count the rows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    Leads,
    Spend,
    Tickets,
    Contracts,
    /// Spells of customers: the time in which a customer has at least one running contract.
    Customers,
    Payments,
    /// Customers one by one: who was won, has a contract or has paid.
    Accounts,
    /// The costs of the configuration, a row a day.
    Costs,
}

impl Over {
    /// The key in the catalogue and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Over::Leads => "leads",
            Over::Spend => "spend",
            Over::Tickets => "tickets",
            Over::Contracts => "contracts",
            Over::Customers => "customers",
            Over::Payments => "payments",
            Over::Accounts => "accounts",
            Over::Costs => "costs",
        }
    }
}

/// Rows that measures count, each tied to a lead.
#[derive(Debug)]
pub struct Facts {
    pub table: Table,
    /// The lead of each row, [`NO_LEAD`] where the CRM knows none; none at all where each row is the lead itself.
    pub lead_rows: Option<Vec<u32>>,
    /// The number of leads.
    pub lead_count: usize,
    /// The date by which a row belongs to a period, if one date alone does.
    pub event_date: Option<&'static str>,
}

impl Facts {
    /// The lead of a row, or [`NO_LEAD`].
    pub fn lead_of(&self, row: usize) -> u32 {
        self.lead_rows.as_ref().map_or_else(|| u32::try_from(row).unwrap_or(NO_LEAD), |leads| leads[row])
    }
}

/// Everything that reports are computed from.
#[derive(Debug)]
pub struct Data {
    pub facts: BTreeMap<Over, Facts>,
    /// For contracts and payments the row of [`Over::Accounts`] that each row belongs to.
    pub accounts_of: BTreeMap<Over, Vec<u32>>,
    /// What of an amount is margin.
    pub margin: Margin,
    /// Whether a CRM was named: payments and contracts tell something without one.
    pub has_crm: bool,
    pub stages: Stages,
    /// Whether the leads stand in the order of their IDs.
    pub is_in_order: bool,
    /// Leads created after `as_of`: not there yet.
    pub not_yet: Mask,
    /// The earliest date in the data.
    pub first_day: Option<i32>,
    /// The latest date in the data, or the day that was asked for.
    pub as_of: Option<i32>,
    pub currency: Option<String>,
    /// Dimensions of the CRM that nobody named.
    pub automatic_dimensions: BTreeSet<String>,
    /// Whether the CRM has no lead IDs: each row is an event of one stage, and only event basis says anything.
    pub is_event_based: bool,
    /// What was understood of each file.
    pub files: Vec<FileProfile>,
    /// What was left out or looks wrong.
    pub findings: Vec<Finding>,
}

impl Data {
    /// The leads.
    pub fn leads(&self) -> &Facts {
        &self.facts[&Over::Leads]
    }

    /// The day on which a lead was created: the date of the first stage that is dated.
    pub fn created_at(&self) -> Option<&Days> {
        self.stages.of_creation().map(|stage| &stage.at)
    }
}

/// A table whose rows each belong to one lead.
struct Related {
    kind: Kind,
    over: Over,
    /// The date before which a row is not there yet.
    begins: &'static str,
    event_date: Option<&'static str>,
}

const RELATED: [Related; 3] = [
    Related { kind: Kind::Tickets, over: Over::Tickets, begins: "opened_at", event_date: Some("opened_at") },
    Related { kind: Kind::Contracts, over: Over::Contracts, begins: "started_at", event_date: None },
    Related { kind: Kind::Payments, over: Over::Payments, begins: "paid_at", event_date: Some("paid_at") },
];

/// Joins the inputs.
///
/// `as_of` hides everything later; without it the latest date in the data stands for it.
///
/// # Errors
/// Leads that contradict each other, status words without a stage, currencies that cannot be added.
pub fn join(mut inputs: Inputs, config: &Config, as_of: Option<i32>) -> Result<Data> {
    let mut findings = std::mem::take(&mut inputs.findings);
    let rates = inputs.tables.remove(&Kind::Rates);
    let span = dates::span(&inputs.tables);
    let cut = as_of.filter(|as_of| span.latest_named.is_some_and(|latest| *as_of < latest));
    let has_crm = inputs.tables.contains_key(&Kind::Crm);
    let crm = inputs.tables.remove(&Kind::Crm).map_or_else(|| money::nobody(&inputs), Ok)?;
    let (mut leads, index) = merge::one_row_per_lead(crm, &inputs, &mut findings)?;
    for lookup in &inputs.lookups {
        merge::add_lookup(&mut leads, lookup, &mut findings)?;
    }
    let stages = stages::stages(&leads, config, &inputs, cut, &mut findings)?;
    let latest = span.latest.max(dates::latest_closing(&leads, &stages));
    let height = leads.frame.height();
    let not_yet = not_yet(&leads, config, &inputs, cut)?;
    findings.extend(finding(
        "leads created after the day of the report, left out",
        not_yet.rows(),
        &leads.origin,
    ));
    let customers = customers::representatives(&leads, &stages);
    let currency = match &rates {
        Some(_) => config.currency.clone(),
        None => currency::of_all(config, &leads, &inputs)?,
    };
    let currencies = Currencies::new(&inputs);
    let mut facts = BTreeMap::new();
    if let Some(table) = inputs.tables.remove(&Kind::Spend) {
        facts.insert(Over::Spend, spend::facts(table, &index, height, cut, &mut findings)?);
    }
    let by_customer = customers.as_ref().map(|(_, index)| index);
    for related in RELATED {
        if let Some(table) = inputs.tables.remove(&related.kind) {
            let tied = tie_to_leads(table, &related, cut, (&index, by_customer, height))?;
            findings.extend(orphans(&tied, &related).filter(|_| has_crm));
            facts.insert(related.over, tied);
        }
    }
    if let Some(rates) = rates {
        let mut rates = Rates::new(&rates, config.currency.as_deref())?;
        money::convert(&mut rates, &currencies, (&mut leads, &stages), &mut facts)?;
        findings.extend(rates.finding());
    }
    let margin = Margin { share: config.value.margin_share()? };
    let as_of = as_of.or(latest);
    let of_lead = customers.as_ref().map(|(of_lead, _)| of_lead.as_slice());
    let by_row = Customers::new(of_lead, height);
    let accounts_of =
        money::one_by_one(&leads, &stages, (config, margin), by_row, &mut facts, &mut findings)?;
    if let Some((first, last)) = span.first.zip(as_of) {
        let costs = costs::facts(&config.costs.amounts()?, first, last, &config.path.display().to_string())?;
        facts.extend(costs.map(|costs| (Over::Costs, costs)));
    }
    describe_order(&leads, &stages, &not_yet.not(), config.negative_days, &mut findings);
    describe_leads(&leads, &stages, &not_yet.not(), &mut findings);
    facts.insert(Over::Leads, Facts { table: leads, lead_rows: None, lead_count: height, event_date: None });
    Ok(Data {
        facts,
        accounts_of,
        margin,
        has_crm,
        stages,
        is_in_order: index.is_ascending(),
        not_yet,
        first_day: span.first,
        as_of,
        currency,
        automatic_dimensions: inputs.automatic_dimensions,
        is_event_based: inputs.is_event_based,
        files: inputs.files,
        findings,
    })
}

/// Finds the lead of each row by the indexes of leads and of customers; rows of unknown leads are kept.
fn tie_to_leads(
    table: Table,
    related: &Related,
    cut: Option<i32>,
    (leads, customers, lead_count): (&Index, Option<&Index>, usize),
) -> Result<Facts> {
    let table = match cut {
        Some(day) => hide_later(table, related.begins, day)?,
        None => table,
    };
    let lead_rows = lead_rows(&table, leads, customers);
    Ok(Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: related.event_date })
}

/// The rows whose lead the CRM does not know.
fn orphans(facts: &Facts, related: &Related) -> Option<Finding> {
    let orphans = (0..facts.table.frame.height()).filter(|row| facts.lead_of(*row) == NO_LEAD);
    let what = format!("{} whose lead is not in the CRM, counted as `(not in CRM)`", related.over.name());
    finding(what, orphans, &facts.table.origin)
}

/// The leads whose first date lies after the day of the report.
fn not_yet(leads: &Table, config: &Config, inputs: &Inputs, cut: Option<i32>) -> Result<Mask> {
    let height = leads.frame.height();
    let Some(cut) = cut else {
        return Ok(Mask::none(height));
    };
    // the stages of the whole time tell a lead that was created later from one without a date
    let all = stages::stages(leads, config, inputs, None, &mut Vec::new())?;
    let created = all.of_creation().map(|stage| &stage.at);
    Ok(Mask::from_rows(height, |row| created.and_then(|days| days.get(row)).is_some_and(|day| day > cut)))
}

fn no_crm() -> anyhow::Error {
    data_error("no CRM export is named", "name it with `--crm FILE`, or as a `[[crm]]` block in funnel.toml")
}

/// The table as it was on a day: rows that began later are gone, later dates are empty.
fn hide_later(mut table: Table, begins: &str, day: i32) -> Result<Table> {
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

/// Stages that are dated before an earlier one: data errors.
fn describe_order(
    leads: &Table,
    stages: &Stages,
    counted: &Mask,
    negative_days: NegativeDays,
    findings: &mut Vec<Finding>,
) {
    let treatment = match negative_days {
        NegativeDays::Exclude => "not in the days between",
        NegativeDays::Include => "in the days between all the same",
    };
    for (stage, early) in stages.stages.iter().zip(dated_early(leads.frame.height(), &stages.stages)) {
        findings.extend(finding(
            format!("data error, {} dated before an earlier stage, {treatment}", stage.name),
            early.and(counted).rows(),
            &leads.origin,
        ));
    }
}

/// For each stage the leads that have it dated before the last earlier stage that is dated.
fn dated_early(height: usize, stages: &[Stage]) -> Vec<Mask> {
    let known: Vec<Mask> = stages.iter().map(|stage| stage.at.known()).collect();
    Mask::many_from_words(height, stages.len(), |index, early| {
        let mut before = [i32::MIN; WORD];
        for ((stage, known), early) in stages.iter().zip(&known).zip(early) {
            for bit in bits(known.word(index)) {
                if let Some(day) = stage.at.get(index * WORD + bit) {
                    *early |= u64::from(day < before[bit]) << bit;
                    before[bit] = day;
                }
            }
        }
    })
}

/// What a reader of the numbers should know about the leads.
fn describe_leads(leads: &Table, stages: &Stages, counted: &Mask, findings: &mut Vec<Finding>) {
    let height = leads.frame.height();
    if let Some(codes) = leads.codes("channel") {
        let codes = code_slice(&codes);
        findings.extend(finding(
            "leads without a channel, counted as `(none)`",
            Mask::from_rows(height, |row| codes[row] == 0).and(counted).rows(),
            &leads.origin,
        ));
    }
    if let (Some(amounts), Some(won)) =
        (leads.numbers("amount"), stages.won.map(|place| &stages.stages[place]))
    {
        findings.extend(finding(
            format!("leads that reached {} without an amount, not in the average check", won.name),
            won.reached.and(counted).and(&Mask::from_booleans(&amounts.is_null())).rows(),
            &leads.origin,
        ));
    }
}
