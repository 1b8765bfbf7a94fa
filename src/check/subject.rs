//! What the checks look at: the joined data with the few things that most of them ask for, and what they answer.

use super::contacts::{self, Contacts};
use super::list::{CHECKS, Check, OfEvents};
use crate::input::table::{Origin, Table, code_slice};
use crate::kpi::exact::Exact;
use crate::leads::index::{Index, NO_LEAD};
use crate::leads::{Data, Facts, Over};
use crate::mask::Mask;
use crate::say;

/// What a row of the CRM is; texts about rows are chosen by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmRow {
    /// A row, or several, of one lead ID.
    Lead,
    /// A row without a lead ID, of one stage.
    Event,
}

/// How many places a finding names.
pub const EXAMPLES: usize = 10;

/// The data as the checks see them.
pub struct Subject<'a> {
    pub data: &'a Data,
    /// The leads that are there on the day of the audit.
    pub counted: Mask,
    /// Those of them that came in: all, or the events of the first stage.
    pub entries: Mask,
    /// Those of them that are no leads of existing customers: by these reports divide what leads cost.
    pub acquired: Mask,
    /// What a row of the CRM is.
    pub row: CrmRow,
    /// Those of them that were won; none where no input tells it.
    pub won: Mask,
    /// The first lead of each lead's customer, [`NO_LEAD`] for leads without a customer ID; nothing where the CRM has
    /// no such column.
    pub customers: Option<Vec<u32>>,
    /// The e-mail addresses and the phone numbers of the leads; none where the CRM has no column of them.
    pub emails: Option<Contacts>,
    pub phones: Option<Contacts>,
}

impl<'a> Subject<'a> {
    /// The data to be looked at.
    pub fn new(data: &'a Data) -> Subject<'a> {
        let counted = data.not_yet.not();
        let won = data.stages.won.map(|place| data.stages.stages[place].reached.and(&counted));
        let customers =
            data.leads().table.ids("customer_id").map(|ids| Index::new(ids.clone()).0.find_all(&ids));
        let row = if data.is_event_based { CrmRow::Event } else { CrmRow::Lead };
        let entries = match data.stages.of_creation().filter(|_| data.is_event_based) {
            Some(first) => first.reached.and(&counted),
            None => counted.clone(),
        };
        let won = won.unwrap_or_else(|| Mask::none(counted.height()));
        let acquired = data.existing.as_ref().map_or_else(|| entries.clone(), |old| entries.and(&old.not()));
        let leads = &data.leads().table;
        let (emails, phones) = (contacts::emails(leads), contacts::phones(leads));
        Subject { data, counted, entries, acquired, row, won, customers, emails, phones }
    }

    /// The table of the leads.
    pub fn leads(&self) -> &'a Table {
        &self.data.leads().table
    }

    /// Another table, if it was read.
    pub fn facts(&self, over: Over) -> Option<&'a Facts> {
        self.data.facts.get(&over)
    }

    /// Whether the last stage of the funnel is known.
    pub fn knows_won(&self) -> bool {
        self.data.stages.won.is_some()
    }

    /// The codes of a text column of the leads.
    pub fn codes(&self, column: &str) -> Option<Vec<u32>> {
        self.leads().codes(column).map(|codes| code_slice(&codes).to_vec())
    }

    /// The sum of a number over rows of a table, in millionths.
    pub fn sum(table: &Table, column: &str, rows: impl Iterator<Item = usize>) -> Exact {
        let numbers = table.numbers(column);
        let amount = |row| numbers.as_ref().and_then(|numbers| numbers.get(row)).map_or(0, i128::from);
        Exact::millionths(rows.map(amount).sum())
    }

    /// `1,234.50 EUR`.
    pub fn money(&self, amount: Exact) -> String {
        let currency = self.data.currency.as_deref().unwrap_or_default();
        format!("{} {currency}", amount.to_text(2)).trim_end().to_string()
    }
}

/// A check and what came of it.
#[derive(Debug)]
pub struct Answer {
    pub check: &'static Check,
    /// What was found, or what it would take to look: one of the `words!`, to be said where all answers are gathered.
    pub outcome: Result<Found, &'static str>,
}

/// What was found, and among how much.
#[derive(Debug)]
pub struct Found {
    pub is_money: bool,
    pub count: Exact,
    pub of: Option<Exact>,
    pub examples: Examples,
    pub parts: Vec<Part>,
    /// What it does to the KPIs: a sentence.
    pub effect: String,
}

/// A part of what was found: a pair of stages, a channel, a field.
#[derive(Debug)]
pub struct Part {
    /// What programs know it by.
    pub subject: String,
    /// What people call it, where that is not its name.
    pub label: Option<String>,
    pub count: Exact,
    pub of: Option<Exact>,
    pub examples: Examples,
    /// What would mend it, to be pasted.
    pub proposal: String,
}

impl Part {
    /// So many of so many, under a name.
    pub fn new(subject: impl Into<String>, count: Exact, of: Option<Exact>, examples: Examples) -> Part {
        Part { subject: subject.into(), label: None, count, of, examples, proposal: String::new() }
    }
}

/// Where the first ones are.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    pub shown: Vec<String>,
    pub has_more: bool,
}

impl Examples {
    /// The places of rows.
    pub fn of_rows(rows: impl IntoIterator<Item = usize>, origin: &Origin) -> Examples {
        let mut rows = rows.into_iter();
        let shown = rows.by_ref().take(EXAMPLES).map(|row| origin.describe(row)).collect();
        Examples { shown, has_more: rows.next().is_some() }
    }

    /// The first of these texts.
    pub fn of_texts(texts: impl IntoIterator<Item = String>) -> Examples {
        let mut texts = texts.into_iter();
        let shown = texts.by_ref().take(EXAMPLES).collect();
        Examples { shown, has_more: texts.next().is_some() }
    }
}

/// The answer to the check of a key.
pub fn answer(key: &'static str, outcome: Result<Found, &'static str>) -> Answer {
    const NO_CHECK: Check = Check { section: "", key: "", what: "", of_events: OfEvents::Same };
    let check = CHECKS.iter().find(|check| check.key == key);
    debug_assert!(check.is_some(), "{key} is no check");
    Answer { check: check.unwrap_or(&NO_CHECK), outcome }
}

/// A whole number.
pub fn whole(number: u64) -> Exact {
    Exact::whole(i128::from(number))
}

/// So many of so many, at these places.
pub fn counted(count: u64, of: u64, examples: Examples, effect: String) -> Found {
    Found { is_money: false, count: whole(count), of: Some(whole(of)), examples, parts: Vec::new(), effect }
}

/// So much money of so much.
pub fn money(count: Exact, of: Exact, examples: Examples, effect: String) -> Found {
    Found { is_money: true, count, of: Some(of), examples, parts: Vec::new(), effect }
}

/// The rows of a set.
pub fn rows_found(rows: &Mask, of: u64, origin: &Origin, effect: String) -> Found {
    counted(rows.count(), of, Examples::of_rows(rows.rows(), origin), effect)
}

/// `33.33%`, or `no share` of nothing.
pub fn percent(part: Exact, of: Exact) -> String {
    part.over(of).map_or_else(|| say!("no share"), |share| say!("{share}%", share = share.to_percent()))
}

/// Whether a lead stands here: not [`NO_LEAD`].
pub fn known(lead: u32) -> Option<usize> {
    (lead != NO_LEAD).then_some(lead as usize)
}
