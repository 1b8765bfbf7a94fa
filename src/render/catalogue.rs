//! `funnel kpis`: the catalogue as a list for people.

use comfy_table::ContentArrangement;

use super::table::{borderless, lines};
use crate::kpi::catalogue::Catalogue;

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
    let kpis = grid(&["KPI", "Unit", "Formula", "Definition"], kpis);
    format!("{kpis}\n{}", grid(&["Measure", "Counts"], measures))
}

fn grid(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = borderless();
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading);
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    lines(table.lines().map(|line| line.trim_end().to_string()))
}
