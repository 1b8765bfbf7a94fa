//! Channels on both sides: spend that brought nobody, leads that cost nothing, one channel under several names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use polars::prelude::PlFixedStateQuality;

use super::subject::{
    Answer, CrmRow, Examples, Found, Part, Subject, answer, counted, money, percent, whole,
};
use crate::config::text::quoted;
use crate::input::spellings;
use crate::input::table::{Days, Table, code_slice};
use crate::kpi::exact::Exact;
use crate::leads::Over;
use crate::mask::Mask;
use crate::period::month_number;
use crate::{say, words};

/// The checks of channels.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    const NEEDS: &str = words!("the CRM and a spend export must both have channels");
    let leads = Side::of_leads(subject, &subject.entries);
    let spend = Side::of_spend(subject);
    let spellings = answer(
        "channel_spellings",
        if leads.is_none() && spend.is_none() {
            Err(words!("no input has channels"))
        } else {
            // events of every stage have names
            let all = Side::of_leads(subject, &subject.counted);
            Ok(same_names(subject, all.as_ref(), spend.as_ref()))
        },
    );
    let (Some(leads), Some(spend)) = (leads, spend) else {
        let keys = [
            "spend_without_leads",
            "months_of_spend_without_leads",
            "leads_without_spend",
            "months_of_leads_without_spend",
        ];
        return keys.map(|key| answer(key, Err(NEEDS))).into_iter().chain([spellings]).collect();
    };
    vec![
        answer("spend_without_leads", Ok(spend_without_leads(subject, &leads, &spend))),
        answer("months_of_spend_without_leads", Ok(lonely_months(subject, &spend, &leads, Lonely::Spend))),
        answer("leads_without_spend", Ok(leads_without_spend(subject, &leads, &spend))),
        answer("months_of_leads_without_spend", Ok(lonely_months(subject, &leads, &spend, Lonely::Leads))),
        spellings,
    ]
}

/// What one side knows of a channel or of one of its months.
#[derive(Debug, Clone, Copy)]
struct Tally {
    rows: u64,
    /// In millionths; 0 for leads.
    cost: i128,
    first_row: usize,
}

/// One side of the channels.
struct Side<'a> {
    table: &'a Table,
    channels: BTreeMap<&'a str, Tally>,
    months: BTreeMap<(&'a str, i32), Tally>,
}

impl<'a> Side<'a> {
    fn of_leads(subject: &Subject<'a>, rows: &Mask) -> Option<Side<'a>> {
        let created = subject.data.created_at();
        Side::new(subject.leads(), rows.rows(), created, |_| 0)
    }

    /// Rows that cost nothing are no spend.
    fn of_spend(subject: &Subject<'a>) -> Option<Side<'a>> {
        let spend = &subject.facts(Over::Spend)?.table;
        let costs = spend.numbers("cost")?;
        let cost = |row: usize| costs.get(row).map_or(0, i128::from);
        let rows = (0..spend.frame.height()).filter(|row| cost(*row) != 0);
        Side::new(spend, rows, spend.dates("date").as_ref(), cost)
    }

    fn new(
        table: &'a Table,
        rows: impl Iterator<Item = usize>,
        dates: Option<&Days>,
        cost: impl Fn(usize) -> i128,
    ) -> Option<Side<'a>> {
        let (codes, words) = (table.codes("channel")?, table.dictionaries.get("channel")?);
        let codes = code_slice(&codes);
        let mut tallies: HashMap<(u32, Option<i32>), Tally, PlFixedStateQuality> = HashMap::default();
        for row in rows.filter(|row| codes[*row] > 0) {
            let month = dates.and_then(|dates| dates.get(row)).map(month_number);
            let tally =
                tallies.entry((codes[row], month)).or_insert(Tally { rows: 0, cost: 0, first_row: row });
            tally.rows += 1;
            tally.cost += cost(row);
        }
        let mut side = Side { table, channels: BTreeMap::new(), months: BTreeMap::new() };
        for ((code, month), tally) in tallies {
            let word = words[code as usize].as_str();
            side.months.extend(month.map(|month| ((word, month), tally)));
            let known = side.channels.entry(word).or_insert(Tally { rows: 0, cost: 0, ..tally });
            known.rows += tally.rows;
            known.cost += tally.cost;
            known.first_row = known.first_row.min(tally.first_row);
        }
        Some(side)
    }

    fn example(&self, tally: Tally) -> Examples {
        Examples::of_rows([tally.first_row], &self.table.origin)
    }

    /// The whole cost of the table, that without a channel too.
    fn cost(&self) -> Exact {
        Subject::sum(self.table, "cost", 0..self.table.frame.height())
    }

    fn rows(&self) -> u64 {
        self.channels.values().map(|tally| tally.rows).sum()
    }
}

fn spend_without_leads(subject: &Subject, leads: &Side, spend: &Side) -> Found {
    let lonely = || spend.channels.iter().filter(|(channel, _)| !leads.channels.contains_key(*channel));
    let cost = Exact::millionths(lonely().map(|(_, tally)| tally.cost).sum());
    let parts = lonely().map(|(channel, tally)| {
        Part::new(*channel, Exact::millionths(tally.cost), Some(spend.cost()), spend.example(*tally))
    });
    let count = whole(subject.acquired.count());
    let each = |cost: Exact| cost.over(count).map_or_else(String::new, |each| subject.money(each));
    let rest = spend.cost().minus(cost).unwrap_or(Exact::ZERO);
    let (all, rest) = (each(spend.cost()), each(rest));
    let effect = match subject.row {
        CrmRow::Lead => say!(
            "these channels have no cost per lead, but their cost is in the total: {all} a lead, {rest} without it; \
             money lost, or a channel that the CRM knows under another name",
            all = all,
            rest = rest
        ),
        CrmRow::Event => say!(
            "these channels have no cost per event, but their cost is in the total: {all} an event of the first stage, \
             {rest} without it; money lost, or a channel that the CRM knows under another name",
            all = all,
            rest = rest
        ),
    };
    let examples = Examples::of_rows(lonely().map(|(_, tally)| tally.first_row), &spend.table.origin);
    Found { parts: parts.collect(), ..money(cost, spend.cost(), examples, effect) }
}

fn leads_without_spend(subject: &Subject, leads: &Side, spend: &Side) -> Found {
    let lonely = || leads.channels.iter().filter(|(channel, _)| !spend.channels.contains_key(*channel));
    let count: u64 = lonely().map(|(_, tally)| tally.rows).sum();
    let parts = lonely().map(|(channel, tally)| {
        Part::new(*channel, whole(tally.rows), Some(whole(leads.rows())), leads.example(*tally))
    });
    let new = Side::of_leads(subject, &subject.acquired);
    let is_lonely = |channel: &&str| !spend.channels.contains_key(*channel);
    let new_lonely = new.iter().flat_map(|side| &side.channels).filter(|(channel, _)| is_lonely(channel));
    let (all, free) = (subject.acquired.count(), new_lonely.map(|(_, tally)| tally.rows).sum::<u64>());
    let each = |leads: u64| {
        spend.cost().over(whole(leads)).map_or_else(|| say!("nothing"), |each| subject.money(each))
    };
    let effect = effect_of_no_spend(subject, &each(all), &each(all - free));
    let examples = Examples::of_rows(lonely().map(|(_, tally)| tally.first_row), &leads.table.origin);
    Found { parts: parts.collect(), ..counted(count, leads.rows(), examples, effect) }
}

/// What it does that leads cost nothing: the cost of each of all, and of those that cost something.
fn effect_of_no_spend(subject: &Subject, all: &str, rest: &str) -> String {
    let is_all = subject.acquired.count() == subject.entries.count();
    match (subject.row, is_all) {
        (CrmRow::Lead, true) => say!(
            "their cost per lead is 0.00 and pulls the total down: {all} a lead over all leads, {rest} without them; \
             right for channels that cost nothing, wrong where an ad export is missing",
            all = all,
            rest = rest
        ),
        (CrmRow::Lead, false) => say!(
            "their cost per lead is 0.00 and pulls the total down: {all} a lead over all leads of new customers, {rest} \
             without them; right for channels that cost nothing, wrong where an ad export is missing",
            all = all,
            rest = rest
        ),
        // events have no customers: all of them are new
        (CrmRow::Event, _) => say!(
            "their cost per event is 0.00 and pulls the total down: {all} an event over all of the first stage, {rest} \
             without them; right for channels that cost nothing, wrong where an ad export is missing",
            all = all,
            rest = rest
        ),
    }
}

#[derive(Clone, Copy)]
enum Lonely {
    Spend,
    Leads,
}

/// Months of a channel that one side knows and the other does not.
fn lonely_months(subject: &Subject, own: &Side, other: &Side, which: Lonely) -> Found {
    let mut of_channel: BTreeMap<&str, (u64, u64, Vec<usize>)> = BTreeMap::new();
    let mut lost = Tally { rows: 0, cost: 0, first_row: 0 };
    for ((channel, month), tally) in &own.months {
        let (count, of, rows) = of_channel.entry(channel).or_default();
        *of += 1;
        if !other.months.contains_key(&(*channel, *month)) {
            *count += 1;
            rows.push(tally.first_row);
            lost.rows += tally.rows;
            lost.cost += tally.cost;
        }
    }
    let rows: Vec<usize> = of_channel.values().flat_map(|(_, _, rows)| rows.iter().copied()).collect();
    let parts = of_channel.into_iter().filter(|(_, (count, ..))| *count > 0);
    let parts = parts.map(|(channel, (count, of, rows))| {
        Part::new(channel, whole(count), Some(whole(of)), Examples::of_rows(rows, &own.table.origin))
    });
    let effect = effect_of_months(subject, lost, which);
    let examples = Examples::of_rows(rows.iter().copied(), &own.table.origin);
    Found { parts: parts.collect(), ..counted(rows.len() as u64, own.months.len() as u64, examples, effect) }
}

/// What it does that so much money, or so many leads, stand alone in their months.
fn effect_of_months(subject: &Subject, lost: Tally, which: Lonely) -> String {
    let cost = subject.money(Exact::millionths(lost.cost));
    match (which, subject.row) {
        (Lonely::Spend, CrmRow::Lead) => say!(
            "{cost} of these months meet no lead created in them: cost per lead is empty there, and the money is shared \
             out to no lead of its channel",
            cost = cost
        ),
        (Lonely::Spend, CrmRow::Event) => say!(
            "{cost} of these months meet no event created in them: cost per event is empty there, and the money is shared \
             out to no event of its channel",
            cost = cost
        ),
        (Lonely::Leads, CrmRow::Lead) => say!(
            "a cost of 0.00 for {count} {count:lead|leads} of these months: the channel looks cheaper than it is if it \
             spent then",
            count = lost.rows
        ),
        (Lonely::Leads, CrmRow::Event) => say!(
            "a cost of 0.00 for {count} {count:event|events} of these months: the channel looks cheaper than it is if it \
             spent then",
            count = lost.rows
        ),
    }
}

/// What stands under a name of a channel.
struct Spelling {
    leads: u64,
    cost: i128,
    place: String,
}

fn same_names(subject: &Subject, leads: Option<&Side>, spend: Option<&Side>) -> Found {
    let sides: Vec<&Side> = leads.into_iter().chain(spend).collect();
    let names: BTreeSet<&str> = sides.iter().flat_map(|side| side.channels.keys().copied()).collect();
    let of = names.len() as u64;
    let spelling = |name: &str| {
        let tally = |side: Option<&Side>| side.and_then(|side| side.channels.get(name).copied());
        let place = sides
            .iter()
            .find_map(|side| Some(side.table.origin.describe(side.channels.get(name)?.first_row)));
        Spelling {
            leads: tally(leads).map_or(0, |tally| tally.rows),
            cost: tally(spend).map_or(0, |tally| tally.cost),
            place: place.unwrap_or_default(),
        }
    };
    let named = names.into_iter().map(|name| (name.to_string(), spelling(name)));
    let mut parts = Vec::new();
    let (mut moved_leads, mut moved_cost) = (0, 0);
    // the name under which most leads stand is the one that people use
    for group in spellings::groups(named, |spelling| spelling.leads) {
        for (name, other) in &group[1..] {
            moved_leads += other.leads;
            moved_cost += other.cost;
            let place = Examples::of_texts([other.place.clone()]);
            parts.push(Part {
                proposal: format!("{} = {}", quoted(name), quoted(&group[0].0)),
                ..Part::new(name.as_str(), whole(1), None, place)
            });
        }
    }
    let all = spend.map_or(Exact::ZERO, Side::cost);
    let effect = effect_of_names(subject, moved_leads, Exact::millionths(moved_cost), all);
    let places: Vec<String> = parts.iter().flat_map(|part| part.examples.shown.clone()).collect();
    let count = parts.len() as u64;
    Found { parts, ..counted(count, of, Examples::of_texts(places), effect) }
}

/// What it does that so many leads, and so much of all the spend, are under a second name.
fn effect_of_names(subject: &Subject, leads: u64, cost: Exact, all: Exact) -> String {
    let money = subject.money(cost);
    match (subject.row, all.is_zero()) {
        (CrmRow::Lead, false) => say!(
            "one channel stands in several rows: {count} {count:lead|leads} and {money} ({share} of the spend) are under \
             a second name, and spend under one name does not meet the leads of the other",
            count = leads,
            money = money,
            share = percent(cost, all)
        ),
        (CrmRow::Lead, true) => say!(
            "one channel stands in several rows: {count} {count:lead|leads} and {money} are under a second name, and \
             spend under one name does not meet the leads of the other",
            count = leads,
            money = money
        ),
        (CrmRow::Event, false) => say!(
            "one channel stands in several rows: {count} {count:event|events} and {money} ({share} of the spend) are \
             under a second name, and spend under one name does not meet the events of the other",
            count = leads,
            money = money,
            share = percent(cost, all)
        ),
        (CrmRow::Event, true) => say!(
            "one channel stands in several rows: {count} {count:event|events} and {money} are under a second name, and \
             spend under one name does not meet the events of the other",
            count = leads,
            money = money
        ),
    }
}
