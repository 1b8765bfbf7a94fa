//! The rows that were left out, as a CSV of their own: what cannot be counted can be mended.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::profile::FileProfile;
use super::source;
use crate::csv_text::CsvText;

/// A row a rejected row: file, line, column, cell, reason, and the record as it stands in the file.
///
/// # Errors
/// A file that can no longer be read.
pub fn to_csv(files: &[FileProfile], text: CsvText) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["file", "line", "column", "cell", "reason", "record"])?;
    for file in files.iter().filter(|file| !file.rejected.is_empty()) {
        let records = records(file)?;
        for rejected in &file.rejected {
            let record = records.get(&rejected.line).map_or("", String::as_str);
            let line = rejected.line.to_string();
            let reason = rejected.reason.to_string();
            let cells = [file.name.as_str(), &line, &rejected.column, &rejected.cell, &reason, record];
            writer.write_record(cells.map(|cell| text.write(cell).into_owned()))?;
        }
    }
    Ok(String::from_utf8(writer.into_inner().context("memory takes any text")?)?)
}

/// The text of the rejected records by the line on which each begins.
fn records(file: &FileProfile) -> Result<BTreeMap<u32, String>> {
    let mut wanted: Vec<u32> = file.rejected.iter().map(|rejected| rejected.line).collect();
    wanted.sort_unstable();
    let mut records = BTreeMap::new();
    let encoding = file.encoding.split(' ').next().map(super::encoding_of).transpose()?;
    let mut source = source::open(std::path::Path::new(&file.name), &file.name, encoding)?;
    source.separator = file.separator_byte();
    while let Some(block) = source.next_block(Vec::new())? {
        for (line, record) in source.records_of(&block) {
            if wanted.binary_search(&line).is_ok() {
                records
                    .insert(line, String::from_utf8_lossy(record).trim_end_matches(['\r', '\n']).to_string());
            }
        }
    }
    Ok(records)
}
