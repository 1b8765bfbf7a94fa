//! What each measure counts, in plain loops over the records: slow, obvious, and without any code of the program.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::company::{Company, Contract, Day, Lead, Millionths, Spend, Ticket, month};

/// The stages of the funnel, and what a number of leads that reached them is called.
pub const STAGES: [(&str, &str); 5] =
    [("lead", "leads"), ("mql", "mqls"), ("sql", "sqls"), ("opportunity", "opportunities"), ("won", "wins")];
const WON: usize = 4;
const MILLIONTHS_IN_A_CENT: Millionths = 10_000;
/// The kinds of cases that are complaints, among those that the fixtures have.
const COMPLAINTS: [&str; 2] = ["complaint", "claim"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skips {
    Imply,
    Strict,
    Any,
}

/// Dimension and value, as they stand in the report.
pub type Key = BTreeMap<String, String>;

/// What is asked of a company.
pub struct Question<'a> {
    pub company: &'a Company,
    pub skips: Skips,
    pub is_event: bool,
    /// First day, and the day after the last.
    pub period: Option<(Day, Day)>,
    pub filters: Key,
    /// By the dimensions of the grid: each grid asks for every key.
    pub allocations: RefCell<BTreeMap<String, Rc<Allocation>>>,
}

/// A time in which a customer has at least one running contract.
pub struct Spell {
    pub lead: Option<usize>,
    pub started_at: Day,
    pub churned_at: Option<Day>,
    pub reason: String,
    pub is_first: bool,
}

/// What is spent on each lead, and the spend rows that found no lead.
pub struct Allocation {
    of_lead: Vec<Millionths>,
    left: Vec<usize>,
}

/// An empty cell as the report shows it.
pub fn bucket(value: &str) -> String {
    if value.is_empty() { "(none)".to_string() } else { value.to_string() }
}

fn is_own_of_spend(dimension: &str) -> bool {
    ["channel", "campaign"].contains(&dimension)
}

/// Whether a lead has these values.
fn passes(lead: &Lead, conditions: &Key) -> bool {
    conditions
        .iter()
        .all(|(name, value)| lead.dimensions.get(name.as_str()).is_some_and(|own| bucket(own) == *value))
}

impl Question<'_> {
    /// The period by whose dates stages, contracts and cases count; spend always counts by its own date.
    pub fn event_period(&self) -> Option<(Day, Day)> {
        self.period.filter(|_| self.is_event)
    }

    fn is_in_period(&self, day: Option<Day>) -> bool {
        self.period.is_none_or(|(from, to)| day.is_some_and(|day| from <= day && day < to))
    }

    fn happened(&self, day: Option<Day>) -> bool {
        !self.is_event || self.is_in_period(day)
    }

    // ---- leads ----

    /// Whether a lead reached a stage at any time.
    pub fn reached(&self, lead: &Lead, stage: usize) -> bool {
        // a row of the CRM without any date is a lead all the same
        let has =
            |stage: usize| lead.at[stage].is_some() || (stage == 0 && lead.at.iter().all(Option::is_none));
        match self.skips {
            Skips::Any => has(stage),
            Skips::Strict => (0..=stage).all(has),
            Skips::Imply => (stage..5).any(has),
        }
    }

    /// When a lead counts at a stage: on its own date, else on that of the next later stage that implies it.
    fn counted_at(&self, lead: &Lead, stage: usize) -> Option<Day> {
        match self.skips {
            Skips::Imply => (stage..5).find_map(|stage| lead.at[stage]),
            Skips::Strict | Skips::Any => lead.at[stage],
        }
    }

    pub fn sees(&self, lead: &Lead, stage: usize) -> bool {
        self.reached(lead, stage) && self.happened(self.counted_at(lead, stage))
    }

    pub fn is_won(&self, lead: &Lead) -> bool {
        self.sees(lead, WON)
    }

    fn was_ever_lost(&self, lead: &Lead) -> bool {
        (lead.lost_at.is_some() || lead.has_lost_reason) && !self.reached(lead, WON)
    }

    pub fn is_lost(&self, lead: &Lead) -> bool {
        self.was_ever_lost(lead) && self.happened(lead.lost_at)
    }

    pub fn is_open(&self, lead: &Lead) -> bool {
        !self.reached(lead, WON) && !self.was_ever_lost(lead)
    }

    pub fn is_created(&self, lead: &Lead) -> bool {
        self.happened(lead.at[0])
    }

    fn is_selected(&self, lead: &Lead) -> bool {
        passes(lead, &self.filters) && (self.is_event || self.is_in_period(lead.at[0]))
    }

    /// The leads that count at a key.
    pub fn leads(&self, key: &Key) -> Vec<&Lead> {
        self.company.leads.iter().filter(|lead| self.is_selected(lead) && passes(lead, key)).collect()
    }

    // ---- what hangs on leads ----

    /// Whether a case or contract counts at a key that may name its own reason.
    fn counts(&self, lead: Option<usize>, reason: &str, key: &Key) -> bool {
        let lead = lead.map(|place| &self.company.leads[place]);
        let needs_lead = !self.filters.is_empty() || (!self.is_event && self.period.is_some());
        if needs_lead && lead.is_none_or(|lead| !self.is_selected(lead)) {
            return false;
        }
        key.iter().all(|(name, value)| match (name.as_str(), lead) {
            ("churn_reason", _) => bucket(reason) == *value,
            (_, None) => value == "(not in CRM)",
            (name, Some(lead)) => bucket(&lead.dimensions[name]) == *value,
        })
    }

    pub fn tickets(&self, key: &Key) -> Vec<&Ticket> {
        let is_counted =
            |ticket: &&Ticket| self.counts(ticket.lead, "", key) && self.happened(ticket.opened_at);
        self.company.tickets.iter().filter(is_counted).collect()
    }

    pub fn complaints(&self, key: &Key) -> usize {
        self.tickets(key).iter().filter(|ticket| COMPLAINTS.contains(&ticket.kind.as_str())).count()
    }

    pub fn contracts(&self, key: &Key) -> Vec<&Contract> {
        self.company
            .contracts
            .iter()
            .filter(|contract| self.counts(contract.lead, &contract.reason, key))
            .collect()
    }

    pub fn spells(&self, key: &Key) -> Vec<Spell> {
        let mut spells = all_spells(&self.company.contracts);
        spells.retain(|spell| self.counts(spell.lead, &spell.reason, key));
        spells
    }

    // ---- spend ----

    fn spend_passes(&self, row: &Spend, conditions: &Key) -> bool {
        let own = conditions.iter().filter(|(name, _)| is_own_of_spend(name));
        self.is_in_period(row.day)
            && own.into_iter().all(|(name, value)| bucket(&row.dimensions[name.as_str()]) == *value)
    }

    /// Spend at a key. `split` are the dimensions of the grid, which the key of a total does not name.
    pub fn spend(&self, key: &Key, split: &[&str]) -> Millionths {
        let filtered = self.filters.keys().map(String::as_str);
        if split.iter().copied().chain(filtered).all(is_own_of_spend) {
            let rows = self.company.spend.iter();
            return rows
                .filter(|row| self.spend_passes(row, &self.filters) && self.spend_passes(row, key))
                .map(|row| row.cost)
                .sum();
        }
        let allocation = self.allocation(split);
        let leads = self.company.leads.iter().zip(&allocation.of_lead);
        let of_leads: Millionths = leads
            .filter(|(lead, _)| passes(lead, &self.filters) && passes(lead, key))
            .map(|(_, amount)| amount)
            .sum();
        let leftover_counts = self.filters.keys().all(|name| is_own_of_spend(name));
        let is_left_at = |row: &&usize| {
            let is_no_leads =
                |(name, value): (&String, &String)| is_own_of_spend(name) || value == "(no leads)";
            self.spend_passes(&self.company.spend[**row], key) && key.iter().all(is_no_leads)
        };
        let left: Millionths =
            allocation.left.iter().filter(is_left_at).map(|row| self.company.spend[*row].cost).sum();
        of_leads + if leftover_counts { left } else { 0 }
    }

    /// Impressions or clicks, which no allocation brings to leads: a grid by owner has none, not even in its total.
    pub fn traffic(
        &self,
        key: &Key,
        split: &[&str],
        number: impl Fn(&Spend) -> Millionths,
    ) -> Option<Millionths> {
        let filtered = self.filters.keys().map(String::as_str);
        if !split.iter().copied().chain(filtered).all(is_own_of_spend) {
            return None;
        }
        let rows = self.company.spend.iter();
        Some(
            rows.filter(|row| self.spend_passes(row, &self.filters) && self.spend_passes(row, key))
                .map(number)
                .sum(),
        )
    }

    /// Spend in equal shares at the finest key that has leads, exact to the cent, in the month of creation.
    fn allocation(&self, split: &[&str]) -> Rc<Allocation> {
        let known = self.allocations.borrow().get(&split.join(",")).cloned();
        known.unwrap_or_else(|| {
            let allocation = Rc::new(self.allocate(split));
            self.allocations.borrow_mut().insert(split.join(","), allocation.clone());
            allocation
        })
    }

    fn allocate(&self, split: &[&str]) -> Allocation {
        let company = self.company;
        let mut allocation = Allocation { of_lead: vec![0; company.leads.len()], left: Vec::new() };
        allocation.left = (0..company.spend.len())
            .filter(|row| self.spend_passes(&company.spend[*row], &self.filters))
            .collect();
        let filtered = self.filters.keys().map(String::as_str);
        let fixed: Vec<&str> =
            split.iter().copied().chain(filtered).filter(|name| is_own_of_spend(name)).collect();
        for level in [&["channel", "campaign"][..], &["channel"], &[]] {
            // without a dimension of its own in play, spend never leaves its channel
            if level.is_empty() && fixed.is_empty() {
                continue;
            }
            let keys: Vec<&str> = level.iter().chain(&fixed).copied().collect();
            self.share_out(&keys, &mut allocation);
        }
        allocation
    }

    fn share_out(&self, keys: &[&str], allocation: &mut Allocation) {
        let company = self.company;
        // an empty cell is no key, neither in the spend nor in the lead
        let key_of = |day: Option<Day>, dimensions: &BTreeMap<&str, String>| -> Option<Vec<String>> {
            let values: Vec<String> = keys.iter().map(|name| dimensions[name].clone()).collect();
            let is_whole = values.iter().all(|value| !value.is_empty());
            day.filter(|_| is_whole).map(|day| values.into_iter().chain([month(day)]).collect())
        };
        let mut budgets: BTreeMap<Vec<String>, (Millionths, Vec<usize>)> = BTreeMap::new();
        let mut left = Vec::new();
        for &row in &allocation.left {
            let spend = &company.spend[row];
            match key_of(spend.day, &spend.dimensions) {
                Some(key) => {
                    let budget = budgets.entry(key).or_default();
                    budget.0 += spend.cost;
                    budget.1.push(row);
                }
                None => left.push(row),
            }
        }
        let mut members_of: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (place, lead) in
            company.leads.iter().enumerate().filter(|(_, lead)| self.is_in_period(lead.at[0]))
        {
            if let Some(key) = key_of(lead.at[0], &lead.dimensions) {
                members_of.entry(key).or_default().push(place);
            }
        }
        for (key, (amount, rows)) in budgets {
            let mut members = members_of.remove(&key).unwrap_or_default();
            members.sort_by_key(|place| &company.leads[*place].id);
            if members.is_empty() {
                left.extend(rows);
            }
            for (place, part) in members.iter().zip(cents(amount, members.len())) {
                allocation.of_lead[*place] += part;
            }
        }
        allocation.left = left;
    }
}

/// An amount of whole cents, dealt out a cent at a time.
fn cents(amount: Millionths, parts: usize) -> Vec<Millionths> {
    assert_eq!(amount % MILLIONTHS_IN_A_CENT, 0, "the fixtures spend whole cents");
    let all = amount / MILLIONTHS_IN_A_CENT;
    let count = parts as Millionths;
    (0..count)
        .map(|part| (all / count + Millionths::from(part < all % count)) * MILLIONTHS_IN_A_CENT)
        .collect()
}

/// Contracts of a customer that overlap, or follow each other by the next day, are one spell.
fn all_spells(contracts: &[Contract]) -> Vec<Spell> {
    let mut sorted: Vec<&Contract> = contracts.iter().collect();
    let end = |contract: &Contract| contract.churned_at.unwrap_or(Day::MAX);
    sorted.sort_by_key(|contract| (&contract.lead_id, contract.started_at, end(contract), &contract.reason));
    let mut spells: Vec<(&str, Spell)> = Vec::new();
    for contract in sorted {
        let last = spells.last_mut().filter(|(customer, _)| *customer == contract.lead_id);
        let is_first = last.is_none();
        match last {
            Some((_, spell)) if spell.churned_at.is_none_or(|churned| contract.started_at <= churned + 1) => {
                if spell.churned_at.is_some_and(|churned| churned < end(contract)) {
                    spell.churned_at = contract.churned_at;
                    spell.reason.clone_from(&contract.reason);
                }
            }
            _ => spells.push((
                &contract.lead_id,
                Spell {
                    lead: contract.lead,
                    started_at: contract.started_at,
                    churned_at: contract.churned_at,
                    reason: contract.reason.clone(),
                    is_first,
                },
            )),
        }
    }
    spells.into_iter().map(|(_, spell)| spell).collect()
}
