//! The catalogue: every measure and KPI as data, built in (`catalogue.toml`) and the user's own (`funnel.toml`) alike.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::beside::Beside;
use super::cost_lag;
pub use super::definitions::{CurveSide, Direction, Kpi, Measure, Title, Unit};
use super::formula::Formula;
use super::lags;
use super::roles;
use super::sql::Predicate;
use super::templates::{StageText, capitalised, fill_kpi, fill_measure, marks, plural_of, title_of};
use super::written::{calculation, quantity};
use crate::config::text::key;
use crate::config::{Config, Skips};
use crate::error::{data_error, did_you_mean, usage_error};
use crate::leads::Over;
use crate::{lang, say};

/// A measure that has been parsed.
#[derive(Debug, Clone)]
pub struct Quantity {
    pub over: Over,
    pub kind: QuantityKind,
    pub filter: Option<Predicate>,
    /// By how many days the period is moved back, for money that works with a delay.
    pub days_earlier: i32,
    /// As it was written.
    pub text: String,
}

/// How the rows of a measure add up.
#[derive(Debug, Clone)]
pub enum QuantityKind {
    Count(Box<Predicate>),
    Sum(Formula),
    Days([String; 2]),
    /// From the creation of a lead to the first touch by sales, the one time that is known to the second.
    HoursToFirstTouch,
    /// From, to, and for which rows the second date cannot come any more.
    Survival([String; 2], Option<Box<Predicate>>),
}

/// How a KPI is computed.
#[derive(Debug, Clone)]
pub enum Calculation {
    Ratio(Formula, Formula),
    Value(Formula),
    Days(DaysStatistic, String),
    /// The part that the largest value of a dimension has in a measure: no sum of parts can say that.
    Largest(String, String),
    Curve(CurveSide),
    /// The difference of the share that left between customers of two sides: it has a value for each pair of sides, and
    /// none over all of them.
    Contrast,
}

/// A statistic of a measure of days, or of one of times (Kaplan–Meier).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaysStatistic {
    Mean,
    Median,
    P90,
    Size,
    /// The share whose second date came, and the longest observed time: of times only.
    Converted,
    Longest,
    /// The share by an age, and the number at risk at it; without an age the share by the longest time, and all rows.
    ByAge,
    AtRisk,
}

impl DaysStatistic {
    /// Whether it asks for times that may not have ended.
    fn is_of_times(self) -> bool {
        matches!(
            self,
            DaysStatistic::Converted | DaysStatistic::Longest | DaysStatistic::ByAge | DaysStatistic::AtRisk
        )
    }
}

impl Calculation {
    /// The measures that it needs.
    pub fn measures(&self) -> BTreeSet<&str> {
        match self {
            Calculation::Ratio(numerator, denominator) => {
                numerator.measures().into_iter().chain(denominator.measures()).collect()
            }
            Calculation::Value(formula) => formula.measures(),
            Calculation::Days(_, measure) | Calculation::Largest(measure, _) => {
                BTreeSet::from([measure.as_str()])
            }
            Calculation::Contrast => BTreeSet::from(["customers_left", "customers_at_risk"]),
            Calculation::Curve(CurveSide::Realised) => BTreeSet::from(["margin_to_date", "customers_begun"]),
            Calculation::Curve(_) => {
                BTreeSet::from(["margin_to_date", "customers_begun", "spend", "customers_acquired"])
            }
        }
    }
}

/// All measures and KPIs, parsed.
#[derive(Debug)]
pub struct Catalogue {
    pub measures: BTreeMap<String, Quantity>,
    pub kpis: BTreeMap<String, Entry>,
    /// Built-in measures and KPIs that the configuration replaces by its own, a line each.
    pub replaced: Vec<String>,
    /// The stages of the configuration.
    pub stages: Vec<String>,
    /// What a skipped stage means.
    pub skips: Skips,
    /// The stage of each role that one has.
    pub roles: BTreeMap<&'static str, String>,
    /// Every definition once: KPIs of each stage and of each pair of stages by `STAGE`, `FROM` and `TO`.
    pub reference: Vec<(String, Kpi)>,
    /// What stands beside KPIs in a report: `plan` of `revenue` as `revenue_plan`.
    pub beside: BTreeMap<String, Beside>,
    stage_texts: BTreeMap<String, StageText>,
}

/// A KPI of the catalogue.
#[derive(Debug)]
pub struct Entry {
    pub kpi: Kpi,
    pub calculation: Calculation,
    /// The formula as it was written.
    pub formula: String,
    /// Whether it comes from `funnel.toml`.
    pub is_own: bool,
}

#[derive(Deserialize)]
struct File {
    stages: BTreeMap<String, StageText>,
    each_stage: Templates,
    each_pair: Templates,
    each_window: Templates,
    measure: BTreeMap<String, Measure>,
    kpi: BTreeMap<String, Kpi>,
    beside: BTreeMap<String, Beside>,
}

impl File {
    /// Titles, definitions and sources in the language of the run.
    fn translate(&mut self) {
        let templates = [&mut self.each_stage, &mut self.each_pair, &mut self.each_window];
        let templates = templates.into_iter().flat_map(|templates| templates.kpi.values_mut());
        for kpi in templates.chain(self.kpi.values_mut()) {
            kpi.title = std::mem::take(&mut kpi.title).translated();
            kpi.definition = std::mem::take(&mut kpi.definition).translated();
            kpi.source = kpi.source.take().map(|source| lang::text(&source));
        }
        for beside in self.beside.values_mut() {
            beside.title = std::mem::take(&mut beside.title).translated();
            beside.definition = std::mem::take(&mut beside.definition).translated();
            beside.formula = lang::text(&beside.formula);
            beside.source = lang::text(&beside.source);
        }
    }
}

#[derive(Deserialize)]
struct Templates {
    measure: BTreeMap<String, Measure>,
    kpi: BTreeMap<String, Kpi>,
}

/// The catalogue for the stages, measures and KPIs of a configuration.
///
/// # Errors
/// A measure or KPI of the user's own that cannot be parsed, or that needs a measure which does not exist.
pub fn catalogue(config: &Config) -> Result<Catalogue> {
    parse(config).map_err(|error| config.blame(error))
}

fn parse(config: &Config) -> Result<Catalogue> {
    let mut file: File = toml::from_str(include_str!("catalogue.toml")).context("catalogue.toml")?;
    file.translate();
    let (mut measures, mut kpis) = built_in(config, &file)?;
    let replaced = replaced(config, &measures, &kpis);
    measures.extend(config.measure.clone());
    let own: BTreeSet<&String> = config.kpi.keys().collect();
    kpis.extend(config.kpi.clone());
    cost_lag::apply(&config.lag, &mut measures, &mut kpis)?;
    let measures: BTreeMap<String, Quantity> = measures
        .into_iter()
        .map(|(name, measure)| {
            let quantity = quantity(&measure).map_err(|error| in_section(error, "measure", &name))?;
            Ok((name, quantity))
        })
        .collect::<Result<_>>()?;
    let mut entries = BTreeMap::new();
    for (name, kpi) in kpis {
        let is_own = own.contains(&name);
        let (calculation, formula) = calculation(&kpi).map_err(|error| in_section(error, "kpi", &name))?;
        check_measures(&calculation, kpi.unit, &measures).map_err(|error| in_section(error, "kpi", &name))?;
        entries.insert(name, Entry { kpi, calculation, formula, is_own });
    }
    Ok(Catalogue {
        measures,
        kpis: entries,
        replaced,
        stages: config.stages.clone(),
        skips: config.skips,
        roles: roles::stages(config),
        reference: reference(&file, config)?,
        beside: file.beside,
        stage_texts: file.stages,
    })
}

/// The definitions as they stand in the catalogue, the user's own among them: by stages, by pairs, by name.
fn reference(file: &File, config: &Config) -> Result<Vec<(String, Kpi)>> {
    let fill = |text: &str| {
        ["stage", "from", "to"].iter().fold(text.to_string(), |text, mark| {
            let (title, word) = (capitalised(mark), mark.to_uppercase());
            let text = text.replace(&format!("{{{mark}}}"), &word).replace(&format!("{{{title}}}"), &word);
            let plural = format!("{word}S");
            text.replace(&format!("{{{mark}s}}"), &plural).replace(&format!("{{{title}s}}"), &plural)
        })
    };
    let fill = |text: &str| fill(text).replace("{window}", &say!("the window"));
    // what a window only changes stands there already
    let of_windows = file.each_window.kpi.iter().filter(|(name, _)| !file.each_pair.kpi.contains_key(*name));
    let templates = [&file.each_stage, &file.each_pair].into_iter().flat_map(|templates| &templates.kpi);
    let templates = templates.chain(of_windows);
    let mut single = lags::with_limit(&file.kpi, config)?;
    roles::fill(&mut BTreeMap::new(), &mut single, &file.stages, config);
    single.extend(config.kpi.clone());
    let templates = templates.map(|(name, kpi)| (fill(name), fill_kpi(kpi, &fill)));
    Ok(templates.chain(single).collect())
}

/// The formula of a KPI as it is written.
///
/// # Errors
/// A KPI with no formula, or with several.
pub fn formula_text(kpi: &Kpi) -> Result<String> {
    calculation(kpi).map(|(_, text)| text)
}

/// The built-in measures and KPIs, those of each stage and each pair of stages included.
///
/// # Errors
/// A stage whose name is taken.
fn built_in(config: &Config, file: &File) -> Result<(BTreeMap<String, Measure>, BTreeMap<String, Kpi>)> {
    let mut measures = file.measure.clone();
    let mut kpis = lags::with_limit(&file.kpi, config)?;
    roles::fill(&mut measures, &mut kpis, &file.stages, config);
    let windows = crate::leads::window::windows(&config.window, &config.stages)?;
    for stage in &config.stages {
        let count = plural_of(&file.stages, stage);
        if measures.contains_key(&count) || kpis.contains_key(&count) {
            return Err(data_error(
                format!("`stages`: `{stage}` cannot be the name of a stage: `{count}` counts something else"),
                format!("choose another word, such as `{stage}_stage`"),
            ));
        }
    }
    let mut add = |templates: &Templates, words: &[(String, String)]| {
        let fill =
            |text: &str| words.iter().fold(text.to_string(), |text, (mark, word)| text.replace(mark, word));
        measures.extend(
            templates.measure.iter().map(|(name, measure)| (fill(name), fill_measure(measure, &fill))),
        );
        kpis.extend(templates.kpi.iter().map(|(name, kpi)| (fill(name), fill_kpi(kpi, &fill))));
    };
    for (place, stage) in config.stages.iter().enumerate() {
        add(&file.each_stage, &marks(&file.stages, "stage", stage));
        for later in &config.stages[place + 1..] {
            let mut words = marks(&file.stages, "from", stage);
            words.extend(marks(&file.stages, "to", later));
            add(&file.each_pair, &words);
            if let Some(window) = windows.get(&format!("{stage}_to_{later}")) {
                words.push(("{window}".to_string(), window.describe()));
                add(&file.each_window, &words);
            }
        }
    }
    Ok((measures, kpis))
}

/// What a reader must be told: a number that is not what its name usually means.
fn replaced(
    config: &Config,
    measures: &BTreeMap<String, Measure>,
    kpis: &BTreeMap<String, Kpi>,
) -> Vec<String> {
    let section = |section: &str, name: &String| {
        say!(
            "note: `[{section}.{name}]` of the configuration replaces the built-in one",
            section = section,
            name = name
        )
    };
    let of_measures = config.measure.keys().filter(|name| measures.contains_key(*name));
    let of_kpis = config.kpi.keys().filter(|name| kpis.contains_key(*name));
    of_measures.map(|name| section("measure", name)).chain(of_kpis.map(|name| section("kpi", name))).collect()
}

/// Whether the measures of a KPI exist, and are measures of days where it needs such.
fn check_measures(
    calculation: &Calculation,
    unit: Unit,
    measures: &BTreeMap<String, Quantity>,
) -> Result<()> {
    for name in calculation.measures() {
        let Some(quantity) = measures.get(name) else {
            let near = did_you_mean(name, measures.keys().map(String::as_str));
            return Err(data_error(
                format!("there is no measure `{name}`"),
                format!("{near}`funnel kpis` lists all measures"),
            ));
        };
        let is_of_times = matches!(quantity.kind, QuantityKind::Survival(..));
        let is_of_hours = matches!(quantity.kind, QuantityKind::HoursToFirstTouch);
        let is_of_days = is_of_times || is_of_hours || matches!(quantity.kind, QuantityKind::Days(_));
        let statistic = match calculation {
            Calculation::Days(statistic, _) => Some(*statistic),
            _ => None,
        };
        if statistic.is_some_and(DaysStatistic::is_of_times) && !is_of_times {
            return Err(data_error(
                format!("`{name}` does not count times until an event"),
                "`converted` and `longest` need a measure of `survival = [\"from\", \"to\"]`",
            ));
        }
        if statistic.is_some() && !is_of_days {
            return Err(data_error(
                format!("`{name}` does not count days"),
                "`mean`, `median`, `p90` and `n` need a measure of `days = [\"from\", \"to\"]`",
            ));
        }
        if statistic.is_some() && !is_of_hours {
            lags::refuse_hours_of_days(name, unit)?;
        }
    }
    Ok(())
}

impl Catalogue {
    /// The KPI of a name.
    ///
    /// # Errors
    /// An unknown name, with the nearest known one.
    pub fn kpi(&self, name: &str) -> Result<&Entry> {
        self.kpis.get(name).ok_or_else(|| {
            if self.measures.contains_key(name) {
                return usage_error(
                    format!("`{name}` is a measure, not a KPI"),
                    "`funnel kpis` lists both; a KPI is arithmetic on measures",
                );
            }
            if let Some(step) = self.step_without_window(name) {
                return usage_error(
                    format!("`{name}` needs a window, and none is set for the step"),
                    format!("set one in funnel.toml under `[window]`: `{} = \"30d\"`", key(step)),
                );
            }
            let near = did_you_mean(name, self.kpis.keys().map(String::as_str));
            usage_error(format!("unknown KPI `{name}`"), format!("{near}`funnel kpis` lists all"))
        })
    }

    /// The step of a KPI that exists only where the step has a window.
    fn step_without_window<'a>(&self, name: &'a str) -> Option<&'a str> {
        let endings = ["_mature_share", "_mature", "_young", "_late"];
        let step = endings.iter().find_map(|ending| name.strip_suffix(ending))?;
        self.kpis.contains_key(&format!("{step}_kaplan_meier")).then_some(step)
    }

    /// The KPIs of `funnel.toml`.
    pub fn own(&self) -> impl Iterator<Item = &String> {
        self.kpis.iter().filter(|(_, entry)| entry.is_own).map(|(name, _)| name)
    }

    /// How a stage is written for people: `mql` → `MQL`.
    pub fn stage_title(&self, stage: &str) -> String {
        title_of(&self.stage_texts, stage)
    }

    /// The measure and KPI that count a stage: `opportunity` → `opportunities`.
    pub fn stage_count(&self, stage: &str) -> String {
        plural_of(&self.stage_texts, stage)
    }
}

fn in_section(error: anyhow::Error, section: &str, name: &str) -> anyhow::Error {
    error.context(format!("`[{section}.{name}]`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Catalogue {
        let config =
            Config { stages: crate::config::DEFAULT_STAGES.map(String::from).to_vec(), ..Config::default() };
        catalogue(&config).unwrap()
    }

    #[test]
    fn the_built_in_catalogue_is_sound_and_explained() {
        for (name, entry) in built_in().kpis {
            assert!(!entry.kpi.title.text().is_empty(), "{name}");
            assert!(entry.kpi.definition.text().ends_with('.'), "{name}");
            assert!(entry.kpi.source.is_some(), "{name}");
            assert!(!format!("{:?}", entry.kpi).contains('{') || !entry.formula.contains('{'), "{name}");
        }
    }

    #[test]
    fn stages_of_the_users_own_have_steps_and_costs() {
        let config =
            Config { stages: vec!["lead".into(), "demo".into(), "paid".into()], ..Config::default() };
        let catalogue = catalogue(&config).unwrap();
        for name in ["demos", "lead_to_demo", "demo_to_paid_days_median", "cost_per_paid"] {
            assert!(catalogue.kpis.contains_key(name), "{name}");
        }
        assert_eq!(catalogue.kpis["demo_to_paid"].kpi.title.text(), "Demo → Paid");
    }

    #[test]
    fn a_kpi_has_one_formula() {
        let mut config = Config { stages: vec!["lead".into(), "won".into()], ..Config::default() };
        config.kpi = toml::from_str("[x]\ntitle = 'X'\nvalue = 'leads'\nratio = ['leads', 'wins']").unwrap();
        assert!(format!("{:#}", catalogue(&config).unwrap_err()).contains("[kpi.x]"));
    }
}
