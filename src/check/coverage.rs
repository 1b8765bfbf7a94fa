//! Attribution: how much of leads, revenue and spend can be said to belong to a channel or a campaign.

use anyhow::Result;
use polars::prelude::{ChunkFullNull as _, Int64Chunked};

use super::subject::{Answer, CrmRow, Examples, Found, Subject, answer, money, percent, rows_found, whole};
use crate::input::table::{Table, code_slice};
use crate::kpi::exact::Exact;
use crate::leads::allocation::allocate;
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Over};
use crate::mask::Mask;
use crate::{lang, say, words};

/// How much of something is attributed.
#[derive(Debug)]
pub struct Coverage {
    pub key: &'static str,
    pub what: String,
    pub is_money: bool,
    pub covered: Exact,
    pub of: Exact,
}

/// What is covered, by the check of what is not.
struct Covered {
    check: &'static str,
    key: &'static str,
    of_leads: &'static str,
    /// The same where the rows of the CRM are events.
    of_events: &'static str,
}

const COVERAGES: [Covered; 7] = [
    Covered {
        check: "leads_without_channel",
        key: "leads_with_channel",
        of_leads: words!("leads with a channel"),
        of_events: words!("events with a channel"),
    },
    Covered {
        check: "revenue_without_channel",
        key: "revenue_with_channel",
        of_leads: words!("revenue of leads with a channel"),
        of_events: words!("revenue of events with a channel"),
    },
    Covered {
        check: "spend_without_channel",
        key: "spend_with_channel",
        of_leads: words!("spend with a channel"),
        of_events: words!("spend with a channel"),
    },
    Covered {
        check: "leads_without_campaign",
        key: "leads_with_campaign",
        of_leads: words!("leads with a campaign"),
        of_events: words!("events with a campaign"),
    },
    Covered {
        check: "revenue_without_campaign",
        key: "revenue_with_campaign",
        of_leads: words!("revenue of leads with a campaign"),
        of_events: words!("revenue of events with a campaign"),
    },
    Covered {
        check: "spend_without_campaign",
        key: "spend_with_campaign",
        of_leads: words!("spend with a campaign"),
        of_events: words!("spend with a campaign"),
    },
    Covered {
        check: "spend_reaching_nobody",
        key: "spend_reaching_leads",
        of_leads: words!("spend that reaches leads"),
        of_events: words!("spend that reaches events"),
    },
];

const NO_SPEND: &str = words!("no spend export is named");

/// The checks of attribution, and the same numbers as coverage.
///
/// # Errors
/// None on data that were joined.
pub fn answers(subject: &Subject) -> Result<(Vec<Coverage>, Vec<Answer>)> {
    let answers = vec![
        answer("leads_without_channel", leads_without(subject, "channel")),
        answer("revenue_without_channel", revenue_without(subject, "channel")),
        answer("spend_without_channel", spend_without(subject, "channel")),
        answer("leads_without_campaign", leads_without(subject, "campaign")),
        answer("revenue_without_campaign", revenue_without(subject, "campaign")),
        answer("spend_without_campaign", spend_without(subject, "campaign")),
        answer("spend_reaching_nobody", spend_reaching_nobody(subject)?),
    ];
    let coverage = COVERAGES.iter().filter_map(|covered| {
        let answer = answers.iter().find(|answer| answer.check.key == covered.check)?;
        let found = answer.outcome.as_ref().ok()?;
        let (of, is_money) = (found.of?, found.is_money);
        let what = lang::text(match subject.row {
            CrmRow::Lead => covered.of_leads,
            CrmRow::Event => covered.of_events,
        });
        Some(Coverage { key: covered.key, what, is_money, covered: of.minus(found.count)?, of })
    });
    Ok((coverage.collect(), answers))
}

/// The rows whose cell is empty.
fn empty(table: &Table, column: &str) -> Option<Mask> {
    let codes = table.codes(column)?;
    let codes = code_slice(&codes);
    Some(Mask::from_rows(codes.len(), |row| codes[row] == 0))
}

fn no_column(column: &str) -> &'static str {
    if column == "channel" { words!("the CRM has no channels") } else { words!("the CRM has no campaigns") }
}

fn leads_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let lacking = empty(subject.leads(), column).ok_or(no_column(column))?.and(&subject.counted);
    let won = whole(lacking.and(&subject.won).count());
    let all = subject.counted.count();
    let effect = match (column, subject.row) {
        ("channel", CrmRow::Lead) if subject.knows_won() && lacking.count() > 0 => say!(
            "in the row `(none)`, where {share} are won ({all} of all leads are): the channels that brought them show too \
             few leads and too high a cost",
            share = percent(won, whole(lacking.count())),
            all = percent(whole(subject.won.count()), whole(all))
        ),
        ("channel", CrmRow::Lead) => {
            say!("in the row `(none)`: the channels that brought them show too few leads and too high a cost")
        }
        ("channel", CrmRow::Event) => say!(
            "in the row `(none)`: the channels that brought them show too few events and too high a cost"
        ),
        _ => say!("in the row `(none)` by campaign; spend reaches them by their channel only"),
    };
    Ok(rows_found(&lacking, all, &subject.leads().origin, effect))
}

fn revenue_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let leads = subject.leads();
    if !leads.has("amount") || !subject.knows_won() {
        return Err(words!("the CRM tells no amount of leads won"));
    }
    let empty = empty(leads, column).ok_or(no_column(column))?;
    let lacking = empty.and(&subject.won);
    let amounts = leads.numbers("amount");
    let paid = |row: &usize| {
        amounts.as_ref().and_then(|amounts| amounts.get(*row)).is_some_and(|amount| amount != 0)
    };
    let part = Subject::sum(leads, "amount", lacking.rows());
    let all = Subject::sum(leads, "amount", subject.won.rows());
    let share = percent(part, all);
    let effect = match column {
        "channel" => say!(
            "{share} of the revenue is no channel's: revenue and return by channel are too low by as much",
            share = share
        ),
        _ => say!(
            "{share} of the revenue is no campaign's: revenue and return by campaign are too low by as much",
            share = share
        ),
    };
    let examples = Examples::of_rows(lacking.rows().filter(paid), &leads.origin);
    Ok(money(part, all, examples, effect))
}

fn spend_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let spend = &subject.facts(Over::Spend).ok_or(NO_SPEND)?.table;
    let needs = if column == "channel" {
        words!("the spend exports have no channels")
    } else {
        words!("the spend exports have no campaigns")
    };
    let lacking = empty(spend, column).ok_or(needs)?;
    let costs = costs(spend);
    let part = Subject::sum(spend, "cost", lacking.rows());
    let all = Subject::sum(spend, "cost", 0..spend.frame.height());
    let share = percent(part, all);
    let effect = match column {
        "channel" => say!(
            "{share} of the spend is no channel's: cost per lead by channel is too low by as much",
            share = share
        ),
        _ => say!(
            "{share} of the spend is no campaign's: cost per lead by campaign is too low by as much",
            share = share
        ),
    };
    let examples =
        Examples::of_rows(lacking.rows().filter(|row| costs.get(*row).unwrap_or(0) != 0), &spend.origin);
    Ok(money(part, all, examples, effect))
}

fn costs(spend: &Table) -> Int64Chunked {
    spend.numbers("cost").unwrap_or_else(|| Int64Chunked::full_null("cost".into(), spend.frame.height()))
}

/// The spend that finds no lead at any key, by the very allocation that reports use.
fn spend_reaching_nobody(subject: &Subject) -> Result<Result<Found, &'static str>> {
    let Some(spend) = subject.facts(Over::Spend) else {
        return Ok(Err(NO_SPEND));
    };
    let table = &spend.table;
    let (part, lost) = lost_spend(subject.data, &subject.counted, table)?;
    let all = Subject::sum(table, "cost", 0..table.frame.height());
    let effect = say!(
        "in the row `(no leads)` of every split that ad exports do not have themselves: cost per lead by segment or owner \
         leaves {share} of the spend out",
        share = percent(part, all)
    );
    Ok(Ok(money(part, all, Examples::of_rows(lost, &table.origin), effect)))
}

/// How much reaches nobody, and one row of each part of it.
fn lost_spend(data: &Data, candidates: &Mask, spend: &Table) -> Result<(Exact, Vec<usize>)> {
    let costs = costs(spend);
    let rows = Mask::all(spend.frame.height());
    let allocation = allocate(data, &|row| costs.get(row).map_or(0, i128::from), &rows, candidates)?;
    let by_row =
        allocation.sums(spend.frame.height() as u64, |row, lead| (lead == NO_LEAD).then_some(row as u64));
    let mut lost: Vec<usize> = by_row
        .iter()
        .filter(|(_, sum)| **sum != 0)
        .filter_map(|(row, _)| usize::try_from(*row).ok())
        .collect();
    lost.sort_unstable();
    Ok((Exact::millionths(by_row.values().sum()), lost))
}
