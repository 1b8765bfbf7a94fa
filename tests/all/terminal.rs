//! Tables on a terminal: colour and pictures are added to the text, and take nothing from it.

use std::process::Command;

use crate::support::project;

const FUNNEL: &str = env!("CARGO_BIN_EXE_funnel");

/// What is printed with these options and these variables of the environment.
fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(FUNNEL);
    command.current_dir(project()).args(arguments).env_remove("NO_COLOR").env_remove("COLUMNS");
    let output = command.envs(environment.iter().copied()).output().expect("the program runs");
    String::from_utf8(output.stdout).expect("the report is UTF-8")
}

/// What a shell prints on a terminal of its own; none where the system has no `script` to make one.
fn on_a_terminal(line: &str) -> Option<String> {
    let line = format!("stty cols 120; {line}");
    let output =
        Command::new("script").current_dir(project()).args(["-qec", &line, "/dev/null"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"))
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

const REPORT: [&str; 5] = ["report", "segments", "--config", "examples/b2b/funnel.toml", "--quiet"];

#[test]
fn a_pipe_gets_plain_text_whatever_the_environment() {
    let plain = printed(&REPORT, &[]);
    assert!(!plain.contains('\u{1b}') && !plain.contains('█'));
    assert_eq!(printed(&REPORT, &[("COLUMNS", "200")]), plain);
    assert_eq!(printed(&[&REPORT[..], &["--color", "never"]].concat(), &[]), plain);
}

#[test]
fn bars_are_as_long_as_the_shares_beside_them() {
    let text = printed(&[&REPORT[..], &["--color", "always"]].concat(), &[("COLUMNS", "200")]);
    let mut bars = 0;
    for line in without_colour(&text).lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let place = cells
            .iter()
            .position(|cell| cell.chars().all(|block| ('\u{2588}'..='\u{258f}').contains(&block)));
        let Some(place) = place.filter(|place| *place > 0) else { continue };
        let share: f64 = cells[place - 1].parse().expect("a share in percent stands before its bar");
        // a full block is eight eighths of a cell, the seven others count down from seven
        let eighths: u32 = cells[place].chars().map(|block| 8 - (u32::from(block) - 0x2588)).sum();
        assert!((f64::from(eighths) / 80.0 - share / 100.0).abs() <= 0.5 / 80.0 + 1e-9, "{line}");
        bars += 1;
    }
    assert!(bars > 20, "{bars} bars");
}

#[test]
fn without_bars_and_colour_the_words_are_those_of_the_plain_text() {
    let is_bar = |word: &&str| word.chars().any(|c| ('\u{2580}'..='\u{259f}').contains(&c));
    let words = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = text
            .split_whitespace()
            .filter(|word| !is_bar(word) && !word.starts_with('─'))
            .map(String::from)
            .collect();
        words.sort();
        words.dedup();
        words
    };
    let wide = printed(&[&REPORT[..], &["--color", "always"]].concat(), &[("COLUMNS", "200")]);
    assert_eq!(words(&without_colour(&wide)), words(&printed(&REPORT, &[])));
}

#[test]
fn a_narrow_window_has_no_line_beyond_it() {
    for columns in ["60", "80", "120"] {
        let options = ["--color", "always"];
        let text = printed(&[&REPORT[..], &options].concat(), &[("COLUMNS", columns)]);
        let limit: usize = columns.parse().expect("a number");
        // notes are text of 80 columns, which any window wraps by itself
        let grids = without_colour(&text);
        let widest =
            grids.lines().filter(|line| line.starts_with('─')).map(|line| line.chars().count()).max();
        assert!(widest.is_some_and(|widest| widest <= limit), "{columns}: {widest:?}");
    }
}

#[test]
fn a_terminal_gets_colour_unless_it_asks_for_none() {
    let line = format!("{} {}", FUNNEL, REPORT.join(" "));
    let Some(text) = on_a_terminal(&line).filter(|text| text.contains("SEGMENTS")) else {
        println!("skipped: the system has no `script` that makes a terminal");
        return;
    };
    assert!(text.contains("\u{1b}[1mSEGMENTS\u{1b}[0m") && text.contains('█'), "{text}");
    for plain in [format!("NO_COLOR=1 {line}"), format!("TERM=dumb {line}"), format!("{line} --color never")]
    {
        let text = on_a_terminal(&plain).expect("`script` is there");
        assert!(text.contains("SEGMENTS") && !text.contains('\u{1b}'), "{plain}\n{text}");
    }
}

#[test]
fn what_misses_its_target_is_marked_in_text_and_in_colour() {
    let arguments = ["report", "plan", "--config", "examples/saas/funnel.toml", "--quiet"];
    let coloured = printed(&[&arguments[..], &["--color", "always"]].concat(), &[("COLUMNS", "80")]);
    let plain = printed(&arguments, &[]);
    let marks = plain.matches(" ! ").count();
    assert!(marks > 0, "{plain}");
    assert_eq!(coloured.matches("\u{1b}[1;31m! ").count(), marks);
}

/// The widest lines are those of the words that the data and the commands themselves are made of: they are never cut.
#[test]
fn every_command_wraps_at_the_width_of_a_file_in_every_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("funnel.toml");
    let kpis = printed(&["kpis", "--format", "csv"], &[]);
    let explained: Vec<&str> = kpis
        .lines()
        .filter_map(|line| line.strip_prefix("kpi,"))
        .filter_map(|line| line.split(',').next())
        .step_by(7)
        .collect();
    let mut commands: Vec<String> = explained
        .iter()
        .map(|kpi| format!("explain {kpi} --config examples/saas/funnel.toml --by owner,channel -q"))
        .collect();
    commands.extend([
        "kpis".to_string(),
        "kpis --config examples/b2b/funnel.toml".to_string(),
        "diff fixtures/diff/june.json fixtures/diff/july.json".to_string(),
        "explain left_share_difference --config examples/saas/funnel.toml -q".to_string(),
        "explain revenue_attainment --config examples/b2b/funnel.toml -q".to_string(),
        format!("init fixtures/check/stops/leads.csv fixtures/tiny/ads.csv --force -o {}", place.display()),
        "check --config examples/saas/funnel.toml -q".to_string(),
        "report --config examples/saas/funnel.toml -q".to_string(),
        "report churn owners --config examples/saas/funnel.toml --every quarter --compare year -q"
            .to_string(),
    ]);
    let mut lines = 0;
    for code in ["en", "ru", "bg"] {
        for command in &commands {
            let arguments: Vec<&str> = command.split(' ').chain(["--lang", code]).collect();
            // a command to be copied stays in one line
            let is_text = |line: &&str| !line.contains(&*place.to_string_lossy());
            for line in printed(&arguments, &[]).lines().filter(is_text) {
                let words = line.split_whitespace().map(|word| word.chars().count());
                let (length, longest) = (line.chars().count(), words.max().unwrap_or(0));
                let indent = line.chars().take_while(|letter| *letter == ' ').count();
                assert!(length <= 80.max(indent + longest), "{command}: {length} columns:\n{line}");
                lines += 1;
            }
        }
    }
    assert!(lines > 5000, "{lines} lines");
}
