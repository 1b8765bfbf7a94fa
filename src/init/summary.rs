//! What was taken for what, for the person in front of the screen.

use std::path::Path;

use super::Draft;
use super::facts::StatusWord;
use super::read::{Column, Part};
use super::recognise::Unplaced;
use super::text::whole_percent;
use crate::input::presets::Export;
use crate::render::grid::{MARGIN, fitted, hung, lines, wrapped};
use crate::report::audit::separator;
use crate::{lang, say};

/// The summary on stdout; `open` is what the user has to decide.
pub fn text(draft: &Draft, open: &[String], place: &Path, width: usize) -> String {
    let list = |title: &str, items: &[String]| list(title, items, width);
    let mut parts = vec![files(draft, width)];
    parts.extend(draft.parts.iter().map(|part| columns(part, draft.facts.words_of(part), width)));
    if !draft.unplaced.is_empty() {
        let files: Vec<String> = draft.unplaced.iter().map(Unplaced::said).collect();
        parts.push(list(&say!("Not placed"), &files));
    }
    if !open.is_empty() {
        parts.push(list(&say!("To decide, or the report stops there"), open));
    }
    let written = place.display();
    let is_default = place == Path::new("funnel.toml");
    let command =
        if is_default { "funnel report".to_string() } else { format!("funnel report --config {written}") };
    let next = if open.is_empty() {
        say!("next: {command}", command = command)
    } else {
        say!("next, when that is decided: {command}", command = command)
    };
    parts.push(format!("{}\n{next}\n", say!("written: {file}", file = written.to_string())));
    parts.join("\n")
}

/// `95%`; what is not all of them is not 100%, and what is not nothing is not 0%.
fn share(part: usize, whole: usize) -> String {
    whole_percent(part, whole).map_or_else(|| say!("under 1%"), |percent| lang::percent(&percent.to_string()))
}

fn files(draft: &Draft, width: usize) -> String {
    let headings = [
        say!("File"),
        say!("Table"),
        say!("Export"),
        say!("Rows"),
        say!("Encoding"),
        say!("Separator"),
        say!("Header in line"),
    ];
    let mut rows = Vec::new();
    for part in &draft.parts {
        let table = part.kind().name().to_string();
        let export = part.reading.preset.map(Export::title).unwrap_or_default();
        match &part.contents {
            Ok(contents) => rows.extend(contents.profiles.iter().map(|file| {
                vec![
                    file.name.clone(),
                    table.clone(),
                    export.clone(),
                    lang::whole(file.rows),
                    file.encoding.clone(),
                    separator(file),
                    file.header_line.to_string(),
                ]
            })),
            Err(_) => rows.extend(part.files.iter().map(|file| {
                let [rows, encoding, separator, line] = [const { String::new() }; 4];
                vec![
                    file.display().to_string(),
                    table.clone(),
                    export.clone(),
                    rows,
                    encoding,
                    separator,
                    line,
                ]
            })),
        }
    }
    fitted(&headings, &rows, 1, |place| place == 3 || place == 6, |_| false, width)
}

fn columns(part: &Part, words: &[StatusWord], width: usize) -> String {
    let names: Vec<String> = part.files.iter().map(|file| file.display().to_string()).collect();
    let title = wrapped(&format!("{}: {}", part.kind().name(), names.join(", ")), width, "  ") + "\n";
    let contents = match &part.contents {
        Ok(contents) => contents,
        Err(problem) => return format!("{title}{}\n", hung(&problem.in_one_line(), width, 0, MARGIN)),
    };
    let row = |column: &Column| {
        let written = match (part.is_undecided(column), column.format.as_str()) {
            (true, _) => say!("to decide"),
            (false, "") if column.is_automatic => say!("a dimension"),
            (false, format) => format.to_string(),
        };
        let filled = column.filled.filter(|_| !column.is_constant);
        vec![
            column.name.clone(),
            one_line(&column.shown),
            written,
            filled.map(|(filled, rows)| share(filled, rows)).unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = contents.columns.iter().map(row).collect();
    let headings = [say!("Column"), say!("Taken from"), say!("Written as"), say!("Filled")];
    let grid = fitted(&headings, &rows, 1, |place| place == 3, |_| false, width);
    let word =
        |word: &StatusWord| format!("{} = {}", one_line(&word.word), word.stage.as_deref().unwrap_or("?"));
    let words: Vec<String> = words.iter().map(word).collect();
    let unused: Vec<String> = contents.unused.iter().map(|header| one_line(header)).collect();
    // what follows the table, each in a line of its own, if there is any
    let below = [
        (!words.is_empty()).then(|| say!("status words: {words}", words = words.join(", "))),
        (!unused.is_empty()).then(|| say!("not used: {headers}", headers = unused.join(", "))),
    ];
    title + &grid + &lines(below.into_iter().flatten().map(|line| hung(&line, width, 0, MARGIN)))
}

fn list(title: &str, items: &[String], width: usize) -> String {
    let item = |item: &String| hung(&one_line(item), width, MARGIN, 2 * MARGIN);
    format!("{title}\n{}", lines(items.iter().map(item)))
}

/// Headers and cells may hold line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
