//! Events as JSON, an object a line, with keys that stay: `event` says which one it is.

use serde_json::{Map, Value as Json, json};

use super::Event;
use crate::Outcome;
use crate::error::{Failure, exit_code};
use crate::input::profile::{ColumnProfile, Dropped, FileProfile, Rejected};
use crate::kpi::exact::Exact;
use crate::render::json::number;
use crate::report::verdicts::Verdict;
use crate::{lang, words};

/// How many lines of rows that were left out are named, as in [`Dropped`].
const LINES: usize = 10;

/// An event as a line, told so many seconds after the start.
pub fn line(event: &Event, seconds: f64) -> String {
    match event {
        Event::Read(file) => object("read", of_file(file)),
        Event::Kept { file, values } => object("read", json!({ "file": file, "rows": values })),
        Event::Note(text) => object("note", json!({ "text": without(&lang::text(words!("note: ")), text) })),
        Event::Finding { key, count, text } => {
            object("finding", json!({ "key": key, "count": number(&count.to_plain()), "text": text }))
        }
        Event::Warning(verdict) => object("warning", of_verdict(verdict, &verdict.text)),
        Event::Missed(verdict) => {
            let text = without(&lang::text(words!("missed: ")), &verdict.text);
            object("missed", of_verdict(verdict, text))
        }
        Event::Exceeded(text) => {
            object("exceeded", json!({ "text": without(&lang::text(words!("exceeded: ")), text) }))
        }
        Event::Done { outcome, written } => {
            let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            let code = if *outcome == Outcome::Missed { 3 } else { 0 };
            object("done", json!({ "exit_code": code, "written": written, "seconds": seconds }))
        }
        Event::Error(error) => {
            let hint = Failure::of(error).and_then(Failure::hint);
            let text = format!("{error:#}");
            let code = exit_code(error);
            object("error", json!({ "text": text, "hint": hint, "exit_code": code, "seconds": seconds }))
        }
        Event::Usage { text, hint } => {
            object("error", json!({ "text": text, "hint": hint, "exit_code": 2, "seconds": seconds }))
        }
    }
    .to_string()
}

/// A verdict in its parts, those of the tidy rows.
fn of_verdict(verdict: &Verdict, text: &str) -> Json {
    let plain = |exact: Option<Exact>| exact.map_or(Json::Null, |exact| number(&exact.to_plain()));
    json!({
        "text": text,
        "status": verdict.status.name(),
        "kpi": verdict.kpi,
        "table": verdict.table,
        "period": verdict.period,
        "basis": verdict.basis.name(),
        "dimensions": verdict.dimensions,
        "value": plain(verdict.value),
        "unit": verdict.unit.name(),
        "target": plain(verdict.target.map(|(_, target)| target)),
        "side": verdict.target.map(|(side, _)| side.name()),
        "warn": plain(verdict.warn),
        "pace": plain(verdict.pace),
    })
}

/// The fields of an event behind its name.
fn object(event: &str, fields: Json) -> Json {
    let mut all = Map::from_iter([("event".to_string(), Json::from(event))]);
    if let Json::Object(fields) = fields {
        all.extend(fields);
    }
    Json::Object(all)
}

/// A line without the word that says again what the event says, which lines for people begin with in every language.
fn without<'a>(word: &str, text: &'a str) -> &'a str {
    text.strip_prefix(word).unwrap_or(text)
}

fn of_file(file: &FileProfile) -> Json {
    let dropped = file.dropped.iter().map(of_dropped);
    let rejected = (!file.rejected.is_empty()).then(|| of_rejected(&file.rejected));
    json!({
        "file": file.name,
        "table": file.kind.name(),
        "preset": file.preset,
        "encoding": file.encoding,
        "separator": file.separator,
        "header_line": file.header_line,
        "rows": file.rows,
        "rows_left_out": dropped.chain(rejected).collect::<Vec<Json>>(),
        "cells_with_several_values": file.further_values,
        "columns": file.columns.iter().map(of_column).collect::<Vec<Json>>(),
        "headers_not_read": file.unused,
    })
}

fn of_dropped(dropped: &Dropped) -> Json {
    json!({ "what": dropped.what, "rows": dropped.count, "lines": dropped.lines })
}

fn of_rejected(rejected: &[Rejected]) -> Json {
    let lines: Vec<u32> = rejected.iter().take(LINES).map(|rejected| rejected.line).collect();
    json!({ "what": "unreadable rows", "rows": rejected.len(), "lines": lines })
}

fn of_column(column: &ColumnProfile) -> Json {
    let format = Some(&column.format).filter(|format| !format.is_empty());
    json!({ "name": column.name, "header": column.shown, "format": format, "filled": column.filled })
}
