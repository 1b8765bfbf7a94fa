//! The audit as a report for people: the same grids and notes as other tables, so that every renderer knows them.

use std::collections::BTreeMap;

use super::{Block, Column, Report, Row, Show, Table, Value};
use crate::check::audit::{Audit, Checked, Status};
use crate::check::completeness::{Fill, Group};
use crate::check::list::{SECTIONS, Section};
use crate::check::subject::{CrmRow, Examples, Found, Part, whole};
use crate::config::{Basis, ColumnType, Skips};
use crate::input::profile::{FileProfile, describe_format, describe_rejected};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::lang;
use crate::report::layout::with_unit;
use crate::say;

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
        stages: Vec::new(),
        skips: Skips::default(),
        roles: BTreeMap::new(),
    }
}

fn table(name: &str, title: String, scope: String, blocks: Vec<Block>, notes: Vec<String>) -> Table {
    Table {
        name: name.to_string(),
        title,
        scope,
        period: "all".to_string(),
        blocks,
        notes,
        verdict: Vec::new(),
    }
}

fn block(title: String, labels: Vec<String>, columns: Vec<Column>, rows: Vec<Row>) -> Block {
    Block { title, labels, dimensions: Vec::new(), columns, rows }
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
    let exceeded = with(Status::Exceeded);
    let stopping = audit.findings.iter().filter(|checked| checked.stops_report()).count() as u64;
    let (found, all) =
        (with(Status::Found) + exceeded, audit.findings.len() as u64 - with(Status::NotChecked));
    let found = match stopping {
        0 => say!("{found} of {all} checks found something", found = found, all = all),
        _ => say!(
            "{found} of {all} checks found something, {count} of them {count:stops|stop} a report",
            found = found,
            all = all,
            count = stopping
        ),
    };
    let limits = say!("{count} {count:limit is|limits are} exceeded", count = exceeded);
    let exceeded = if exceeded > 0 { format!(", {limits}") } else { String::new() };
    let scope = format!("{}: {found}{exceeded}", looked_at(audit));
    let blocks = audit.files.iter().map(file).collect();
    let notes = audit.files.iter().flat_map(file_notes).collect();
    table("audit", say!("Audit"), scope, blocks, notes)
}

/// How many rows of the CRM there are, and on which day.
fn looked_at(audit: &Audit) -> String {
    match (audit.row, audit.as_of.is_empty()) {
        (CrmRow::Lead, true) => say!("{count} {count:lead|leads}, no date", count = audit.leads),
        (CrmRow::Lead, false) => {
            say!("{count} {count:lead|leads}, as of {day}", count = audit.leads, day = audit.as_of)
        }
        (CrmRow::Event, true) => say!("{count} {count:event|events}, no date", count = audit.leads),
        (CrmRow::Event, false) => {
            say!("{count} {count:event|events}, as of {day}", count = audit.leads, day = audit.as_of)
        }
    }
}

/// A file: how it was read, and each of its columns.
fn file(file: &FileProfile) -> Block {
    let preset = file.preset.as_ref().map(|preset| format!(" ({preset})")).unwrap_or_default();
    let title = say!(
        "{file}: {table}, {count} {count:row|rows}; {encoding}, {separator}, header in line {line}",
        file = file.name,
        table = format!("{}{preset}", file.kind.name()),
        count = file.rows,
        encoding = file.encoding,
        separator = separator(file),
        // as it stands in places such as `leads.csv:1200`
        line = file.header_line.to_string()
    );
    let rows = file.columns.iter().map(|column| {
        let filled = Exact::fraction(column.filled as i128, file.rows as i128);
        let read_as = match (type_text(column.column_type), column.format.as_str()) {
            (name, "") => name,
            (name, format) => format!("{name}, {}", describe_format(format)),
        };
        row(
            vec![column.name.clone(), column.shown.clone(), read_as],
            vec![count(column.filled), cell(filled, Unit::Part)],
        )
    });
    let columns = vec![column(&say!("Filled"), Unit::Count, None), column(&say!("Filled"), Unit::Part, None)];
    block(title, vec![say!("Column"), say!("Header"), say!("Read as")], columns, rows.collect())
}

/// What stands between the cells of a file.
pub fn separator(file: &FileProfile) -> String {
    match file.separator {
        "comma" => say!("comma"),
        "semicolon" => say!("semicolon"),
        "tab" => say!("tab"),
        other => other.to_string(),
    }
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

/// The same for people.
fn type_text(column_type: ColumnType) -> String {
    match column_type {
        ColumnType::Id => say!("id"),
        ColumnType::Date => say!("date"),
        ColumnType::Number => say!("number"),
        ColumnType::Text => say!("text"),
        ColumnType::Time => say!("time"),
    }
}

fn file_notes(file: &FileProfile) -> Vec<String> {
    let dropped = file.dropped.iter().map(|dropped| {
        let lines: Vec<String> = dropped.lines.iter().take(SHOWN_EXAMPLES).map(u32::to_string).collect();
        let more = if dropped.count > lines.len() { ", …" } else { "" };
        say!(
            "{file}: {what} left out: {count} (line {lines})",
            file = file.name,
            what = lang::text(dropped.what),
            count = dropped.count,
            lines = format!("{}{more}", lines.join(", "))
        )
    });
    let rejected = file.rejected.iter().take(SHOWN_EXAMPLES).map(|rejected| {
        let place = format!("{}:{}", file.name, rejected.line);
        say!("{place}: row left out: {reason}", place = place, reason = describe_rejected(rejected))
    });
    let further = file.rejected.len().saturating_sub(SHOWN_EXAMPLES);
    let further = (further > 0)
        .then(|| say!("{file}: further rows left out: {count}", file = file.name, count = further));
    let several = (file.further_values > 0).then(|| {
        say!(
            "{file}: cells with several values, the first taken: {count}",
            file = file.name,
            count = file.further_values
        )
    });
    let unused = (!file.unused.is_empty()).then(|| {
        say!(
            "{file}: headers that nothing was made of: {headers}",
            file = file.name,
            headers = file.unused.join(", ")
        )
    });
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
    for (title, unit) in [(say!("Found"), Unit::Count), (say!("Found, in money"), Unit::Money)] {
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
        let labels = vec!["[channels]".to_string()];
        blocks.push(block(say!("To paste into funnel.toml"), labels, Vec::new(), rows.collect()));
    }
    let notes = found.iter().map(|(checked, found)| note(checked, found)).collect();
    let exceeded = found.iter().filter(|(checked, _)| checked.status() == Status::Exceeded).count();
    let about = lang::text(section.about);
    let scope = match exceeded {
        0 => about,
        _ => format!("{about}; {}", say!("! marks what exceeds its limit")),
    };
    Some(table(section.key, lang::text(section.title), scope, blocks, notes))
}

fn grid(title: String, found: &[(&Checked, &Found)], unit: Unit, currency: Option<&str>) -> Block {
    let has_limits = found.iter().any(|(checked, _)| checked.threshold.is_some());
    let values = |count: Exact, of: Option<Exact>| {
        let share = of.and_then(|of| count.over(of));
        vec![cell(Some(count), unit), cell(of, unit), cell(share, Unit::Part)]
    };
    let labels = |name: String, limit: String| if has_limits { vec![name, limit] } else { vec![name] };
    let mut rows = Vec::new();
    for (checked, found) in found {
        let mark = if checked.status() == Status::Exceeded { "! " } else { "" };
        let limit = checked.threshold.as_ref().map(ToString::to_string).unwrap_or_default();
        rows.push(row(labels(format!("{mark}{}", checked.check.key), limit), values(found.count, found.of)));
        rows.extend(found.parts.iter().map(|part| {
            let name = part.label.as_ref().unwrap_or(&part.subject);
            row(labels(format!("  {name}"), String::new()), values(part.count, part.of))
        }));
    }
    let columns = vec![
        column(&say!("Found"), unit, currency),
        column(&say!("Of"), unit, currency),
        column(&say!("Share"), Unit::Part, None),
    ];
    block(title, labels(say!("Check"), say!("Limit")), columns, rows)
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
    for (title, unit) in [(heading(audit), Unit::Count), (say!("Money"), Unit::Money)] {
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
                column(&say!("Attributed"), unit, currency),
                column(&say!("Of"), unit, currency),
                column(&say!("Share"), Unit::Part, None),
            ];
            blocks.push(block(title, vec![say!("Coverage")], columns, rows));
        }
    }
    let scope = say!("how much can be said to belong to a channel or a campaign");
    (!blocks.is_empty()).then(|| table("coverage", say!("Attribution coverage"), scope, blocks, Vec::new()))
}

/// The heading of a column that counts the rows of the CRM.
fn heading(audit: &Audit) -> String {
    match audit.row {
        CrmRow::Lead => say!("Leads"),
        CrmRow::Event => say!("Events"),
    }
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
        column(&say!("Filled"), Unit::Count, None),
        column(&say!("Of"), Unit::Count, None),
        column(&say!("Share"), Unit::Part, None),
    ];
    let mut blocks = vec![block(say!("Fields"), vec![say!("Field")], columns, rows.collect())];
    let (by_stage, scope) = match audit.row {
        CrmRow::Lead => (
            say!("Filled, by furthest stage reached"),
            say!("fields with a value, of the leads that should have one"),
        ),
        CrmRow::Event => {
            (say!("Filled, by stage"), say!("fields with a value, of the events that should have one"))
        }
    };
    for (title, label, groups, are_stages) in [
        (say!("Filled, by owner"), say!("Owner"), &completeness.owners, false),
        (by_stage, say!("Stage"), &completeness.stages, true),
    ] {
        if groups.is_empty() {
            continue;
        }
        let rows = groups.iter().map(|group: &Group| {
            let fills = group.fills.iter().map(|fill| cell(share(fill), Unit::Part));
            let values = std::iter::once(cell(Some(whole(group.leads)), Unit::Count)).chain(fills).collect();
            let name = if are_stages { lang::stage_in_words(&group.name) } else { group.name.clone() };
            row(vec![name], values)
        });
        let fields = completeness.fields.iter().map(|field| column(field, Unit::Part, None));
        let columns = std::iter::once(column(&heading(audit), Unit::Count, None)).chain(fields).collect();
        blocks.push(block(title, vec![label], columns, rows.collect()));
    }
    table("completeness", say!("Completeness"), scope, blocks, vec![whom_it_concerns(audit)])
}

fn whom_it_concerns(audit: &Audit) -> String {
    match audit.row {
        CrmRow::Lead => say!(
            "asked of whom it concerns: the date of a stage of those that reached it, the amount of leads won, the reason \
             of leads lost; placeholders such as `-` or `test` fill nothing"
        ),
        CrmRow::Event => say!(
            "asked of whom it concerns: the date of a stage of those that reached it, the amount of won events; \
             placeholders such as `-` or `test` fill nothing"
        ),
    }
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
        notes.push(say!("nothing found: {checks}", checks = clean.join(", ")));
    }
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for checked in &audit.findings {
        let Err(needs) = &checked.outcome else { continue };
        match reasons.iter_mut().find(|(known, _)| known == needs) {
            Some((_, keys)) => keys.push(checked.check.key),
            None => reasons.push((needs, vec![checked.check.key])),
        }
    }
    notes.extend(reasons.iter().map(|(needs, keys)| {
        say!("not checked, because {needs}: {checks}", needs = needs, checks = keys.join(", "))
    }));
    let scope = say!("what nothing has to be done about, and what nobody could look at");
    table("rest", say!("Clean or not checked"), scope, Vec::new(), notes)
}
