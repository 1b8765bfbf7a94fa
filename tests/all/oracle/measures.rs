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
    pub allocation: RefCell<Option<Rc<Vec<Share>>>>,
}

/// A time in which a customer has at least one running contract.
pub struct Spell {
    pub lead: Option<usize>,
    pub started_at: Day,
    pub churned_at: Option<Day>,
    pub reason: String,
    pub is_first: bool,
}

/// What of the spend of one channel, campaign and month went to one lead, or to none.
pub struct Share {
    spend: usize,
    lead: Option<usize>,
    amount: Millionths,
}

/// An empty cell as the report shows it.
pub fn bucket(value: &str) -> String {
    if value.is_empty() { "(none)".to_string() } else { value.to_string() }
}

fn is_own_of_spend(dimension: &str) -> bool {
    ["channel", "campaign"].contains(&dimension)
}

/// For how long an open lead has stood at its stage.
pub const AGES: [&str; 4] = ["0-30 days", "31-60 days", "61-90 days", "over 90 days"];

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
    pub fn counted_at(&self, lead: &Lead, stage: usize) -> Option<Day> {
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

    pub fn was_ever_lost(&self, lead: &Lead) -> bool {
        (lead.lost_at.is_some() || !lead.lost_reason.is_empty()) && !self.reached(lead, WON)
    }

    pub fn is_lost(&self, lead: &Lead) -> bool {
        self.was_ever_lost(lead) && self.happened(lead.lost_at)
    }

    pub fn is_open(&self, lead: &Lead) -> bool {
        !self.reached(lead, WON) && !self.was_ever_lost(lead)
    }

    pub fn is_created(&self, lead: &Lead) -> bool {
        self.happened(self.company.created(lead))
    }

    fn is_selected(&self, lead: &Lead) -> bool {
        passes(lead, &self.filters) && (self.is_event || self.is_in_period(self.company.created(lead)))
    }

    /// The leads that count at a key, which may name what is true of a lead rather than a column of it.
    pub fn leads(&self, key: &Key) -> Vec<&Lead> {
        let worked_out = ["lost_reason", "current_stage", "open_for"];
        let (own, columns): (Key, Key) =
            key.clone().into_iter().partition(|(name, _)| worked_out.contains(&name.as_str()));
        let is = |lead: &Lead, name: &str| match name {
            "lost_reason" => bucket(&lead.lost_reason),
            "current_stage" => bucket(self.furthest(lead).map_or("", |stage| STAGES[stage].0)),
            _ => match self.standing(lead) {
                None => "(none)".to_string(),
                Some(days) => {
                    AGES[usize::from(days > 30) + usize::from(days > 60) + usize::from(days > 90)].to_string()
                }
            },
        };
        let fits =
            |lead: &&Lead| passes(lead, &columns) && own.iter().all(|(name, value)| is(lead, name) == *value);
        self.company.leads.iter().filter(|lead| self.is_selected(lead)).filter(fits).collect()
    }

    /// None where a stage is missed on the way to the first.
    fn furthest(&self, lead: &Lead) -> Option<usize> {
        (0..STAGES.len()).rev().find(|stage| self.reached(lead, *stage))
    }

    /// The days for which an open lead has stood at its stage.
    fn standing(&self, lead: &Lead) -> Option<Day> {
        let as_of = super::company::day(&self.company.as_of)?;
        let since = lead.at[..=self.furthest(lead)?].iter().rev().find_map(|at| *at)?;
        self.is_open(lead).then_some(as_of - since)
    }

    /// Whether an open lead has stood at its stage for longer than nine in ten of those took that went on; none where it
    /// is not open, or fewer than ten went on.
    pub fn is_stuck(&self, lead: &Lead) -> Option<bool> {
        let (stage, days) = (self.furthest(lead)?, self.standing(lead)?);
        let went_on = self.company.leads.iter().filter(|other| stage < WON && self.reached(other, stage + 1));
        let mut lags: Vec<Day> =
            went_on.filter_map(|other| Some(other.at[stage + 1]? - other.at[stage]?)).collect();
        lags.retain(|lag| *lag >= 0);
        lags.sort_unstable();
        let rank = (1..=lags.len()).find(|rank| rank * 10 >= lags.len() * 9)?;
        (lags.len() >= 10).then_some(days > lags[rank - 1])
    }

    // ---- what hangs on leads ----

    /// Whether a case or contract counts at a key that may name its own kind, or its own reason and the group of it.
    fn counts(&self, lead: Option<usize>, own: &[(&str, &str)], key: &Key) -> bool {
        let lead = lead.map(|place| &self.company.leads[place]);
        let needs_lead = !self.filters.is_empty() || (!self.is_event && self.period.is_some());
        if needs_lead && lead.is_none_or(|lead| !self.is_selected(lead)) {
            return false;
        }
        let own = |name: &str| own.iter().find(|(own, _)| *own == name).map(|(_, value)| bucket(value));
        key.iter().all(|(name, value)| match (name.as_str(), lead) {
            (name, _) if own(name).is_some() => own(name).as_ref() == Some(value),
            (_, None) => value == "(not in CRM)",
            (name, Some(lead)) => lead.dimensions.get(name).is_some_and(|own| bucket(own) == *value),
        })
    }

    pub fn tickets(&self, key: &Key) -> Vec<&Ticket> {
        let is_counted = |ticket: &&Ticket| {
            self.counts(ticket.lead, &[("kind", &ticket.kind)], key) && self.happened(ticket.opened_at)
        };
        self.company.tickets.iter().filter(is_counted).collect()
    }

    pub fn complaints(&self, key: &Key) -> usize {
        self.tickets(key).iter().filter(|ticket| COMPLAINTS.contains(&ticket.kind.as_str())).count()
    }

    pub fn contracts(&self, key: &Key) -> Vec<&Contract> {
        self.company
            .contracts
            .iter()
            .filter(|contract| {
                self.counts(contract.lead, &of_churn(&contract.reason, contract.churned_at), key)
            })
            .collect()
    }

    pub fn spells(&self, key: &Key) -> Vec<Spell> {
        let mut spells = all_spells(&self.company.contracts);
        spells.retain(|spell| self.counts(spell.lead, &of_churn(&spell.reason, spell.churned_at), key));
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
        self.spend_of(key, split, |_| true)
    }

    /// Spend at a key, of some rows.
    pub fn spend_of(&self, key: &Key, split: &[&str], keeps: impl Fn(&Spend) -> bool) -> Millionths {
        let filtered = self.filters.keys().map(String::as_str);
        if split.iter().copied().chain(filtered).all(is_own_of_spend) {
            let rows = self.company.spend.iter();
            return rows
                .filter(|row| self.spend_passes(row, &self.filters) && self.spend_passes(row, key))
                .filter(|row| keeps(row))
                .map(|row| row.cost)
                .sum();
        }
        let is_own = |name: &String| is_own_of_spend(name);
        let lead_has = |lead: usize, name: &String, value: &String| {
            let found = self.company.leads[lead].dimensions.get(name.as_str());
            found.is_some_and(|found| bucket(found) == *value)
        };
        let counts = |share: &&Share| {
            let spend = &self.company.spend[share.spend];
            let at_key = key.iter().all(|(name, value)| match share.lead {
                _ if is_own(name) => bucket(&spend.dimensions[name.as_str()]) == *value,
                Some(lead) => lead_has(lead, name, value),
                None => value == "(no leads)",
            });
            // a filter on what only leads have leaves out what reached none
            let of_leads = self.filters.iter().filter(|(name, _)| !is_own(name));
            let passes = of_leads
                .into_iter()
                .all(|(name, value)| share.lead.is_some_and(|lead| lead_has(lead, name, value)));
            at_key && passes && keeps(spend)
        };
        self.allocation().iter().filter(counts).map(|share| share.amount).sum()
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

    /// Spend of each channel, campaign and month in equal shares at the finest key that has leads, exact to the cent.
    fn allocation(&self) -> Rc<Vec<Share>> {
        let known = self.allocation.borrow().clone();
        known.unwrap_or_else(|| {
            let allocation = Rc::new(self.allocate());
            *self.allocation.borrow_mut() = Some(allocation.clone());
            allocation
        })
    }

    fn allocate(&self) -> Vec<Share> {
        let company = self.company;
        let mut budgets: BTreeMap<(&str, &str, Option<String>), (usize, Millionths)> = BTreeMap::new();
        for (row, spend) in company.spend.iter().enumerate() {
            if self.spend_passes(spend, &self.filters) {
                let (channel, campaign) = (&spend.dimensions["channel"], &spend.dimensions["campaign"]);
                budgets.entry((channel, campaign, spend.day.map(month))).or_insert((row, 0)).1 += spend.cost;
            }
        }
        let mut shares = Vec::new();
        for ((channel, campaign, month), (spend, amount)) in budgets {
            let of_campaign = self.leads_at(channel, Some(campaign), month.as_deref());
            let of_channel = self.leads_at(channel, None, month.as_deref());
            let members = if of_campaign.is_empty() { of_channel } else { of_campaign };
            for (lead, part) in members.iter().zip(cents(amount, members.len())) {
                shares.push(Share { spend, lead: Some(*lead), amount: part });
            }
            if members.is_empty() {
                shares.push(Share { spend, lead: None, amount });
            }
        }
        shares
    }

    /// The leads of a key that were created in a month, in the order of their IDs; an empty cell is no key.
    fn leads_at(&self, channel: &str, campaign: Option<&str>, of_month: Option<&str>) -> Vec<usize> {
        if channel.is_empty() || campaign.is_some_and(str::is_empty) || of_month.is_none() {
            return Vec::new();
        }
        let leads = &self.company.leads;
        let mut members: Vec<usize> = (0..leads.len())
            .filter(|place| {
                let lead = &leads[*place];
                self.is_in_period(self.company.created(lead))
                    && self.company.created(lead).map(month).as_deref() == of_month
                    && lead.dimensions["channel"] == channel
                    && campaign.is_none_or(|campaign| lead.dimensions["campaign"] == campaign)
            })
            .collect();
        members.sort_by_key(|place| &leads[*place].id);
        members
    }
}

/// The dimensions of a contract or customer itself.
fn of_churn(reason: &str, churned_at: Option<Day>) -> [(&'static str, &str); 2] {
    let group = if churned_at.is_some() { group_of(reason) } else { "" };
    [("churn_reason", reason), ("churn_reason_group", group)]
}

/// The group of a reason that the fixtures have.
pub fn group_of(reason: &str) -> &'static str {
    match reason {
        "price" => "price",
        "service" => "service",
        "outgrew us" => "positive",
        _ => "unknown",
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
