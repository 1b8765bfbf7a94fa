//! Which derived dimensions a question needs: they are worked out only for those that ask.

use std::collections::BTreeSet;

use anyhow::Result;

use super::goals;
use super::tables::{self, By, Column};
use crate::config::Config;
use crate::input::table::Table;
use crate::kpi::catalogue::Catalogue;
use crate::kpi::derived;
use crate::kpi::evaluate::columns_of;
use crate::leads::Data;

/// The derived dimensions of the named tables (of all where none is named), of the KPIs of the user's own, and those
/// that are asked for by name.
///
/// # Errors
/// Only if `tables.toml` itself is broken, which a test excludes.
pub fn of_report<'a>(
    names: &[String],
    catalogue: &Catalogue,
    config: &Config,
    asked: impl Iterator<Item = &'a String>,
) -> Result<BTreeSet<String>> {
    let mut needed = of_dimensions(asked);
    let tables = tables::tables()?;
    for table in tables.iter().filter(|table| names.is_empty() || names.contains(&table.name)) {
        for block in &table.blocks {
            match &block.by {
                By::Fixed(dimensions) if !derived::are_configured(dimensions, config) => continue,
                By::Fixed(dimensions) => needed.extend(of_dimensions(dimensions.iter())),
                By::Asked(_) => {}
            }
            for Column::Kpi(kpi) | Column::Side { kpi, .. } in &block.columns {
                needed.extend(of_kpi(kpi, catalogue));
            }
        }
        // a profile is a segment wherever segments are shown
        if table.blocks.iter().any(|block| matches!(&block.by, By::Asked(by) if by == "--by")) {
            needed.insert(derived::profile::NAME.to_string());
        }
    }
    needed.extend(catalogue.own().flat_map(|kpi| of_kpi(kpi, catalogue)));
    Ok(needed)
}

/// All derived dimensions where some name is no dimension of the data: an error lists those that are known, and what can be
/// worked out is known too. None where every name is one.
pub fn of_unknown<'a>(data: &Data, mut names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let is_known =
        |name: &String| data.facts.values().any(|facts| facts.table.dictionaries.contains_key(name));
    if names.all(is_known) {
        return BTreeSet::new();
    }
    derived::ALL.iter().map(|derived| derived.name.to_string()).collect()
}

/// The dimensions that targets and a plan are about.
pub fn dimensions_of_goals<'a>(
    config: &'a Config,
    plan: Option<&'a Table>,
) -> impl Iterator<Item = &'a String> {
    let conditions = config.targets.values().flat_map(|targets| &targets.0);
    let dimensions = conditions.flat_map(|target| &target.r#where.0).map(|filter| &filter.dimension);
    let columns = plan.into_iter().flat_map(|plan| plan.dictionaries.keys());
    dimensions.chain(columns.filter(|name| !goals::FIXED.contains(&name.as_str())))
}

/// The derived dimensions of the KPIs that targets and a plan are for, and of the parts of the data that they are about:
/// a goal must not be lost because no table that was named shows what it needs.
pub fn of_goals(config: &Config, plan: Option<&Table>, catalogue: &Catalogue) -> BTreeSet<String> {
    let conditions = config.targets.values().flat_map(|targets| &targets.0);
    let dimensions = conditions.flat_map(|target| &target.r#where.0).map(|filter| &filter.dimension);
    let planned = plan.iter().flat_map(|plan| &plan.dictionaries);
    let mut needed = of_dimensions(dimensions.chain(planned.clone().map(|(name, _)| name)));
    let planned_kpis = planned.filter(|(name, _)| *name == "kpi").flat_map(|(_, words)| words.iter());
    needed.extend(config.targets.keys().chain(planned_kpis).flat_map(|kpi| of_kpi(kpi, catalogue)));
    needed
}

/// The derived dimensions of one KPI, and those that are asked for by name.
pub fn of_question<'a>(
    kpi: &str,
    catalogue: &Catalogue,
    asked: impl Iterator<Item = &'a String>,
) -> BTreeSet<String> {
    of_dimensions(asked).into_iter().chain(of_kpi(kpi, catalogue)).collect()
}

fn of_kpi(kpi: &str, catalogue: &Catalogue) -> BTreeSet<String> {
    let entry = catalogue.kpis.get(kpi);
    let measures = entry.map(|entry| entry.calculation.measures()).unwrap_or_default();
    let quantities = measures.into_iter().filter_map(|measure| catalogue.measures.get(measure));
    let columns: Vec<String> = quantities.flat_map(columns_of).collect();
    let needs = entry.iter().flat_map(|entry| &entry.kpi.needs);
    of_dimensions(columns.iter().chain(needs))
}

fn of_dimensions<'a>(names: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    names.filter(|name| derived::find(name).is_some()).cloned().collect()
}
