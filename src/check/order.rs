//! Stages and dates that contradict each other, or are missing.

use super::orphans::{NO_CONTRACTS, NO_TICKETS};
use super::subject::{
    Answer, CrmRow, Examples, Found, Part, Subject, answer, counted, percent, rows_found, whole,
};
use crate::check::{Finding, finding};
use crate::config::NegativeDays;
use crate::input::Inputs;
use crate::input::table::Days;
use crate::input::tables::Kind;
use crate::leads::{Over, Stage};
use crate::mask::Mask;
use crate::period::format_day;
use crate::{say, words};

/// The checks of stages and dates.
pub fn answers(subject: &Subject, negative_days: NegativeDays) -> Vec<Answer> {
    vec![
        answer("stages_out_of_order", Ok(stages_out_of_order(subject, negative_days))),
        answer("stages_without_date", Ok(stages_without_date(subject))),
        answer("leads_without_creation_date", leads_without_creation_date(subject)),
        answer("lost_without_date", lost_without_date(subject)),
        answer("spend_without_date", undated(subject, Over::Spend, "date")),
        answer("tickets_without_date", undated(subject, Over::Tickets, "opened_at")),
        answer("contracts_without_start", undated(subject, Over::Contracts, "started_at")),
        answer("contracts_ended_before_start", contracts_ended_before_start(subject)),
    ]
}

/// Dates of all inputs that lie after the day of the audit, if one was named; to be told before they are hidden.
pub fn dates_after(inputs: &Inputs, as_of: i32) -> Option<Finding> {
    let mut all: Option<Finding> = None;
    // rates say what will be, and are nothing that happened
    let tables = inputs.tables.iter().filter(|(kind, _)| **kind != Kind::Rates);
    for (_, table) in tables {
        // the end of a contract is agreed, not yet there
        let names = table.frame.get_column_names_str().into_iter().filter(|name| *name != "ends_at");
        for days in names.filter_map(|name| table.dates(name)) {
            let later = (0..table.frame.height()).filter(|row| days.get(*row).is_some_and(|day| day > as_of));
            let Some(found) = finding(
                "dates_after_as_of",
                say!("dates after {day}", day = format_day(as_of)),
                later,
                &table.origin,
            ) else {
                continue;
            };
            all = Some(match all {
                None => found,
                Some(mut known) => {
                    known.count += found.count;
                    known.has_more |= found.has_more;
                    known.examples.extend(found.examples);
                    known
                }
            });
        }
    }
    all
}

/// Two stages that follow each other among the dated ones of a lead.
#[derive(Default)]
struct Pair {
    of: u64,
    early: Vec<usize>,
}

/// Each dated stage against the nearest earlier one that is dated, as the days between stages take them, and the loss
/// against the creation: the number of the pair of stages, the earlier date, the later one.
fn comparisons(subject: &Subject, row: usize, mut each: impl FnMut(usize, i32, i32)) {
    let stages = &subject.data.stages.stages;
    let mut before: Option<(usize, i32)> = None;
    for (place, stage) in stages.iter().enumerate() {
        let Some(day) = stage.at.get(row) else { continue };
        if let Some((earlier, first)) = before {
            each(earlier * stages.len() + place, first, day);
        }
        before = Some((place, day));
    }
    let created = subject.data.created_at().and_then(|days| days.get(row));
    if let Some((first, second)) = created.zip(subject.data.stages.lost_at.get(row)) {
        each(stages.len() * stages.len(), first, second);
    }
}

fn stages_out_of_order(subject: &Subject, negative_days: NegativeDays) -> Found {
    let stages = &subject.data.stages.stages;
    let origin = &subject.leads().origin;
    let width = stages.len();
    let mut pairs: Vec<Pair> = (0..=width * width).map(|_| Pair::default()).collect();
    let mut leads = Mask::none(subject.counted.height());
    let mut of = 0;
    let touches = subject.data.first_touches.compared.as_ref();
    for row in subject.counted.rows() {
        let mut is_compared = touches.is_some_and(|touches| touches.both.has(row));
        comparisons(subject, row, |pair, first, second| {
            is_compared = true;
            pairs[pair].of += 1;
            if second < first {
                pairs[pair].early.push(row);
                leads.insert(row);
            }
        });
        of += u64::from(is_compared);
    }
    if let Some(touches) = touches {
        leads = leads.or(&touches.early);
        pairs.push(Pair { of: touches.both.count(), early: touches.early.rows().collect() });
    }
    let parts = pairs.iter().enumerate().filter(|(_, pair)| !pair.early.is_empty());
    let parts = parts.map(|(place, pair)| {
        let (subject, label) = names_of_pair(stages, place);
        let examples = Examples::of_rows(pair.early.iter().copied(), origin);
        let count = whole(pair.early.len() as u64);
        Part { label: Some(label), ..Part::new(subject, count, Some(whole(pair.of)), examples) }
    });
    let effect = match negative_days {
        NegativeDays::Exclude => say!(
            "days below 0 are left out of mean, median and p90 of days between stages, which speak of fewer leads"
        ),
        NegativeDays::Include => {
            say!("days below 0 are averaged: mean and median of days between stages are too low")
        }
    };
    Found { parts: parts.collect(), ..rows_found(&leads, of, origin, effect) }
}

/// What programs and people call the pair of stages of a number, whose later stage is dated before the earlier one.
fn names_of_pair(stages: &[Stage], pair: usize) -> (String, String) {
    let width = stages.len();
    match stages.get(pair / width) {
        Some(earlier) => {
            let later = stages[pair % width].name.as_str();
            let label = say!("{later} before {earlier}", later = later, earlier = earlier.name);
            (format!("{later} before {}", earlier.name), label)
        }
        None if pair == width * width => ("lost before created".to_string(), say!("lost before created")),
        None => ("first touch before created".to_string(), say!("first touch before created")),
    }
}

fn stages_without_date(subject: &Subject) -> Found {
    let origin = &subject.leads().origin;
    let lacking = |stage: &Stage| stage.reached.and(&subject.counted).and(&stage.at.known().not());
    let height = subject.counted.height();
    let (mut count, mut of, mut any, mut parts) = (0, 0, Mask::none(height), Vec::new());
    for stage in &subject.data.stages.stages {
        let (rows, reached) = (lacking(stage), stage.reached.and(&subject.counted).count());
        count += rows.count();
        of += reached;
        any = any.or(&rows);
        if rows.count() > 0 {
            let examples = Examples::of_rows(rows.rows(), origin);
            parts.push(Part::new(stage.name.as_str(), whole(rows.count()), Some(whole(reached)), examples));
        }
    }
    let dated = percent(whole(of - count), whole(of));
    let effect = match subject.row {
        CrmRow::Event => say!("in no month or quarter ({share} of the events are dated)", share = dated),
        CrmRow::Lead => say!(
            "missing in the days between stages; by period they count on the date of the next later stage, and without one \
             in no period ({share} of the stages reached are dated)",
            share = dated
        ),
    };
    Found { parts, ..counted(count, of, Examples::of_rows(any.rows(), origin), effect) }
}

fn leads_without_creation_date(subject: &Subject) -> Result<Found, &'static str> {
    let created = subject.data.created_at().ok_or(words!("no stage is dated"))?;
    let lacking = created.known().not().and(&subject.counted);
    let effect = say!(
        "in no cohort of a month or quarter: the cohorts together are short of them, {won} of them won; no spend reaches \
         them",
        won = lacking.and(&subject.won).count()
    );
    Ok(rows_found(&lacking, subject.counted.count(), &subject.leads().origin, effect))
}

fn lost_without_date(subject: &Subject) -> Result<Found, &'static str> {
    let stages = &subject.data.stages;
    if !stages.knows_lost {
        return Err(words!("nothing in the CRM tells that a lead was lost"));
    }
    let lost = stages.lost.and(&subject.counted);
    let lacking = lost.and(&stages.lost_at.known().not());
    let effect = say!("in the losses of no month or quarter: by event basis a period shows too few");
    Ok(rows_found(&lacking, lost.count(), &subject.leads().origin, effect))
}

/// Rows of another table without the date that puts them into a period.
fn undated(subject: &Subject, over: Over, column: &str) -> Result<Found, &'static str> {
    let (missing, no_date) = match over {
        Over::Spend => (words!("no spend export is named"), words!("the spend exports have no dates")),
        Over::Tickets => (NO_TICKETS, words!("the service cases have no opening dates")),
        _ => (NO_CONTRACTS, words!("the contracts have no start")),
    };
    let facts = subject.facts(over).ok_or(missing)?;
    let dates = facts.table.dates(column).ok_or(no_date)?;
    let lacking = dates.known().not();
    let effect = match over {
        Over::Spend => {
            let cost = Subject::sum(&facts.table, "cost", lacking.rows());
            say!(
                "{cost} are in no month: cost of the periods together is too low by as much",
                cost = subject.money(cost)
            )
        }
        Over::Tickets => say!("they are in no period: complaints of the periods together are too few"),
        _ => say!("they are left out of customers: churn, new customers and MRR do not know them"),
    };
    Ok(rows_found(&lacking, lacking.height() as u64, &facts.table.origin, effect))
}

fn contracts_ended_before_start(subject: &Subject) -> Result<Found, &'static str> {
    const NEEDS: &str = words!("no export of contracts has a start and a date of churn");
    let contracts = subject.facts(Over::Contracts).ok_or(NEEDS)?;
    let date = |column: &str| contracts.table.dates(column).ok_or(NEEDS);
    let (started, churned): (Days, Days) = (date("started_at")?, date("churned_at")?);
    let span = |row: usize| started.get(row).zip(churned.get(row));
    let height = contracts.table.frame.height();
    let reversed = Mask::from_rows(height, |row| span(row).is_some_and(|(start, end)| end < start));
    let both = (0..height).filter(|row| span(*row).is_some()).count() as u64;
    let effect = say!("they are left out of customers: neither as new nor as churned does churn know them");
    Ok(rows_found(&reversed, both, &contracts.table.origin, effect))
}
