//! What README.md, the examples and `tests/transcripts/` show is what the program prints, to the letter; and
//! here is what no transcript can show: which stream a line goes to, pipes that close, what is left in a folder.
//!
//! Every transcript runs in the root of the repository. `TRYCMD=overwrite cargo test --test all transcripts`
//! writes down what is printed now; each number in it must then be checked by hand. trycmd wants an empty line
//! between the last line of an answer and the end of its block.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FUNNEL: &str = env!("CARGO_BIN_EXE_funnel");
/// What a transcript may run beside `funnel`, to show what was written.
const TOOLS: [&str; 2] = ["cat", "ls"];
/// The folders that transcripts write to; one shows with `ls` what is in it, so the others have their own.
const WRITTEN: [&str; 4] = [
    "target/transcripts",
    "target/transcripts-init",
    "target/transcripts-rejects",
    "target/transcripts-periods",
];
const LEADS: &str = "fixtures/errors/leads.csv";

#[test]
fn transcripts_are_what_is_printed() {
    for folder in WRITTEN {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
    }
    run_all(gallery());
}

#[test]
fn the_manual_and_the_examples_show_what_is_printed() {
    run_all(manual());
}

/// A command that is not known is skipped without a word, so a misspelt one would never fail.
#[test]
fn transcripts_run_only_commands_that_are_known() {
    for path in manual().into_iter().chain(gallery()) {
        for command in commands(&path) {
            let name = command.split_whitespace().find(|word| !word.contains('='));
            let is_known = name.is_some_and(|name| name == "funnel" || TOOLS.contains(&name));
            assert!(
                is_known,
                "{}: `{command}`: write it in a `sh` block if it is not to run",
                path.display()
            );
        }
    }
}

#[test]
fn an_error_prints_nothing_on_stdout_and_shows_a_way_out() {
    let mut count = 0;
    for path in gallery().iter().filter(|path| file_name(path).starts_with("errors-")) {
        for command in commands(path) {
            let words = words(&command);
            let output = funnel(&words[1..]);
            let stderr = text(&output.stderr);
            assert!(matches!(output.status.code(), Some(1 | 2)), "`{command}` ends with {}", output.status);
            assert_eq!(text(&output.stdout), "", "`{command}` prints on stdout");
            assert!(stderr.starts_with("error: "), "`{command}`: {stderr}");
            let has_way_out = stderr.contains("\nhint: ") || stderr.contains("try '--help'");
            assert!(has_way_out, "`{command}`: {stderr}");
            count += 1;
        }
    }
    assert!(count > 100, "the gallery has shrunk to {count} errors");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for arguments in [
        ["explain", "win_share", "--config", "fixtures/errors/kpi-median-of-count.toml"],
        ["report", "conversion", "--config", "fixtures/errors/lookup-no-files.toml"],
    ] {
        assert_eq!(funnel(&arguments).status.code(), Some(1), "{arguments:?}");
    }
    let output = funnel(&["report", "--crm", "fixtures/errors/stage-column-without-date.csv"]);
    assert!(text(&output.stderr).contains("won_column"), "a column with the name of a stage is not named");
}

#[test]
fn the_report_goes_to_stdout_and_all_else_to_stderr() {
    let output = funnel(&["report", "conversion", "--crm", LEADS]);
    assert!(text(&output.stdout).starts_with("CONVERSION\n"));
    assert!(text(&output.stderr).starts_with("fixtures/errors/leads.csv: crm, 3 rows: "));
    let quiet = funnel(&["report", "conversion", "--crm", LEADS, "--quiet"]);
    assert_eq!((quiet.stdout, text(&quiet.stderr)), (output.stdout, String::new()));
}

#[test]
fn what_is_left_out_goes_to_stderr_where_the_format_has_no_room_for_it() {
    let arguments = ["report", "segments", "--crm", "fixtures/errors/findings.csv"];
    let finding = "CRM rows without a lead ID, left out: 1";
    for (format, is_in_report) in [("table", true), ("markdown", true), ("csv", false), ("json", false)] {
        let output = funnel(&[&arguments[..], &["--format", format]].concat());
        assert_eq!(text(&output.stdout).contains(finding), is_in_report, "{format}");
        assert_eq!(text(&output.stderr).contains(finding), !is_in_report, "{format}");
    }
}

#[test]
fn a_pipe_that_closes_early_is_success() {
    let inputs = ["--crm", LEADS];
    for arguments in [
        &[&["report"], &inputs[..]].concat()[..],
        &[&["report", "--format", "csv", "--quiet"], &inputs[..]].concat(),
        &[&["explain", "leads"], &inputs[..]].concat(),
        &[&["explain", "leads", "--rows"], &inputs[..]].concat(),
        &["kpis"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(FUNNEL).args(arguments).stdout(writer).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("error:"), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn nobody_reading_stderr_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(FUNNEL).args(["report", "--crm", LEADS]).stderr(writer).output().unwrap();
    assert!(output.status.success());
}

#[test]
fn nobody_reading_an_error_leaves_the_exit_code() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output =
        Command::new(FUNNEL).args(["report", "--crm", "absent.csv"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_error_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.csv");
    fs::write(&file, "old\n").unwrap();
    for (arguments, code) in [
        (&["report", "--crm", "fixtures/errors/bad-date.csv"][..], 1),
        (&["report", "--crm", LEADS, "--month", "2026-13"], 2),
        (&["report", "cost", "--crm", LEADS], 1),
        (&["explain", "cost_per_won", "--crm", LEADS], 1),
    ] {
        let output = funnel(&[arguments, &["--output", file.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(names_in(folder.path()), ["report.csv"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old\n");
    }
}

#[test]
fn a_place_that_cannot_be_written_to_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a-file"), "").unwrap();
    fs::create_dir(folder.path().join("a-folder")).unwrap();
    for place in ["absent/report.csv", "a-file/", "a-file/report.csv"] {
        let place = folder.path().join(place);
        let output = funnel(&["report", "--crm", LEADS, "--output", place.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{}", place.display());
        let message = format!("error: {}: cannot be written: ", place.display());
        let stderr = text(&output.stderr);
        assert!(stderr.lines().any(|line| line.starts_with(&message)), "{stderr}");
    }
    let output =
        funnel(&["explain", "leads", "--crm", LEADS, "-o", folder.path().join("a-folder").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names_in(folder.path()), ["a-file", "a-folder"]);
    assert!(names_in(&folder.path().join("a-folder")).is_empty());
}

#[test]
fn of_several_files_all_are_written_or_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("segments.txt")).unwrap();
    let output = funnel(&["report", "--crm", LEADS, "--output", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names_in(folder.path()), ["segments.txt"]);
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_file_that_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("report.txt"), folder.path().join("link.txt"));
    fs::write(&file, "old\n").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let output = funnel(&["explain", "leads", "--crm", LEADS, "--output", link.to_str().unwrap()]);
    assert!(output.status.success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&file).unwrap().starts_with("Leads (leads)\n"));
}

#[cfg(unix)]
#[test]
fn a_written_file_is_as_public_as_any_other() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("other.csv"), "").unwrap();
    let place = folder.path().join("report.csv");
    assert!(funnel(&["report", "--crm", LEADS, "--output", place.to_str().unwrap()]).status.success());
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("report.csv"), mode("other.csv"));
    assert_eq!(names_in(folder.path()), ["other.csv", "report.csv"]);
}

#[test]
fn a_file_holds_what_stdout_would() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["table", "csv", "json", "markdown"] {
        let place = folder.path().join(format);
        let arguments = ["report", "--crm", LEADS, "--quiet", "--format", format];
        let printed = funnel(&arguments).stdout;
        let output = funnel(&[&arguments[..], &["--output", place.to_str().unwrap()]].concat());
        assert_eq!(
            (output.status.code(), text(&output.stdout), text(&output.stderr)),
            (Some(0), String::new(), String::new())
        );
        assert_eq!(fs::read(&place).unwrap(), printed, "{format}");
    }
}

fn funnel(arguments: &[&str]) -> Output {
    Command::new(FUNNEL).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| file_name(&entry.unwrap().path())).collect();
    names.sort_unstable();
    names
}

fn run_all(paths: Vec<PathBuf>) {
    let cases = trycmd::TestCases::new();
    cases.register_bin("funnel", Path::new(FUNNEL));
    for tool in TOOLS {
        cases.register_bin(tool, tool_path(tool).as_path());
    }
    for path in paths {
        cases.case(path);
    }
}

/// README.md and those of the examples, as far as they exist.
fn manual() -> Vec<PathBuf> {
    let examples = Path::new("examples");
    let of_examples = names_in(examples).into_iter().map(|name| examples.join(name).join("README.md"));
    std::iter::once(PathBuf::from("README.md")).chain(of_examples).filter(|path| path.exists()).collect()
}

/// The transcripts of this folder of tests.
fn gallery() -> Vec<PathBuf> {
    let folder = Path::new("tests/transcripts");
    names_in(folder).into_iter().map(|name| folder.join(name)).collect()
}

/// The commands of the blocks that trycmd runs.
fn commands(path: &Path) -> Vec<String> {
    let mut commands = Vec::new();
    let mut is_run = None;
    for line in fs::read_to_string(path).unwrap().lines() {
        match (line.strip_prefix("```"), is_run) {
            (Some(language), None) => is_run = Some(matches!(language.trim(), "" | "console" | "trycmd")),
            (Some(_), Some(_)) => is_run = None,
            (None, Some(true)) => commands.extend(line.strip_prefix("$ ").map(String::from)),
            _ => {}
        }
    }
    commands
}

/// The words of a command, where a quote holds several together.
fn words(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = command.trim_start();
    while let Some(first) = rest.chars().next() {
        let quote = Some(first).filter(|first| matches!(first, '\'' | '"'));
        let start = usize::from(quote.is_some());
        let length =
            rest[start..].find(|c| quote.map_or(c == ' ', |quote| c == quote)).unwrap_or(rest.len() - start);
        words.push(&rest[start..start + length]);
        rest = rest[start + length..].trim_start_matches(['\'', '"']).trim_start();
    }
    words
}

/// Where a tool of the system is.
fn tool_path(tool: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(tool)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`{tool}` is not installed"))
}
