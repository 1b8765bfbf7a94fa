//! What reading and joining noticed on their way, as answers to checks; first of all what no report can be made of.

use super::orphans::{NO_CONTRACTS, NO_TICKETS};
use super::subject::{Answer, Examples, Found, Part, Subject, answer, counted, whole};
use crate::check::Finding;
use crate::config::Config;
use crate::input::profile::{FileProfile, Rejected, describe_rejected};
use crate::input::tables::Kind;
use crate::leads::Over;
use crate::leads::repeated::{ALIKE, Alike};
use crate::{say, words};

const NO_PAYMENTS: &str = words!("no export of payments is named");

/// The checks whose answers are known before the audit begins.
pub fn answers(subject: &Subject, config: &Config) -> Vec<Answer> {
    let mut answers = stops(subject);
    answers.extend(rows(subject));
    answers.extend(lookups(subject, config));
    answers.extend(overlaps(subject));
    answers.extend(outcomes(subject));
    answers.extend(money(subject));
    answers
}

/// How many were found by the findings of this key.
fn count(subject: &Subject, key: &str) -> u64 {
    subject.data.findings.iter().filter(|finding| finding.key == key).map(|finding| finding.count).sum()
}

/// What was found by the findings of this key; those of a column are parts.
fn told(subject: &Subject, key: &'static str, of: Option<u64>, effect: String) -> Answer {
    let findings: Vec<&Finding> = subject.data.findings.iter().filter(|finding| finding.key == key).collect();
    let mut places: Vec<String> = Vec::new();
    for place in findings.iter().flat_map(|finding| &finding.examples) {
        if !places.contains(place) {
            places.push(place.clone());
        }
    }
    let mut examples = Examples::of_texts(places);
    examples.has_more |= findings.iter().any(|finding| finding.has_more);
    let part = |finding: &&Finding| {
        let examples = Examples { shown: finding.examples.clone(), has_more: finding.has_more };
        Some(Part::new(finding.subject.as_deref()?, whole(finding.count), None, examples))
    };
    let parts = findings.iter().filter_map(part).collect();
    let all = counted(count(subject, key), 0, examples, effect);
    answer(key, Ok(Found { of: of.map(whole), parts, ..all }))
}

/// What no report can be made of: left out here, so that the rest can be audited.
fn stops(subject: &Subject) -> Vec<Answer> {
    let leads = subject.leads().frame.height() as u64;
    let columns: usize = subject.data.files.iter().map(|file| file.columns.len()).sum();
    let rows = leads + count(subject, "refused_ids");
    vec![
        told(
            subject,
            "refused_columns",
            Some(columns as u64),
            say!(
                "the report stops at the first until its cells are corrected, or `formats` in its block says how they are \
                 written: what is said here of these columns finds no values in them"
            ),
        ),
        rejected(
            subject,
            "refused_rows",
            |file| file.stops_report,
            |rejected| format!(": {}", describe_rejected(rejected)),
            say!(
                "the report stops at the first until they are corrected, or left out with `on_error = \"skip\"`: every \
                 count and sum of their files is then too low by them"
            ),
        ),
        told(
            subject,
            "refused_ids",
            Some(rows),
            say!(
                "the report stops at the first until its block says `duplicates = \"merge\"` (one lead or deal, as here), \
                 `\"sum\"` (parts of a deal) or `\"deals\"` (several deals): row by row there would be {rows} leads, \
                 not {leads}",
                rows = rows,
                leads = leads
            ),
        ),
        told(
            subject,
            "refused_values",
            None,
            say!(
                "the report stops at the first, unless such rows are parts of a deal (`duplicates = \"sum\"`) or deals of \
                 their own (`\"deals\"`): what is counted here depends on the order of rows"
            ),
        ),
    ]
}

/// The rows left out of some of the files, each told as a place in words.
fn rejected(
    subject: &Subject,
    key: &'static str,
    is_meant: impl Fn(&FileProfile) -> bool,
    told: impl Fn(&Rejected) -> String,
    effect: String,
) -> Answer {
    let files = &subject.data.files;
    let all: usize = files.iter().map(|file| file.rows + file.rejected.len()).sum();
    let meant = || files.iter().filter(|file| is_meant(file));
    let count: usize = meant().map(|file| file.rejected.len()).sum();
    let places = meant().flat_map(|file| {
        file.rejected.iter().map(|rejected| format!("{}:{}{}", file.name, rejected.line, told(rejected)))
    });
    let examples = Examples::of_texts(places);
    answer(key, Ok(counted(count as u64, all as u64, examples, effect)))
}

fn rows(subject: &Subject) -> Vec<Answer> {
    let leads = subject.leads().frame.height() as u64;
    let rows = |key: &str| leads + count(subject, key);
    let of_rows = |key: &'static str, effect: String| told(subject, key, Some(rows(key)), effect);
    vec![
        rejected(
            subject,
            "unreadable_rows",
            |file| !file.stops_report,
            |_| String::new(),
            say!("they are in no number: every count and sum of their files is too low by them"),
        ),
        told(
            subject,
            "totals_that_differ",
            None,
            say!(
                "rows are missing on one side: spend and all that is divided by it follow the rows, not the total"
            ),
        ),
        of_rows(
            "rows_without_lead_id",
            say!("in no number: whatever leads they are, every count of leads is too low by them"),
        ),
        of_rows(
            "duplicate_leads",
            say!(
                "none, as each lead counts once: row by row there would be {rows} leads, not {leads}",
                rows = rows("duplicate_leads"),
                leads = leads
            ),
        ),
        of_rows(
            "parts_of_leads",
            say!(
                "none, as their amounts are added: row by row there would be {rows} leads, not {leads}",
                rows = rows("parts_of_leads"),
                leads = leads
            ),
        ),
        of_rows(
            "further_deals",
            say!(
                "none, as each lead counts once, by what was won of its deals, else by what is open, else by the last that \
                 was lost: row by row there would be {rows} leads, not {leads}",
                rows = rows("further_deals"),
                leads = leads
            ),
        ),
        of_rows(
            "second_values",
            say!("by these columns a lead counts under its first value: splits depend on the order of rows"),
        ),
    ]
}

/// What two files of tickets or of spend both have.
fn overlaps(subject: &Subject) -> Vec<Answer> {
    let mut answers = Vec::new();
    let cases = subject.facts(Over::Tickets).filter(|cases| cases.table.has("ticket_id"));
    let known = cases.map_or(0, |cases| cases.table.frame.height() as u64);
    let rows = known + count(subject, "repeated_tickets") + count(subject, "differing_tickets");
    for (key, effect) in [
        (
            "repeated_tickets",
            say!(
                "none, as each case counts once: row by row there would be {rows} cases, not {cases}",
                rows = rows,
                cases = known
            ),
        ),
        (
            "differing_tickets",
            say!(
                "each case counts once, as its first row tells it, which may be the older one: row by row there would be \
                 {rows} cases, not {cases}",
                rows = rows,
                cases = known
            ),
        ),
    ] {
        answers.push(match (cases, subject.facts(Over::Tickets)) {
            (Some(_), _) => told(subject, key, Some(rows), effect),
            (None, Some(_)) => answer(key, Err(words!("the service cases have no `ticket_id`"))),
            (None, None) => answer(key, Err(NO_TICKETS)),
        });
    }
    answers.extend(payments_twice(subject));
    answers.extend(ALIKE.iter().map(|alike| rows_alike(subject, alike)));
    answers
}

/// Payments that two rows tell.
fn payments_twice(subject: &Subject) -> Vec<Answer> {
    let mut answers = Vec::new();
    let paid = subject.facts(Over::Payments).filter(|payments| payments.table.has("payment_id"));
    for (key, effect) in [
        ("repeated_payments", say!("none, as each payment counts once")),
        ("differing_payments", say!("each is received money; if it is the same payment, it counts twice")),
    ] {
        let rows = || {
            let known = paid.map_or(0, |payments| payments.table.frame.height() as u64);
            Some(known + count(subject, "repeated_payments"))
        };
        answers.push(match (paid, subject.facts(Over::Payments)) {
            (Some(_), _) => told(subject, key, rows(), effect),
            (None, Some(_)) => answer(key, Err(words!("the payments have no `payment_id`"))),
            (None, None) => answer(key, Err(NO_PAYMENTS)),
        });
    }
    answers
}

/// What two files both have and no ID tells to be one.
fn rows_alike(subject: &Subject, alike: &Alike) -> Answer {
    let (over, needs) = match alike.kind {
        Kind::Payments => (Over::Payments, NO_PAYMENTS),
        Kind::Contracts => (Over::Contracts, NO_CONTRACTS),
        _ => (Over::Spend, words!("no spend export is named")),
    };
    let repeated = subject.data.findings.iter().find(|finding| finding.key == alike.key);
    let effect = repeated.map_or_else(String::new, |finding| finding.effect.clone());
    match subject.facts(over) {
        Some(_) => told(subject, alike.key, None, effect),
        None => answer(alike.key, Err(needs)),
    }
}

fn lookups(subject: &Subject, config: &Config) -> Vec<Answer> {
    const NO_LOOKUP: &str = words!("no `[[lookup]]` is configured");
    if config.lookup.is_empty() {
        return ["leads_without_lookup", "lookup_values_unused"]
            .map(|key| answer(key, Err(NO_LOOKUP)))
            .into();
    }
    // a lead is looked up once in each file
    let looked_up = subject.leads().frame.height() as u64 * config.lookup.len() as u64;
    vec![
        told(
            subject,
            "leads_without_lookup",
            Some(looked_up),
            say!("under `(none)` by what is looked up: the rows of the known values are short of them"),
        ),
        told(
            subject,
            "lookup_values_unused",
            None,
            say!("in no number: a wrong spelling on one of the sides, or nobody's"),
        ),
    ]
}

fn outcomes(subject: &Subject) -> Vec<Answer> {
    let leads = Some(subject.leads().frame.height() as u64);
    let won = subject.won.count();
    let lost = subject.data.stages.lost.and(&subject.counted).count();
    let alone = count(subject, "deals_without_lead");
    let won_otherwise = won - count(subject, "won_and_lost").min(won);
    vec![
        told(
            subject,
            "deals_without_lead",
            leads,
            say!(
                "each counts as a lead of its own that begins with its deal: the steps before it look better than they are, \
                 and if all were deals of other leads, there would be {count} leads less",
                count = alone
            ),
        ),
        told(
            subject,
            "leads_unlike_their_deal",
            None,
            say!(
                "each counts once: under the deal's stage, owner, amount and product, and else under the lead's value"
            ),
        ),
        told(
            subject,
            "won_and_lost",
            Some(won),
            say!(
                "counted as won: if they were lost, {rest} leads would be won, not {won}",
                rest = won_otherwise,
                won = won
            ),
        ),
        told(
            subject,
            "lost_without_stage",
            Some(lost),
            say!("counted at the first stage only: its conversion is too low by those that came further"),
        ),
        told(
            subject,
            "dates_after_as_of",
            None,
            say!("not there yet for any number: a stage with such a date is not reached"),
        ),
        told(
            subject,
            "leads_after_as_of",
            leads,
            say!("in no number of this audit, nor of a report of that day"),
        ),
    ]
}

fn money(subject: &Subject) -> Vec<Answer> {
    let effects = [
        (
            "payments_without_lead",
            say!("counted as `(not in CRM)`: in totals, and under no channel, owner or segment"),
        ),
        (
            "payments_without_date",
            say!("in no period and at no age: what is received in a period is too low by them"),
        ),
        ("payments_without_amount", say!("not counted: neither money nor a payment")),
        (
            "payments_without_margin",
            say!(
                "counted with a margin of 0: LTV is too low by theirs, unless `[value] margin` says what share it is"
            ),
        ),
    ];
    let payments = subject.facts(Over::Payments).map(|facts| facts.table.frame.height() as u64);
    let of_payments = effects.map(|(key, effect)| match payments {
        Some(_) => told(subject, key, payments, effect),
        None => answer(key, Err(NO_PAYMENTS)),
    });
    let effect = say!("none, as each is converted at the latest rate on or before its day");
    of_payments.into_iter().chain([told(subject, "converted_amounts", None, effect)]).collect()
}
