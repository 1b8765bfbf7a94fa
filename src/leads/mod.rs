//! The join: from typed tables to one row a lead, with everything else tied to these rows.
//!
//! `index` finds the lead of an ID, `merge` makes one row of several (`parts` of a deal, `deals` of a lead), `lookup`
//! adds columns, `statuses` understands status words, `stages` says how far each lead came, `customers` turns contracts
//! into customers, `bases` tells new ones from existing ones, `money` brings all amounts into one currency and makes
//! `accounts`, one row a customer, of contracts (`renewals`), `payments` and wins, `spend`, `keys` and `allocation`
//! bring the money to the leads, `repeated` finds what two files both have, `speed` tells how soon sales touched each
//! lead, `beginning` what was not there yet on a day, and `shown` keeps the stages of all rows of a lead.

pub mod accounts;
pub mod allocation;
pub mod bands;
mod bases;
mod beginning;
mod cells;
mod costs;
mod currency;
pub mod customers;
mod dates;
mod deals;
mod describe;
mod differing;
pub mod index;
mod keys;
mod lookup;
pub mod margin;
mod merge;
mod money;
pub mod numbering;
mod outcomes;
mod parts;
mod payments;
mod rates;
mod related;
mod renewals;
pub mod repeated;
mod shares;
mod shown;
pub mod speed;
pub mod spend;
pub mod stages;
pub mod statuses;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use self::accounts::Customers;
use self::currency::Currencies;
use self::index::NO_LEAD;
use self::margin::Margin;
use self::merge::{Joining, Merged};
use self::rates::Rates;
use self::related::Known;
use self::stages::Signs;
pub use self::stages::{Stage, Stages};
use self::window::Window;
use crate::check::Finding;
use crate::config::Config;
use crate::error::data_error;
use crate::input::profile::FileProfile;
use crate::input::table::{Days, Table};
use crate::input::tables::Kind;
use crate::input::{Inputs, normalise};
use crate::mask::Mask;

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
    /// The labels of each dimension of bands, from the smallest number to the largest.
    pub bands: BTreeMap<String, Vec<String>>,
    /// The conversion windows of the configuration by the name of their step.
    pub windows: BTreeMap<String, Window>,
    /// Whether the leads stand in the order of their IDs.
    pub is_in_order: bool,
    /// Leads created after `as_of`: not there yet.
    pub not_yet: Mask,
    /// What is known of the first touches by sales.
    pub first_touches: speed::Known,
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

    /// The lead that stands for the customer of a lead; the lead itself where the CRM has no customer IDs, or knows no
    /// such lead.
    pub fn customer_of(&self, lead: u32) -> u32 {
        let of_lead = self.customer_of_lead.as_ref().and_then(|of_lead| of_lead.get(lead as usize));
        of_lead.copied().unwrap_or(lead)
    }

    /// The day on which a lead was created: the date of the first stage that is dated.
    pub fn created_at(&self) -> Option<&Days> {
        self.stages.of_creation().map(|stage| &stage.at)
    }
}

/// Joins the inputs.
///
/// `as_of` hides everything later; without it the latest date in the data stands for it. The function is long because each
/// step needs what the ones before it found, and their order is what it is there to show.
///
/// # Errors
/// Leads that contradict each other, status words without a stage, currencies that cannot be added.
pub fn join(mut inputs: Inputs, config: &Config, as_of: Option<i32>) -> Result<Data> {
    let mut findings = std::mem::take(&mut inputs.findings);
    let rates = inputs.tables.remove(&Kind::Rates);
    let span = dates::span(&inputs.tables);
    let cut = as_of.filter(|as_of| span.latest_named.is_some_and(|latest| *as_of < latest));
    let has_crm = inputs.tables.contains_key(&Kind::Crm);
    let mut crm = inputs.tables.remove(&Kind::Crm).map_or_else(|| money::nobody(&inputs), Ok)?;
    let timed = inputs.clock.take().and_then(|clock| speed::Rows::new(clock, &crm));
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
    let currency = match &rates {
        Some(_) => config.currency.clone(),
        None => currency::of_all(config, &leads, &inputs)?,
    };
    let known = Known {
        leads: &index,
        customers: customers.as_ref().map(|(_, index)| index),
        height,
        has_crm,
        money: rates.is_none().then(|| currency.as_deref().unwrap_or_default()),
    };
    let mut facts = related::facts(&mut inputs, &known, cut, &mut findings)?;
    if let Some(rates) = rates {
        let mut rates = Rates::new(&rates, config.currency.as_deref())?;
        money::convert(&mut rates, &Currencies::new(&inputs), (&mut leads, &stages, &not_yet), &mut facts)?;
        findings.extend(rates.finding());
    }
    let as_of = as_of.or(latest);
    let margin = Margin { share: config.value.margin_share()? };
    let of_lead = customers.as_ref().map(|(of_lead, _)| of_lead.as_slice());
    let existing = of_lead.map(|of_lead| bases::existing(of_lead, &stages, facts.get(&Over::Contracts)));
    let by_row = Customers::new(of_lead, existing.as_ref(), height);
    let accounts_of =
        money::one_by_one(&leads, &stages, (config, margin), by_row, &mut facts, &mut findings)?;
    if let Some((first, last)) = span.first.zip(as_of) {
        let costs = costs::facts(&config.costs.amounts()?, first, last, &config.path.display().to_string())?;
        facts.extend(costs.map(|costs| (Over::Costs, costs)));
    }
    describe::order(&leads, &stages, &not_yet.not(), config.negative_days, &mut findings);
    describe::leads(&leads, &stages, &not_yet.not(), &mut findings);
    let counted = not_yet.not();
    let of_speed =
        speed::Leads { table: &leads, index: &index, stages: &stages, counted: &counted, cut, as_of };
    let first_touches = speed::first_touches(timed, &of_speed, speed::limit(&config.speed)?, &mut findings);
    let in_configuration = |error: anyhow::Error| config.blame(error);
    let bands = bands::bands(&config.bands).and_then(|bands| bands::add(&mut leads, &bands));
    let bands = bands.map_err(in_configuration)?;
    let windows = window::windows(&config.window, &config.stages).map_err(in_configuration)?;
    let untraceable = untraceable(&leads, config);
    facts.insert(Over::Leads, Facts { table: leads, lead_rows: None, lead_count: height, event_date: None });
    Ok(Data {
        facts,
        accounts_of,
        margin,
        has_crm,
        stages,
        bands,
        windows,
        is_in_order: index.is_ascending(),
        not_yet,
        first_touches,
        first_day: span.first,
        as_of,
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

fn no_crm() -> anyhow::Error {
    data_error("no CRM export is named", "name it with `--crm FILE`, or as a `[[crm]]` block in funnel.toml")
}
