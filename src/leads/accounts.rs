//! Customers one by one: whoever was won, has a contract or has paid, each once, with the day on which it began.
//!
//! Contracts and payments are rows of their own; what is asked of a customer as a whole (has it paid twice, what is
//! left of its contracts, which cohort is it of) needs a row for the customer.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::index::NO_LEAD;
use super::{Facts, Over, Stages};
use crate::input::table::{Days, Origin, Table, code_slice};
use crate::mask::{Mask, Places};
use crate::period::{format_month, month_number};

/// The dimension of customers, payments and costs by the month in which a customer began, or in which spend fell.
pub const COHORT_MONTH: &str = "cohort_month";

/// Numbers of customers that the tables have in common.
pub struct Customers<'a> {
    /// For each lead the one that stands for its customer, where the CRM has customer IDs.
    of_lead: Option<&'a [u32]>,
    /// The leads of customers that were there before the lead was created: their wins acquire nobody.
    existing: Option<&'a Mask>,
    lead_count: u32,
    /// The customers that the CRM does not know, by ID.
    unknown: BTreeMap<String, u32>,
}

impl<'a> Customers<'a> {
    /// Nobody unknown yet.
    pub fn new(of_lead: Option<&'a [u32]>, existing: Option<&'a Mask>, lead_count: usize) -> Customers<'a> {
        let lead_count = u32::try_from(lead_count).unwrap_or(NO_LEAD);
        Customers { of_lead, existing, lead_count, unknown: BTreeMap::new() }
    }

    /// The customer of each row: the lead that stands for it, or a number of its own where the CRM does not know it.
    pub fn numbers(&mut self, facts: &Facts) -> Vec<u32> {
        let table = &facts.table;
        // a customer may have several leads
        let ids = [table.ids("customer_id"), table.ids("lead_id")];
        let mut number_of = |row: usize| {
            let lead = facts.lead_of(row);
            if lead != NO_LEAD {
                return self.representative(lead);
            }
            let id = ids.iter().flatten().find_map(|ids| ids.get(row));
            let next = self.lead_count + u32::try_from(self.unknown.len()).unwrap_or(0);
            // a row that names nobody is a customer of its own
            let id = id.map_or_else(|| format!("\0{}", table.origin.describe(row)), String::from);
            *self.unknown.entry(id).or_insert(next)
        };
        (0..table.frame.height()).map(&mut number_of).collect()
    }

    fn representative(&self, lead: u32) -> u32 {
        self.of_lead.map_or(lead, |of_lead| of_lead[lead as usize])
    }
}

/// What is known of one customer.
#[derive(Clone, Copy)]
struct Account {
    /// Whether a lead of it was won that was no lead of an existing customer.
    is_acquired: bool,
    acquired_at: Option<i32>,
    won_at: Option<i32>,
    paid_at: Option<i32>,
    contract_at: Option<i32>,
    /// The table and the row where it stands.
    place: (Over, u32),
}

impl Account {
    /// Nothing but where it stands: the lead that stands for it, or nowhere yet.
    fn new(number: usize, lead_count: u32) -> Account {
        let lead = u32::try_from(number).ok().filter(|number| *number < lead_count);
        Account {
            is_acquired: false,
            acquired_at: None,
            won_at: None,
            paid_at: None,
            contract_at: None,
            place: (Over::Leads, lead.unwrap_or(NO_LEAD)),
        }
    }

    /// The lead that stands for it, [`NO_LEAD`] where the CRM does not know it.
    fn lead(&self) -> u32 {
        if self.place.0 == Over::Leads { self.place.1 } else { NO_LEAD }
    }

    /// The earlier of its first win and first payment, else its first contract.
    fn start(&self) -> Option<i32> {
        self.won_at.into_iter().chain(self.paid_at).min().or(self.contract_at)
    }
}

/// The customers in the order of their numbers, and for contracts and payments the row of the customer of each of their rows.
///
/// Columns: `customer_id` (where the CRM does not know it), `is_acquired` (whether a lead was won
/// that was created before the customer was one), `acquired_at` (the first win of such a lead), `start_at` (the earlier
/// of first win and first payment, else the first contract), `cohort_month` (the month of `start_at`), and `is_paid`
/// (whether it came by a channel that has spend) where spend and leads have channels.
///
/// # Errors
/// None on tables that were read.
pub fn accounts(
    leads: &Table,
    stages: &Stages,
    customers: &Customers,
    facts: &BTreeMap<Over, Facts>,
    numbers: &BTreeMap<Over, Vec<u32>>,
) -> Result<(Facts, BTreeMap<Over, Vec<u32>>)> {
    let places = places(stages, customers, numbers);
    let mut accounts: Vec<Account> = Vec::with_capacity(places.count());
    accounts.extend(places.rows().map(|number| Account::new(number, customers.lead_count)));
    add_won(stages, customers, &places, &mut accounts);
    let mut rows_of: BTreeMap<Over, Vec<u32>> = BTreeMap::new();
    for (over, numbers) in numbers {
        let column = if *over == Over::Contracts { "started_at" } else { "paid_at" };
        let days = facts[over].table.dates(column);
        let amounts = facts[over].table.numbers("amount").filter(|_| *over == Over::Payments);
        // money given back is no payment that a customer begins with
        let is_given_back = |row: usize| {
            amounts.as_ref().and_then(|amounts| amounts.get(row)).is_some_and(|amount| amount < 0)
        };
        let rows: Vec<u32> = numbers.iter().map(|number| places.of(*number as usize)).collect();
        for (row, account) in rows.iter().enumerate() {
            let account = &mut accounts[*account as usize];
            if account.place == (Over::Leads, NO_LEAD) {
                account.place = (*over, u32::try_from(row).unwrap_or(NO_LEAD));
            }
            let day = days.as_ref().and_then(|days| days.get(row)).filter(|_| !is_given_back(row));
            let first =
                if *over == Over::Contracts { &mut account.contract_at } else { &mut account.paid_at };
            *first = (*first).into_iter().chain(day).min();
        }
        rows_of.insert(*over, rows);
    }
    let table = table(&accounts, leads, facts)?;
    let lead_rows = accounts.iter().map(Account::lead).collect();
    let lead_count = leads.frame.height();
    Ok((Facts { table, lead_rows: Some(lead_rows), lead_count, event_date: None }, rows_of))
}

/// The places of the customers among them: of those who were won, have a contract or have paid.
fn places(stages: &Stages, customers: &Customers, numbers: &BTreeMap<Over, Vec<u32>>) -> Places {
    let mut known = Mask::none(customers.lead_count as usize + customers.unknown.len());
    let won = stages.won.map(|place| &stages.stages[place].reached);
    for row in won.into_iter().flat_map(Mask::rows) {
        known.insert(customers.representative(u32::try_from(row).unwrap_or(NO_LEAD)) as usize);
    }
    numbers.values().flatten().for_each(|number| known.insert(*number as usize));
    Places::new(known)
}

/// The customers of all leads that were won.
fn add_won(stages: &Stages, customers: &Customers, places: &Places, accounts: &mut [Account]) {
    let Some(won) = stages.won.map(|place| &stages.stages[place]) else { return };
    for row in won.reached.rows() {
        let number = customers.representative(u32::try_from(row).unwrap_or(NO_LEAD));
        let account = &mut accounts[places.of(number as usize) as usize];
        let day = won.at.get(row);
        account.won_at = account.won_at.into_iter().chain(day).min();
        if !customers.existing.is_some_and(|existing| existing.has(row)) {
            account.is_acquired = true;
            account.acquired_at = account.acquired_at.into_iter().chain(day).min();
        }
    }
}

fn table(accounts: &[Account], leads: &Table, facts: &BTreeMap<Over, Facts>) -> Result<Table> {
    let days = |name: &str, day: &dyn Fn(&Account) -> Option<i32>| {
        Days::from_rows(accounts.iter().map(day)).to_series(name).into_column()
    };
    let is_acquired: BooleanChunked =
        accounts.iter().map(|account| Some(account.is_acquired)).collect_ca("is_acquired".into());
    let mut columns = vec![
        ids(accounts, facts).into_column(),
        is_acquired.into_column(),
        days("acquired_at", &|account| account.acquired_at),
        days("start_at", &Account::start),
    ];
    let mut dictionaries = BTreeMap::new();
    // only payments are told by cohort
    if facts.contains_key(&Over::Payments) {
        let (cohorts, words) = month_codes(accounts.iter().map(Account::start));
        columns.push(cohorts.into_column());
        dictionaries.insert(COHORT_MONTH.to_string(), Arc::new(words));
    }
    if let Some(paid) = paid_words(leads, facts.get(&Over::Spend)) {
        let codes = leads.codes("channel").context("leads with channels")?;
        let codes = code_slice(&codes);
        let is_paid =
            |account: &Account| codes.get(account.lead() as usize).is_some_and(|code| paid[*code as usize]);
        let is_paid: BooleanChunked =
            accounts.iter().map(|account| Some(is_paid(account))).collect_ca("is_paid".into());
        columns.push(is_paid.into_column());
    }
    Ok(Table {
        frame: DataFrame::new(columns).context("columns of one height")?,
        dictionaries,
        origin: origin(accounts, leads, facts),
    })
}

/// The IDs of the customers that the CRM does not know; those of the others are in the leads.
fn ids(accounts: &[Account], facts: &BTreeMap<Over, Facts>) -> StringChunked {
    let of_table = |over: Over| {
        let table = facts.get(&over).map(|facts| &facts.table);
        ["customer_id", "lead_id"].map(|name| table.and_then(|table| table.ids(name)))
    };
    let of_tables = [Over::Contracts, Over::Payments].map(|over| (over, of_table(over)));
    if accounts.iter().all(|account| account.place.0 == Over::Leads) {
        return StringChunked::full_null("customer_id".into(), accounts.len());
    }
    let id = |account: &Account| {
        let (_, ids) = of_tables.iter().find(|(over, _)| *over == account.place.0)?;
        ids.iter().flatten().find_map(|ids| ids.get(account.place.1 as usize)).map(String::from)
    };
    StringChunked::from_iter_options("customer_id".into(), accounts.iter().map(id))
}

/// For each word of the leads' channels whether the spend export has cost for it.
fn paid_words(leads: &Table, spend: Option<&Facts>) -> Option<Vec<bool>> {
    let words = leads.dictionaries.get("channel")?;
    let spend = &spend?.table;
    let (own, codes, cost) =
        (spend.dictionaries.get("channel")?, spend.codes("channel")?, spend.numbers("cost")?);
    let mut has_cost = vec![false; own.len()];
    for (code, cost) in code_slice(&codes).iter().zip(cost.iter()) {
        has_cost[*code as usize] |= cost.is_some_and(|cost| cost != 0);
    }
    let is_paid =
        |word: &String| !word.is_empty() && own.binary_search(word).is_ok_and(|place| has_cost[place]);
    Some(words.iter().map(is_paid).collect())
}

/// Adds to customers `margin_to_date`, the margin of all their payments in millionths.
///
/// # Errors
/// None on tables that were read.
pub fn add_margin(accounts: &mut Table, account_of: &[u32], earned: Vec<i128>) -> Result<()> {
    let mut sums = vec![0_i128; accounts.frame.height()];
    for (account, earned) in account_of.iter().zip(earned) {
        sums[*account as usize] += earned;
    }
    let sums: Int64Chunked =
        sums.into_iter().map(|sum| i64::try_from(sum).ok()).collect_ca("margin_to_date".into());
    accounts.frame.with_column(sums.into_series()).context("columns of one height")?;
    Ok(())
}

/// Adds to a table the month of each of its dates as a dimension of its own.
///
/// # Errors
/// None on a table that was read.
pub fn add_month(table: &mut Table, column: &str) -> Result<()> {
    let Some(days) = table.dates(column) else { return Ok(()) };
    let (codes, words) = month_codes((0..table.frame.height()).map(|row| days.get(row)));
    table.frame.with_column(codes.into_series()).context("columns of one height")?;
    table.dictionaries.insert(COHORT_MONTH.to_string(), Arc::new(words));
    Ok(())
}

/// The months of days as a text column: codes into the sorted months, 0 for no day.
pub fn month_codes(days: impl Iterator<Item = Option<i32>> + Clone) -> (UInt32Chunked, Vec<String>) {
    let months: std::collections::BTreeSet<i32> = days.clone().flatten().map(month_number).collect();
    let places: BTreeMap<i32, u32> = months.iter().copied().zip(1..).collect();
    let codes =
        days.map(|day| day.and_then(|day| places.get(&month_number(day)).copied()).unwrap_or(0)).collect();
    let words = std::iter::once(String::new()).chain(months.into_iter().map(format_month)).collect();
    (UInt32Chunked::from_vec(COHORT_MONTH.into(), codes), words)
}

/// The place of each customer: that of its lead, else of the first row that names it.
fn origin(accounts: &[Account], leads: &Table, facts: &BTreeMap<Over, Facts>) -> Origin {
    let of_table = |over: Over| facts.get(&over).map(|facts| &facts.table.origin);
    let tables = [
        (Over::Leads, Some(&leads.origin)),
        (Over::Contracts, of_table(Over::Contracts)),
        (Over::Payments, of_table(Over::Payments)),
    ];
    let mut origin = Origin::default();
    origin.file_of_row.reserve_exact(accounts.len());
    origin.line_of_row.reserve_exact(accounts.len());
    let mut firsts: BTreeMap<Over, u16> = BTreeMap::new();
    for (over, own) in tables.iter().filter_map(|(over, own)| Some((over, (*own)?))) {
        firsts.insert(*over, u16::try_from(origin.files.len()).unwrap_or(u16::MAX));
        origin.files.extend(own.files.iter().cloned());
    }
    for account in accounts {
        let (over, row) = (account.place.0, account.place.1 as usize);
        let own = tables.iter().find(|(own, _)| *own == over).and_then(|(_, own)| *own);
        let file = own.and_then(|own| own.file_of_row.get(row)).copied().unwrap_or_default();
        origin.file_of_row.push(file + firsts.get(&over).copied().unwrap_or_default());
        origin.line_of_row.push(own.and_then(|own| own.line_of_row.get(row)).copied().unwrap_or_default());
    }
    origin
}
