//! Which stages each lead reached and when: dates where the exports have them, else the status word, then the skip rule.

use super::statuses::{Status, Statuses};
use crate::check::{Finding, finding};
use crate::config::{Config, Skips};
use crate::input::Inputs;
use crate::input::table::{Days, Table, code_slice};
use crate::mask::Mask;

/// One stage of the funnel, for all leads.
#[derive(Debug, Clone)]
pub struct Stage {
    pub name: String,
    /// The leads that reached it, after the skip rule.
    pub reached: Mask,
    /// When, where the data say so.
    pub at: Days,
    /// When it counts in event basis: its own date, else that of the next later stage that has one.
    pub counts_at: Days,
}

/// The stages that the inputs know, and the outcome that is no stage.
#[derive(Debug, Clone)]
pub struct Stages {
    /// In the order of the funnel; stages that no input knows are left out.
    pub stages: Vec<Stage>,
    /// The leads that were lost.
    pub lost: Mask,
    /// When, where the data say so.
    pub lost_at: Days,
    /// Whether any input says that a lead is lost.
    pub knows_lost: bool,
    /// The place in `stages` of the first stage that is dated at all.
    pub created: Option<usize>,
    /// The place in `stages` of the last stage of the funnel, if the inputs know it.
    pub won: Option<usize>,
}

impl Stages {
    /// The stage whose date is that of the lead's creation: the first one that is dated at all.
    pub fn of_creation(&self) -> Option<&Stage> {
        self.created.map(|place| &self.stages[place])
    }
}

/// The stages of all leads of the CRM. Dates after `as_of` have not happened yet.
pub fn stages(
    leads: &Table,
    statuses: Option<&Statuses>,
    config: &Config,
    inputs: &Inputs,
    as_of: Option<i32>,
    findings: &mut Vec<Finding>,
) -> Stages {
    let has_happened = |day: i32| as_of.is_none_or(|as_of| day <= as_of);
    let date = |column: &str| {
        leads.dates(column).map(|days| if as_of.is_some() { days.filtered(has_happened) } else { days })
    };
    let stage_at = date("stage_at");
    let closed_at = date("closed_at");
    // what a status or a reason says has not happened yet where its date lies after `as_of`
    let still_to_come = |columns: &[&str]| match as_of {
        Some(as_of) => still_to_come(leads, columns, as_of),
        None => Mask::none(leads.frame.height()),
    };
    let height = leads.frame.height();
    let last = config.stages.len() - 1;
    let mut raw: Vec<(Mask, Days)> = Vec::new();
    let mut is_known: Vec<bool> = Vec::new();
    for (place, name) in config.stages.iter().enumerate() {
        let own_column = format!("{name}_at");
        let own = date(&own_column);
        let columns = [own_column.as_str(), if place == last { "closed_at" } else { "stage_at" }, "stage_at"];
        let has_status = statuses.map(|statuses| statuses.mask(Status::Reached(place)));
        let is_status = has_status.as_ref().is_some_and(|mask| mask.count() > 0);
        let by_status = has_status.map(|mask| mask.and(&still_to_come(&columns).not()));
        let closes = if place == last { closed_at.as_ref() } else { None };
        let at = dates_of_stage(height, own.as_ref(), by_status.as_ref(), &[closes, stage_at.as_ref()]);
        is_known.push(own.is_some() || is_status);
        raw.push((by_status.map_or(at.known(), |mask| mask.or(&at.known())), at));
    }
    let shows_a_stage = raw.iter().fold(Mask::none(height), |all, (mask, _)| all.or(mask));
    // a row that shows no stage is a lead all the same, and so is one that a status column says was lost
    raw[0].0 = raw[0].0.or(&shows_a_stage.not());
    is_known[0] |= shows_a_stage.count() < height as u64 || (statuses.is_some() && !inputs.is_event_based);
    findings.extend(statuses.and_then(|statuses| lost_at_first(leads, config, &raw, statuses)));
    // an event of a later stage says nothing of the earlier ones: no ID leads to them
    let skips = if inputs.is_event_based { Skips::Any } else { config.skips };
    let own_lost_at = date("lost_at");
    let named = config.stages.iter().zip(raw).map(|(name, (mask, at))| (name.clone(), mask, at));
    let kept = named.zip(is_known).filter(|(_, is_known)| *is_known).map(|(stage, _)| stage);
    let stages = apply_skips(kept.collect(), skips);
    let won = stages.iter().position(|stage| config.stages.last() == Some(&stage.name));
    let won_leads = won.map(|place| &stages[place].reached);
    let to_come = still_to_come(&["lost_at", "closed_at", "stage_at"]);
    let lost = Lost { by_date: own_lost_at, closed_at, stage_at, statuses, to_come };
    let (lost, lost_at, knows_lost) = lost.outcome(leads, won_leads, findings);
    let created = stages.iter().position(|stage| stage.at.earliest().is_some());
    Stages { stages, lost, lost_at, knows_lost, created, won }
}

/// Lost leads of which nothing tells how far they came: in a step they look as if they had never reached it.
fn lost_at_first(
    leads: &Table,
    config: &Config,
    raw: &[(Mask, Days)],
    statuses: &Statuses,
) -> Option<Finding> {
    let height = leads.frame.height();
    let later = raw.iter().skip(1).fold(Mask::none(height), |all, (mask, _)| all.or(mask));
    let lost = statuses.mask(Status::Lost).and(&later.not());
    let what = format!("lost leads with no date of a later stage, counted at {} only", config.stages[0]);
    finding("lost_without_stage", what, lost.rows(), &leads.origin)
}

/// The leads for which the first of these dates that is known lies after a day.
fn still_to_come(leads: &Table, columns: &[&str], day: i32) -> Mask {
    let dates: Vec<Days> = columns.iter().filter_map(|column| leads.dates(column)).collect();
    Mask::from_rows(leads.frame.height(), |row| {
        dates.iter().find_map(|days| days.get(row)).is_some_and(|known| known > day)
    })
}

/// A stage's own date; where it lacks one and the status says that the lead stands there, the date of the status.
fn dates_of_stage(
    height: usize,
    own: Option<&Days>,
    status: Option<&Mask>,
    fallbacks: &[Option<&Days>],
) -> Days {
    let Some(status) = status.filter(|_| fallbacks.iter().any(Option::is_some)) else {
        return own.cloned().unwrap_or_else(|| Days::none(height));
    };
    Days::from_rows((0..height).map(|row| {
        let own = own.and_then(|days| days.get(row));
        let of_status = || fallbacks.iter().flatten().find_map(|days| days.get(row));
        own.or_else(|| if status.has(row) { of_status() } else { None })
    }))
}

fn apply_skips(raw: Vec<(String, Mask, Days)>, skips: Skips) -> Vec<Stage> {
    let mut stages: Vec<Stage> = raw
        .into_iter()
        .map(|(name, reached, at)| Stage { name, reached, counts_at: at.clone(), at })
        .collect();
    match skips {
        Skips::Any => {}
        Skips::Strict => {
            for place in 1..stages.len() {
                stages[place].reached = stages[place].reached.and(&stages[place - 1].reached);
            }
        }
        Skips::Imply => {
            for place in (0..stages.len().saturating_sub(1)).rev() {
                let (earlier, later) = stages.split_at_mut(place + 1);
                let (stage, next) = (&mut earlier[place], &later[0]);
                if stage.reached.or(&next.reached) != stage.reached {
                    stage.counts_at = Days::from_rows((0..stage.reached.height()).map(|row| {
                        let implied = || {
                            if stage.reached.has(row) { None } else { next.counts_at.get(row) }
                        };
                        stage.at.get(row).or_else(implied)
                    }));
                    stage.reached = stage.reached.or(&next.reached);
                }
            }
        }
    }
    stages
}

/// All that can say that a lead is lost.
struct Lost<'a> {
    by_date: Option<Days>,
    closed_at: Option<Days>,
    stage_at: Option<Days>,
    statuses: Option<&'a Statuses>,
    /// The leads whose loss, if they are lost, lies after the day of the report.
    to_come: Mask,
}

impl Lost<'_> {
    fn outcome(&self, leads: &Table, won: Option<&Mask>, findings: &mut Vec<Finding>) -> (Mask, Days, bool) {
        let height = leads.frame.height();
        let by_status =
            self.statuses.filter(|statuses| statuses.knows_lost).map(|statuses| statuses.mask(Status::Lost));
        let by_reason = leads.codes("lost_reason").map(|codes| {
            let codes = code_slice(&codes);
            Mask::from_rows(height, |row| codes[row] > 0)
        });
        let known = [self.by_date.as_ref().map(Days::known), by_status, by_reason];
        let knows_lost = known.iter().any(Option::is_some);
        let mut lost = known.into_iter().flatten().fold(Mask::none(height), |all, mask| all.or(&mask));
        lost = lost.and(&self.to_come.not());
        if let Some(won) = won {
            let both = lost.and(won);
            findings.extend(finding(
                "won_and_lost",
                "leads both won and lost, counted as won",
                both.rows(),
                &leads.origin,
            ));
            lost = lost.and(&won.not());
        }
        let dates: Vec<&Days> =
            [&self.by_date, &self.closed_at, &self.stage_at].into_iter().flatten().collect();
        let at =
            match dates.as_slice() {
                [] => Days::none(height),
                dates => Days::from_rows((0..height).map(|row| {
                    if lost.has(row) { dates.iter().find_map(|days| days.get(row)) } else { None }
                })),
            };
        (lost, at, knows_lost)
    }
}
