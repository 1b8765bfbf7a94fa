//! How far each lead has come and how long it has stood there: what can still be won, and what is stuck.

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::super::statistics::{Histogram, p90, size};
use super::add_words;
use crate::config::Config;
use crate::input::cell::SCALE;
use crate::kpi::exact::Exact;
use crate::leads::{Data, Over, Stages};
use crate::mask::Mask;
use crate::words;

/// The dimension of leads: the furthest stage reached.
pub const STAGE: &str = "current_stage";
/// The dimension of open leads: for how long they have stood at their stage.
pub const AGE: &str = "open_for";
/// The dimension of open leads: whether that is longer than nine in ten of those took that went on.
pub const PACE: &str = "pace";
/// With fewer leads that went on nothing is said of how long a stage takes.
const FEWEST: u64 = 10;

const AGES: [&str; 5] =
    ["", words!("0-30 days"), words!("31-60 days"), words!("61-90 days"), words!("over 90 days")];

/// Adds the furthest stage that each lead reached.
///
/// # Errors
/// None on data that were joined.
pub fn add_stage(data: &mut Data, _config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let names: Vec<String> = data.stages.stages.iter().map(|stage| stage.name.clone()).collect();
    let words: Vec<&str> = std::iter::once("").chain(names.iter().map(String::as_str)).collect();
    let places =
        furthest(data).into_iter().map(|stage| stage.map_or(0, |stage| stage + 1)).collect::<Vec<_>>();
    add_words(data, Over::Leads, STAGE, &words, &places)
}

/// Adds for how long each open lead has stood at its stage, up to the day of the data: a stage without a date is one that
/// the lead has stood at since the last stage that has one.
///
/// # Errors
/// None on data that were joined.
pub fn add_age(data: &mut Data, _config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let places: Vec<usize> = standing(data)
        .into_iter()
        .map(|days| match days {
            None => 0,
            Some((_, ..=30)) => 1,
            Some((_, 31..=60)) => 2,
            Some((_, 61..=90)) => 3,
            Some(_) => 4,
        })
        .collect();
    add_words(data, Over::Leads, AGE, &AGES, &places)
}

/// Adds whether each open lead is stuck: it has stood at its stage for longer than 90% of the leads took that went on to
/// the next stage. Where fewer than ten went on, nothing is said.
///
/// # Errors
/// None on data that were joined.
pub fn add_pace(data: &mut Data, _config: &Config, _catalogue: &Catalogue) -> Result<()> {
    let limits = limits(&data.stages);
    let places: Vec<usize> = standing(data)
        .into_iter()
        .map(|standing| {
            let limit =
                standing.and_then(|(stage, days)| Some((days, limits.get(stage).copied().flatten()?)));
            limit.map_or(0, |(days, limit)| if i128::from(days) > limit { 1 } else { 2 })
        })
        .collect();
    add_words(data, Over::Leads, PACE, &["", words!("stuck"), words!("moving")], &places)
}

/// The place of the furthest stage that each lead reached.
fn furthest(data: &Data) -> Vec<Option<usize>> {
    let mut furthest = vec![None; data.leads().lead_count];
    for (place, stage) in data.stages.stages.iter().enumerate() {
        stage.reached.rows().for_each(|lead| furthest[lead] = Some(place));
    }
    furthest
}

/// For each open lead its stage, and the days since it came there; none where nothing is dated.
fn standing(data: &Data) -> Vec<Option<(usize, i32)>> {
    let Some(as_of) = data.as_of else { return vec![None; data.leads().lead_count] };
    let stages = &data.stages.stages;
    let nobody = Mask::none(data.leads().lead_count);
    let won = data.stages.won.map_or(&nobody, |place| &stages[place].reached);
    let is_open = won.or(&data.stages.lost).not();
    let since =
        |lead: usize, furthest: usize| stages[..=furthest].iter().rev().find_map(|stage| stage.at.get(lead));
    furthest(data)
        .into_iter()
        .enumerate()
        .map(|(lead, stage)| {
            let stage = stage.filter(|_| is_open.has(lead))?;
            Some((stage, as_of.saturating_sub(since(lead, stage)?)))
        })
        .collect()
}

/// For each stage the days within which 90% of the leads that went on did so.
fn limits(stages: &Stages) -> Vec<Option<i128>> {
    let pairs = stages.stages.windows(2);
    pairs
        .map(|pair| {
            let mut days = Histogram::new();
            for lead in pair[1].reached.rows() {
                let lag =
                    pair[0].at.get(lead).zip(pair[1].at.get(lead)).map(|(from, to)| to.saturating_sub(from));
                if let Some(lag) = lag.filter(|lag| *lag >= 0) {
                    *days.entry(i64::from(lag)).or_default() += 1;
                }
            }
            let whole_days = |days: Exact| days.to_millionths() / i128::from(SCALE);
            p90(&days).filter(|_| size(&days) >= FEWEST).map(whole_days)
        })
        .collect()
}
