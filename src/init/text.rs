//! The configuration as text: settings where they hold, comments for what was seen and for what is left to decide.

use std::path::Path;

use super::Draft;
use super::facts::{Facts, StatusWord};
use super::place::relative;
use super::read::{Column, Contents, Part};
use super::recognise::Unplaced;
use crate::config::DEFAULT_STAGES;
use crate::config::text::{key, quoted};
use crate::error::{Undecided, number_of};
use crate::input::presets::Export;
use crate::input::survey::repeated;
use crate::input::tables::Kind;
use crate::render::grid::lines as lines_of;

/// Comments stand behind settings up to this width.
const WIDEST: usize = 64;
/// A cell that is shown as an example is cut here.
const LONGEST_EXAMPLE: usize = 40;
/// A column with more words than this is hardly one of stages.
const MOST_WORDS: usize = 100;

/// The whole file.
pub fn text(draft: &Draft, place: &Path) -> String {
    let mut text = head(draft, place);
    text.push_str(&currency(&draft.facts));
    text.push_str(&stages(&draft.facts));
    for part in &draft.parts {
        text.push('\n');
        text.push_str(&block(part, draft.facts.words_of(part)));
    }
    text.push_str(&channels(&draft.facts));
    for file in &draft.unplaced {
        text.push('\n');
        text.push_str(&unplaced(file, place));
    }
    text
}

fn head(draft: &Draft, place: &Path) -> String {
    let files: Vec<&String> = draft.parts.iter().flat_map(|part| &part.block.files).collect();
    let files: Vec<String> = files.into_iter().map(|file| comment(file)).collect();
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    // only a configuration of the usual name is found by itself
    let named = if name == "funnel.toml" { String::new() } else { format!(" --config {}", comment(&name)) };
    format!(
        "# Written by `funnel init` from {}.\n\
         # It says what each file was taken for; what stands behind `#` is not read. Correct what is wrong, then run here:\n\
         #   funnel report{named}    the KPIs that the files allow\n\
         #   funnel check{named}     what is wrong with the data\n\n",
        files.join(", ")
    )
}

fn currency(facts: &Facts) -> String {
    let mut found = facts.currencies.iter();
    match (found.next(), found.next()) {
        (Some(only), None) => {
            format!("currency = {}    # found in the files; files in another one are refused\n", quoted(only))
        }
        (None, _) => {
            "# currency = \"EUR\"    # the files name none; this one stands in headings\n".to_string()
        }
        (Some(first), Some(_)) => {
            let all: Vec<String> = facts.currencies.iter().map(|currency| comment(currency)).collect();
            format!("# currency = {}    # the files name {}\n", quoted(first), all.join(", "))
        }
    }
}

fn stages(facts: &Facts) -> String {
    let Some(stages) = &facts.stages else {
        let names: Vec<String> = DEFAULT_STAGES.iter().map(|stage| quoted(stage)).collect();
        return format!("# stages = [{}]    # the usual ones\n", names.join(", "));
    };
    let lines = stages.iter().map(|(stage, shows)| {
        let shown = match (shows.is_empty(), stage.as_str()) {
            (false, _) => shows.join(", "),
            (true, "lead") => "every row".to_string(),
            (true, _) => "nothing in the files shows it, but a funnel ends there".to_string(),
        };
        (format!("    {},", quoted(stage)), shown)
    });
    let missing: Vec<&str> =
        DEFAULT_STAGES.into_iter().filter(|stage| stages.iter().all(|(known, _)| known != stage)).collect();
    let missing = if missing.is_empty() {
        String::new()
    } else {
        format!(
            "# further usual stages, without a date or a status word in the files: {}\n",
            missing.join(", ")
        )
    };
    format!("stages = [\n{}]\n{missing}", with_comments(&lines.collect::<Vec<_>>()))
}

fn block(part: &Part, words: &[StatusWord]) -> String {
    let table = part.kind().name();
    let files: Vec<String> = part.block.files.iter().map(|file| quoted(file)).collect();
    let files = match files.as_slice() {
        [file] => format!("files = [{file}]\n"),
        _ => format!("files = [\n    {},\n]\n", files.join(",\n    ")),
    };
    let contents = match &part.contents {
        Ok(contents) => rejected(contents) + &repeated_ids(contents) + &columns(part, contents),
        Err(problem) => format!(
            "# the report cannot read this yet: {}\n# {}\n",
            comment(&problem.message),
            comment(&problem.hint)
        ),
    };
    [
        format!("[[{table}]]\n"),
        remarks(part),
        files,
        setting("preset", part.block.preset.as_ref()),
        setting("encoding", part.block.encoding.as_ref()),
        contents,
        formats(table, &part.undecided),
        status_words(words),
    ]
    .concat()
}

fn setting(name: &str, value: Option<&String>) -> String {
    value.map(|value| format!("{name} = {}\n", quoted(value))).unwrap_or_default()
}

/// What the files are, and what a reader of them has to know.
fn remarks(part: &Part) -> String {
    let mut lines = Vec::new();
    let preset = part.reading.preset.map(Export::title);
    if let Ok(contents) = &part.contents {
        let rows: usize = contents.profiles.iter().map(|profile| profile.rows).sum();
        let preset = preset.as_ref().map(|title| format!("{title}: ")).unwrap_or_default();
        let first = contents.profiles.first();
        let form = first.map(|file| {
            format!("; {}, separator {}, header in line {}", file.encoding, file.separator, file.header_line)
        });
        lines.push(format!("{preset}{}{}", rows_in_words(rows), form.unwrap_or_default()));
    }
    if part.reading.is_numbered {
        lines.push("no column of IDs: each row is a lead of its own, and no other file can be joined to it. Export it with its ID;".to_string());
        lines.push("or, if each row is an event of one stage, say which: stage = \"lead\"".to_string());
    }
    for header in repeated(&part.reading.headers) {
        lines.push(format!(
            "the header `{header}` is there more than once: the second is called `{header} (2)` here, and so on"
        ));
    }
    if part.files.len() > 1 {
        lines.push(
            "a pattern takes the files of later months too, as in files = [\"exports/*.csv\"]".to_string(),
        );
    }
    lines_of(lines.iter().map(|line| format!("# {}", comment(line))))
}

/// Rows that cannot be read stop the report until the user says what to do with them.
fn rejected(contents: &Contents) -> String {
    let rows: usize = contents.profiles.iter().map(|profile| profile.rejected.len()).sum();
    let Some((file, first)) =
        contents.profiles.iter().find_map(|profile| Some((&profile.name, profile.rejected.first()?)))
    else {
        return String::new();
    };
    let cell = if first.column.is_empty() {
        String::new()
    } else {
        format!("`{}`: `{}` ", first.column, first.cell)
    };
    let what = format!(
        "{} cannot be read, the first: {file}:{}: {cell}{}",
        rows_in_words(rows),
        first.line,
        first.reason
    );
    format!("# {}\n# on_error = \"skip\"    # leaves them out and counts them\n", comment(&what))
}

/// What the rows are that repeat a lead ID of their file: where they agree, one lead.
fn repeated_ids(contents: &Contents) -> String {
    let Some(repeated) = &contents.repeated else { return String::new() };
    let rows = number_of(repeated.count, "row repeats a lead ID", "rows repeat lead IDs");
    let first = repeated.examples.first().map_or("", String::as_str);
    if contents.contradicting.is_empty() {
        return format!(
            "# {rows}, the first: {}; what they say agrees, so they are read as one lead\n\
             duplicates = \"merge\"    # \"sum\" instead where they are parts of one deal, to add their amounts\n",
            comment(first)
        );
    }
    format!(
        "# {rows}, the first: {}, and they do not agree in {}\n\
         # correct them, or say under columns which header identifies a lead; or say what they are:\n\
         # duplicates = \"sum\"    # parts of one deal: adds their amounts; \"deals\": each is a deal of its own\n",
        comment(first),
        comment(&contents.contradictions())
    )
}

/// The columns as a section where that holds, else as comments.
fn columns(part: &Part, contents: &Contents) -> String {
    let is_section = !part.block.columns.is_empty();
    let table = part.kind().name();
    let mark = if is_section { "" } else { "#   " };
    let line = |column: &Column| {
        let name = key(&column.name);
        let left = if column.is_constant {
            format!("{}{name}: {}", if is_section { "# " } else { mark }, comment(&column.shown))
        } else {
            format!("{mark}{name} = {}", quoted(&column.shown))
        };
        (left, described(column, part.is_undecided(column)))
    };
    let (dimensions, known): (Vec<&Column>, Vec<&Column>) =
        contents.columns.iter().partition(|column| column.is_automatic);
    let head = if is_section {
        format!("[{table}.columns]\n")
    } else {
        let by = if part.reading.preset.is_some() {
            "as the export is known"
        } else {
            "by the usual names of headers"
        };
        format!("# taken {by} (with a section [{table}.columns] only what it names would be read):\n")
    };
    let known = with_comments(&known.into_iter().map(line).collect::<Vec<_>>());
    let further =
        if dimensions.is_empty() { "" } else { "# further columns, each a dimension to split by:\n" };
    let dimensions = with_comments(&dimensions.into_iter().map(line).collect::<Vec<_>>());
    let unused: Vec<String> = contents.unused.iter().map(|header| comment(header)).collect();
    let unused =
        if unused.is_empty() { String::new() } else { format!("# not used: {}\n", unused.join(", ")) };
    [head, known, further.to_string(), dimensions, unused].concat()
}

/// How a column is written, how many rows have a value, one of them.
fn described(column: &Column, is_undecided: bool) -> String {
    let mut parts = Vec::new();
    if is_undecided {
        parts.push("to decide below".to_string());
    } else if !column.format.is_empty() {
        parts.push(column.format.clone());
    }
    if let (Some((filled, rows)), false) = (column.filled, column.is_constant) {
        parts.push(format!("filled {}", share(filled, rows)));
    }
    if !column.example.is_empty() {
        parts.push(format!("such as `{}`", shortened(&column.example)));
    }
    parts.join(", ")
}

/// The setting of each column that is read only with one; several that fit are comments, for the user to choose.
fn formats(table: &str, undecided: &[Undecided]) -> String {
    if undecided.is_empty() {
        return String::new();
    }
    let lines = undecided.iter().flat_map(|column| {
        let is_open = column.readings().len() > 1;
        let (mark, why) = if is_open { ("# ", "") } else { ("", ", and no other order fits all rows") };
        column.readings().iter().map(move |(setting, reading)| {
            let shown = format!("`{}` in line {} is {reading}{why}", shortened(&column.cell), column.line);
            (format!("{mark}{} = {}", key(&column.column), quoted(setting)), shown)
        })
    });
    let is_open = undecided.iter().any(|column| column.readings().len() > 1);
    let head = if is_open { "    # to decide: take the `#` from one line of each column" } else { "" };
    format!("[{table}.formats]{head}\n{}", with_comments(&lines.collect::<Vec<_>>()))
}

fn status_words(words: &[StatusWord]) -> String {
    if words.is_empty() {
        return String::new();
    }
    let line = |word: &StatusWord| {
        let rows = rows_in_words(word.rows);
        match &word.stage {
            Some(stage) => (format!("{} = {}", quoted(&word.word), quoted(stage)), rows),
            None => {
                (format!("# {} = \"…\"", quoted(&word.word)), format!("{rows}; to decide: a stage, or lost"))
            }
        }
    };
    let lines: Vec<(String, String)> = words.iter().take(MOST_WORDS).map(line).collect();
    let more = words.len().saturating_sub(MOST_WORDS);
    let more = if more > 0 {
        format!("# and {}\n", number_of(more as u64, "more word", "more words"))
    } else {
        String::new()
    };
    format!("[crm.stages]\n{}{more}", with_comments(&lines))
}

fn channels(facts: &Facts) -> String {
    if facts.channels.is_empty() {
        return String::new();
    }
    let lines = facts.channels.iter().filter_map(|spellings| {
        let ((most, _), (other, _)) = (spellings.first()?, spellings.get(1)?);
        let shown: Vec<String> =
            spellings.iter().map(|(word, rows)| format!("`{word}` {}", rows_in_words(*rows))).collect();
        Some((format!("# {} = {}", quoted(other), quoted(most)), shown.join(", ")))
    });
    format!(
        "\n[channels]    # spellings that may be one channel: without the `#` they are\n{}",
        with_comments(&lines.collect::<Vec<_>>())
    )
}

/// What a user can start from for a file that no table takes.
fn unplaced(file: &Unplaced, place: &Path) -> String {
    let stem = file.file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    // `opportunities.csv` too
    let is_named = |stage: &&&str| stem.contains(stage.trim_end_matches('y'));
    let stage = DEFAULT_STAGES.iter().rev().find(is_named).unwrap_or(&"lead");
    let tables: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    // whose headers cannot be read, none of it can
    let encoding = if file.headers.is_empty() {
        ("# encoding = \"…\"".to_string(), "such as windows-1252, for Western European Excel".to_string())
    } else {
        (String::new(), String::new())
    };
    let lines = [
        ("# [[crm]]".to_string(), format!("or {}", tables[1..].join(", "))),
        (format!("# files = [{}]", quoted(&relative(&file.file, place))), String::new()),
        encoding,
        (
            format!("# stage = {}", quoted(stage)),
            "only if it has no lead IDs and each row is an event of one stage".to_string(),
        ),
        ("# [crm.columns]".to_string(), "column = \"Header\"".to_string()),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|(left, _)| !left.is_empty()).collect();
    format!("# not placed: {}\n{}", comment(&file.describe()), with_comments(&lines))
}

/// Lines with their comments below each other.
fn with_comments(lines: &[(String, String)]) -> String {
    let width = |text: &str| text.chars().count();
    let widest =
        lines.iter().map(|(left, _)| width(left)).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let line = |(left, right): &(String, String)| {
        let right = comment(right);
        if right.is_empty() {
            return format!("{left}\n");
        }
        let gap = " ".repeat(widest.saturating_sub(width(left)) + 2);
        format!("{left}{gap}# {right}\n")
    };
    lines.iter().map(line).collect()
}

/// `1 row`, `2,000 rows`.
fn rows_in_words(count: usize) -> String {
    number_of(count as u64, "row", "rows")
}

/// What is not all of them is not 100%, and what is not nothing is not 0%: then there is no whole percent.
pub fn whole_percent(part: usize, whole: usize) -> Option<usize> {
    let percent = (part * 100).checked_div(whole).unwrap_or(0);
    (percent > 0 || part == 0 || whole == 0).then_some(percent)
}

/// `95%`.
fn share(part: usize, whole: usize) -> String {
    whole_percent(part, whole).map_or_else(|| "under 1%".to_string(), |percent| format!("{percent}%"))
}

/// A text on one line, as a comment must be.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_string()
}

fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(LONGEST_EXAMPLE) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_string(),
    }
}
