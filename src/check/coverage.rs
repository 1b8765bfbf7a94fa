//! Attribution: how much of leads, revenue and spend can be said to belong to a channel or a campaign.

use anyhow::Result;
use polars::prelude::{ChunkFullNull as _, Int64Chunked};

use super::subject::{Answer, Examples, Found, LEAD, Subject, answer, money, percent, rows_found, whole};
use crate::input::table::{Table, code_slice};
use crate::kpi::exact::Exact;
use crate::leads::allocation::allocate;
use crate::leads::index::NO_LEAD;
use crate::leads::{Data, Over};
use crate::mask::Mask;

/// How much of something is attributed.
#[derive(Debug)]
pub struct Coverage {
    pub key: &'static str,
    pub what: String,
    pub is_money: bool,
    pub covered: Exact,
    pub of: Exact,
}

/// The key of what is not covered, that of what is, and what that is.
const COVERAGES: [(&str, &str, &str); 7] = [
    ("leads_without_channel", "leads_with_channel", "leads with a channel"),
    ("revenue_without_channel", "revenue_with_channel", "revenue of leads with a channel"),
    ("spend_without_channel", "spend_with_channel", "spend with a channel"),
    ("leads_without_campaign", "leads_with_campaign", "leads with a campaign"),
    ("revenue_without_campaign", "revenue_with_campaign", "revenue of leads with a campaign"),
    ("spend_without_campaign", "spend_with_campaign", "spend with a campaign"),
    ("spend_reaching_nobody", "spend_reaching_leads", "spend that reaches leads"),
];

const NO_SPEND: &str = "no spend export is named";

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
    let coverage = COVERAGES.iter().filter_map(|(key, covered_key, what)| {
        let answer = answers.iter().find(|answer| answer.check.key == *key)?;
        let found = answer.outcome.as_ref().ok()?;
        let (of, is_money) = (found.of?, found.is_money);
        let what = what.replace("leads", subject.noun.many);
        Some(Coverage { key: covered_key, what, is_money, covered: of.minus(found.count)?, of })
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
    if column == "channel" { "the CRM has no channels" } else { "the CRM has no campaigns" }
}

fn leads_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let lacking = empty(subject.leads(), column).ok_or(no_column(column))?.and(&subject.counted);
    let won = whole(lacking.and(&subject.won).count());
    let all = subject.counted.count();
    let effect = match column {
        "channel" if subject.noun == LEAD && subject.knows_won() && lacking.count() > 0 => format!(
            "in the row `(none)`, where {} are won ({} of all leads are): the channels that brought them \
             show too few leads and too high a cost",
            percent(won, whole(lacking.count())),
            percent(whole(subject.won.count()), whole(all))
        ),
        "channel" => {
            "in the row `(none)`: the channels that brought them show too few leads and too high a cost"
                .replace("leads", subject.noun.many)
        }
        _ => "in the row `(none)` by campaign; spend reaches them by their channel only".to_string(),
    };
    Ok(rows_found(&lacking, all, &subject.leads().origin, effect))
}

fn revenue_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let leads = subject.leads();
    if !leads.has("amount") || !subject.knows_won() {
        return Err("the CRM tells no amount of leads won");
    }
    let empty = empty(leads, column).ok_or(no_column(column))?;
    let lacking = empty.and(&subject.won);
    let amounts = leads.numbers("amount");
    let paid = |row: &usize| {
        amounts.as_ref().and_then(|amounts| amounts.get(*row)).is_some_and(|amount| amount != 0)
    };
    let part = Subject::sum(leads, "amount", lacking.rows());
    let all = Subject::sum(leads, "amount", subject.won.rows());
    let effect = format!(
        "{} of the revenue is no {column}'s: revenue and return by {column} are too low by as much",
        percent(part, all)
    );
    let examples = Examples::of_rows(lacking.rows().filter(paid), &leads.origin);
    Ok(money(part, all, examples, effect))
}

fn spend_without(subject: &Subject, column: &str) -> Result<Found, &'static str> {
    let spend = &subject.facts(Over::Spend).ok_or(NO_SPEND)?.table;
    let needs = if column == "channel" {
        "the spend exports have no channels"
    } else {
        "the spend exports have no campaigns"
    };
    let lacking = empty(spend, column).ok_or(needs)?;
    let costs = costs(spend);
    let part = Subject::sum(spend, "cost", lacking.rows());
    let all = Subject::sum(spend, "cost", 0..spend.frame.height());
    let effect = format!(
        "{} of the spend is no {column}'s: cost per lead by {column} is too low by as much",
        percent(part, all)
    );
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
    let effect = format!(
        "in the row `(no leads)` of every split that ad exports do not have themselves: cost per lead by \
         segment or owner leaves {} of the spend out",
        percent(part, all)
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
