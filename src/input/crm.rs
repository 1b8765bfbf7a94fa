//! What the files of the CRM are to each other: which hold deals, what joins these to leads, what repeated IDs mean.

use std::collections::BTreeSet;

use anyhow::Result;

use super::header::normalise;
use super::plan::Opened;
use super::presets::{self, RowIs};
use super::{Inputs, StatusWords, WayToTheLead, tables};
use crate::config::{Config, Duplicates};
use crate::error::data_error;

/// Takes the ID of a file that names it a deal's for one, where known deals are numbered on their own: so a file of the
/// user's own adds its columns to the deals and meets no lead by chance.
///
/// # Errors
/// Only if `columns.toml` itself is broken.
pub fn tell_deals_from_leads(files: &mut [Opened]) -> Result<()> {
    let numbers_deals = |file: &Opened| {
        file.preset.is_some_and(|preset| preset.row == RowIs::Deal) && file.cell("opportunity_id").is_some()
    };
    if !files.iter().any(numbers_deals) {
        return Ok(());
    }
    let ids: BTreeSet<String> = tables::deal_ids()?.iter().map(|header| normalise(header)).collect();
    let unknown = |file: &&mut Opened| {
        file.preset.is_none() && !file.is_configured && file.cell("opportunity_id").is_none()
    };
    for file in files.iter_mut().filter(unknown) {
        let id = file.mapped.iter_mut().find(|column| column.plan.name == "lead_id");
        if let Some(column) = id.filter(|column| ids.contains(&normalise(&column.shown))) {
            column.plan.name = "opportunity_id".to_string();
        }
    }
    Ok(())
}

/// What the user can do so that the deals of a file find their leads; none where the files can tell.
fn way_to_the_lead(deals: &Opened, files: &[Opened]) -> Result<Option<WayToTheLead>> {
    if deals.cell("lead_id").is_some() {
        return Ok(None);
    }
    let Some(preset) = deals.preset else {
        return Ok(Some(WayToTheLead::Map));
    };
    if let Some(headers) = preset.usual_headers("lead_id") {
        return Ok(Some(WayToTheLead::ExportWithDeals(headers)));
    }
    if files.iter().any(|file| !file.is_of_deals() && file.cell("opportunity_id").is_some()) {
        return Ok(None);
    }
    let mut of_leads = presets::exports()?
        .iter()
        .filter(|export| export.system == preset.system && export.row == RowIs::Lead);
    let headers = of_leads.find_map(|export| export.usual_headers("opportunity_id"));
    Ok(headers.map(WayToTheLead::ExportWithLeads))
}

/// What the join has to know of the files of the CRM.
///
/// # Errors
/// Files of stage events beside files with lead IDs.
pub fn note(files: &[Opened], config: &Config, inputs: &mut Inputs) -> Result<()> {
    for file in files {
        let block = &config.crm[file.block];
        let of_preset = file.preset.filter(|_| block.columns.is_empty()).and_then(|preset| preset.duplicates);
        let duplicates = block.duplicates.or(of_preset).unwrap_or(config.purpose.duplicates());
        if duplicates != Duplicates::Error {
            inputs.duplicates.insert(file.name.clone(), duplicates);
        }
        inputs.export_of_file.insert(file.name.clone(), (file.block, file.headers.clone()));
        if file.is_of_deals() || duplicates == Duplicates::Deals {
            inputs.deal_files.insert(file.name.clone());
            inputs.ways_to_the_lead.extend(way_to_the_lead(file, files)?.map(|way| (file.name.clone(), way)));
        }
        let automatic = file.mapped.iter().filter(|column| column.is_automatic);
        inputs.automatic_dimensions.extend(automatic.map(|column| column.plan.name.clone()));
        inputs.status_words.push(StatusWords {
            of_block: block.stages.clone(),
            of_preset: file.preset.map(|preset| preset.stages.clone()).unwrap_or_default(),
        });
    }
    let is_event = |file: &&Opened| file.is_numbered && config.crm[file.block].stage.is_some();
    let events = files.iter().filter(is_event).count();
    if events == 0 {
        return Ok(());
    }
    inputs.is_event_based = true;
    match files.iter().find(|file| !is_event(file)) {
        None => Ok(()),
        Some(other) => Err(data_error(
            format!(
                "{}: the file has no `stage = \"…\"` in its block, {} has: its rows are events without lead IDs",
                other.name,
                files.iter().find(is_event).map_or("", |file| file.name.as_str())
            ),
            "events cannot be joined to leads: report the two in two configurations",
        )),
    }
}
