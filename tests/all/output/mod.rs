//! What is promised of files: whole or not at all, those of one run together, nothing else left behind; and that a run
//! depends on its inputs and arguments alone. `broken` takes room and places away, `killed` takes the time away and sets
//! two runs on one folder.

mod broken;
mod killed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{project, run, stdout};

/// Three leads.
const LEADS: &str = "fixtures/errors/leads.csv";
/// The formats of a folder, with how the names of their files end.
const FORMATS: [(&str, &str); 4] = [("table", "txt"), ("csv", "csv"), ("json", "json"), ("markdown", "md")];
const ALL_FORMATS: &str = "table,csv,json,markdown";

/// What is in a folder: the names, hidden ones too, with the bytes of the files.
type Contents = BTreeMap<String, Vec<u8>>;

fn contents(folder: &Path) -> Contents {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // an unfinished file may go while one looks
    let read = |path: PathBuf| {
        let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path).ok()? };
        Some((path.file_name()?.to_string_lossy().into_owned(), bytes))
    };
    entries.filter_map(read).collect()
}

/// Other leads than those of [`LEADS`], in a file of their own: the report has the same tables, and none is the same.
fn other_leads(folder: &Path) -> PathBuf {
    let other = folder.join("other.csv");
    let text = fs::read_to_string(project().join(LEADS)).unwrap().replace("100.50", "90000");
    fs::write(&other, text + "4,2026-02-03,2026-02-04,,ads,Cleo,\n").unwrap();
    other
}

/// The arguments of a report of leads into a folder in every format.
fn into_folder<'a>(leads: &'a str, folder: &'a str) -> Vec<&'a str> {
    vec!["report", "--crm", leads, "--quiet", "--format", ALL_FORMATS, "-o", folder]
}

/// Writes the report of leads into a folder.
fn write(leads: &Path, folder: &Path) -> Contents {
    fs::create_dir_all(folder).unwrap();
    let output = run(&project(), &into_folder(text_of(leads), text_of(folder)), None);
    assert!(output.status.success(), "{}", errors(&output));
    contents(folder)
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn several_formats_at_once_are_the_reports_of_single_runs() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(Path::new(LEADS), &folder.path().join("reports"));
    let tables = ["channels", "conversion", "funnel", "maturity", "open", "owners", "segments"];
    let mut expected = Contents::new();
    for table in tables {
        for (format, extension) in FORMATS {
            let printed = stdout(&project(), &["report", table, "--crm", LEADS, "-q", "--format", format]);
            expected.insert(format!("{table}.{extension}"), printed.into_bytes());
        }
    }
    assert_eq!(written.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(&written[name] == bytes, "{name} is not what a run for it alone prints");
    }
}

#[test]
fn several_formats_need_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.csv");
    for place in [&["-o", text_of(&file)][..], &[]] {
        let arguments = [&["report", "--crm", LEADS, "--format", "csv,json"], place].concat();
        let output = run(&project(), &arguments, None);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
        assert!(errors(&output).starts_with("error: several formats need a folder"));
        assert!(errors(&output).contains("\nhint: "));
    }
    assert_eq!(contents(folder.path()), Contents::new());
}

/// The first file is good, the second is not: what there was is there, and nothing else.
#[test]
fn a_second_file_that_cannot_be_read_leaves_the_earlier_report() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("reports");
    let earlier = write(Path::new(LEADS), &reports);
    let second = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let header = "Lead ID,Created,MQL date,Won date,Source,Owner,Amount\n";
    fs::create_dir(folder.path().join("folder.csv")).unwrap();
    for (path, message) in [
        (folder.path().join("absent.csv"), "no such file"),
        (folder.path().join("folder.csv"), "is a folder"),
        (second("empty.csv", b""), "the file is empty"),
        (second("cut.csv", format!("{header}9,2026-01-05,\"2026-01-").as_bytes()), ""),
        (second("date.csv", format!("{header}9,2026-13-05,,,ads,Ada,1\n").as_bytes()), "is not a date"),
        (
            second("bytes.csv", &[b"Lead ID,Created\n9,".as_slice(), &[0xff, 0, 0xfe, 0x81, b'\n']].concat()),
            "",
        ),
    ] {
        let rejects = folder.path().join("rejects.csv");
        let more = ["--crm", text_of(&path), "--rejects", text_of(&rejects)];
        let output = run(&project(), &[into_folder(LEADS, text_of(&reports)), more.to_vec()].concat(), None);
        let told = errors(&output);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{told}");
        assert!(told.contains(message) && told.contains("\nhint: "), "{}: {told}", path.display());
        assert!(contents(&reports) == earlier, "{} changed the earlier report", path.display());
        assert!(!rejects.exists(), "{}", path.display());
    }
}

/// What `on_error = "skip"` left out is written with the report, or not at all.
#[test]
fn rejected_rows_are_written_with_the_report_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (reports, rejects) = (folder.path().join("reports"), folder.path().join("rejects.csv"));
    let report = |place: &Path, rejects: &Path| {
        let places = ["-o", text_of(place), "--rejects", text_of(rejects)];
        let inputs =
            ["report", "segments", "--config", "fixtures/formats/skip.toml", "--format", "csv", "-q"];
        run(&project(), &[&inputs[..], &places].concat(), None)
    };
    fs::write(&rejects, "earlier").unwrap();
    fs::create_dir_all(reports.join("segments.csv")).unwrap();
    assert_eq!(report(&reports, &rejects).status.code(), Some(1));
    assert_eq!(fs::read_to_string(&rejects).unwrap(), "earlier");
    let twice = report(&rejects, &rejects);
    assert_eq!(twice.status.code(), Some(2), "{}", errors(&twice));
    assert_eq!(fs::read_to_string(&rejects).unwrap(), "earlier");
    fs::remove_dir(reports.join("segments.csv")).unwrap();
    assert!(report(&reports, &rejects).status.success());
    assert!(fs::read_to_string(&rejects).unwrap().starts_with("file,line,"));
}

/// A table has the name of an export: into the folder of the export it is not written.
#[test]
fn no_table_is_written_over_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("conversion.csv");
    fs::copy(project().join(LEADS), &export).unwrap();
    let before = contents(folder.path());
    let report = |tables: &[&str], format: &str| {
        let inputs = ["--crm", "conversion.csv", "-q", "-o", ".", "--format", format];
        run(folder.path(), &[&["report"], tables, &inputs].concat(), None).status.code()
    };
    assert_eq!(report(&[], "csv"), Some(2));
    assert_eq!(report(&["conversion"], "json,csv"), Some(2));
    assert_eq!(contents(folder.path()), before);
    assert_eq!(report(&["open"], "csv"), Some(0));
    assert_eq!(report(&["conversion"], "json"), Some(0));
    assert_eq!(contents(folder.path())["conversion.csv"], before["conversion.csv"]);
}

#[cfg(unix)]
#[test]
fn who_could_not_read_the_earlier_file_cannot_read_the_new_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    write(Path::new(LEADS), folder.path());
    let private = folder.path().join("owners.csv");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    let before = contents(folder.path());
    assert_ne!(write(&other_leads(tempfile::tempdir().unwrap().path()), folder.path()), before);
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
}

/// As the README has them.
#[test]
fn exit_codes_are_those_of_the_manual() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("funnel.toml");
    let there = folder.path().join("there.toml");
    fs::write(&there, "").unwrap();
    let (place, there) = (text_of(&place), text_of(&there));
    let damaged = "fixtures/errors/bad-date.csv";
    for (code, arguments) in [
        (0, &["report", "--crm", LEADS][..]),
        (0, &["check", "--crm", LEADS]),
        (0, &["explain", "leads", "--crm", LEADS]),
        (0, &["init", LEADS, "-o", place]),
        (0, &["kpis"]),
        (0, &["completions", "bash"]),
        (0, &["diff", "fixtures/diff/june.json", "fixtures/diff/july.json"]),
        (1, &["diff", "fixtures/diff/june.json", "absent.json"]),
        (2, &["diff", "fixtures/diff/june.json"]),
        (1, &["kpis", "--config", "absent.toml"]),
        (2, &["completions", "tcsh"]),
        (1, &["report", "--crm", damaged]),
        (1, &["report", "--crm", "absent.csv"]),
        (1, &["report", "cost", "--crm", LEADS]),
        (1, &["check", "--crm", "absent.csv"]),
        (1, &["explain", "leads", "--crm", damaged]),
        (1, &["explain", "spend", "--crm", LEADS]),
        (1, &["init", LEADS, "-o", there]),
        (2, &["report", "--crm", LEADS, "--month", "2026-13"]),
        (2, &["report", "--crm", LEADS, "--no-such-option"]),
        (2, &["check", "--crm", LEADS, "--as-of", "tomorrow"]),
        (2, &["explain", "no_such_kpi", "--crm", LEADS]),
        (2, &["explain", "--crm", LEADS]),
        (2, &["init"]),
        (3, &["report", "plan", "--config", "fixtures/targets/funnel.toml"]),
        (3, &["check", "--config", "fixtures/check/limits.toml"]),
    ] {
        let output = run(&project(), arguments, None);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", errors(&output));
        assert_eq!(output.stdout.is_empty(), matches!(code, 1 | 2), "{arguments:?}");
    }
}

/// What a run says with `--quiet`: nothing, or why its exit code is not 0.
#[test]
fn quiet_says_only_why_the_exit_code_is_not_0() {
    for (arguments, beginnings) in [
        (&["report", "--format", "csv", "--config", "fixtures/formats/skip.toml"][..], &[][..]),
        (&["report", "--format", "csv", "--crm", "fixtures/errors/findings.csv"], &[]),
        (&["explain", "leads", "--crm", LEADS], &[]),
        (&["check", "--crm", "fixtures/errors/bad-date.csv"], &[]),
        (&["report", "plan", "--config", "fixtures/targets/funnel.toml"], &["missed: "]),
        (&["check", "--config", "fixtures/check/limits.toml"], &["exceeded: "]),
        (&["report", "--crm", "absent.csv"], &["error: ", "hint: "]),
        (&["diff", "fixtures/diff/june.json", "fixtures/diff/july.json"], &[]),
        (&["diff", "fixtures/diff/june.json", "absent.json"], &["error: ", "hint: "]),
        (&["kpis"], &[]),
        (&["completions", "fish"], &[]),
        (&["man", "report"], &[]),
    ] {
        let output = run(&project(), &[arguments, &["--quiet"]].concat(), None);
        let told = errors(&output);
        let fits = |line: &str| beginnings.iter().any(|beginning| line.starts_with(beginning));
        assert!(told.lines().all(fits), "{arguments:?}: {told}");
        assert_eq!(told.is_empty(), beginnings.is_empty(), "{arguments:?}: {told}");
    }
}

/// The second run knows nothing of the first, and neither leaves anything but what was asked for.
#[test]
fn nothing_is_kept_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let work = folder.path().join("work");
    for path in [&home, &work] {
        fs::create_dir(path).unwrap();
    }
    for (name, bytes) in contents(&project().join("examples/saas")) {
        fs::write(work.join(name), bytes).unwrap();
    }
    let before = contents(&work);
    let all = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_funnel"));
        for name in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"]
        {
            command.env(name, &home);
        }
        let output = command.current_dir(&work).args(arguments).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", errors(&output));
        (output.status.code(), output.stdout, output.stderr)
    };
    for arguments in [
        &["report"][..],
        &["report", "--every", "month", "--format", "json"],
        &["explain", "cac_media", "--rows"],
        &["check", "--format", "csv"],
        &["kpis"],
    ] {
        assert!(all(arguments) == all(arguments), "{arguments:?} differs from run to run");
        assert!(contents(&work) == before, "{arguments:?} wrote into the current folder");
    }
    assert_eq!(contents(&home), Contents::new());
    let places = [work.join("one"), work.join("two")];
    for place in &places {
        all(&["report", "--format", ALL_FORMATS, "-o", &format!("{}/", place.display())]);
    }
    let [one, two] = places.map(|place| contents(&place));
    assert!(!one.is_empty() && one == two, "two runs into two folders differ");
    let names = contents(&work).into_keys().filter(|name| !before.contains_key(name));
    assert_eq!(names.collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(contents(&home), Contents::new());
}

/// A reader that has seen enough hides no missed target from whoever looks at the exit code.
#[test]
fn a_closed_pipe_changes_no_exit_code() {
    let script = "set -o pipefail; \"$funnel\" report --config fixtures/targets/funnel.toml -q | true";
    for _ in 0..5 {
        let output = std::process::Command::new("bash")
            .args(["-c", script])
            .current_dir(project())
            .env("funnel", env!("CARGO_BIN_EXE_funnel"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
        assert!(errors(&output).contains("missed: "));
    }
}
