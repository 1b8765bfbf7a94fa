//! The audit as tidy CSV and JSON: one row a fact, the same columns for all of them.

use anyhow::Result;
use serde_json::{Map, Value as Json};

use crate::check::audit::{Audit, Checked};
use crate::check::completeness::{Fill, Group};
use crate::check::subject::{CrmRow, Examples, whole};
use crate::csv_text::CsvText;
use crate::input::profile::{FileProfile, describe_rejected};
use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::report::audit::type_name;
use crate::{lang, say};

/// The version of the schema: it grows when a column or a key changes its name, its place or its meaning, or goes.
pub const SCHEMA: u32 = 1;

/// The columns, with those whose cells are numbers.
pub const COLUMNS: [(&str, bool); 15] = [
    ("as_of", false),
    ("section", false),
    ("key", false),
    ("subject", false),
    ("what", false),
    ("value", false),
    ("unit", false),
    ("count", true),
    ("of", true),
    ("share", true),
    ("threshold", false),
    ("status", false),
    ("examples", false),
    ("effect", false),
    ("report_currency", false),
];

/// A fact of the audit.
#[derive(Default)]
struct Record {
    section: &'static str,
    key: String,
    subject: String,
    what: String,
    value: String,
    unit: &'static str,
    count: Option<Exact>,
    of: Option<Exact>,
    threshold: String,
    status: &'static str,
    examples: Vec<String>,
    effect: String,
}

/// The audit as CSV; several examples stand in one cell, with `; ` between them.
///
/// # Errors
/// None that an audit can cause.
pub fn csv(audit: &Audit, text: CsvText) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS.iter().map(|(name, _)| name))?;
    for row in rows(audit) {
        let cells = COLUMNS.iter().zip(&row);
        writer.write_record(cells.map(|((_, is_number), cell)| {
            if *is_number { cell.clone() } else { text.write(cell).into_owned() }
        }))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The rows of the CSV, each with its cells in the order of [`COLUMNS`].
pub fn rows(audit: &Audit) -> Vec<Vec<String>> {
    records(audit)
        .iter()
        .map(|record| record.cells(&audit.as_of, audit.currency.as_deref().unwrap_or_default()))
        .collect()
}

/// The rows of the CSV as JSON: numbers as numbers, nothing as null, examples as an array; and the version of the schema.
///
/// # Errors
/// None that an audit can cause.
pub fn json(audit: &Audit) -> Result<String> {
    let rows = records(audit).into_iter().map(|record| {
        let cells =
            COLUMNS.iter().zip(record.cells(&audit.as_of, audit.currency.as_deref().unwrap_or_default()));
        let object = cells.map(|((name, is_number), cell)| {
            let value = match *name {
                "examples" => Json::from(record.examples.clone()),
                _ if cell.is_empty() => Json::Null,
                _ if *is_number => super::json::number(&cell),
                _ => Json::String(cell),
            };
            ((*name).to_string(), value)
        });
        Json::Object(object.collect::<Map<_, _>>())
    });
    let audit = serde_json::json!({ "schema": SCHEMA, "rows": rows.collect::<Vec<_>>() });
    Ok(format!("{}\n", serde_json::to_string_pretty(&audit)?))
}

impl Record {
    /// The cells in the order of [`COLUMNS`].
    fn cells(&self, as_of: &str, currency: &str) -> Vec<String> {
        let plain = |number: Option<Exact>| number.map(Exact::to_plain).unwrap_or_default();
        let share = self.count.zip(self.of).and_then(|(count, of)| count.over(of));
        vec![
            as_of.to_string(),
            self.section.to_string(),
            self.key.clone(),
            self.subject.clone(),
            self.what.clone(),
            self.value.clone(),
            self.unit.to_string(),
            plain(self.count),
            plain(self.of),
            plain(share),
            self.threshold.clone(),
            self.status.to_string(),
            self.examples.join("; "),
            self.effect.clone(),
            currency.to_string(),
        ]
    }
}

fn records(audit: &Audit) -> Vec<Record> {
    let mut records: Vec<Record> = audit.files.iter().flat_map(file).collect();
    records.extend(audit.findings.iter().flat_map(finding));
    records.extend(audit.coverage.iter().map(|coverage| Record {
        section: "coverage",
        key: coverage.key.to_string(),
        subject: TOTAL.to_string(),
        what: coverage.what.clone(),
        unit: if coverage.is_money { "money" } else { "count" },
        count: Some(coverage.covered),
        of: Some(coverage.of),
        ..Record::default()
    }));
    let all = Group { name: TOTAL.to_string(), leads: audit.leads, fills: audit.completeness.total.clone() };
    records.extend(fills(audit, &all, ""));
    for (kind, groups) in [("owner=", &audit.completeness.owners), ("stage=", &audit.completeness.stages)] {
        records.extend(groups.iter().flat_map(|group| fills(audit, group, kind)));
    }
    records
}

fn file(file: &FileProfile) -> Vec<Record> {
    let all =
        file.rows + file.rejected.len() + file.dropped.iter().map(|dropped| dropped.count).sum::<usize>();
    let about = |key: &str| Record {
        section: "files",
        key: key.to_string(),
        subject: file.name.clone(),
        ..Record::default()
    };
    let said = |key: &str, value: String| Record { value, ..about(key) };
    let rows = |key: &str, what: String, count: usize, examples: Vec<String>| Record {
        what,
        unit: "count",
        count: Some(whole(count as u64)),
        of: Some(whole(all as u64)),
        examples,
        ..about(key)
    };
    let mut records = vec![
        said("table", file.kind.name().to_string()),
        said("preset", file.preset.clone().unwrap_or_default()),
        said("encoding", file.encoding.clone()),
        said("separator", file.separator.to_string()),
        said("header_line", file.header_line.to_string()),
        rows("rows", say!("rows that are data"), file.rows, Vec::new()),
    ];
    for dropped in &file.dropped {
        let places = dropped.lines.iter().map(|line| format!("{}:{line}", file.name));
        records.push(rows("dropped_rows", lang::text(dropped.what), dropped.count, places.collect()));
    }
    let refused = file.rejected.iter().take(10);
    let refused =
        refused.map(|rejected| format!("{}:{}: {}", file.name, rejected.line, describe_rejected(rejected)));
    let what = say!("rows left out because they cannot be read");
    records.push(rows("unreadable_rows", what, file.rejected.len(), refused.collect()));
    if file.further_values > 0 {
        let count = Some(whole(file.further_values as u64));
        let what = say!("cells with several values, the first taken");
        records.push(Record { what, unit: "count", count, ..about("further_values") });
    }
    records.extend(file.unused.iter().map(|header| said("unused_header", header.clone())));
    records.extend(columns(file));
    records
}

/// Each column of a file: its header, how it was read, how many rows have a value.
fn columns(file: &FileProfile) -> impl Iterator<Item = Record> + '_ {
    file.columns.iter().map(|column| Record {
        section: "columns",
        key: column.name.clone(),
        subject: file.name.clone(),
        what: [type_name(column.column_type), &column.format].join(" ").trim_end().to_string(),
        value: column.shown.clone(),
        unit: "count",
        count: Some(whole(column.filled as u64)),
        of: Some(whole(file.rows as u64)),
        ..Record::default()
    })
}

fn finding(checked: &Checked) -> Vec<Record> {
    let whole_of_it = Record {
        section: checked.check.section,
        key: checked.check.key.to_string(),
        subject: TOTAL.to_string(),
        what: checked.what.clone(),
        threshold: checked.threshold.as_ref().map(ToString::to_string).unwrap_or_default(),
        status: checked.status().name(),
        ..Record::default()
    };
    let found = match &checked.outcome {
        Ok(found) => found,
        Err(needs) => {
            let effect = say!("not checked, because {needs}", needs = needs);
            return vec![Record { effect, ..whole_of_it }];
        }
    };
    let unit = if found.is_money { "money" } else { "count" };
    let list = |examples: &Examples| examples.shown.clone();
    let parts = found.parts.iter().map(|part| Record {
        section: checked.check.section,
        key: checked.check.key.to_string(),
        subject: part.subject.clone(),
        what: checked.what.clone(),
        value: part.proposal.clone(),
        unit,
        count: Some(part.count),
        of: part.of,
        examples: list(&part.examples),
        ..Record::default()
    });
    let effect = if found.count.is_zero() { String::new() } else { found.effect.clone() };
    let total = Record {
        unit,
        count: Some(found.count),
        of: found.of,
        examples: list(&found.examples),
        effect,
        ..whole_of_it
    };
    std::iter::once(total).chain(parts).collect()
}

fn fills(audit: &Audit, group: &Group, kind: &str) -> Vec<Record> {
    let record = |(field, fill): (&String, &Fill)| Record {
        section: "completeness",
        key: format!("filled_{field}"),
        subject: format!("{kind}{}", group.name),
        what: match audit.row {
            CrmRow::Lead => say!("leads with {field}", field = field),
            CrmRow::Event => say!("events with {field}", field = field),
        },
        unit: "count",
        count: Some(whole(fill.filled)),
        of: Some(whole(fill.of)),
        ..Record::default()
    };
    audit.completeness.fields.iter().zip(&group.fills).map(record).collect()
}
