//! A fuzz target for the reader and for the parsers of values: any bytes as any table give an answer or an error with a way
//! out, and what holds for one way of writing a table holds for all.
//!
//! A few cases run with the other tests. For an hour of it:
//!
//! ```sh
//! PROPTEST_CASES=1000000000 timeout 1h cargo test --release --test all properties::bytes
//! ```
//!
//! It ends by the clock (status 124) where nothing was found; a finding ends it early with the smallest case.

mod nearly;
mod same;
mod values;

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use funnel_kpi::cli::Format;
use funnel_kpi::config::{self, Basis, Config};
use funnel_kpi::csv_text::CsvText;
use funnel_kpi::error::Failure;
use funnel_kpi::input::profile::FileProfile;
use funnel_kpi::input::table::Table;
use funnel_kpi::input::tables::Kind;
use funnel_kpi::input::{self, Progress};
use funnel_kpi::kpi::catalogue::catalogue;
use funnel_kpi::render::Manner;
use funnel_kpi::render::terminal::Look;
use funnel_kpi::report::answer::{Asked, answer};
use funnel_kpi::report::goals::goals;
use funnel_kpi::report::scope::Scope;
use funnel_kpi::{leads, render};
use polars::prelude::{AnyValue, DataType};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use self::nearly::{Nearly, nearly, settings};
use super::exports::write;

/// No small file takes longer, however slow and busy the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many cases, unless the environment asks for others.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let all =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() };
    if asked { all } else { ProptestConfig { cases: usual, ..all } }
}

/// A CRM that all other tables can be joined to.
const LEADS: &str =
    "lead_id,lead_at,won_at,amount,channel\nL1,2026-01-05,2026-02-01,100,ads\nL2,2026-01-09,,,radio\n";

/// The configuration of one file as one table, beside a small CRM where it is not that itself.
fn configuration(folder: &Path, kind: Kind, settings: Option<&str>) -> anyhow::Result<Config> {
    let path = |name: &str| folder.join(name).display().to_string();
    let file = [path("x.csv")];
    let Some(settings) = settings else {
        let crm = [path("leads.csv")];
        let files: Vec<(Kind, &[String])> =
            if kind == Kind::Crm { vec![(kind, &file)] } else { vec![(Kind::Crm, &crm), (kind, &file)] };
        return Ok(Config { currency: Some("EUR".to_string()), ..config::from_files(&files) });
    };
    let crm = if kind == Kind::Crm { "" } else { "[[crm]]\nfiles = [\"leads.csv\"]\n" };
    let text = format!("currency = \"EUR\"\n{crm}[[{}]]\nfiles = [\"x.csv\"]\n{settings}", kind.name());
    write(folder, "funnel.toml", text.as_bytes());
    config::read(&folder.join("funnel.toml"))
}

/// Reads, joins and reports as `funnel report` does; the text in every format.
fn whole_way(config: &Config) -> anyhow::Result<String> {
    let mut read = input::read(config, &[], &Progress::hidden())?;
    let mut said: Vec<String> = read.files.iter().flat_map(FileProfile::describe).collect();
    said.push(input::rejects::to_csv(&read.files, CsvText::Raw)?);
    let plan = read.tables.remove(&Kind::Plan);
    let data = leads::join(read, config, None)?;
    let catalogue = catalogue(config)?;
    let goals = goals(config, plan.as_ref(), &catalogue, &data)?;
    let basis = data.is_event_based.then_some(Basis::Event);
    let scope = Scope::new(&data, &catalogue, None, &[], &[], basis, config.negative_days)?;
    let asked = Asked { names: &[], every: None, compare: None, goals: &goals };
    let answer = answer(&scope, &asked)?;
    let verdicts = answer.missed.into_iter().chain(answer.warned).map(|verdict| verdict.text);
    said.extend(answer.notes.into_iter().chain(verdicts));
    let manner = Manner { csv_text: CsvText::Raw, look: Look::plain() };
    // whatever stands in the data must fit into a workbook
    render::render(&answer.report, Format::Xlsx, manner)?;
    for format in [Format::Table, Format::Csv, Format::Json, Format::Markdown] {
        said.push(String::from_utf8_lossy(&render::render(&answer.report, format, manner)?).into_owned());
    }
    Ok(said.join("\n"))
}

/// An answer, or an error that says what to do; and either in time.
fn assert_is_answered(bytes: &[u8], kind: Kind, settings: Option<&str>) -> TestCaseResult {
    let folder = tempfile::tempdir().expect("a folder for the files");
    write(folder.path(), "x.csv", bytes);
    write(folder.path(), "leads.csv", LEADS.as_bytes());
    let start = Instant::now();
    let answer = configuration(folder.path(), kind, settings).and_then(|config| whole_way(&config));
    prop_assert!(start.elapsed() < PATIENCE, "{:?} for {} bytes", start.elapsed(), bytes.len());
    if let Err(error) = answer {
        let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
        prop_assert!(failure.is_some_and(|failure| failure.hint().is_some()), "no way out: {error:#}");
        let said = format!("{error:#}");
        prop_assert!(said.len() < 20_000 + bytes.len(), "{} bytes are no help", said.len());
    }
    Ok(())
}

/// A table cell by cell, each row with its line; the names of the columns in front.
fn described(table: &Table) -> Vec<Vec<String>> {
    let columns = table.frame.get_columns();
    let names = columns.iter().map(|column| column.name().to_string());
    let mut rows = vec![std::iter::once("line".to_string()).chain(names).collect::<Vec<String>>()];
    for row in 0..table.frame.height() {
        let cells = columns.iter().map(|column| {
            match (column.get(row).expect("a row of the table"), column.dtype()) {
                (AnyValue::Null, _) => String::new(),
                (AnyValue::UInt32(code), DataType::UInt32) => {
                    table.dictionaries[column.name().as_str()][code as usize].clone()
                }
                (value, _) => value.str_value().into_owned(),
            }
        });
        rows.push(std::iter::once(table.origin.line_of_row[row].to_string()).chain(cells).collect());
    }
    rows
}

/// The table that a file is read as, with the counts of rows: kept, left out, rejected.
fn read_table(config: &Config, kind: Kind) -> anyhow::Result<(Vec<Vec<String>>, [usize; 3])> {
    let read = input::read(config, &[], &Progress::hidden())?;
    let name = config.blocks(kind)[0].files[0].clone();
    let profile = read.files.iter().find(|file| file.name.ends_with(&name)).expect("a profile of every file");
    let dropped = profile.dropped.iter().map(|dropped| dropped.count).sum();
    Ok((described(&read.tables[&kind]), [profile.rows, dropped, profile.rejected.len()]))
}

fn any_kind() -> impl Strategy<Value = Kind> {
    select(Kind::ALL.to_vec())
}

fn any_nearly() -> impl Strategy<Value = Nearly> {
    any_kind().prop_flat_map(nearly)
}

fn any_settings(kind: Kind) -> impl Strategy<Value = Option<String>> {
    weighted(0.85, settings(kind))
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn any_bytes_are_answered(
        bytes in prop_oneof![vec(any::<u8>(), 0..400), vec(select(b"\"\",;\t\n\r a1.-\xff\xfe\xef\xbb\xbf\0".to_vec()), 0..200)],
        header in select(vec!["", "lead_id,lead_at,amount\n", "date;cost\n", "lead_id\topened_at\n", "lead_id,started_at,mrr\r"]),
        (kind, settings) in any_kind().prop_flat_map(|kind| (Just(kind), any_settings(kind))),
    ) {
        assert_is_answered(&[header.as_bytes(), &bytes].concat(), kind, settings.as_deref())?;
    }

    #[test]
    fn what_is_nearly_csv_is_answered(
        (file, settings) in any_nearly().prop_flat_map(|file| { let kind = file.kind; (Just(file), any_settings(kind)) }),
        names_encoding in weighted(0.9, Just(())).prop_map(|named| named.is_some()),
    ) {
        let own = format!("encoding = \"{}\"\n", file.encoding_name());
        let settings = settings.map(|settings| {
            let is_open = names_encoding && !settings.contains("encoding =");
            if is_open { own + &settings } else { settings }
        });
        assert_is_answered(&file.bytes(), file.kind, settings.as_deref())?;
    }

    /// The same rows as two files of one block, and two tables at once.
    #[test]
    fn several_files_are_answered(files in vec(any_nearly(), 2..4), skips in any::<bool>()) {
        let folder = tempfile::tempdir().expect("a folder for the files");
        write(folder.path(), "leads.csv", LEADS.as_bytes());
        let mut text = String::from("[[crm]]\nfiles = [\"leads.csv\"]\n");
        for (number, file) in files.iter().enumerate() {
            write(folder.path(), &format!("{number}.csv"), &file.bytes());
            let on_error = if skips { "skip" } else { "fail" };
            let kind = file.kind.name();
            writeln!(text, "[[{kind}]]\nfiles = [\"{number}.csv\"]\non_error = \"{on_error}\"").expect("text grows");
        }
        write(folder.path(), "funnel.toml", text.as_bytes());
        let answer = config::read(&folder.path().join("funnel.toml")).and_then(|config| whole_way(&config));
        if let Err(error) = answer {
            let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
            prop_assert!(failure.is_some_and(|failure| failure.hint().is_some()), "no way out: {error:#}");
        }
    }
}
