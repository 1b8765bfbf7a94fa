//! `funnel init`: exports in, a commented `funnel.toml` out, with which the report runs unchanged.
//!
//! `recognise` finds the table of each file and groups the files of one export, `read` reads each group as the report
//! would, `facts` finds what concerns all of them (stages, currency, channels), `block` decides what of it is written as
//! a setting and what as a comment, `text` writes it down, `summary` tells it on stdout.
//!
//! Nothing is guessed: what fits two readings, or no table, is left to the user, in the file and on stdout.

mod block;
mod facts;
mod place;
mod read;
mod recognise;
mod summary;
mod text;

use std::path::{Path, PathBuf};

use anyhow::Result;

use self::facts::Facts;
use self::read::{Contents, Part};
use self::recognise::Unplaced;
use crate::cli::{Colour, InitArguments};
use crate::error::{Failure, data_error};
use crate::input::Progress;
use crate::input::tables::Kind;
use crate::log::{Event, Log};
use crate::render::terminal::{Look, visible};
use crate::{config, input, leads, output, say};

/// Everything that is written down and told.
struct Draft {
    /// A part for each block.
    parts: Vec<Part>,
    unplaced: Vec<Unplaced>,
    facts: Facts,
}

/// Writes a configuration for some exports. The file that was written comes back.
///
/// # Errors
/// A configuration that is there already, a file that cannot be read, files of which none is recognised.
pub fn run(arguments: &InitArguments, log: &Log) -> Result<Vec<PathBuf>> {
    let place = &arguments.output;
    refuse_existing(place, arguments.force)?;
    let (groups, unplaced) = recognise::recognise(&arguments.files)?;
    let placed = groups.iter().flat_map(|group| &group.files);
    let exports: Vec<PathBuf> = placed.chain(unplaced.iter().map(|file| &file.file)).cloned().collect();
    output::keep_inputs(&exports, [place])?;
    let progress = |bytes| log.progress(|| Ok(bytes)).unwrap_or_else(|_| Progress::hidden());
    let mut parts: Vec<Part> =
        groups.into_iter().map(|group| read::part(group, &progress)).collect::<Result<_>>()?;
    let facts = facts::find(&parts)?;
    for part in &mut parts {
        block::decide(part, &facts.configured_stages(), place);
    }
    // people find them in the summary
    if log.is_json() {
        let files = parts.iter().filter_map(|part| part.contents.as_ref().ok());
        log.tell(files.flat_map(|contents| &contents.profiles).map(Event::Read));
    }
    let draft = Draft { parts, unplaced, facts };
    let text = text::text(&draft, place);
    let mut open = to_decide(&draft);
    if open.is_empty() {
        open.extend(try_out(&text, place)?);
    }
    if output::place(Some(place)).is_none() {
        return output::to_stdout(text.as_bytes()).map(|()| Vec::new());
    }
    let said = if log.is_quiet() {
        String::new()
    } else {
        let width = Look::of_stdout(Colour::Auto).width;
        visible(&summary::text(&draft, &open, place, width))
    };
    output::write_and_print(vec![(place.clone(), text.into_bytes())], said.as_bytes())
}

fn refuse_existing(place: &Path, force: bool) -> Result<()> {
    if force || !place.exists() {
        return Ok(());
    }
    Err(data_error(
        format!("{}: is there already", place.display()),
        "`--force` writes over it, `-o FILE` writes elsewhere",
    ))
}

/// What keeps a report from being right until the user has decided it.
fn to_decide(draft: &Draft) -> Vec<String> {
    let mut open = Vec::new();
    for part in &draft.parts {
        let table = part.kind().name();
        for undecided in part.open_columns() {
            open.push(say!(
                "{place}: `{column}`: {readings}: choose one under `[{table}.formats]`",
                place = format!("{}:{}", undecided.file, undecided.line),
                column = undecided.column,
                readings = undecided.in_words(),
                table = table
            ));
        }
        match &part.contents {
            Err(problem) => open.push(problem.in_one_line()),
            Ok(contents) => open.extend(repeated(contents).into_iter().chain(contents.profiles.iter().filter_map(|profile| {
                let first = profile.rejected.first()?;
                Some(say!(
                    "{file}: {count} {count:row|rows} that cannot be read, the first in line {line}: correct them, or leave \
                     them out with `on_error = \"skip\"`",
                    file = profile.name,
                    count = profile.rejected.len(),
                    line = first.line.to_string()
                ))
            }))),
        }
        let words = draft.facts.words_of(part).iter().filter(|word| word.stage.is_none());
        let words: Vec<String> = words.map(|word| format!("`{}`", word.word)).collect();
        if !words.is_empty() {
            open.push(say!(
                "status words without a stage: {words}: name one under `[crm.stages]`",
                words = words.join(", ")
            ));
        }
    }
    if !draft.parts.iter().any(|part| part.kind() == Kind::Crm) {
        open.push(say!(
            "no CRM export is among the files, and a report needs one: name it, or add a `[[crm]]` block"
        ));
    }
    open
}

/// Rows of one lead that do not agree.
fn repeated(contents: &Contents) -> Option<String> {
    let repeated = contents.repeated.as_ref().filter(|_| !contents.contradicting.is_empty())?;
    Some(say!(
        "{count} {count:row repeats a lead ID|rows repeat lead IDs} of the same file and not all agree, in {columns}: \
         correct them, map the column that identifies a lead, or set `duplicates = \"sum\"` where they are parts of one \
         deal, `\"deals\"` where each is a deal of its own",
        count = repeated.count,
        columns = contents.contradictions()
    ))
}

/// Reads and joins with what is about to be written, as a report does; what would stop the report comes back.
fn try_out(text: &str, place: &Path) -> Result<Option<String>> {
    let config = config::parse(text, place)?;
    let joined =
        input::read(&config, &[], &Progress::hidden()).and_then(|read| leads::join(read, &config, None));
    Ok(joined.err().map(|error| Problem::new(&error).in_one_line()))
}

/// An error that does not stop `init`, but would stop a report.
#[derive(Debug)]
struct Problem {
    message: String,
    hint: String,
}

impl Problem {
    fn new(error: &anyhow::Error) -> Problem {
        let hint = Failure::of(error).and_then(Failure::hint).unwrap_or_default().to_string();
        Problem { message: format!("{error:#}"), hint }
    }

    fn in_one_line(&self) -> String {
        if self.hint.is_empty() { self.message.clone() } else { format!("{}: {}", self.message, self.hint) }
    }
}
