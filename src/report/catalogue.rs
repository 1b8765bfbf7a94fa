//! `funnel kpis`: the catalogue as a list for people.

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

use crate::kpi::catalogue::Catalogue;

/// Name, unit, formula and definition of every KPI, then every measure.
pub fn list(catalogue: &Catalogue) -> String {
    let mut kpis = grid(["KPI", "Unit", "Formula", "Definition"]);
    for (name, entry) in &catalogue.kpis {
        let own = if entry.is_own { " (funnel.toml)" } else { "" };
        let definition = entry.kpi.definition.text();
        let definition = if definition.is_empty() { entry.kpi.title.text() } else { definition };
        kpis.add_row([name.clone(), entry.kpi.unit.name().into(), entry.formula.clone(), format!("{definition}{own}")]);
    }
    let mut measures = grid(["Measure", "Counts", "", ""]);
    for (name, quantity) in &catalogue.measures {
        measures.add_row([name.clone(), quantity.text.clone()]);
    }
    let text = |table: &Table| table.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    format!("{}\n{}", text(&kpis), text(&measures))
}

fn grid(heading: [&str; 4]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.into_iter().filter(|heading| !heading.is_empty()));
    table
}
