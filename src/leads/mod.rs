//! The join: from typed tables to one row a lead, with everything else tied to these rows.
//!
//! `index` finds the lead of an ID, `merge` makes one row of several (`parts` of a deal, `deals` of a lead; `beginning`
//! tells what was not there yet, `shown` keeps the stages of all its rows), `lookup` adds columns, `statuses` understands status words, `stages` says how far each lead came, `customers` turns contracts into customers, `spend`, `keys` and `allocation` bring the money to the leads.

pub mod allocation;
pub mod bands;
mod bases;
mod beginning;
mod cells;
mod currency;
mod customers;
mod dates;
mod deals;
pub mod index;
mod keys;
mod lookup;
mod merge;
pub mod numbering;
mod outcomes;
mod parts;
mod shares;
mod shown;
pub mod spend;
pub mod stages;
pub mod statuses;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use self::index::{Index, NO_LEAD};
use self::merge::{Joining, Merged};
use self::stages::Signs;
pub use self::stages::{Stage, Stages};
use self::window::Window;
use crate::check::{Finding, finding};
use crate::config::{Config, NegativeDays};
use crate::error::data_error;
use crate::input::profile::FileProfile;
use crate::input::table::{Days, Table, code_slice};
use crate::input::tables::Kind;
use crate::input::{Inputs, normalise};
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
    pub stages: Stages,
    /// The labels of each dimension of bands, from the smallest number to the largest.
    pub bands: BTreeMap<String, Vec<String>>,
    /// The conversion windows of the configuration by the name of their step.
    pub windows: BTreeMap<String, Window>,
    /// Whether the leads stand in the order of their IDs.
    pub is_in_order: bool,
    /// Leads created after `as_of`: not there yet.
    pub not_yet: Mask,
    /// The earliest date in the data.
    pub first_day: Option<i32>,
    /// The latest date in the data, or the day that was asked for.
    pub as_of: Option<i32>,
    pub currency: Option<String>,
    /// The leads of customers that had been won before; none where the CRM has no customer IDs.
    pub existing: Option<Mask>,
    /// For each lead the one that stands for its customer; none where the CRM has no customer IDs.
    pub customer_of_lead: Option<Vec<u32>>,
    /// Channels of the leads that no spend can be traced to.
    pub untraceable: BTreeSet<String>,
    /// Columns that were worked out from the others (`kpi::derived`).
    pub derived: BTreeSet<String>,
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
    /// The check of the rows whose lead the CRM does not know.
    orphans: &'static str,
}

const RELATED: [Related; 2] = [
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
];

/// Joins the inputs.
///
/// `as_of` hides everything later; without it the latest date in the data stands for it.
///
/// # Errors
/// Leads that contradict each other, status words without a stage, currencies that cannot be added.
pub fn join(mut inputs: Inputs, config: &Config, as_of: Option<i32>) -> Result<Data> {
    let mut findings = std::mem::take(&mut inputs.findings);
    let span = dates::span(&inputs.tables);
    let cut = as_of.filter(|as_of| span.latest_named.is_some_and(|latest| *as_of < latest));
    let mut crm = inputs.tables.remove(&Kind::Crm).ok_or_else(no_crm)?;
    let meanings = statuses::meanings(&mut crm, config, &inputs)?;
    let joining = Joining { config, inputs: &inputs, meanings: meanings.as_ref(), cut };
    let merged = merge::one_row_per_lead(crm, &joining, &mut findings)?;
    let Merged { mut leads, index, latest_closing, shown } = merged;
    let statuses = meanings.and_then(|meanings| meanings.of_leads(&mut leads));
    for lookup in &inputs.lookups {
        lookup::add(&mut leads, lookup, &mut findings)?;
    }
    let signs = Signs { config, inputs: &inputs, statuses: statuses.as_ref(), shown: shown.as_ref() };
    let not_yet = beginning::not_yet(&leads, &signs, cut, &mut findings);
    let stages = stages::stages(&leads, &signs, cut, &not_yet.not(), &mut findings);
    let latest = span.latest.max(dates::latest_closing(&leads, &stages)).max(latest_closing);
    let height = leads.frame.height();
    let customers = customers::representatives(&leads, &stages);
    let currency = currency::of_all(config, &leads, &inputs)?;
    let mut facts = BTreeMap::new();
    if let Some(table) = inputs.tables.remove(&Kind::Spend) {
        facts.insert(Over::Spend, spend::facts(table, &index, height, cut, &mut findings)?);
    }
    let by_customer = customers.as_ref().map(|(_, index)| index);
    for related in RELATED {
        if let Some(table) = inputs.tables.remove(&related.kind) {
            let tied = tie_to_leads(table, &related, cut, (&index, by_customer, height), &mut findings)?;
            facts.insert(related.over, tied);
        }
    }
    if let Some(contracts) = facts.get(&Over::Contracts).filter(|contracts| contracts.table.has("started_at"))
    {
        let of_lead = customers.as_ref().map(|(of_lead, _)| of_lead.as_slice());
        let spells = customers::spells(contracts, of_lead, &mut findings)?;
        facts.insert(Over::Customers, spells);
    }
    describe_order(&leads, &stages, &not_yet.not(), config.negative_days, &mut findings);
    describe_leads(&leads, &stages, &not_yet.not(), &mut findings);
    let in_configuration = |error: anyhow::Error| config.blame(error);
    let bands = bands::bands(&config.bands).and_then(|bands| bands::add(&mut leads, &bands));
    let bands = bands.map_err(in_configuration)?;
    let windows = window::windows(&config.window, &config.stages).map_err(in_configuration)?;
    let untraceable = untraceable(&leads, config);
    let existing =
        customers.as_ref().map(|(of_lead, _)| bases::existing(of_lead, &stages, facts.get(&Over::Contracts)));
    facts.insert(Over::Leads, Facts { table: leads, lead_rows: None, lead_count: height, event_date: None });
    Ok(Data {
        facts,
        stages,
        bands,
        windows,
        is_in_order: index.is_ascending(),
        not_yet,
        first_day: span.first,
        as_of: as_of.or(latest),
        currency,
        existing,
        customer_of_lead: customers.map(|(of_lead, _)| of_lead),
        untraceable,
        derived: BTreeSet::new(),
        automatic_dimensions: inputs.automatic_dimensions,
        is_event_based: inputs.is_event_based,
        files: inputs.files,
        findings,
    })
}

/// What making one row of several rows of a lead notices, for who only wants to know.
///
/// # Errors
/// Those of the join.
pub fn repeated_rows(crm: Table, config: &Config, inputs: &Inputs) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let joining = Joining { config, inputs, meanings: None, cut: None };
    merge::one_row_per_lead(crm, &joining, &mut findings)?;
    Ok(findings)
}

/// The channels of the leads that the configuration calls untraceable, as the leads spell them.
fn untraceable(leads: &Table, config: &Config) -> BTreeSet<String> {
    let named: BTreeSet<String> = config.attribution.untraceable.iter().map(|name| normalise(name)).collect();
    let words = leads.dictionaries.get("channel").into_iter().flat_map(|words| words.iter());
    words.filter(|word| named.contains(&normalise(word))).cloned().collect()
}

/// Finds the lead of each row by the indexes of leads and of customers; rows of unknown leads are kept and counted.
fn tie_to_leads(
    table: Table,
    related: &Related,
    cut: Option<i32>,
    (leads, customers, lead_count): (&Index, Option<&Index>, usize),
    findings: &mut Vec<Finding>,
) -> Result<Facts> {
    let table = match cut {
        Some(day) => hide_later(table, related.begins, day)?,
        None => table,
    };
    let lead_rows = lead_rows(&table, leads, customers);
    let orphans = Mask::from_rows(lead_rows.len(), |row| lead_rows[row] == NO_LEAD);
    findings.extend(finding(
        related.orphans,
        format!("{} whose lead is not in the CRM, counted as `(not in CRM)`", related.over.name()),
        orphans.rows(),
        &table.origin,
    ));
    Ok(Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: related.event_date })
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
        table = table.select(&keep)?;
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
            "stages_out_of_order",
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
            "leads_without_channel",
            "leads without a channel, counted as `(none)`",
            Mask::from_rows(height, |row| codes[row] == 0).and(counted).rows(),
            &leads.origin,
        ));
    }
    if let (Some(amounts), Some(won)) =
        (leads.numbers("amount"), stages.won.map(|place| &stages.stages[place]))
    {
        findings.extend(finding(
            "won_without_amount",
            format!("leads that reached {} without an amount, not in the average check", won.name),
            won.reached.and(counted).and(&Mask::from_booleans(&amounts.is_null())).rows(),
            &leads.origin,
        ));
    }
}
