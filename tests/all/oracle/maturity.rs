//! The table of maturity once more: at each age the estimate over the plain list of times, and how many of it were left.

use std::collections::BTreeSet;

use super::Place;
use super::kpis::{Figure, Fraction, of_times};
use super::measures::{Key, Question, STAGES};
use super::times::{End, left_after, longest, of_leads};
use crate::oracle::company::{Day, day};

const AGES: [Day; 15] = [0, 7, 14, 30, 60, 90, 120, 180, 270, 365, 540, 730, 1095, 1460, 1825];

/// The rows of the table: from the first stage to each later one, then from each to the next.
pub fn rows(question: &Question, keys: &[Key]) -> Vec<(Place, Figure)> {
    let keys: &BTreeSet<Key> = &keys.iter().cloned().chain([Key::new()]).collect();
    let last = STAGES.len() - 1;
    let since_creation: Vec<(usize, usize)> = (1..=last).map(|to| (0, to)).collect();
    let since_entry: Vec<(usize, usize)> = (1..last).map(|from| (from, from + 1)).collect();
    [since_creation, since_entry].iter().flat_map(|steps| block(question, keys, steps)).collect()
}

fn block(question: &Question, keys: &BTreeSet<Key>, steps: &[(usize, usize)]) -> Vec<(Place, Figure)> {
    let all: Vec<Vec<End>> =
        steps.iter().map(|(from, to)| of_leads(question, &Key::new(), *from, *to)).collect();
    let Some(end) = all.iter().filter_map(|times| longest(times)).max() else { return Vec::new() };
    // the data can tell of cohorts as old as their oldest lead
    let company = question.company;
    let first = company.leads.iter().filter_map(|lead| company.created(lead)).min();
    let whole = day(&company.as_of).zip(first).map(|(as_of, first)| as_of - first);
    let end = end.max(whole.unwrap_or_default());
    let count = AGES.iter().filter(|age| **age < end).count() + 1;
    let ages = AGES.iter().take(count).filter(|age| all.iter().any(|times| is_known(times, **age)));
    let mut rows = Vec::new();
    for age in ages {
        for key in keys {
            let of_steps: Vec<Vec<End>> =
                steps.iter().map(|(from, to)| of_leads(question, key, *from, *to)).collect();
            if of_steps.iter().all(Vec::is_empty) {
                continue;
            }
            let mut place = key.clone();
            place.insert("age_days".to_string(), age.to_string());
            for ((from, to), times) in steps.iter().zip(of_steps) {
                let step = format!("{}_to_{}", STAGES[*from].0, STAGES[*to].0);
                let [share, at_risk] = figures(&times, *age);
                let place = |kpi: &str| ("maturity".to_string(), place.clone(), format!("{step}_{kpi}"));
                rows.extend([(place("by_age"), share), (place("at_risk"), at_risk)]);
            }
        }
    }
    rows
}

/// Whether somebody was observed to that age, or nobody is waiting any more.
fn is_known(times: &[End], age: Day) -> bool {
    let waits = times.iter().any(|end| matches!(end, End::Waiting(_)));
    !times.is_empty() && (!waits || longest(times).is_some_and(|longest| age <= longest))
}

fn figures(times: &[End], age: Day) -> [Figure; 2] {
    let is_left = |end: &&End| match end {
        End::Event(days) | End::Waiting(days) => *days >= age,
        End::Never => true,
    };
    let at_risk = times.iter().filter(is_left).count();
    let is_known = is_known(times, age);
    let share = of_times("share", times, is_known.then(|| 1.0 - left_after(times, age)));
    let count = Fraction { above: at_risk as i128, below: 1 };
    let at_risk = Figure {
        unit: "count",
        value: is_known.then_some(count),
        denominator: None,
        is_estimate: false,
        ..share
    };
    [Figure { denominator: share.denominator.filter(|_| is_known), ..share }, at_risk]
}
