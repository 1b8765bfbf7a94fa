//! `funnel kpis`: the catalogue as a list for people.

use anyhow::Result;
use comfy_table::ContentArrangement;

use super::markdown::line;
use super::table::{borderless, lines};
use crate::kpi::catalogue::{Catalogue, Direction, formula_text};
use crate::say;

/// Name, unit, formula and definition of every KPI, then every measure.
pub fn list(catalogue: &Catalogue) -> String {
    let kpis = catalogue.kpis.iter().map(|(name, entry)| {
        let own = if entry.is_own { " (funnel.toml)" } else { "" };
        let definition = entry.kpi.definition.text();
        let definition = if definition.is_empty() { entry.kpi.title.text() } else { definition };
        vec![name.clone(), entry.kpi.unit.name().into(), entry.formula.clone(), format!("{definition}{own}")]
    });
    let measures =
        catalogue.measures.iter().map(|(name, quantity)| vec![name.clone(), quantity.text.clone()]);
    let kpis = grid(&[say!("KPI"), say!("Unit"), say!("Formula"), say!("Definition")], kpis);
    format!("{kpis}\n{}", grid(&[say!("Measure"), say!("Counts")], measures))
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
    Ok(text)
}

fn grid(heading: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = borderless();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading);
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    lines(table.lines().map(|line| line.trim_end().to_string()))
}
