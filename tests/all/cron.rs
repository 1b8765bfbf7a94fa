//! The chapter on cron of the manual, tried: its blocks are read from there, with other paths in place of those named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::project;

const FUNNEL: &str = env!("CARGO_BIN_EXE_funnel");

/// A company, with a folder for its reports.
struct Company(tempfile::TempDir);

impl Company {
    /// That of a fixture with `funnel.toml`.
    fn new(fixture: &str) -> Company {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(project().join(fixture)).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        fs::create_dir(folder.path().join("reports")).unwrap();
        Company(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn reports(&self) -> PathBuf {
        self.path().join("reports")
    }

    /// Its leads cannot be read from now on.
    fn damage(&self) {
        let leads = self.path().join("leads.csv");
        let text = fs::read_to_string(&leads).unwrap();
        fs::write(&leads, text.replacen("-01-", "-13-", 1)).unwrap();
    }

    /// Runs a script of the manual, with the paths of this company.
    fn run(&self, shell: &[&str], script: &str) -> Output {
        let script = script
            .replace("/usr/local/bin/funnel", FUNNEL)
            .replace("/srv/funnel", self.path().to_str().unwrap());
        let tools = std::env::var("PATH").unwrap();
        let path = format!("{}:{tools}", Path::new(FUNNEL).parent().unwrap().display());
        Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &script])
            .env("PATH", path)
            .current_dir(self.path())
            .output()
            .unwrap()
    }
}

/// The one block of the manual in a language.
fn block(language: &str) -> String {
    let manual = fs::read_to_string(project().join("README.md")).unwrap();
    let chapter = manual.split("\n## ").find(|chapter| chapter.starts_with("Cron\n")).unwrap();
    let (_, rest) = chapter.split_once(&format!("```{language}\n")).unwrap();
    let (block, rest) = rest.split_once("\n```\n").unwrap();
    assert!(!rest.contains(&format!("```{language}\n")), "a second block in {language}");
    block.to_string()
}

/// The command of the crontab line, as cron hands it to the shell.
fn crontab() -> String {
    let block = block("crontab");
    let line = block.lines().find(|line| line.contains("funnel report")).unwrap();
    let fields: Vec<&str> = line.splitn(6, ' ').collect();
    assert_eq!(fields[..5], ["15", "6", "*", "*", "*"]);
    let unescaped = fields[5].replace("\\%", "\0");
    assert!(!unescaped.contains('%'), "cron ends the command at a `%`");
    unescaped.replace('\0', "%").trim().to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_crontab_line_mails_only_what_went_wrong() {
    let company = Company::new("examples/b2b");
    let output = company.run(&["sh"], &crontab());
    assert_eq!(
        (output.status.code(), text(&output.stdout), text(&output.stderr)),
        (Some(0), String::new(), String::new())
    );
    let [day, latest] = &names_in(&company.reports())[..] else {
        panic!("{:?}", names_in(&company.reports()))
    };
    assert_eq!(latest, "latest");
    let link = fs::read_link(company.reports().join(latest)).unwrap();
    assert_eq!(link, Path::new(day));
    let is_digit_or_dash = |(place, byte): (usize, u8)| {
        if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() }
    };
    assert!(day.len() == 10 && day.bytes().enumerate().all(is_digit_or_dash), "{day} is no date");
    let names = names_in(&company.reports().join(day));
    assert!(names.contains(&"cost.csv".to_string()) && names.contains(&"cost.json".to_string()), "{names:?}");

    company.damage();
    // the report before stays the latest, even if the day has changed meanwhile
    fs::rename(company.reports().join(day), company.reports().join("earlier")).unwrap();
    fs::remove_file(company.reports().join(latest)).unwrap();
    std::os::unix::fs::symlink("earlier", company.reports().join(latest)).unwrap();
    let output = company.run(&["sh"], &crontab());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    assert!(text(&output.stderr).starts_with("error: "));
    assert_eq!(names_in(&company.reports()), ["earlier", "latest"]);
    assert_eq!(fs::read_link(company.reports().join(latest)).unwrap(), Path::new("earlier"));

    fs::remove_file(company.path().join("funnel.toml")).unwrap();
    assert!(matches!(company.run(&["sh"], &crontab()).status.code(), Some(1 | 2)));
    assert_eq!(names_in(&company.reports()), ["earlier", "latest"]);
}

#[test]
fn the_crontab_line_tells_a_missed_target_and_has_the_report() {
    let company = Company::new("fixtures/targets");
    let output = company.run(&["sh"], &crontab());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), String::new()));
    assert!(
        !output.stderr.is_empty() && text(&output.stderr).lines().all(|line| line.starts_with("missed: "))
    );
    assert!(company.reports().join("latest/plan.csv").is_file());
}

#[test]
fn the_service_writes_the_reports_and_logs_events() {
    let service = block("service");
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(!command.contains(['$', '%', ';', '"', '\'']), "systemd reads these in its own way");
    for (fixture, code) in [("examples/b2b", 0), ("fixtures/targets", 3)] {
        let company = Company::new(fixture);
        let output = company.run(&["sh"], &format!("exec {command}"));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(code), String::new()));
        assert!(text(&output.stderr).lines().all(|line| line.starts_with("{\"event\":\"")));
        assert!(
            company.reports().join("funnel.csv").is_file() && company.reports().join("funnel.json").is_file()
        );
        company.damage();
        let before = fs::read(company.reports().join("funnel.json")).unwrap();
        assert_eq!(company.run(&["sh"], command).status.code(), Some(1));
        assert_eq!(fs::read(company.reports().join("funnel.json")).unwrap(), before);
    }
    let writable = service.lines().find_map(|line| line.strip_prefix("ReadWritePaths=")).unwrap();
    assert!(command.ends_with(&format!("-o {writable}/")));
    assert!(block("timer").contains("\nOnCalendar="));
}

/// systemd itself, where it is installed.
#[test]
fn systemd_understands_the_service_and_its_timer() {
    let folder = tempfile::tempdir().unwrap();
    let units = ["service", "timer"].map(|kind| {
        let path = folder.path().join(format!("funnel.{kind}"));
        fs::write(&path, block(kind).replace("/usr/local/bin/funnel", FUNNEL)).unwrap();
        path
    });
    match Command::new("systemd-analyze").arg("verify").args(units).output() {
        Ok(output) => assert!(output.status.success(), "{}", text(&output.stderr)),
        Err(_) => eprintln!("skipped: systemd-analyze is not installed"),
    }
}

/// A step of the CI job.
struct Step {
    name: String,
    script: String,
    /// Whether it runs behind a step that failed.
    is_always: bool,
}

fn steps() -> Vec<Step> {
    let job = block("yaml");
    let (_, steps) = job.split_once("    steps:\n").unwrap();
    let mut found = Vec::new();
    for step in steps.split("      - ").filter(|step| step.starts_with("name: ")) {
        let (name, rest) = step["name: ".len()..].split_once('\n').unwrap();
        let always = rest.trim_start().strip_prefix("if: ${{ !cancelled() }}\n");
        let script = always.unwrap_or(rest).trim_start().strip_prefix("run: ").unwrap();
        let script = script.strip_prefix("|\n").unwrap_or(script);
        let lines: Vec<&str> =
            script.lines().map(|line| line.strip_prefix("          ").unwrap_or(line)).collect();
        let (name, script) = (name.to_string(), lines.join("\n"));
        found.push(Step { name, script, is_always: always.is_some() });
    }
    found
}

/// The steps one after the other, as a CI server runs them: the first that fails, else the last, its exit code and what it
/// said.
fn job(company: &Company) -> (String, Option<i32>, String) {
    let mut last = (String::new(), None, String::new());
    // the binary is there already
    let mut has_failed = false;
    for step in steps().into_iter().filter(|step| step.name != "Install") {
        if has_failed && !step.is_always {
            continue;
        }
        let output = company.run(&["bash", "--noprofile", "--norc", "-eo", "pipefail"], &step.script);
        if !has_failed {
            last = (step.name, output.status.code(), text(&output.stdout) + &text(&output.stderr));
        }
        has_failed |= !output.status.success();
    }
    last
}

#[test]
fn the_ci_job_fails_on_a_missed_target() {
    let names: Vec<String> = steps().into_iter().map(|step| step.name).collect();
    assert_eq!(names, ["Install", "Audit", "Report"]);

    let well = Company::new("examples/b2b");
    assert_eq!(job(&well), ("Report".to_string(), Some(0), String::new()));
    assert!(well.reports().join("cost.md").is_file() && well.path().join("audit.txt").is_file());

    let missed = Company::new("fixtures/targets");
    let (step, code, said) = job(&missed);
    assert_eq!((step.as_str(), code), ("Report", Some(3)));
    assert!(said.contains("missed: lead_to_mql") && said.contains("::error title=Target missed::"), "{said}");
    assert!(missed.reports().join("plan.md").is_file());

    let exceeded = Company::new("fixtures/check");
    fs::rename(exceeded.path().join("limits.toml"), exceeded.path().join("funnel.toml")).unwrap();
    let (step, code, said) = job(&exceeded);
    assert_eq!((step.as_str(), code), ("Audit", Some(3)), "{said}");
    assert!(exceeded.path().join("audit.txt").is_file());
    assert!(!names_in(&exceeded.reports()).is_empty(), "the report is made although the audit fails");

    missed.damage();
    let (step, code, said) = job(&missed);
    assert!(matches!((step.as_str(), code), ("Audit" | "Report", Some(1))), "{step}: {said}");
    assert!(!said.contains("Target missed"));
}
