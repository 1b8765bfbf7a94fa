//! Two reports that were kept, side by side: an auditor must be able to explain a month that reads differently today.
//!
//! Nothing but the two files is read. What a KPI was made of stands in them as numerator and denominator; the rows behind
//! these, where the reports were made with `--evidence`.

mod changes;
mod rows;
mod saved;
mod titles;

pub use self::changes::{Change, Changes, changes};
pub use self::rows::{Located, RowChange, has_other_rows, row_changes};
pub use self::saved::{Numbers, Place, Saved};
pub use self::titles::{catalogue_of, title};

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Colour, DiffArguments, DiffFormat};
use crate::csv_text::CsvText;
use crate::log::{Event, Log};
use crate::render::terminal::Look;
use crate::{output, render};

/// `changed`, `added` or `removed`: what became of something, by what there was of it and what there is.
pub fn kind<T>(old: Option<&T>, new: Option<&T>) -> &'static str {
    match (old, new) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    }
}

/// Compares two reports and prints what changed. The file that was written comes back.
///
/// # Errors
/// A file that is no report of this program, or reports that cannot be compared.
pub fn run(arguments: &DiffArguments, log: &Log) -> Result<Vec<PathBuf>> {
    let named = output::place(arguments.output.as_ref());
    let is_text = !arguments.rows && arguments.format == DiffFormat::Table;
    let extension = if is_text { "txt" } else { "csv" };
    let place = named.clone().map(|place| output::file_at(place, "diff", extension));
    output::keep_inputs(&[arguments.old.clone(), arguments.new.clone()], &place)?;
    let (mut old, mut new) = (saved::read(&arguments.old)?, saved::read(&arguments.new)?);
    log.tell([&old, &new].map(|report| Event::Kept { file: &report.name, values: report.values.len() }));
    saved::refuse_strangers(&old, &new)?;
    if !arguments.kpis.is_empty() {
        saved::refuse_unknown(&arguments.kpis, [&old, &new])?;
        old.keep(&arguments.kpis);
        new.keep(&arguments.kpis);
    }
    let rows = match (&old.evidence, &new.evidence) {
        (Some(one), Some(other)) => Some(row_changes(one, other)),
        _ => None,
    };
    let changes = changes(&old, &new);
    let rows = rows.map(|rows| rows::that_matter(rows, &changes));
    let text = CsvText::of_option(arguments.csv_safe);
    let text = if arguments.rows {
        let rows = rows.ok_or_else(|| saved::no_evidence(&old, &new))?;
        render::diff::rows(&rows, text)?
    } else {
        match arguments.format {
            DiffFormat::Table => {
                let look = Look::at(place.as_deref(), Colour::Auto);
                render::diff::text(&old, &new, &changes, rows.as_deref(), look)
            }
            DiffFormat::Csv => render::diff::csv(&changes, text)?,
        }
    };
    output::write_one(text.into_bytes(), named.as_deref(), place.as_deref())
}
