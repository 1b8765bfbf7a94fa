//! Times until an event as a plain list: who had it, who still waits, who will never have it. Kaplan and Meier's estimate
//! is then a product over the days on which something happened, each time counted anew from the whole list.

use super::company::{Day, day};
use super::measures::{Key, Question};

/// The end of one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Event(Day),
    Waiting(Day),
    Never,
}

/// The times of the leads that reached a stage until they reach a later one.
pub fn of_leads(question: &Question, key: &Key, from: usize, to: usize) -> Vec<End> {
    let as_of = day(&question.company.as_of).expect("the fixtures have dates");
    let members = question.leads(key).into_iter().filter(|lead| question.reached(lead, from));
    let end = |lead| {
        let began = question.counted_at(lead, from)?;
        if question.reached(lead, to) {
            // a negative time is a data error
            let days = question.counted_at(lead, to)? - began;
            return (days >= 0).then_some(End::Event(days));
        }
        Some(if question.was_ever_lost(lead) { End::Never } else { End::Waiting(as_of - began) })
    };
    members.filter_map(end).collect()
}

/// The lifetimes of customers.
pub fn of_customers(question: &Question, key: &Key) -> Vec<End> {
    let as_of = day(&question.company.as_of).expect("the fixtures have dates");
    let spells = question.spells(key);
    let end = |churned: Option<Day>, started: Day| match churned {
        Some(churned) => End::Event(churned - started),
        None => End::Waiting(as_of - started),
    };
    spells.iter().map(|spell| end(spell.churned_at, spell.started_at)).collect()
}

/// The share that has not had the event on a day or before.
pub fn left_after(times: &[End], day: Day) -> f64 {
    let mut left = 1.0;
    for now in 0..=day {
        let events = times.iter().filter(|end| **end == End::Event(now)).count();
        let at_risk = times.iter().filter(|end| match end {
            End::Event(days) | End::Waiting(days) => *days >= now,
            End::Never => true,
        });
        left *= 1.0 - events as f64 / at_risk.count().max(1) as f64;
    }
    left
}

/// The longest time of any that ended or still runs.
pub fn longest(times: &[End]) -> Option<Day> {
    let known = times.iter().filter_map(|end| match end {
        End::Event(days) | End::Waiting(days) => Some(*days),
        End::Never => None,
    });
    known.max()
}

/// The first day on which at most a half is left.
pub fn median(times: &[End]) -> Option<Day> {
    (0..=longest(times)?).find(|day| left_after(times, *day) <= 0.5 + 1e-9)
}

/// The area below the curve of those left: a day counts for the share that was left when it began.
pub fn mean(times: &[End]) -> Option<f64> {
    Some((0..longest(times)?).map(|day| left_after(times, day)).sum())
}
