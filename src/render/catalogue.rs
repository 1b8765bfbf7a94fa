//! `funnel kpis`: the catalogue as a list for people.

use anyhow::Result;

use super::grid::{MARGIN, hung, lines, pairs};
use super::markdown::line;
use super::terminal::{Look, WIDTH, visible};
use crate::config::Basis;
use crate::kpi::beside::Beside;
use crate::kpi::catalogue::{Catalogue, Direction, Unit, formula_text};
use crate::say;

/// Name, unit, formula and definition of every KPI and of what stands beside KPIs, then every measure.
pub fn list(catalogue: &Catalogue, look: Look) -> String {
    let kpis = catalogue.kpis.iter().map(|(name, entry)| {
        let own = if entry.is_own { " (funnel.toml)" } else { "" };
        let definition = entry.kpi.definition.text();
        let definition = if definition.is_empty() { entry.kpi.title.text() } else { definition };
        let unit = entry.kpi.unit.title();
        Listed {
            key: name.clone(),
            unit,
            formula: entry.formula.clone(),
            definition: format!("{definition}{own}"),
        }
    });
    let beside = catalogue.beside.iter().map(|(what, beside)| Listed {
        key: beside.listed_as(what),
        unit: unit_beside(beside),
        formula: beside.formula.clone(),
        definition: beside.definition.text().to_string(),
    });
    let measures = catalogue.measures.iter().map(|(name, quantity)| (name.clone(), quantity.text.clone()));
    let measures = pairs(&measures.collect::<Vec<_>>(), look.width);
    let counts = look.title(&say!("Measures, and what they count"));
    let text = format!(
        "{}\n{}\n{counts}\n{measures}",
        entries(&say!("KPI"), &kpis.collect::<Vec<_>>(), look),
        entries(&say!("Beside a KPI"), &beside.collect::<Vec<_>>(), look)
    );
    visible(&text)
}

/// What is said of an entry of the catalogue.
struct Listed {
    key: String,
    unit: String,
    formula: String,
    definition: String,
}

/// Key, unit and formula of each entry in a line where that is wide enough, the definition below.
fn entries(title: &str, entries: &[Listed], look: Look) -> String {
    let longest = |part: fn(&Listed) -> &String, heading: &str| {
        let lengths = entries.iter().map(|entry| part(entry).chars().count());
        lengths.chain([heading.chars().count()]).max().unwrap_or(0)
    };
    let (unit, formula, definition) = (say!("Unit"), say!("Formula"), say!("Definition"));
    let (keys, units) = (longest(|entry| &entry.key, title), longest(|entry| &entry.unit, &unit));
    let line = |key: &str, unit: &str, formula: &str| {
        let head = format!("{key:<keys$}  {unit:<units$}").trim_end().to_string();
        let whole = format!("{key:<keys$}  {unit:<units$}  {formula}");
        if whole.chars().count() <= look.width {
            return whole;
        }
        format!("{head}\n{}", hung(formula, look.width, 2 * MARGIN, 3 * MARGIN))
    };
    let text = entries.iter().map(|entry| {
        let definition = hung(&entry.definition, look.width, 2 * MARGIN, 2 * MARGIN);
        format!("{}\n{definition}", line(&entry.key, &entry.unit, &entry.formula))
    });
    let heading = format!("{}\n{}{definition}", line(title, &unit, &formula), " ".repeat(2 * MARGIN));
    let rule = look.line(&"─".repeat(look.width.min(WIDTH)));
    lines([heading, rule].into_iter().chain(text))
}

/// The reference documentation in Markdown: every definition once, with unit, basis, direction, formula and source.
///
/// # Errors
/// None for a catalogue that was parsed.
pub fn reference(catalogue: &Catalogue) -> Result<String> {
    let heading = [
        say!("KPI"),
        say!("What it is"),
        say!("Formula"),
        say!("Unit"),
        say!("Basis"),
        say!("Good"),
        say!("Source"),
    ];
    let mut text = String::new();
    line(&mut text, heading.into_iter());
    line(&mut text, std::iter::repeat_n(":--".to_string(), 7));
    for (name, kpi) in &catalogue.reference {
        let definition = kpi.definition.text();
        let cells = [
            format!("`{name}`"),
            if definition.is_empty() { kpi.title.text() } else { definition }.to_string(),
            format!("`{}`", formula_text(kpi)?),
            kpi.unit.title(),
            kpi.basis.map_or_else(|| say!("of the table"), Basis::title),
            kpi.better.map_or_else(String::new, Direction::title),
            kpi.source.clone().unwrap_or_else(|| "funnel.toml".to_string()),
        ];
        line(&mut text, cells.into_iter());
    }
    for (what, beside) in &catalogue.beside {
        let cells = [
            format!("`{}`", beside.listed_as(what)),
            beside.definition.text().to_string(),
            format!("`{}`", beside.formula),
            unit_beside(beside),
            say!("of the KPI"),
            String::new(),
            beside.source.clone(),
        ];
        line(&mut text, cells.into_iter());
    }
    Ok(text)
}

/// KPIs, what stands beside them, and measures as CSV: a row each, with the key as it stands in reports.
///
/// # Errors
/// None for a catalogue that was parsed.
pub fn csv(catalogue: &Catalogue) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "kind",
        "key",
        "title",
        "unit",
        "basis",
        "better",
        "formula",
        "definition",
        "source",
    ])?;
    for (name, entry) in &catalogue.kpis {
        let kpi = &entry.kpi;
        writer.write_record([
            "kpi",
            name,
            kpi.title.text(),
            kpi.unit.name(),
            kpi.basis.map_or("", Basis::name),
            kpi.better.map_or("", Direction::name),
            &entry.formula,
            kpi.definition.text(),
            kpi.source.as_deref().unwrap_or("funnel.toml"),
        ])?;
    }
    for (what, beside) in &catalogue.beside {
        let unit = beside.unit.map_or("", Unit::name);
        let (title, definition) = (beside.title.text(), beside.definition.text());
        let key = beside.listed_as(what);
        writer.write_record([
            "beside",
            &key,
            title,
            unit,
            "",
            "",
            &beside.formula,
            definition,
            &beside.source,
        ])?;
    }
    for (name, quantity) in &catalogue.measures {
        writer.write_record(["measure", name, "", "", "", "", &quantity.text, "", ""])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn unit_beside(beside: &Beside) -> String {
    beside.unit.map_or_else(|| say!("of the KPI"), Unit::title)
}
