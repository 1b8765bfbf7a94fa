//! The catalogue: every measure and KPI as data, built in (`catalogue.toml`) and the user's own (`funnel.toml`) alike.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

pub use super::definitions::{CurveSide, Direction, Kpi, Measure, Title, Unit};
use super::formula::{self, Formula};
use super::sql::{self, Predicate};
use super::templates::{StageText, fill_kpi, fill_measure, marks, plural_of, title_of};
use crate::config::Config;
use crate::error::{data_error, did_you_mean, usage_error};
use crate::leads::Over;

/// A measure that has been parsed.
#[derive(Debug, Clone)]
pub struct Quantity {
    pub over: Over,
    pub kind: QuantityKind,
    pub filter: Option<Predicate>,
    /// As it was written.
    pub text: String,
}

/// How the rows of a measure add up.
#[derive(Debug, Clone)]
pub enum QuantityKind {
    Count(Box<Predicate>),
    Sum(Formula),
    Days([String; 2]),
}

/// How a KPI is computed.
#[derive(Debug, Clone)]
pub enum Calculation {
    Ratio(Formula, Formula),
    Value(Formula),
    Days(DaysStatistic, String),
    Curve(CurveSide),
}

/// A statistic of a measure of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaysStatistic {
    Mean,
    Median,
    P90,
    Size,
}

impl Calculation {
    /// The measures that it needs.
    pub fn measures(&self) -> BTreeSet<&str> {
        match self {
            Calculation::Ratio(numerator, denominator) => {
                numerator.measures().into_iter().chain(denominator.measures()).collect()
            }
            Calculation::Value(formula) => formula.measures(),
            Calculation::Days(_, measure) => BTreeSet::from([measure.as_str()]),
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
    measure: BTreeMap<String, Measure>,
    kpi: BTreeMap<String, Kpi>,
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
    let file: File = toml::from_str(include_str!("catalogue.toml")).context("catalogue.toml")?;
    let (mut measures, mut kpis) = built_in(config, &file)?;
    let replaced = replaced(config, &measures, &kpis);
    measures.extend(config.measure.clone());
    let own: BTreeSet<&String> = config.kpi.keys().collect();
    kpis.extend(config.kpi.clone());
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
        check_measures(&calculation, &measures).map_err(|error| in_section(error, "kpi", &name))?;
        entries.insert(name, Entry { kpi, calculation, formula, is_own });
    }
    Ok(Catalogue {
        measures,
        kpis: entries,
        replaced,
        stages: config.stages.clone(),
        stage_texts: file.stages,
    })
}

/// The built-in measures and KPIs, those of each stage and each pair of stages included.
///
/// # Errors
/// A stage whose name is taken.
fn built_in(config: &Config, file: &File) -> Result<(BTreeMap<String, Measure>, BTreeMap<String, Kpi>)> {
    let mut measures = file.measure.clone();
    let mut kpis = file.kpi.clone();
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
        format!("note: `[{section}.{name}]` of the configuration replaces the built-in one")
    };
    let of_measures = config.measure.keys().filter(|name| measures.contains_key(*name));
    let of_kpis = config.kpi.keys().filter(|name| kpis.contains_key(*name));
    of_measures.map(|name| section("measure", name)).chain(of_kpis.map(|name| section("kpi", name))).collect()
}

/// Whether the measures of a KPI exist, and are measures of days where it needs such.
fn check_measures(calculation: &Calculation, measures: &BTreeMap<String, Quantity>) -> Result<()> {
    for name in calculation.measures() {
        let Some(quantity) = measures.get(name) else {
            let near = did_you_mean(name, measures.keys().map(String::as_str));
            return Err(data_error(
                format!("there is no measure `{name}`"),
                format!("{near}`funnel kpis` lists all measures"),
            ));
        };
        let is_of_days = matches!(quantity.kind, QuantityKind::Days(_));
        if matches!(calculation, Calculation::Days(..)) && !is_of_days {
            return Err(data_error(
                format!("`{name}` does not count days"),
                "`mean`, `median`, `p90` and `n` need a measure of `days = [\"from\", \"to\"]`",
            ));
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
            let near = did_you_mean(name, self.kpis.keys().map(String::as_str));
            usage_error(format!("unknown KPI `{name}`"), format!("{near}`funnel kpis` lists all"))
        })
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

fn quantity(measure: &Measure) -> Result<Quantity> {
    let filter = measure.r#where.as_deref().map(sql::parse).transpose()?;
    let (kind, text) = match (&measure.count, &measure.sum, &measure.days) {
        (Some(predicate), None, None) => {
            (QuantityKind::Count(Box::new(sql::parse(predicate)?)), format!("count of {predicate}"))
        }
        (None, Some(sum), None) => (QuantityKind::Sum(formula::parse(sum)?), format!("sum of {sum}")),
        (None, None, Some(dates)) => {
            (QuantityKind::Days(dates.clone()), format!("days from {} to {}", dates[0], dates[1]))
        }
        _ => {
            return Err(data_error(
                "a measure has one of `count`, `sum` and `days`",
                "write `count = \"won\"`, `sum = \"amount\"` or `days = [\"mql_at\", \"sql_at\"]`",
            ));
        }
    };
    let over = measure.over.unwrap_or(Over::Leads);
    let place = format!(" over {}", over.name());
    let condition =
        measure.r#where.as_ref().map(|condition| format!(" where {condition}")).unwrap_or_default();
    Ok(Quantity { over, kind, filter, text: format!("{text}{place}{condition}") })
}

fn calculation(kpi: &Kpi) -> Result<(Calculation, String)> {
    let days = [
        (DaysStatistic::Mean, &kpi.mean, "mean"),
        (DaysStatistic::Median, &kpi.median, "median"),
        (DaysStatistic::P90, &kpi.p90, "90% quantile"),
        (DaysStatistic::Size, &kpi.n, "number"),
    ];
    let mut found = Vec::new();
    if let Some([numerator, denominator]) = &kpi.ratio {
        let ratio = Calculation::Ratio(formula::parse(numerator)?, formula::parse(denominator)?);
        found.push((ratio, format!("{numerator} / {denominator}")));
    }
    if let Some(value) = &kpi.value {
        found.push((Calculation::Value(formula::parse(value)?), value.clone()));
    }
    if let Some(side) = kpi.curve {
        found.push((Calculation::Curve(side), side.formula().to_string()));
    }
    for (statistic, measure, name) in days {
        if let Some(measure) = measure {
            found.push((Calculation::Days(statistic, measure.clone()), format!("{name} of {measure}")));
        }
    }
    match found.pop() {
        Some(only) if found.is_empty() => Ok(only),
        _ => Err(data_error(
            "a KPI has one of `ratio`, `value`, `mean`, `median`, `p90` and `n`",
            "write `ratio = [\"sqls\", \"mqls\"]` or `value = \"revenue - spend\"`",
        )),
    }
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
