//! Which column of a file is which column of a table: by the configuration, or by the usual names of headers.

use std::collections::BTreeSet;

use anyhow::Result;

use super::format::Setting;
use super::presets::{self, Export, currency_in};
use super::read::{CellSource, ColumnPlan};
use super::settings::set_formats;
use super::tables::{Definition, Kind};
use crate::config::{Block, ColumnSource, ColumnType};
use crate::error::{data_error, listed, nearest, shortened};

/// A CRM column that nobody asked for is a dimension up to this many values.
pub const AUTOMATIC_DIMENSION_LIMIT: usize = 1_000;
/// So many columns of a file are dimensions without being asked for: each costs time and memory in the report. The
/// others count as unused.
const MOST_AUTOMATIC_DIMENSIONS: usize = 500;

/// A column of a file and what it was taken for.
#[derive(Debug, Clone)]
pub struct Mapped {
    pub plan: ColumnPlan,
    pub cell: CellSource,
    /// The header in the file, or the constant.
    pub shown: String,
    /// Taken as a dimension because it is there, not because its header is known or was named.
    pub is_automatic: bool,
    /// How the configuration or the preset says that its cells are written.
    pub setting: Option<Setting>,
}

/// What decides which column of a file is which.
pub struct Mapping<'a> {
    pub kind: Kind,
    pub definition: &'a Definition,
    pub block: &'a Block,
    /// The export that the headers are of, if it is a known one.
    pub preset: Option<&'a Export>,
    pub headers: &'a [String],
    /// The name of the file and the line of the header, for errors.
    pub place: String,
    /// Dimensions asked for on the command line: a header of that name is a column even where the configuration does
    /// not mention it.
    pub wanted: &'a [String],
    /// Names that a column of a file may not take (stages, outcomes).
    pub reserved: &'a BTreeSet<String>,
}

/// A header or name without case, blanks and punctuation: `Lead ID` and `lead_id` are the same.
pub fn normalise(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Maps the headers of one file.
///
/// # Errors
/// Columns that the configuration names or the table requires and the file lacks, all at once.
pub fn map_headers(mapping: &Mapping) -> Result<Vec<Mapped>> {
    let Mapping { definition, block, headers, place, reserved, .. } = mapping;
    let mut mapped = if block.columns.is_empty() {
        recognised(mapping)
    } else {
        configured(definition, block, headers, place)?
    };
    let mut constants = block.values.clone();
    if let Some(preset) = mapping.preset.filter(|_| block.columns.is_empty()) {
        let is_free = |column: &String| !mapped.iter().any(|mapped| &mapped.plan.name == column);
        for (column, value) in preset.values.iter().filter(|(column, _)| is_free(column)) {
            constants.entry(column.clone()).or_insert_with(|| value.clone());
        }
        let named = mapped.iter().filter(|column| column.plan.column_type == ColumnType::Number);
        if let Some(currency) = named
            .clone()
            .find_map(|column| currency_in(&column.shown))
            .filter(|_| is_free(&"currency".to_string()))
        {
            constants.entry("currency".to_string()).or_insert_with(|| currency.to_string());
        }
    }
    if let Some(stage) = &block.stage {
        constants.insert("stage".to_string(), stage.clone());
    }
    for (column, value) in constants {
        mapped.retain(|mapped| mapped.plan.name != column);
        mapped.push(Mapped {
            plan: ColumnPlan { column_type: type_of(definition, &column, None), name: column, limit: None },
            shown: format!("`{value}`"),
            cell: CellSource::Constant(value),
            is_automatic: false,
            setting: None,
        });
    }
    if let Some(clash) = mapped.iter().find(|column| reserved.contains(&column.plan.name)) {
        return Err(data_error(
            format!("{place}: a column cannot be called `{}`: it is a stage or an outcome", clash.plan.name),
            format!("call the date of a stage `{}_at`, or give the column another name", clash.plan.name),
        ));
    }
    require(mapping, &mapped)?;
    add_dimensions(&mut mapped, mapping);
    set_formats(&mut mapped, mapping);
    for column in mapped.iter_mut().filter(|column| block.left_out.contains(&column.plan.name)) {
        column.cell = CellSource::Absent;
    }
    Ok(mapped)
}

/// All headers that are known for a table, normalised: what tells a header from the lines above it.
pub fn known_headers(kind: Kind, definition: &Definition, block: &Block) -> Result<BTreeSet<String>> {
    if !block.columns.is_empty() {
        return Ok(block.columns.values().map(|source| normalise(source.header())).collect());
    }
    let usual =
        definition.columns.iter().flat_map(|column| std::iter::once(&column.name).chain(&column.headers));
    let mut known: BTreeSet<String> = usual.map(|name| normalise(name)).collect();
    for export in presets::exports()?.iter().filter(|export| export.table == kind) {
        known.extend(export.columns.values().flatten().filter_map(|name| name.exact()).map(String::from));
    }
    Ok(known)
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
        setting: None,
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
        format!("headers found: {}", listed(headers)),
    )
}

/// The columns by the headers of the preset, then by the usual names.
fn recognised(mapping: &Mapping) -> Vec<Mapped> {
    let headers = mapping.headers;
    let normalised: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let mut taken = BTreeSet::new();
    let mut mapped = Vec::new();
    let mut add = |name: &str, column_type: ColumnType, index: usize, cell: CellSource| {
        mapped.push(Mapped {
            plan: ColumnPlan { name: name.to_string(), column_type, limit: None },
            cell,
            shown: headers[index].clone(),
            is_automatic: false,
            setting: None,
        });
    };
    if let Some(preset) = mapping.preset {
        for column in preset.columns.keys() {
            if let Some(index) = preset.field(column, &normalised, &|field| taken.contains(&field)) {
                taken.insert(index);
                let list = preset.lists.get(column).and_then(|separator| separator.bytes().next());
                let cell =
                    list.map_or(CellSource::Field(index), |separator| CellSource::First(index, separator));
                add(column, type_of(mapping.definition, column, None), index, cell);
            }
        }
        taken.extend((0..headers.len()).filter(|index| preset.ignores(&normalised[*index])));
    }
    for column in &mapping.definition.columns {
        if mapping.preset.is_some_and(|preset| preset.field(&column.name, &normalised, &|_| false).is_some())
        {
            continue;
        }
        let own_name = std::iter::once(&column.name);
        let found = own_name.chain(&column.headers).find_map(|known| {
            let known = normalise(known);
            (0..headers.len()).find(|index| normalised[*index] == known && !taken.contains(index))
        });
        if let Some(index) = found {
            taken.insert(index);
            add(&column.name, column.column_type, index, CellSource::Field(index));
        }
    }
    mapped
}

fn require(mapping: &Mapping, mapped: &[Mapped]) -> Result<()> {
    let Mapping { kind, definition, headers, place, .. } = mapping;
    let has = |column: &String| mapped.iter().any(|mapped| &mapped.plan.name == column);
    // the rows of a stage file, and of a known export of deals without IDs, are leads of their own
    let needs_no_id = *kind == Kind::Crm && (mapping.block.stage.is_some() || mapping.preset.is_some());
    let lacking: Vec<String> = definition
        .required
        .iter()
        .filter(|group| {
            !(group.iter().any(has) || needs_no_id && group.iter().any(|column| column == "lead_id"))
        })
        .map(|group| {
            // who has neither an ID of a lead nor of a deal is asked for that of the lead
            let asked = if *kind == Kind::Crm { 1 } else { group.len() };
            let names: Vec<String> = group.iter().take(asked).map(|column| format!("`{column}`")).collect();
            let near = group.iter().find_map(|column| nearest(column, headers.iter().map(String::as_str)));
            let near = near.map(|near| format!(", nearest is `{near}`")).unwrap_or_default();
            format!("{}{near}", names.join(" or "))
        })
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    if let [header] = headers
        && header.contains(['|', '^', '~'])
    {
        return Err(data_error(
            format!(
                "{place}: the header is split by none of comma, semicolon and tab: `{}`",
                shortened(header)
            ),
            "export the file with one of these separators",
        ));
    }
    let without_id = if *kind == Kind::Crm {
        "; a file without lead IDs, one row an event, needs `stage = \"…\"` in its block"
    } else {
        ""
    };
    Err(data_error(
        format!("{place}: no header is known as {}", lacking.join("; ")),
        format!(
            "map it in funnel.toml under `[[{}]]` and `[{}.columns]`{without_id}; headers found: {}",
            kind.name(),
            kind.name(),
            listed(headers)
        ),
    ))
}

fn add_dimensions(mapped: &mut Vec<Mapped>, mapping: &Mapping) {
    let Mapping { headers, wanted, reserved, .. } = mapping;
    let takes_all = mapping.kind == Kind::Crm && mapping.block.columns.is_empty();
    let taken: BTreeSet<usize> = mapped.iter().filter_map(|column| column.cell.field()).collect();
    let mut known: BTreeSet<String> = mapped.iter().map(|column| column.plan.name.clone()).collect();
    let mut left = MOST_AUTOMATIC_DIMENSIONS;
    for (index, header) in headers.iter().enumerate() {
        let asked = wanted.iter().find(|name| normalise(name) == normalise(header));
        let mut name = asked.cloned().unwrap_or_else(|| dimension_name(header));
        if reserved.contains(&name) {
            name.push_str("_column");
        }
        let is_ignored = mapping.preset.is_some_and(|preset| preset.ignores(&normalise(header)));
        let is_free = !taken.contains(&index) && takes_all && !is_ignored;
        if name.is_empty()
            || reserved.contains(&name)
            || (asked.is_none() && (!is_free || left == 0))
            || !known.insert(name.clone())
        {
            continue;
        }
        left -= usize::from(asked.is_none());
        let limit = asked.is_none().then_some(AUTOMATIC_DIMENSION_LIMIT);
        mapped.push(Mapped {
            plan: ColumnPlan { name, column_type: ColumnType::Text, limit },
            cell: CellSource::Field(index),
            shown: header.clone(),
            is_automatic: asked.is_none(),
            setting: None,
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
        let mapping = Mapping {
            kind,
            definition: &definition,
            block: &Block::default(),
            preset: None,
            headers: &headers,
            place: "x.csv:1".to_string(),
            wanted: &[],
            reserved: &BTreeSet::new(),
        };
        map_headers(&mapping)
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
    fn a_file_of_very_many_columns_makes_so_many_dimensions_and_no_more() {
        let more: Vec<String> = (0..10_000).map(|number| format!("x{number}")).collect();
        let headers: Vec<&str> = std::iter::once("lead_id").chain(more.iter().map(String::as_str)).collect();
        let names = names(&headers, Kind::Crm);
        assert_eq!(names.len(), 1 + MOST_AUTOMATIC_DIMENSIONS);
        assert_eq!(names.last().map(String::as_str), Some("x499=x499"));
    }

    #[test]
    fn a_better_name_wins_over_a_worse_one() {
        assert_eq!(names(&["id", "lead_id"], Kind::Crm), ["lead_id=lead_id", "id=id"]);
    }
}
