//! Which stages each lead reached and when: dates where the exports have them, else the status word, then the skip rule.

use std::collections::BTreeMap;

use anyhow::Result;
use polars::prelude::UInt32Chunked;

use crate::check::{Finding, finding};
use crate::config::{Config, DEFAULT_STAGES, Skips};
use crate::error::data_error;
use crate::input::presets::HeaderName;
use crate::input::table::{Days, Dictionary, Origin, Table, code_slice};
use crate::input::tables::status_words;
use crate::input::{Inputs, normalise};
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

/// What a status word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Unknown,
    Reached(usize),
    Lost,
}

/// The stages of all leads of the CRM. Dates after `as_of` have not happened yet.
///
/// # Errors
/// Status words that are mapped to no stage, all at once.
pub fn stages(
    leads: &Table,
    config: &Config,
    inputs: &Inputs,
    as_of: Option<i32>,
    findings: &mut Vec<Finding>,
) -> Result<Stages> {
    let statuses = statuses(leads, config, inputs)?;
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
        let has_status = statuses.as_ref().map(|statuses| statuses.mask(height, Status::Reached(place)));
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
    findings.extend(statuses.as_ref().and_then(|statuses| lost_at_first(leads, config, &raw, statuses)));
    // an event of a later stage says nothing of the earlier ones: no ID leads to them
    let skips = if inputs.is_event_based { Skips::Any } else { config.skips };
    let own_lost_at = date("lost_at");
    let named = config.stages.iter().zip(raw).map(|(name, (mask, at))| (name.clone(), mask, at));
    let kept = named.zip(is_known).filter(|(_, is_known)| *is_known).map(|(stage, _)| stage);
    let stages = apply_skips(kept.collect(), skips);
    let won = stages.iter().position(|stage| config.stages.last() == Some(&stage.name));
    let won_leads = won.map(|place| &stages[place].reached);
    let to_come = still_to_come(&["lost_at", "closed_at", "stage_at"]);
    let lost = Lost { by_date: own_lost_at, closed_at, stage_at, statuses: statuses.as_ref(), to_come };
    let (lost, lost_at, knows_lost) = lost.outcome(leads, won_leads, findings);
    let created = stages.iter().position(|stage| stage.at.earliest().is_some());
    Ok(Stages { stages, lost, lost_at, knows_lost, created, won })
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
    let lost = statuses.mask(height, Status::Lost).and(&later.not());
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
            self.statuses.map(|statuses| statuses.mask(height, Status::Lost)).filter(|mask| mask.count() > 0);
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

/// The status column, and what each of its words says.
struct Statuses {
    codes: UInt32Chunked,
    meanings: Vec<Status>,
}

impl Statuses {
    fn mask(&self, height: usize, wanted: Status) -> Mask {
        let codes = code_slice(&self.codes);
        Mask::from_rows(height, |row| self.meanings[codes[row] as usize] == wanted)
    }
}

fn statuses(leads: &Table, config: &Config, inputs: &Inputs) -> Result<Option<Statuses>> {
    let (Some(codes), Some(words)) = (leads.codes("stage"), leads.dictionaries.get("stage")) else {
        return Ok(None);
    };
    let meanings = meanings(words, config, inputs, &leads.origin)?;
    Ok(Some(Statuses { codes, meanings }))
}

/// What each word of the status column says.
fn meanings(words: &Dictionary, config: &Config, inputs: &Inputs, origin: &Origin) -> Result<Vec<Status>> {
    let meaning = meaning_of_words(config, &inputs.status_words)?;
    let unmapped: Vec<&String> =
        words.iter().filter(|word| !word.is_empty() && meaning(word).is_none()).collect();
    if unmapped.is_empty() {
        return Ok(words
            .iter()
            .map(|word| meaning(word).filter(|_| !word.is_empty()).unwrap_or(Status::Unknown))
            .collect());
    }
    let shown: Vec<String> = unmapped.iter().take(10).map(|word| format!("`{word}`")).collect();
    let lines: Vec<String> = unmapped.iter().take(3).map(|word| format!("\"{word}\" = \"…\"")).collect();
    Err(data_error(
        format!(
            "{}: column `stage`: no stage is named for {} {}: {}{}",
            origin.files.join(", "),
            unmapped.len(),
            if unmapped.len() == 1 { "word" } else { "words" },
            shown.join(", "),
            if unmapped.len() > shown.len() { ", …" } else { "" }
        ),
        format!(
            "say in funnel.toml under `[crm.stages]` what each stands for: {} (stages: {}, lost)",
            lines.join(", "),
            config.stages.join(", ")
        ),
    ))
}

/// What a status word says: by `[crm.stages]`, by the preset of its export (`of_presets`, `*` for anything), by the name of
/// a stage, or by its usual words.
fn meaning_of_words(
    config: &Config,
    of_presets: &BTreeMap<String, String>,
) -> Result<impl Fn(&String) -> Option<Status> + use<>> {
    let place = |stage: &str| match stage {
        "lost" => Some(Status::Lost),
        _ => config.stages.iter().position(|known| known == stage).map(Status::Reached),
    };
    let mut known: BTreeMap<String, Status> = BTreeMap::new();
    for (word, stage) in status_words()? {
        known.extend(place(&stage).map(|status| (normalise(&word), status)));
    }
    known.extend(config.stages.iter().filter_map(|stage| Some((normalise(stage), place(stage)?))));
    let of_presets: Vec<(HeaderName, Status)> = of_presets
        .iter()
        .filter_map(|(word, stage)| {
            Some((HeaderName::from(word.clone()), place(nearest_stage(stage, &config.stages))?))
        })
        .collect();
    let named = config.crm.iter().flat_map(|block| &block.stages);
    let own: BTreeMap<String, Status> =
        named.filter_map(|(word, stage)| Some((normalise(word), place(stage)?))).collect();
    Ok(move |word: &String| {
        let word = normalise(word);
        let by_preset = || {
            let exact = of_presets.iter().find(|(name, _)| name.exact() == Some(word.as_str()));
            exact.or_else(|| of_presets.iter().find(|(name, _)| name.fits(&word))).map(|(_, status)| *status)
        };
        own.get(&word).copied().or_else(by_preset).or_else(|| known.get(&word).copied())
    })
}

/// The stage that a status word stands for, or `lost`; none where nothing says it.
///
/// # Errors
/// Only if `columns.toml` itself is broken, which a test excludes.
pub fn stage_of_words(
    config: &Config,
    of_presets: &BTreeMap<String, String>,
) -> Result<impl Fn(&String) -> Option<String> + use<>> {
    let meaning = meaning_of_words(config, of_presets)?;
    let stages = config.stages.clone();
    Ok(move |word: &String| match meaning(word)? {
        Status::Unknown => None,
        Status::Reached(place) => stages.get(place).cloned(),
        Status::Lost => Some("lost".to_string()),
    })
}

/// The stage of a preset, or the next earlier one that the funnel of the configuration has.
fn nearest_stage<'a>(stage: &'a str, stages: &'a [String]) -> &'a str {
    let Some(place) = DEFAULT_STAGES.iter().position(|known| *known == stage) else { return stage };
    let earlier = DEFAULT_STAGES[..=place].iter().rev();
    earlier.copied().find(|known| stages.iter().any(|own| own == known)).unwrap_or(&stages[0])
}
