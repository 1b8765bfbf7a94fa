//! Which column is said to be written how: by the configuration, by the preset, or by what the column is.

use anyhow::Result;

use super::format::{DATE_SETTINGS, NUMBER_SETTINGS, Setting, setting};
use super::header::{Mapped, Mapping};
use crate::config::ColumnType;
use crate::error::{data_error, suggestion};

/// Checks the formats that the configuration names.
///
/// # Errors
/// A format of a column that is not read, or one that its type does not have.
pub fn check_formats(mapping: &Mapping, mapped: &[Mapped]) -> Result<()> {
    let table = mapping.kind.name();
    for (column, text) in &mapping.block.formats {
        let Some(found) = mapped.iter().find(|mapped| &mapped.plan.name == column) else {
            let known: Vec<&str> = mapped.iter().map(|mapped| mapped.plan.name.as_str()).collect();
            return Err(data_error(
                format!("`[{table}.formats]` names `{column}`, which is not read from {}", mapping.place),
                suggestion(column, &known),
            ));
        };
        if setting(text, found.plan.column_type).is_none() {
            return Err(no_format(table, column, text, found.plan.column_type));
        }
    }
    Ok(())
}

/// The settings of the configuration, else of the preset, else of what a column is.
pub fn set_formats(mapped: &mut [Mapped], mapping: &Mapping) {
    let of_preset = mapping.preset.map(|preset| &preset.formats);
    for column in mapped {
        let name = &column.plan.name;
        let text = mapping.block.formats.get(name).or_else(|| of_preset?.get(name));
        let is_count = mapping.definition.counts.contains(name);
        column.setting = text
            .and_then(|text| setting(text, column.plan.column_type))
            .or_else(|| is_count.then_some(Setting::Whole));
    }
}

fn no_format(table: &str, column: &str, text: &str, column_type: ColumnType) -> anyhow::Error {
    let hint = match column_type {
        ColumnType::Date => format!("a column of dates is written as {DATE_SETTINGS}"),
        ColumnType::Number => format!("a column of numbers is written as {NUMBER_SETTINGS}"),
        ColumnType::Id | ColumnType::Text | ColumnType::Time => {
            return data_error(
                format!("`[{table}.formats]`: `{column}` is a column of text, which has no format"),
                "only dates and numbers have formats",
            );
        }
    };
    data_error(format!("`[{table}.formats]`: `{column} = \"{text}\"` is no format"), hint)
}
