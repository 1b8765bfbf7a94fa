//! How the KPIs of a report that was kept are called: its rows have keys alone, which are the same in every language.

use super::Saved;
use crate::config::{Config, from_files};
use crate::kpi::catalogue::{Catalogue, catalogue};

/// The catalogue of the funnel that a report is of; none where its stages are not those of a funnel.
pub fn catalogue_of(report: &Saved) -> Option<Catalogue> {
    let usual = from_files(&[]);
    let stages = if report.stages.is_empty() { usual.stages.clone() } else { report.stages.clone() };
    catalogue(&Config { stages, ..usual }).ok()
}

/// The title of a key, of a KPI or of what stands beside one; the key itself where the catalogue has none, as of a KPI of
/// the user's own.
pub fn title(catalogue: Option<&Catalogue>, key: &str) -> String {
    let of_kpi = |catalogue: &Catalogue, key: &str| {
        catalogue.kpis.get(key).map(|entry| entry.kpi.title.text().to_string())
    };
    let found = catalogue.and_then(|catalogue| {
        of_kpi(catalogue, key).or_else(|| {
            let beside = catalogue.beside(key)?;
            let title = of_kpi(catalogue, beside.kpi)?;
            Some(format!("{title}: {}", beside.fill(beside.beside.title.text())))
        })
    });
    found.unwrap_or_else(|| key.to_string())
}
