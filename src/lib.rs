//! Funnel KPIs over CSV exports: one offline binary that gives marketing, sales and service the same numbers.
//!
//! The way of the data, and where each step stands:
//!
//! ```text
//! CSV files ─ input ─▶ typed tables ─ leads ─▶ one row per lead ─ kpi ─▶ values ─ report ─▶ Report ─ render ─▶ text
//! ```
//!
//! - [`cli`]: commands and options as types, [`man`]: the same as a man page · [`config`]: `funnel.toml` as types
//! - [`input`]: bytes to typed columns; the only place that knows files and formats
//! - [`leads`]: the join: one row a lead, with its stages; contracts, cases and spend tied to it
//! - [`kpi`]: the catalogue of KPIs as data, one evaluator, exact arithmetic, statistics
//! - [`report`]: the tables as data, filled into a plain value · [`render`]: that value as text, one file a format
//! - [`diff`]: what changed between two reports that were kept, and which rows made the difference
//! - [`check`]: what is wrong with the data, counted and located · [`init`]: a first `funnel.toml` from the files alone
//! - [`output`]: stdout and files, whole or not at all · [`log`]: stderr, as lines or as JSON
//! - [`mask`], [`period`], [`calendar`], [`error`], [`csv_text`]: sets of rows, spans of days and their order, errors with a
//!   way out, text that a spreadsheet would run
//!
//! What always holds: money is exact (whole millionths, never floating-point sums); a ratio is a ratio of sums; a
//! denominator of 0 gives no value; the same input gives the same bytes, whatever the order of rows or the number of
//! threads; what is left out is counted; no clock is read but for the seconds in the log; no network code is linked.

pub mod calendar;
pub mod check;
pub mod cli;
pub mod config;
pub mod csv_text;
pub mod diff;
pub mod error;
pub mod init;
pub mod input;
pub mod kpi;
pub mod lang;
pub mod leads;
pub mod log;
pub mod man;
pub mod mask;
pub mod output;
pub mod period;
pub mod render;
pub mod report;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::CommandFactory;

use crate::check::audit;
use crate::cli::{
    CheckArguments, Cli, Colour, Command, ExplainArguments, Format, Inputs, KpisArguments, ListFormat,
    ReportArguments,
};
use crate::config::{Basis, Config};
use crate::csv_text::CsvText;
use crate::error::usage_error;
use crate::input::table::Table;
use crate::input::tables::Kind;
use crate::kpi::catalogue::{Catalogue, catalogue};
use crate::kpi::derived;
use crate::kpi::view::Filter;
use crate::leads::Data;
use crate::log::{Event, Log, beside};
use crate::period::Period;
use crate::render::Manner;
use crate::render::terminal::Look;
use crate::report::answer::Asked;
use crate::report::needed;
use crate::report::rows::Printed;
use crate::report::scope::Scope;

/// How a command that could do its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The answer was written, but it misses a target or a limit.
    Missed,
}

/// Runs a command line, and tells in the log what happens on the way.
///
/// # Errors
/// Everything that keeps the answer from being right; nothing has been written then.
pub fn run(cli: Cli, log: &Log) -> Result<Outcome> {
    if let Some(code) = &cli.lang {
        lang::set(code)?;
    }
    let written = match cli.command {
        Command::Report(arguments) => return run_report(&arguments, log),
        Command::Explain(arguments) => return run_explain(&arguments, log),
        Command::Check(arguments) => return run_check(&arguments, log),
        Command::Init(arguments) => init::run(&arguments, log)?,
        Command::Diff(arguments) => diff::run(&arguments, log)?,
        Command::Kpis(arguments) => run_kpis(&arguments)?,
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "funnel", &mut text);
            output::to_stdout(&text)?;
            Vec::new()
        }
        Command::Man { command } => {
            output::to_stdout(&man::page(command.as_deref())?)?;
            Vec::new()
        }
    };
    log.tell([Event::Done { outcome: Outcome::Done, written: &written }]);
    Ok(Outcome::Done)
}

fn run_report(arguments: &ReportArguments, log: &Log) -> Result<Outcome> {
    let place = output::place(arguments.output.output.as_ref());
    let (formats, place) = (&arguments.output.formats, place.as_deref());
    output::check_place(formats, place)?;
    if arguments.evidence && !formats.contains(&Format::Json) {
        return Err(usage_error(
            "`--evidence` is kept in JSON, which is not among the formats",
            "write `--format json --evidence -o report.json`",
        ));
    }
    let question = Question::new(&arguments.inputs, &arguments.scope)?;
    let catalogue = catalogue(&question.config)?;
    log.tell_lines(&catalogue.replaced, Event::Note);
    let possible =
        place.map(|place| output::possible_files(&arguments.tables, formats, place)).transpose()?;
    keep_inputs(&question.config, possible.iter().flatten().chain(&arguments.rejects))?;
    let (mut data, plan) = question.read(log)?;
    let mut needed =
        needed::of_report(&arguments.tables, &catalogue, &question.config, question.dimensions())?;
    needed.extend(needed::of_goals(&question.config, plan.as_ref(), &catalogue));
    derived::add(&mut data, &question.config, &catalogue, &needed)?;
    let named = question.dimensions().chain(needed::dimensions_of_goals(&question.config, plan.as_ref()));
    let unknown = needed::of_unknown(&data, named);
    derived::add(&mut data, &question.config, &catalogue, &unknown)?;
    let mut scope = question.scope(&data, &catalogue, &arguments.scope)?;
    scope.top = arguments.top.and_then(|top| usize::try_from(top).ok());
    let goals = report::goals::goals(&question.config, plan.as_ref(), &catalogue, &data)?;
    let asked =
        Asked { names: &arguments.tables, every: arguments.every, compare: arguments.compare, goals: &goals };
    let mut answer = report::answer::answer(&scope, &asked)?;
    if arguments.evidence {
        answer.report.evidence = Some(report::evidence::evidence(&scope, &answer.report.tables)?);
    }
    let rejects = match &arguments.rejects {
        Some(path) => {
            let rejects = input::rejects::to_csv(&data.files, CsvText::of_option(arguments.output.csv_safe))?;
            Some((path.clone(), rejects.into_bytes()))
        }
        None => None,
    };
    let manner = manner(arguments.output.csv_safe, place, arguments.output.color);
    let written = output::write_report(&answer.report, formats, place, manner, rejects)?;
    let outcome = beside::tell_report(&answer, &scope, formats, log);
    log.tell([Event::Done { outcome, written: &written }]);
    // the process ends here: giving its memory back piece by piece would only take time
    drop(scope);
    std::mem::forget(data);
    Ok(outcome)
}

/// Nothing is written over the configuration or an input.
///
/// # Errors
/// An output that is one of these.
fn keep_inputs<'a>(config: &Config, outputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<()> {
    let mut inputs = input::paths(config)?;
    inputs.push(config.path.clone());
    output::keep_inputs(&inputs, outputs)
}

fn run_explain(arguments: &ExplainArguments, log: &Log) -> Result<Outcome> {
    let question = Question::new(&arguments.inputs, &arguments.scope)?;
    let catalogue = catalogue(&question.config)?;
    let beside = catalogue.beside(&arguments.kpi);
    let kpi = beside.as_ref().map_or(arguments.kpi.as_str(), |found| found.kpi);
    catalogue.kpi(kpi)?;
    if let Some(found) = beside.as_ref().filter(|_| arguments.rows) {
        return Err(report::beside::no_rows(&arguments.kpi, found));
    }
    let place = output::place(arguments.output.as_ref());
    keep_inputs(&question.config, &place)?;
    let key = arguments.pseudonymise.as_deref().map(report::pseudonym::key).transpose()?;
    let (mut data, plan) = question.read_with(&arguments.columns, log)?;
    let mut needed = needed::of_question(kpi, &catalogue, question.dimensions().chain(&arguments.columns));
    if beside.is_some() {
        needed.extend(needed::of_goals(&question.config, plan.as_ref(), &catalogue));
    }
    derived::add(&mut data, &question.config, &catalogue, &needed)?;
    let is_column = |name: &&String| data.facts.values().any(|facts| facts.table.has(name));
    let no_columns = arguments.columns.iter().filter(|name| !is_column(name));
    let unknown = needed::of_unknown(&data, question.dimensions().chain(no_columns));
    derived::add(&mut data, &question.config, &catalogue, &unknown)?;
    let scope = question.scope(&data, &catalogue, &arguments.scope)?;
    let look = Look::at(place.as_deref(), Colour::Auto);
    let text = if let Some(found) = &beside {
        let goals = report::goals::goals(&question.config, plan.as_ref(), &catalogue, &data)?;
        render::explain::render(&report::beside::explain(&scope, &arguments.kpi, found, &goals)?, look)
    } else if arguments.rows {
        let csv_text = CsvText::of_option(arguments.csv_safe);
        let printed = Printed { columns: &arguments.columns, key: key.as_ref(), csv_text };
        let (text, notes) = report::rows::rows(&scope, &arguments.kpi, &printed)?;
        log.tell_lines(&notes, Event::Note);
        text
    } else {
        render::explain::render(&report::explain::explain(&scope, &arguments.kpi)?, look)
    };
    let written = output::write_bytes(text.into_bytes(), place.as_deref())?;
    // people find them beside the number
    if log.is_json() {
        beside::tell_findings(&scope.data.findings, log);
    }
    log.tell([Event::Done { outcome: Outcome::Done, written: &written }]);
    Ok(Outcome::Done)
}

fn run_check(arguments: &CheckArguments, log: &Log) -> Result<Outcome> {
    let named = output::place(arguments.output.as_ref());
    output::check_place(&[arguments.format], named.as_deref())?;
    let extension = render::extension(arguments.format);
    let place = named.clone().map(|place| output::file_at(place, "audit", extension));
    let mut config = configuration(&arguments.inputs)?;
    keep_inputs(&config, &place)?;
    let as_of = day_of_the_data(arguments.as_of.as_deref(), &config)?;
    let contacts = check::contacts::contact_columns();
    let mut read = check::refused::read(&mut config, |config| read_inputs(config, &contacts, log))?;
    // two addresses of one lead are no reason to refuse the audit
    read.automatic_dimensions.extend(contacts);
    let later = as_of.and_then(|day| check::order::dates_after(&read, day));
    let mut data = leads::join(read, &config, as_of)?;
    data.findings.extend(later);
    let audit = audit::audit(&data, &config)?;
    let place = place.as_deref();
    let manner = manner(arguments.csv_safe, place, arguments.color);
    let bytes = render::audit(&audit, arguments.format, manner)?;
    let written = output::write_one(bytes, named.as_deref(), place)?;
    let outcome = beside::tell_audit(&audit, log);
    log.tell([Event::Done { outcome, written: &written }]);
    // the process ends here: giving its memory back piece by piece would only take time
    std::mem::forget(data);
    Ok(outcome)
}

/// How the answer is written at a place: files are the same on every machine, stdout fits its terminal.
fn manner(is_csv_safe: bool, place: Option<&Path>, colour: Colour) -> Manner {
    Manner { csv_text: CsvText::of_option(is_csv_safe), look: Look::at(place, colour) }
}

fn run_kpis(arguments: &KpisArguments) -> Result<Vec<PathBuf>> {
    let path = arguments.config.clone().or_else(default_configuration);
    let config = path.map_or_else(|| Ok(config::from_files(&[])), |path| read_configuration(&path))?;
    let catalogue = catalogue(&config)?;
    let text = match arguments.format {
        ListFormat::Table => render::catalogue::list(&catalogue, Look::of_stdout(Colour::Auto)),
        ListFormat::Markdown => render::catalogue::reference(&catalogue)?,
        ListFormat::Csv => render::catalogue::csv(&catalogue)?,
    };
    output::to_stdout(text.as_bytes()).map(|()| Vec::new())
}

/// What the command line asks, checked before any file is read.
struct Question {
    config: Config,
    as_of: Option<i32>,
    period: Option<Period>,
    filters: Vec<Filter>,
    by: Vec<String>,
}

impl Question {
    fn new(inputs: &Inputs, scope: &cli::Scope) -> Result<Question> {
        let mut config = configuration(inputs)?;
        config.skips = scope.skips.unwrap_or(config.skips);
        let as_of = day_of_the_data(scope.as_of.as_deref(), &config)?;
        let filters = scope.filters.iter().map(|text| filter(text)).collect::<Result<_>>()?;
        let period = period::from_scope(scope)?;
        Ok(Question { config, as_of, period, filters, by: each_once(&scope.by) })
    }

    /// The dimensions that the command line names.
    fn dimensions(&self) -> impl Iterator<Item = &String> {
        self.filters.iter().map(|filter| &filter.dimension).chain(&self.by)
    }

    /// The joined data, and the plan, which is joined to nothing.
    fn read(&self, log: &Log) -> Result<(Data, Option<Table>)> {
        self.read_with(&[], log)
    }

    /// Reads these columns too.
    fn read_with(&self, columns: &[String], log: &Log) -> Result<(Data, Option<Table>)> {
        // dimensions that a user names are read even where the configuration does not map them
        let wanted: Vec<String> = self.dimensions().chain(columns).cloned().collect();
        let mut read = read_inputs(&self.config, &wanted, log)?;
        let plan = read.tables.remove(&Kind::Plan);
        Ok((leads::join(read, &self.config, self.as_of)?, plan))
    }

    fn scope<'a>(
        &'a self,
        data: &'a Data,
        catalogue: &'a Catalogue,
        scope: &cli::Scope,
    ) -> Result<Scope<'a>> {
        let negative_days = self.config.negative_days;
        let basis = match (scope.basis, data.is_event_based) {
            (Some(Basis::Cohort), true) => {
                return Err(usage_error(
                    "the CRM has no lead IDs, so no lead can be followed from stage to stage",
                    "leave `--basis cohort` out: each row is an event of one stage, counted by its own date",
                ));
            }
            (None, true) => Some(Basis::Event),
            (basis, _) => basis,
        };
        Scope::new(data, catalogue, self.period.as_ref(), &self.filters, &self.by, basis, negative_days)
    }
}

/// Names without the blanks around them, each where it comes first.
fn each_once(names: &[String]) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for name in names.iter().map(|name| name.trim().to_string()) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// The day of the command line, else that of the configuration.
fn day_of_the_data(option: Option<&str>, config: &Config) -> Result<Option<i32>> {
    match (option, &config.as_of) {
        (Some(day), _) => period::parse_day("--as-of", day).map(Some),
        (None, Some(day)) => {
            period::parse_configured_day("as_of", day).map(Some).map_err(|error| config.blame(error))
        }
        (None, None) => Ok(None),
    }
}

/// Reads the inputs and says what was taken for what.
fn read_inputs(config: &Config, wanted: &[String], log: &Log) -> Result<input::Inputs> {
    log.tell_lines(&input::misnamed::misnamed(config)?, Event::Note);
    let progress = log.progress(|| input::size(config))?;
    let read = input::read(config, wanted, &progress)?;
    drop(progress);
    if config.path.as_os_str().is_empty() && default_configuration().is_some() {
        let note = say!("note: funnel.toml is not read, because the inputs are named on the command line");
        log.tell([Event::Note(&note)]);
    }
    for file in &read.files {
        log.tell([Event::Read(file)]);
        if let Some(note) = file.describe_ends() {
            log.tell([Event::Note(&note)]);
        }
    }
    Ok(read)
}

/// The configuration that is named, or that of the current folder, with the plans of the command line; else one of the
/// files named there. A plan says nothing of the data, so it takes the place of no configuration.
fn configuration(inputs: &Inputs) -> Result<Config> {
    let files = [
        (Kind::Crm, inputs.crm.as_slice()),
        (Kind::Spend, &inputs.spend),
        (Kind::Tickets, &inputs.tickets),
        (Kind::Contracts, &inputs.contracts),
        (Kind::Payments, &inputs.payments),
        (Kind::Rates, &inputs.rates),
        (Kind::Plan, &inputs.plan),
    ];
    let named = inputs.config.clone().or_else(default_configuration);
    let is_of_files =
        |(kind, names): &(Kind, &[String])| !names.is_empty() && (*kind != Kind::Plan || named.is_none());
    if files.iter().any(is_of_files) {
        let currency = inputs.currency.clone();
        return Ok(Config { currency, ..config::from_files(&files) });
    }
    let path = named.ok_or_else(|| {
        usage_error(
            "no input is named, and there is no funnel.toml here",
            "name the exports: `funnel report --crm leads.csv --spend ads.csv`, or write a funnel.toml",
        )
    })?;
    let mut config = read_configuration(&path)?;
    config::add_plans(&mut config, &inputs.plan);
    Ok(config)
}

/// A configuration; its language is that of the run where the command line names none.
fn read_configuration(path: &Path) -> Result<Config> {
    let config = config::read(path)?;
    if let Some(code) = &config.lang {
        lang::set(code).map_err(|error| config.blame(error))?;
    }
    Ok(config)
}

fn default_configuration() -> Option<PathBuf> {
    let path = Path::new("funnel.toml");
    path.is_file().then(|| path.to_path_buf())
}

/// `channel=ads` as a filter.
fn filter(text: &str) -> Result<Filter> {
    Filter::parse(text).ok_or_else(|| {
        usage_error(
            format!("`--where {text}` is not a condition"),
            "write `--where channel=ads`, or `--where 'channel=(none)'` for the rows without one",
        )
    })
}
