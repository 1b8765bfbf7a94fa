//! The audit as a report for people: the same grids and notes as other tables, so that every renderer knows them.

use std::collections::BTreeMap;

use super::{Block, Column, Report, Row, Show, Table, Value};
use crate::check::audit::{Audit, Checked, Status};
use crate::check::completeness::{Fill, Group};
use crate::check::list::{SECTIONS, Section};
use crate::check::number_of;
use crate::check::subject::{Examples, Found, LEAD, Part, whole};
use crate::config::{Basis, ColumnType};
use crate::input::profile::{FileProfile, describe_rejected};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::report::layout::with_unit;

/// How many places a note names.
const SHOWN_EXAMPLES: usize = 3;

/// The audit in tables: files, what was found by section, attribution, completeness, and what was found clean.
pub fn report(audit: &Audit) -> Report {
    let mut tables = vec![files(audit)];
    tables.extend(SECTIONS.iter().filter_map(|section| findings(audit, section)));
    tables.extend(coverage(audit));
    tables.push(completeness(audit));
    tables.push(rest(audit));
    Report {
        tables,
        findings: Vec::new(),
        as_of: audit.as_of.clone(),
        currency: audit.currency.clone(),
        filters: Vec::new(),
        is_compared: false,
        is_judged: false,
        evidence: None,
        definitions: Vec::new(),
        roles: BTreeMap::new(),
    }
}

fn table(name: &str, title: &str, scope: String, blocks: Vec<Block>, notes: Vec<String>) -> Table {
    Table {
        name: name.to_string(),
        title: title.to_string(),
        scope,
        period: "all".to_string(),
        blocks,
        notes,
    }
}

fn block(title: &str, labels: &[&str], columns: Vec<Column>, rows: Vec<Row>) -> Block {
    let labels = labels.iter().map(|label| (*label).to_string()).collect();
    Block { title: title.to_string(), labels, dimensions: Vec::new(), columns, rows }
}

fn column(heading: &str, unit: Unit, currency: Option<&str>) -> Column {
    Column { heading: with_unit(heading, unit, currency), show: Show::Value, unit, key: Vec::new() }
}

fn cell(value: Option<Exact>, unit: Unit) -> Value {
    Value { value, ..Value::empty("", Basis::Cohort, unit) }
}

fn count(number: usize) -> Value {
    cell(Some(whole(number as u64)), Unit::Count)
}

fn row(labels: Vec<String>, values: Vec<Value>) -> Row {
    Row { labels, key: Vec::new(), values, show: None }
}

fn files(audit: &Audit) -> Table {
    let with =
        |status: Status| audit.findings.iter().filter(|checked| checked.status() == status).count() as u64;
    let day = if audit.as_of.is_empty() { "no date".to_string() } else { format!("as of {}", audit.as_of) };
    let exceeded = with(Status::Exceeded);
    let limits = if exceeded == 0 {
        String::new()
    } else {
        format!(", {} exceeded", number_of(exceeded, "limit is", "limits are"))
    };
    let stopping = audit.findings.iter().filter(|checked| checked.stops_report()).count() as u64;
    let stops = match stopping {
        0 => String::new(),
        1 => ", 1 of them stops a report".to_string(),
        _ => format!(", {stopping} of them stop a report"),
    };
    let scope = format!(
        "{}, {day}: {} of {} checks found something{stops}{limits}",
        audit.noun.number(audit.leads),
        with(Status::Found) + exceeded,
        audit.findings.len() as u64 - with(Status::NotChecked),
    );
    let blocks = audit.files.iter().map(file).collect();
    let notes = audit.files.iter().flat_map(file_notes).collect();
    table("audit", "Audit", scope, blocks, notes)
}

/// A file: how it was read, and each of its columns.
fn file(file: &FileProfile) -> Block {
    let preset = file.preset.as_ref().map(|preset| format!(" ({preset})")).unwrap_or_default();
    let title = format!(
        "{}: {}{preset}, {} {}; {}, {}, header in line {}",
        file.name,
        file.kind.name(),
        lang::whole(file.rows),
        if file.rows == 1 { "row" } else { "rows" },
        file.encoding,
        file.separator,
        file.header_line
    );
    let rows = file.columns.iter().map(|column| {
        let filled = Exact::fraction(column.filled as i128, file.rows as i128);
        let read_as = match (type_name(column.column_type), column.format.as_str()) {
            (name, "") => name.to_string(),
            (name, format) => format!("{name}, {format}"),
        };
        row(
            vec![column.name.clone(), column.shown.clone(), read_as],
            vec![count(column.filled), cell(filled, Unit::Part)],
        )
    });
    let columns = vec![column("Filled", Unit::Count, None), column("Filled", Unit::Part, None)];
    block(&title, &["Column", "Header", "Read as"], columns, rows.collect())
}

/// The word for a type of column, as it is written in funnel.toml.
pub fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Id => "id",
        ColumnType::Date => "date",
        ColumnType::Number => "number",
        ColumnType::Text => "text",
        ColumnType::Time => "time",
    }
}

fn file_notes(file: &FileProfile) -> Vec<String> {
    let dropped = file.dropped.iter().map(|dropped| {
        let lines: Vec<String> = dropped.lines.iter().take(SHOWN_EXAMPLES).map(u32::to_string).collect();
        let more = if dropped.count > lines.len() { ", …" } else { "" };
        format!(
            "{}: {} left out: {} (line {}{more})",
            file.name,
            dropped.what,
            lang::whole(dropped.count),
            lines.join(", ")
        )
    });
    let rejected = file.rejected.iter().take(SHOWN_EXAMPLES).map(|rejected| {
        format!("{}:{}: row left out: {}", file.name, rejected.line, describe_rejected(rejected))
    });
    let further = file.rejected.len().saturating_sub(SHOWN_EXAMPLES);
    let further = (further > 0).then(|| format!("{}: further rows left out: {further}", file.name));
    let several = (file.further_values > 0).then(|| {
        format!("{}: cells with several values, the first taken: {}", file.name, file.further_values)
    });
    let unused = (!file.unused.is_empty())
        .then(|| format!("{}: headers that nothing was made of: {}", file.name, file.unused.join(", ")));
    dropped.chain(rejected).chain(further).chain(several).chain(unused).collect()
}

/// A section of findings; none where nothing was found.
fn findings(audit: &Audit, section: &Section) -> Option<Table> {
    let of_section = audit.findings.iter().filter(|checked| checked.check.section == section.key);
    let found: Vec<(&Checked, &Found)> = of_section
        .filter(|checked| matches!(checked.status(), Status::Found | Status::Exceeded))
        .filter_map(|checked| Some((checked, checked.outcome.as_ref().ok()?)))
        .collect();
    if found.is_empty() {
        return None;
    }
    let currency = audit.currency.as_deref();
    let mut blocks: Vec<Block> = Vec::new();
    for (title, unit) in [("Found", Unit::Count), ("Found, in money", Unit::Money)] {
        let of_unit: Vec<_> =
            found.iter().filter(|(_, found)| found.is_money == (unit == Unit::Money)).copied().collect();
        if !of_unit.is_empty() {
            blocks.push(grid(title, &of_unit, unit, currency));
        }
    }
    let proposals: Vec<&Part> =
        found.iter().flat_map(|(_, found)| &found.parts).filter(|part| !part.proposal.is_empty()).collect();
    if !proposals.is_empty() {
        let rows = proposals.iter().map(|part| row(vec![part.proposal.clone()], Vec::new()));
        blocks.push(block("To paste into funnel.toml", &["[channels]"], Vec::new(), rows.collect()));
    }
    let notes = found.iter().map(|(checked, found)| note(checked, found)).collect();
    let exceeded = found.iter().filter(|(checked, _)| checked.status() == Status::Exceeded).count();
    let scope = match exceeded {
        0 => section.about.to_string(),
        _ => format!("{}; ! marks what exceeds its limit", section.about),
    };
    Some(table(section.key, section.title, scope, blocks, notes))
}

fn grid(title: &str, found: &[(&Checked, &Found)], unit: Unit, currency: Option<&str>) -> Block {
    let has_limits = found.iter().any(|(checked, _)| checked.threshold.is_some());
    let values = |count: Exact, of: Option<Exact>| {
        let share = of.and_then(|of| count.over(of));
        vec![cell(Some(count), unit), cell(of, unit), cell(share, Unit::Part)]
    };
    let mut rows = Vec::new();
    for (checked, found) in found {
        let mark = if checked.status() == Status::Exceeded { "! " } else { "" };
        let limit = checked.threshold.as_ref().map(ToString::to_string).unwrap_or_default();
        let labels = |name: String, limit: String| if has_limits { vec![name, limit] } else { vec![name] };
        rows.push(row(labels(format!("{mark}{}", checked.check.key), limit), values(found.count, found.of)));
        rows.extend(found.parts.iter().map(|part| {
            row(labels(format!("  {}", part.subject), String::new()), values(part.count, part.of))
        }));
    }
    let labels: &[&str] = if has_limits { &["Check", "Limit"] } else { &["Check"] };
    let columns = vec![
        column("Found", unit, currency),
        column("Of", unit, currency),
        column("Share", Unit::Part, None),
    ];
    block(title, labels, columns, rows)
}

/// What was found, what it does, and where it is.
fn note(checked: &Checked, found: &Found) -> String {
    let places = places(&found.examples);
    let places = if places.is_empty() { String::new() } else { format!(" ({places})") };
    format!("{}: {}{places}: {}", checked.check.key, checked.what, found.effect)
}

fn places(examples: &Examples) -> String {
    let shown: Vec<&str> = examples.shown.iter().take(SHOWN_EXAMPLES).map(String::as_str).collect();
    let more = if examples.has_more || examples.shown.len() > shown.len() { ", …" } else { "" };
    if shown.is_empty() { String::new() } else { format!("{}{more}", shown.join(", ")) }
}

fn coverage(audit: &Audit) -> Option<Table> {
    let currency = audit.currency.as_deref();
    let mut blocks = Vec::new();
    for (title, unit) in [(audit.noun.heading, Unit::Count), ("Money", Unit::Money)] {
        let rows: Vec<Row> = audit
            .coverage
            .iter()
            .filter(|coverage| coverage.is_money == (unit == Unit::Money))
            .map(|coverage| {
                let share = coverage.covered.over(coverage.of);
                let values = vec![
                    cell(Some(coverage.covered), unit),
                    cell(Some(coverage.of), unit),
                    cell(share, Unit::Part),
                ];
                row(vec![coverage.what.clone()], values)
            })
            .collect();
        if !rows.is_empty() {
            let columns = vec![
                column("Attributed", unit, currency),
                column("Of", unit, currency),
                column("Share", Unit::Part, None),
            ];
            blocks.push(block(title, &["Coverage"], columns, rows));
        }
    }
    let scope = "how much can be said to belong to a channel or a campaign".to_string();
    (!blocks.is_empty()).then(|| table("coverage", "Attribution coverage", scope, blocks, Vec::new()))
}

fn completeness(audit: &Audit) -> Table {
    let completeness = &audit.completeness;
    let share = |fill: &Fill| Exact::fraction(i128::from(fill.filled), i128::from(fill.of));
    let rows = completeness.fields.iter().zip(&completeness.total).map(|(field, fill)| {
        let values = vec![
            cell(Some(whole(fill.filled)), Unit::Count),
            cell(Some(whole(fill.of)), Unit::Count),
            cell(share(fill), Unit::Part),
        ];
        row(vec![field.clone()], values)
    });
    let columns = vec![
        column("Filled", Unit::Count, None),
        column("Of", Unit::Count, None),
        column("Share", Unit::Part, None),
    ];
    let mut blocks = vec![block("Fields", &["Field"], columns, rows.collect())];
    let by_stage = if audit.noun == LEAD { "Filled, by furthest stage reached" } else { "Filled, by stage" };
    for (title, label, groups) in
        [("Filled, by owner", "Owner", &completeness.owners), (by_stage, "Stage", &completeness.stages)]
    {
        if groups.is_empty() {
            continue;
        }
        let rows = groups.iter().map(|group: &Group| {
            let fills = group.fills.iter().map(|fill| cell(share(fill), Unit::Part));
            let values = std::iter::once(cell(Some(whole(group.leads)), Unit::Count)).chain(fills).collect();
            row(vec![group.name.clone()], values)
        });
        let fields = completeness.fields.iter().map(|field| column(field, Unit::Part, None));
        let columns = std::iter::once(column(audit.noun.heading, Unit::Count, None)).chain(fields).collect();
        blocks.push(block(title, &[label], columns, rows.collect()));
    }
    let notes = vec![whom_it_concerns(audit)];
    table(
        "completeness",
        "Completeness",
        format!("fields with a value, of the {} that should have one", audit.noun.many),
        blocks,
        notes,
    )
}

fn whom_it_concerns(audit: &Audit) -> String {
    let whom = match audit.noun {
        LEAD => "the amount of leads won, the reason of leads lost",
        _ => "the amount of won events",
    };
    format!(
        "asked of whom it concerns: the date of a stage of those that reached it, {whom}; placeholders such as \
         `-` or `test` fill nothing"
    )
}

/// What was looked for and not found, and what could not be looked for.
fn rest(audit: &Audit) -> Table {
    let keys = |status: Status| -> Vec<&str> {
        let of_status = audit.findings.iter().filter(|checked| checked.status() == status);
        of_status.map(|checked| checked.check.key).collect()
    };
    let clean = keys(Status::Clean);
    let mut notes = Vec::new();
    if !clean.is_empty() {
        notes.push(format!("nothing found: {}", clean.join(", ")));
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for checked in &audit.findings {
        let Err(needs) = &checked.outcome else { continue };
        match reasons.iter_mut().find(|(known, _)| known == needs) {
            Some((_, keys)) => keys.push(checked.check.key),
            None => reasons.push((needs, vec![checked.check.key])),
        }
    }
    notes.extend(
        reasons.iter().map(|(needs, keys)| format!("not checked, because {needs}: {}", keys.join(", "))),
    );
    let scope = "what nothing has to be done about, and what nobody could look at".to_string();
    table("rest", "Clean or not checked", scope, Vec::new(), notes)
}
