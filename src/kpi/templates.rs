//! Measures and KPIs that exist once for each stage, or each pair of stages, whatever the stages are called.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::{Kpi, Measure, Title};
use crate::lang;

/// How a stage is written where that is not its name, or its name and an s.
#[derive(Debug, Default, Deserialize)]
pub struct StageText {
    title: Option<String>,
    plural: Option<String>,
}

/// How a stage is written for people: `mql` → `MQL`.
pub fn title_of(stages: &BTreeMap<String, StageText>, stage: &str) -> String {
    let own = || stages.get(stage).and_then(|text| text.title.clone()).unwrap_or_else(|| capitalised(stage));
    lang::stage(stage).map_or_else(own, |(title, _)| title.to_string())
}

/// How the leads at a stage are called: `opportunity` → `opportunities`. A name in another alphabet stays as it is.
pub fn plural_of(stages: &BTreeMap<String, StageText>, stage: &str) -> String {
    let ending = if stage.is_ascii() { "s" } else { "" };
    stages.get(stage).and_then(|text| text.plural.clone()).unwrap_or_else(|| format!("{stage}{ending}"))
}

/// A name as a heading: `landing_page` → `Landing page`.
pub fn capitalised(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The marks of a template with the words for a stage: `{from}`, `{froms}`, `{From}`, `{Froms}`.
pub fn marks(stages: &BTreeMap<String, StageText>, mark: &str, stage: &str) -> Vec<(String, String)> {
    let plural = plural_of(stages, stage);
    let title = title_of(stages, stage);
    let plural_title = match (lang::stage(stage), stages.get(stage).and_then(|text| text.title.as_ref())) {
        (Some((_, plural)), _) => plural.to_string(),
        (None, Some(title)) => format!("{title}s"),
        (None, None) => capitalised(&plural),
    };
    vec![
        (format!("{{{mark}}}"), stage.to_string()),
        (format!("{{{mark}s}}"), plural),
        (format!("{{{}}}", capitalised(mark)), title),
        (format!("{{{}s}}", capitalised(mark)), plural_title),
    ]
}

/// A measure with the marks filled in.
pub fn fill_measure(measure: &Measure, fill: &impl Fn(&str) -> String) -> Measure {
    let text = |text: &Option<String>| text.as_deref().map(fill);
    Measure {
        over: measure.over,
        count: text(&measure.count),
        sum: text(&measure.sum),
        days: measure.days.as_ref().map(|dates| dates.each_ref().map(|date| fill(date))),
        hours: measure.hours.as_ref().map(|dates| dates.each_ref().map(|date| fill(date))),
        survival: measure.survival.as_ref().map(|dates| dates.each_ref().map(|date| fill(date))),
        never: text(&measure.never),
        r#where: text(&measure.r#where),
        earlier: measure.earlier.clone(),
    }
}

/// A KPI with the marks filled in.
pub fn fill_kpi(kpi: &Kpi, fill: &impl Fn(&str) -> String) -> Kpi {
    let text = |text: &Option<String>| text.as_deref().map(fill);
    Kpi {
        title: Title::Text(fill(kpi.title.text())),
        definition: Title::Text(fill(kpi.definition.text())),
        ratio: kpi.ratio.as_ref().map(|parts| parts.each_ref().map(|part| fill(part))),
        value: text(&kpi.value),
        mean: text(&kpi.mean),
        median: text(&kpi.median),
        p90: text(&kpi.p90),
        n: text(&kpi.n),
        converted: text(&kpi.converted),
        longest: text(&kpi.longest),
        by_age: text(&kpi.by_age),
        at_risk: text(&kpi.at_risk),
        needs: kpi.needs.iter().map(|need| fill(need)).collect(),
        ..kpi.clone()
    }
}
