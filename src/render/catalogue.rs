//! `funnel kpis`: the catalogue as a list for people.

use anyhow::Result;
use comfy_table::ContentArrangement;

use super::markdown::line;
use super::table::{borderless, lines};
use crate::config::Basis;
use crate::kpi::beside::Beside;
use crate::kpi::catalogue::{Catalogue, Direction, Unit, formula_text};
use crate::say;

/// Name, unit, formula and definition of every KPI and of what stands beside KPIs, then every measure.
pub fn list(catalogue: &Catalogue) -> String {
    let kpis = catalogue.kpis.iter().map(|(name, entry)| {
        let own = if entry.is_own { " (funnel.toml)" } else { "" };
        let definition = entry.kpi.definition.text();
        let definition = if definition.is_empty() { entry.kpi.title.text() } else { definition };
        vec![name.clone(), entry.kpi.unit.name().into(), entry.formula.clone(), format!("{definition}{own}")]
    });
    let measures =
        catalogue.measures.iter().map(|(name, quantity)| vec![name.clone(), quantity.text.clone()]);
    let headings = || [say!("Unit"), say!("Formula"), say!("Definition")].into_iter();
    let kpis = grid(std::iter::once(say!("KPI")).chain(headings()), kpis);
    let beside = catalogue.beside.iter().map(|(what, beside)| {
        let (unit, definition) = (unit_beside(beside), beside.definition.text().to_string());
        vec![beside.listed_as(what), unit, beside.formula.clone(), definition]
    });
    let beside = grid(std::iter::once(say!("Beside a KPI")).chain(headings()), beside);
    format!("{kpis}\n{beside}\n{}", grid([say!("Measure"), say!("Counts")].into_iter(), measures))
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
            kpi.unit.name().to_string(),
            kpi.basis.map_or_else(|| say!("of the table"), |basis| basis.name().to_string()),
            kpi.better.map_or("", Direction::name).to_string(),
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
            "of the KPI".to_string(),
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
    beside.unit.map_or_else(|| say!("of the KPI"), |unit| unit.name().to_string())
}

fn grid(heading: impl Iterator<Item = String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = borderless();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading);
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    lines(table.lines().map(|line| line.trim_end().to_string()))
}
