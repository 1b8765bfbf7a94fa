//! Which stages each lead reached and when: dates where the exports have them, else the status word, then the skip rule.

use super::shown::Shown;
use super::statuses::{Status, Statuses};
use crate::check::{Finding, finding};
use crate::config::{Config, Skips};
use crate::input::Inputs;
use crate::input::table::{Days, Table, code_slice};
use crate::mask::Mask;
use crate::{lang, say};

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

/// What tells the stages of leads, their own columns aside.
#[derive(Clone, Copy)]
pub struct Signs<'a> {
    pub config: &'a Config,
    pub inputs: &'a Inputs,
    pub statuses: Option<&'a Statuses>,
    /// What the rows of a lead and of its deals show beside the one status that is left.
    pub shown: Option<&'a Shown>,
}

/// The stages of all leads of the CRM. Dates after `as_of` have not happened yet; `counted` are the leads to tell of.
pub fn stages(
    leads: &Table,
    signs: &Signs,
    as_of: Option<i32>,
    counted: &Mask,
    findings: &mut Vec<Finding>,
) -> Stages {
    let Signs { config, inputs, statuses, .. } = *signs;
    let known = Known { leads, as_of };
    let (stage_at, closed_at) = (known.dates("stage_at"), known.dates("closed_at"));
    let height = leads.frame.height();
    let (mut raw, mut is_known): (Vec<(Mask, Days)>, Vec<bool>) =
        raw_stages(&known, signs, closed_at.as_ref(), stage_at.as_ref()).into_iter().unzip();
    let shows_a_stage = raw.iter().fold(Mask::none(height), |all, (mask, _)| all.or(mask));
    // a row that shows no stage is a lead all the same, and so is one that a status column says was lost
    raw[0].0 = raw[0].0.or(&shows_a_stage.not());
    is_known[0] |= shows_a_stage.count() < height as u64 || (statuses.is_some() && !inputs.is_event_based);
    let to_come = known.still_to_come(&["lost_at", "closed_at", "stage_at"]);
    let told = counted.and(&to_come.not());
    findings.extend(statuses.and_then(|statuses| lost_at_first(leads, config, &raw, statuses, &told)));
    // an event of a later stage says nothing of the earlier ones: no ID leads to them
    let skips = if inputs.is_event_based { Skips::Any } else { config.skips };
    let own_lost_at = known.dates("lost_at");
    let named = config.stages.iter().zip(raw).map(|(name, (mask, at))| (name.clone(), mask, at));
    let kept = named.zip(is_known).filter(|(_, is_known)| *is_known).map(|(stage, _)| stage);
    let stages = apply_skips(kept.collect(), skips);
    let won = stages.iter().position(|stage| config.stages.last() == Some(&stage.name));
    let won_leads = won.map(|place| &stages[place].reached);
    let lost = Lost { by_date: own_lost_at, closed_at, stage_at, statuses, to_come };
    let (lost, lost_at, knows_lost) = lost.outcome(leads, won_leads, counted, findings);
    let created = stages.iter().position(|stage| stage.at.earliest().is_some());
    Stages { stages, lost, lost_at, knows_lost, created, won }
}

/// Lost leads of which nothing tells how far they came: in a step they look as if they had never reached it.
fn lost_at_first(
    leads: &Table,
    config: &Config,
    raw: &[(Mask, Days)],
    statuses: &Statuses,
    told: &Mask,
) -> Option<Finding> {
    let height = leads.frame.height();
    let later = raw.iter().skip(1).fold(Mask::none(height), |all, (mask, _)| all.or(mask));
    let lost = statuses.mask(Status::Lost).and(&later.not()).and(told);
    let what = say!(
        "lost leads with no date of a later stage, counted at {stage} only",
        stage = lang::stage_in_words(&config.stages[0])
    );
    finding("lost_without_stage", what, lost.rows(), &leads.origin)
}

/// The dates of the leads as far as they have come to pass.
struct Known<'a> {
    leads: &'a Table,
    as_of: Option<i32>,
}

impl Known<'_> {
    /// A column of dates without those that lie after the day.
    fn dates(&self, column: &str) -> Option<Days> {
        let days = self.leads.dates(column)?;
        Some(match self.as_of {
            Some(as_of) => days.filtered(|day| day <= as_of),
            None => days,
        })
    }

    /// The leads for which the first of these dates that is known lies after the day: what a status or a reason says of
    /// them has not happened yet.
    fn still_to_come(&self, columns: &[&str]) -> Mask {
        let height = self.leads.frame.height();
        let Some(as_of) = self.as_of else { return Mask::none(height) };
        let dates: Vec<Days> = columns.iter().filter_map(|column| self.leads.dates(column)).collect();
        Mask::from_rows(height, |row| {
            dates.iter().find_map(|days| days.get(row)).is_some_and(|known| known > as_of)
        })
    }
}

/// Each stage of the configuration before the skip rule: who reached it, when, and whether anything tells of it.
fn raw_stages(
    known: &Known,
    signs: &Signs,
    closed_at: Option<&Days>,
    stage_at: Option<&Days>,
) -> Vec<((Mask, Days), bool)> {
    let height = known.leads.frame.height();
    let last = signs.config.stages.len() - 1;
    let of_stage = |(place, name): (usize, &String)| {
        let own_column = format!("{name}_at");
        let own = known.dates(&own_column);
        let columns = [own_column.as_str(), if place == last { "closed_at" } else { "stage_at" }, "stage_at"];
        let status = Status::Reached(place);
        let has_status = signs.statuses.map(|statuses| statuses.mask(status));
        // a stage that is reached later alone is a stage all the same, with nobody at it yet
        let is_later = known.as_of.and(signs.statuses).is_some_and(|statuses| statuses.is_said(status));
        let is_status = is_later || has_status.as_ref().is_some_and(|mask| mask.count() > 0);
        let by_status = has_status.map(|mask| mask.and(&known.still_to_come(&columns).not()));
        let closes = if place == last { closed_at } else { None };
        let at = dates_of_stage(height, own.as_ref(), by_status.as_ref(), &[closes, stage_at]);
        let shown = signs.shown.map(|shown| shown.mask(place));
        let is_shown = shown.as_ref().is_some_and(|mask| mask.count() > 0);
        let reached = by_status.iter().chain(&shown).fold(at.known(), |all, mask| all.or(mask));
        ((reached, at), own.is_some() || is_status || is_shown)
    };
    signs.config.stages.iter().enumerate().map(of_stage).collect()
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
    fn outcome(
        &self,
        leads: &Table,
        won: Option<&Mask>,
        counted: &Mask,
        findings: &mut Vec<Finding>,
    ) -> (Mask, Days, bool) {
        let height = leads.frame.height();
        let by_status = self
            .statuses
            .filter(|statuses| statuses.is_said(Status::Lost))
            .map(|statuses| statuses.mask(Status::Lost));
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
                say!("leads both won and lost, counted as won"),
                both.and(counted).rows(),
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
