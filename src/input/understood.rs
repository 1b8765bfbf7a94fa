//! From what was read of the files to what is told of them.

use std::collections::{HashMap, HashSet};

use polars::prelude::*;

use super::finish::FileReport;
use super::format::Settled;
use super::header::Mapped;
use super::plan::Opened;
use super::presets::Export;
use super::profile::{ColumnProfile, FileProfile};
use super::read::ColumnPlan;
use super::table::Table;
use super::tables::Kind;

/// What was understood of each file.
pub fn of_files(
    kind: Kind,
    files: &[Opened],
    columns: &[ColumnPlan],
    table: &Table,
    settled: &[Settled],
    reports: Vec<FileReport>,
) -> Vec<FileProfile> {
    let mut start = 0;
    let mut profiles = Vec::new();
    let series: HashMap<&str, &Series> = table
        .frame
        .get_columns()
        .iter()
        .map(|column| (column.name().as_str(), column.as_materialized_series()))
        .collect();
    for (place, (file, report)) in files.iter().zip(reports).enumerate() {
        let rows = table.origin.file_of_row[start..]
            .iter()
            .take_while(|of_row| usize::from(**of_row) == place)
            .count();
        let own = columns_of(file, place, columns, settled, &|name| {
            series.get(name).map(|series| filled(series, start, rows))
        });
        let used: HashSet<&str> = own.iter().map(|column| column.shown.as_str()).collect();
        let unused =
            file.headers.iter().filter(|header| !header.is_empty() && !used.contains(header.as_str()));
        profiles.push(FileProfile {
            name: file.name.clone(),
            kind,
            preset: file.preset.map(Export::title),
            encoding: file.encoding.clone(),
            separator: file.separator,
            header_line: file.header_line,
            rows,
            dropped: report.dropped,
            rejected: report.rejected,
            stops_report: file.stops_report,
            further_values: report.further_values,
            unused: unused.cloned().collect(),
            columns: own,
        });
        start += rows;
    }
    profiles
}

/// The columns of a file in its order, constants behind; `filled` gives how many rows have a value.
fn columns_of(
    file: &Opened,
    place: usize,
    columns: &[ColumnPlan],
    settled: &[Settled],
    filled: &dyn Fn(&str) -> Option<usize>,
) -> Vec<ColumnProfile> {
    let by_name: HashMap<&str, &Mapped> =
        file.mapped.iter().map(|mapped| (mapped.plan.name.as_str(), mapped)).collect();
    let own = columns.iter().zip(settled).filter_map(|(column, settled)| {
        let mapped = by_name.get(column.name.as_str())?;
        Some(ColumnProfile {
            name: column.name.clone(),
            shown: mapped.shown.clone(),
            column_type: column.column_type,
            format: settled.formats[place].clone(),
            filled: filled(&column.name)?,
            is_automatic: mapped.is_automatic,
        })
    });
    let mut own: Vec<ColumnProfile> = own.collect();
    let place_of: HashMap<&str, usize> =
        file.headers.iter().enumerate().rev().map(|(place, header)| (header.as_str(), place)).collect();
    own.sort_by_key(|column| place_of.get(column.shown.as_str()).copied().unwrap_or(usize::MAX));
    own
}

/// How many of these rows have a value; the code 0 of a text column is the empty cell.
fn filled(series: &Series, start: usize, rows: usize) -> usize {
    let own = series.slice(i64::try_from(start).unwrap_or(i64::MAX), rows);
    match own.u32() {
        Ok(codes) => {
            codes.downcast_iter().flat_map(|codes| codes.values().iter()).filter(|code| **code > 0).count()
        }
        Err(_) => rows - own.null_count(),
    }
}
