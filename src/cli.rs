//! The command line as types: commands, options and their help. What they do stands elsewhere.

pub mod help;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::calendar::Every;
use crate::config::{Basis, Skips};
use crate::report::compare::Compare;

/// Funnel KPIs over CSV exports: marketing, sales and service count the same numbers
#[derive(Debug, Parser)]
#[command(name = "funnel", version, max_term_width = 100, after_help = help::of_program())]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The language of titles, headings, notes, months and numbers; keys, CSV and JSON stay as they are [default: that of
    /// the configuration, else en]
    #[arg(long, global = true, value_name = "LANGUAGE", help_heading = "Output", value_parser = PossibleValuesParser::new(crate::lang::codes()))]
    pub lang: Option<String>,
    /// Say nothing on stderr but errors, missed targets and exceeded limits; `funnel init` prints no summary either
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// How to say it on stderr: lines for people, or a JSON object an event
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    pub log: LogFormat,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the tables of KPIs that the inputs allow, or those named
    #[command(after_help = help::of("report"))]
    Report(ReportArguments),
    /// Show where one KPI comes from: definition, formula, numerator, denominator, rows
    #[command(after_help = help::of("explain"))]
    Explain(ExplainArguments),
    /// Recognise exports and write a funnel.toml that says what was understood
    #[command(after_help = help::of("init"))]
    Init(InitArguments),
    /// Audit the data: formats, duplicates, orphans, gaps, coverage, and what each does to the KPIs
    #[command(after_help = help::of("check"))]
    Check(CheckArguments),
    /// Say what changed between two reports, and which rows made the difference
    #[command(after_help = help::of("diff"))]
    Diff(DiffArguments),
    /// List the catalogue of KPIs and measures
    #[command(after_help = help::of("kpis"))]
    Kpis(KpisArguments),
    /// Print a completion script for a shell
    #[command(after_help = help::of("completions"))]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
    /// Print the man page of the program, or of one command
    #[command(after_help = help::of("man"))]
    Man {
        /// A command, such as report; none named: the program
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// funnel, conversion, maturity, cost, channels, segments, owners, churn, service, renewal, value, bases, open, plan, own; none
    /// named: all that the inputs allow
    #[arg(value_name = "TABLE")]
    pub tables: Vec<String>,
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub scope: Scope,
    /// The report of each calendar period, side by side
    #[arg(long, value_enum, value_name = "PERIOD", help_heading = "Scope")]
    pub every: Option<Every>,
    /// Set each value beside that of another period
    #[arg(long, value_enum, value_name = "PERIOD", help_heading = "Scope")]
    pub compare: Option<Compare>,
    #[command(flatten)]
    pub output: Output,
    /// Keep the N largest values of each dimension and fold the rest into `(other)`
    #[arg(long, value_name = "N", help_heading = "Scope", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Keep the rows behind the totals in the JSON, for `funnel diff`: IDs, files, lines, what each adds
    #[arg(long, help_heading = "Output", conflicts_with_all = ["every", "compare"])]
    pub evidence: bool,
    /// Write the rows that were left out (`on_error = "skip"`) to this CSV: file, line, column, cell, reason, record
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub rejects: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// A KPI of the catalogue, such as `mql_to_sql` (see `funnel kpis`)
    #[arg(value_name = "KPI")]
    pub kpi: String,
    /// Print the rows behind the number as CSV: lead ID, file, line, what each adds
    #[arg(long)]
    pub rows: bool,
    /// Columns to print beside the IDs, such as owner or email: no other column of a row leaves the exports
    #[arg(long, value_name = "COLUMN[,COLUMN]", value_delimiter = ',', requires = "rows")]
    pub columns: Vec<String>,
    /// Replace IDs by keyed hashes; the key is in this file (at least 16 bytes) and gives the same hash every time
    #[arg(long, value_name = "KEY_FILE", requires = "rows")]
    pub pseudonymise: Option<PathBuf>,
    /// Put a `'` before text in CSV that a spreadsheet would run as a formula (`=`, `+`, `-`, `@` in front)
    #[arg(long, requires = "rows")]
    pub csv_safe: bool,
    #[command(flatten)]
    pub inputs: Inputs,
    #[command(flatten)]
    pub scope: Scope,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct InitArguments {
    /// Exports of CRM, ad spend, service desk, contracts, in any order (globs)
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// Write over a configuration that is there already
    #[arg(long)]
    pub force: bool,
    /// Write to this file, whole or not at all; the exports are named relative to it
    #[arg(short, long, value_name = "FILE", default_value = "funnel.toml")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub inputs: Inputs,
    /// Look at the data as of this day [default: the latest date in the data]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Colour in tables on stdout
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Put a `'` before text in CSV that a spreadsheet would run as a formula (`=`, `+`, `-`, `@` in front)
    #[arg(long)]
    pub csv_safe: bool,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The earlier report, made with `--format json` (with `--evidence`, so that rows can be named)
    #[arg(value_name = "OLD.json")]
    pub old: PathBuf,
    /// The later report
    #[arg(value_name = "NEW.json")]
    pub new: PathBuf,
    /// Only these KPIs; none named: all
    #[arg(value_name = "KPI")]
    pub kpis: Vec<String>,
    /// Print all rows that were added, removed or changed as CSV, instead of what changed in the report
    #[arg(long, conflicts_with = "format")]
    pub rows: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = DiffFormat::Table)]
    pub format: DiffFormat,
    /// Put a `'` before text in CSV that a spreadsheet would run as a formula (`=`, `+`, `-`, `@` in front)
    #[arg(long)]
    pub csv_safe: bool,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Aligned text for people, with the first of the rows
    Table,
    /// A row a value that changed
    Csv,
}

#[derive(Debug, Args)]
pub struct KpisArguments {
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
    /// Configuration whose own measures and KPIs are listed too [default: ./funnel.toml where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// KPIs and measures for this configuration, aligned
    Table,
    /// The reference: every definition once, with basis, direction and source
    Markdown,
    /// KPIs, measures and what stands beside KPIs for this configuration, a row each
    Csv,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Inputs")]
pub struct Inputs {
    /// Configuration that names the inputs [default: ./funnel.toml where there is one]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["crm", "spend", "tickets", "contracts", "payments", "rates", "currency"])]
    pub config: Option<PathBuf>,
    /// CRM export: a row a lead or deal (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub crm: Vec<String>,
    /// Ad spend: a row a day, channel or campaign (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub spend: Vec<String>,
    /// Service desk: a row a case (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub tickets: Vec<String>,
    /// Contracts or subscriptions: a row each (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub contracts: Vec<String>,
    /// Money received: a row a payment (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub payments: Vec<String>,
    /// Rates of exchange: date, currency, rate (units of the reporting currency for one unit)
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "currency")]
    pub rates: Vec<String>,
    /// The reporting currency, such as EUR
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Plan: a row a target of a period, of a KPI and of values of dimensions, also beside a configuration (repeatable, globs)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub plan: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line: files read, findings, notes, missed targets, errors, seconds
    Json,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scope")]
pub struct Scope {
    /// One calendar month
    #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["quarter", "from", "to"])]
    pub month: Option<String>,
    /// One calendar quarter
    #[arg(long, value_name = "YYYY-Qn", conflicts_with_all = ["from", "to"])]
    pub quarter: Option<String>,
    /// First day of the period
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// Day after the last day of the period (periods are half-open)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<String>,
    /// Split by these dimensions, such as channel or owner,product
    #[arg(long, value_name = "DIM[,DIM]", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Only the leads with this value (repeatable; all must hold)
    #[arg(long = "where", value_name = "DIM=VALUE")]
    pub filters: Vec<String>,
    /// cohort: leads created in the period; event: each stage by its own date [default: the table's own]
    #[arg(long, value_enum)]
    pub basis: Option<Basis>,
    /// What a skipped stage means: imply passes it, strict ends there, any counts each stage by itself
    #[arg(long, value_enum)]
    pub skips: Option<Skips>,
    /// Look at the data as of this day [default: the latest date in the data]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_of: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// How to print; several at once into a folder (`-o DIR/`)
    #[arg(
        long = "format",
        value_enum,
        value_name = "FORMAT[,FORMAT]",
        value_delimiter = ',',
        default_value = "table"
    )]
    pub formats: Vec<Format>,
    /// Put a `'` before text in CSV that a spreadsheet would run as a formula (`=`, `+`, `-`, `@` in front)
    #[arg(long)]
    pub csv_safe: bool,
    /// Write to this file, or one file a table into this folder (a name that ends in / or a folder that exists)
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Colour in tables on stdout
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// When tables on stdout are coloured
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always, as on a terminal
    Always,
    /// Never
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned text for people
    Table,
    /// Tidy CSV, a row a value
    Csv,
    /// The rows of the CSV as JSON
    Json,
    /// Tables for a wiki or a chat
    Markdown,
    /// A workbook: a sheet a table, definitions, and the rows of the CSV; needs `-o FILE`
    Xlsx,
    /// One page for people, with charts: opens in any browser, asks nothing of any server
    Html,
}
