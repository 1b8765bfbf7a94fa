//! Help, man pages and completions come from one source: every example in them works, and none of them lacks a command.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{project, stdout};

/// The commands that `funnel --help` lists; `help` itself is none.
fn commands() -> Vec<String> {
    let help = stdout(&project(), &["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // a description that goes on in the next line stands further in
    let names = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.map(String::from).filter(|name| name != "help").collect();
    assert!(names.len() > 5 && names.contains(&"report".to_string()), "{names:?}");
    names
}

/// The examples of a help: what stands behind `$`.
fn examples(help: &str) -> Vec<String> {
    help.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")).map(String::from).collect()
}

fn help_of(command: Option<&str>) -> String {
    let arguments: Vec<&str> = command.into_iter().chain(["--help"]).collect();
    stdout(&project(), &arguments)
}

/// Runs a line as a shell does, with `funnel` being the program that was built.
#[cfg(unix)]
fn shell(folder: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_funnel")).parent().unwrap().to_path_buf();
    let others = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(program).chain(std::env::split_paths(&others));
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(folders).unwrap())
        .output()
        .unwrap()
}

fn is_installed(tool: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file())
}

/// The examples of the repository in a folder of their own, so that nothing is written into it.
fn copy_of_examples() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let examples = fs::read_dir(project().join("examples")).unwrap();
    let examples = examples.map(|example| format!("examples/{}", example.unwrap().file_name().display()));
    for example in examples.chain(["fixtures/diff".to_string()]) {
        let copy = folder.path().join(&example);
        fs::create_dir_all(&copy).unwrap();
        for file in fs::read_dir(project().join(example)).unwrap() {
            let file: PathBuf = file.unwrap().path();
            fs::copy(&file, copy.join(file.file_name().unwrap())).unwrap();
        }
    }
    folder
}

#[cfg(unix)]
#[test]
fn every_command_has_two_examples_that_work() {
    let commands = commands();
    for command in std::iter::once(None).chain(commands.iter().map(|name| Some(name.as_str()))) {
        let examples = examples(&help_of(command));
        assert!(examples.len() >= 2, "{command:?}: {examples:?}");
        let folder = copy_of_examples();
        for line in examples {
            let of_command = command.map_or("funnel ".to_string(), |command| format!("funnel {command} "));
            assert!(line.starts_with(&of_command), "{line}");
            assert!(line.len() <= 76, "{line}: a narrow terminal would break it");
            // the page itself is right where there is nothing to show it with
            let line = line.split(" | ").take(if is_installed("man") { 2 } else { 1 });
            let line = line.collect::<Vec<_>>().join(" | ");
            let output = shell(folder.path(), &line);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{line}: {errors}");
            assert!(!errors.contains("error"), "{line}: {errors}");
            let is_written = line.contains(" > ") || line.contains(" -o ");
            assert!(is_written || !output.stdout.is_empty(), "{line} says nothing");
        }
    }
}

/// A page as plain text, without the marks of `man`.
fn page(command: Option<&str>) -> String {
    let arguments: Vec<&str> = std::iter::once("man").chain(command).collect();
    stdout(&project(), &arguments)
        .replace("\\-", "-")
        .replace("\\fB", "")
        .replace("\\fR", "")
        .replace("\\fI", "")
}

#[test]
fn the_man_pages_have_the_options_the_examples_and_the_exit_codes() {
    let commands = commands();
    let of_program = page(None);
    for command in &commands {
        assert!(of_program.contains(&format!("funnel-{command}(1)")), "{command} is not listed");
    }
    for command in std::iter::once(None).chain(commands.iter().map(|name| Some(name.as_str()))) {
        let (help, page) = (help_of(command), page(command));
        assert!(page.contains("\n.TH ") && page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"));
        for example in examples(&help) {
            assert!(page.contains(&example), "{command:?}: {example}");
        }
        let options = help.split([' ', ',', '\n']).filter(|word| word.starts_with("--"));
        for option in options.filter(|word| word.len() > 2 && word.bytes().skip(2).all(is_of_option)) {
            assert!(page.contains(option), "{command:?}: {option}");
        }
        let codes = page.split(".SH \"EXIT STATUS\"").nth(1).unwrap();
        for code in
            ["0\ndone", "1\ndata or files in error", "2\nwrong usage", "3\nwritten, but a target is missed"]
        {
            assert!(codes.contains(code), "{command:?}: {code}: {codes}");
        }
    }
}

fn is_of_option(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'-'
}

#[test]
fn the_completions_know_every_command() {
    let commands: BTreeSet<String> = commands().into_iter().collect();
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&project(), &["completions", shell]);
        let words: BTreeSet<&str> =
            script.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect();
        for command in &commands {
            assert!(words.contains(command.as_str()), "{shell}: {command}");
        }
        for option in ["csv-safe", "config", "format"] {
            assert!(script.contains(option), "{shell}: {option}");
        }
        if is_installed(shell) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("script"), &script).unwrap();
            let flag = if shell == "fish" { "--no-execute" } else { "-n" };
            let output =
                Command::new(shell).args([flag, "script"]).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn the_exit_codes_of_the_manual_are_those_of_the_help() {
    let help = stdout(&project(), &["--help"]);
    let codes = help.split("Exit codes:\n").nth(1).unwrap();
    let manual = fs::read_to_string(project().join("README.md")).unwrap();
    let manual = manual.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in codes.lines() {
        let (code, means) = line.trim().split_once("  ").unwrap();
        assert!(manual.contains(&format!("{code} {means}")), "{line}");
    }
}
