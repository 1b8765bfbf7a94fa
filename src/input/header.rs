//! Which column of a file is which column of a table: by the configuration, or by the usual names of headers.

use std::collections::BTreeSet;

use anyhow::Result;

use super::read::{CellSource, ColumnPlan};
use super::tables::{Definition, Kind};
use crate::config::{Block, ColumnSource, ColumnType};
use crate::error::{data_error, nearest};

/// A CRM column that nobody asked for is a dimension up to this many values.
pub const AUTOMATIC_DIMENSION_LIMIT: usize = 1_000;

/// A column of a file and what it was taken for.
#[derive(Debug, Clone)]
pub struct Mapped {
    pub plan: ColumnPlan,
    pub cell: CellSource,
    /// The header in the file, or the constant.
    pub shown: String,
    /// Taken as a dimension because it is there, not because its header is known or was named.
    pub is_automatic: bool,
}

/// A header or name without case, blanks and punctuation: `Lead ID` and `lead_id` are the same.
pub fn normalise(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Maps the headers of one file; `place` is its name and the line of the header, for errors.
///
/// `wanted` are dimensions asked for on the command line: a header of that name is a column even where the
/// configuration does not mention it. `reserved` are names that a column of a file may not take (stages, outcomes).
///
/// # Errors
/// Columns that the configuration names or the table requires and the file lacks, all at once.
pub fn map_headers(
    kind: Kind,
    definition: &Definition,
    block: &Block,
    headers: &[String],
    place: &str,
    wanted: &[String],
    reserved: &BTreeSet<String>,
) -> Result<Vec<Mapped>> {
    let mut mapped = if block.columns.is_empty() {
        recognised(definition, headers)
    } else {
        configured(definition, block, headers, place)?
    };
    for (column, value) in &block.values {
        mapped.push(Mapped {
            plan: ColumnPlan {
                name: column.clone(),
                column_type: type_of(definition, column, None),
                limit: None,
            },
            cell: CellSource::Constant(value.clone()),
            shown: format!("the constant `{value}`"),
            is_automatic: false,
        });
    }
    if let Some(clash) = mapped.iter().find(|column| reserved.contains(&column.plan.name)) {
        return Err(data_error(
            format!("{place}: a column cannot be called `{}`: it is a stage or an outcome", clash.plan.name),
            format!("call the date of a stage `{}_at`, or give the column another name", clash.plan.name),
        ));
    }
    require(kind, definition, &mapped, headers, place)?;
    let automatic = kind == Kind::Crm && block.columns.is_empty();
    add_dimensions(&mut mapped, headers, wanted, reserved, automatic);
    Ok(mapped)
}

fn type_of(definition: &Definition, column: &str, source: Option<&ColumnSource>) -> ColumnType {
    let known = definition.columns.iter().find(|known| known.name == column);
    match (known, source) {
        (Some(known), _) => known.column_type,
        (None, Some(ColumnSource::Typed { r#type, .. })) => *r#type,
        (None, _) => ColumnType::Text,
    }
}

fn configured(
    definition: &Definition,
    block: &Block,
    headers: &[String],
    place: &str,
) -> Result<Vec<Mapped>> {
    let headers_wanted: Vec<String> =
        block.columns.values().map(|source| source.header().to_string()).collect();
    let wanted: Vec<(String, &String)> = block.columns.keys().cloned().zip(&headers_wanted).collect();
    let cells = find_all(headers, &wanted, place)?;
    let mapped = block.columns.iter().zip(cells).map(|((column, source), cell)| Mapped {
        plan: ColumnPlan {
            name: column.clone(),
            column_type: type_of(definition, column, Some(source)),
            limit: None,
        },
        cell,
        shown: source.header().to_string(),
        is_automatic: false,
    });
    let mut mapped: Vec<Mapped> = mapped.collect();
    mapped.sort_by_key(|column| match column.cell {
        CellSource::Field(index) => index,
        _ => usize::MAX,
    });
    Ok(mapped)
}

/// The fields of a file that stand under the wanted headers (`name`, `header`), in their order.
///
/// # Errors
/// The headers that the file lacks, all at once.
pub fn find_all(headers: &[String], wanted: &[(String, &String)], place: &str) -> Result<Vec<CellSource>> {
    let found: Vec<Option<usize>> = wanted.iter().map(|(_, header)| find_header(headers, header)).collect();
    let missing: Vec<(&str, &str)> = wanted
        .iter()
        .zip(&found)
        .filter(|(_, index)| index.is_none())
        .map(|((column, header), _)| (column.as_str(), header.as_str()))
        .collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().map(CellSource::Field).collect())
    } else {
        Err(missing_columns(place, &missing, headers))
    }
}

/// The header itself, else one that differs only in case, blanks and punctuation.
fn find_header(headers: &[String], wanted: &str) -> Option<usize> {
    let exact = headers.iter().position(|header| header == wanted);
    exact.or_else(|| headers.iter().position(|header| normalise(header) == normalise(wanted)))
}

fn missing_columns(place: &str, missing: &[(&str, &str)], headers: &[String]) -> anyhow::Error {
    let wanted: Vec<String> = missing
        .iter()
        .map(|(column, header)| {
            let near = nearest(header, headers.iter().map(String::as_str));
            let near = near.map(|near| format!(", nearest is `{near}`")).unwrap_or_default();
            format!("`{header}` for `{column}`{near}")
        })
        .collect();
    data_error(
        format!("{place}: the header lacks {}", wanted.join("; ")),
        format!("headers found: {}", headers.join(", ")),
    )
}

fn recognised(definition: &Definition, headers: &[String]) -> Vec<Mapped> {
    let normalised: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let mut taken = BTreeSet::new();
    let mut mapped = Vec::new();
    for column in &definition.columns {
        let own_name = std::iter::once(&column.name);
        let found = own_name.chain(&column.headers).find_map(|known| {
            let known = normalise(known);
            (0..headers.len()).find(|index| normalised[*index] == known && !taken.contains(index))
        });
        if let Some(index) = found {
            taken.insert(index);
            mapped.push(Mapped {
                plan: ColumnPlan { name: column.name.clone(), column_type: column.column_type, limit: None },
                cell: CellSource::Field(index),
                shown: headers[index].clone(),
                is_automatic: false,
            });
        }
    }
    mapped
}

fn require(
    kind: Kind,
    definition: &Definition,
    mapped: &[Mapped],
    headers: &[String],
    place: &str,
) -> Result<()> {
    let has = |column: &String| mapped.iter().any(|mapped| &mapped.plan.name == column);
    let lacking: Vec<String> = definition
        .required
        .iter()
        .filter(|group| !group.iter().any(has))
        .map(|group| {
            let names: Vec<String> = group.iter().map(|column| format!("`{column}`")).collect();
            let near = group.iter().find_map(|column| nearest(column, headers.iter().map(String::as_str)));
            let near = near.map(|near| format!(", nearest is `{near}`")).unwrap_or_default();
            format!("{}{near}", names.join(" or "))
        })
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(data_error(
        format!("{place}: no header is known as {}", lacking.join("; ")),
        format!(
            "map it in funnel.toml under `[[{}]]` and `[{}.columns]`; headers found: {}",
            kind.name(),
            kind.name(),
            headers.join(", ")
        ),
    ))
}

fn add_dimensions(
    mapped: &mut Vec<Mapped>,
    headers: &[String],
    wanted: &[String],
    reserved: &BTreeSet<String>,
    automatic: bool,
) {
    for (index, header) in headers.iter().enumerate() {
        let is_taken = mapped.iter().any(|column| column.cell == CellSource::Field(index));
        let asked = wanted.iter().find(|name| normalise(name) == normalise(header));
        let mut name = asked.cloned().unwrap_or_else(|| dimension_name(header));
        if reserved.contains(&name) {
            name.push_str("_column");
        }
        let is_known = mapped.iter().any(|column| column.plan.name == name);
        if is_known
            || reserved.contains(&name)
            || name.is_empty()
            || (asked.is_none() && (is_taken || !automatic))
        {
            continue;
        }
        let limit = asked.is_none().then_some(AUTOMATIC_DIMENSION_LIMIT);
        mapped.push(Mapped {
            plan: ColumnPlan { name, column_type: ColumnType::Text, limit },
            cell: CellSource::Field(index),
            shown: header.clone(),
            is_automatic: asked.is_none(),
        });
    }
}

/// `Lead Source Detail` → `lead_source_detail`.
fn dimension_name(header: &str) -> String {
    let words: Vec<String> = header
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::tables::definition;

    fn names(headers: &[&str], kind: Kind) -> Vec<String> {
        let stages = crate::config::DEFAULT_STAGES.map(String::from).to_vec();
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_string()).collect();
        let definition = definition(kind, &stages).unwrap();
        map_headers(kind, &definition, &Block::default(), &headers, "x.csv", &[], &BTreeSet::new())
            .unwrap()
            .into_iter()
            .map(|mapped| format!("{}={}", mapped.plan.name, mapped.shown))
            .collect()
    }

    #[test]
    fn usual_headers_are_recognised_and_the_rest_are_dimensions() {
        assert_eq!(
            names(&["Lead ID", "LEAD SOURCE", "Created Date", "Region Name"], Kind::Crm),
            ["lead_id=Lead ID", "lead_at=Created Date", "channel=LEAD SOURCE", "region_name=Region Name"]
        );
    }

    #[test]
    fn a_better_name_wins_over_a_worse_one() {
        assert_eq!(names(&["id", "lead_id"], Kind::Crm), ["lead_id=lead_id", "id=id"]);
    }
}
