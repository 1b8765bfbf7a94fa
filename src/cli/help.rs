//! The worked examples of every command and what the exit codes mean, once for `--help` and for the man page. Each example
//! works in the root of the repository; a test runs them all.

/// What is asked, and the command that answers it.
pub struct Example {
    pub asks: &'static str,
    pub command: &'static str,
}

const fn example(asks: &'static str, command: &'static str) -> Example {
    Example { asks, command }
}

/// What the exit codes mean, for scripts.
pub const EXIT_CODES: [(u8, &str); 4] = [
    (0, "done"),
    (1, "data or files in error, nothing written"),
    (2, "wrong usage, nothing written"),
    (3, "written, but a target is missed or a limit of `[check]` is exceeded"),
];

/// The examples by command; those of the program stand under its name.
const EXAMPLES: [(&str, [Example; 2]); 9] = [
    (
        "funnel",
        [
            example(
                "All tables that a CRM export alone allows:",
                "funnel report --crm examples/crm-only/deals.csv",
            ),
            example(
                "Can these exports be relied on, and what is wrong with them?",
                "funnel check --config examples/b2b/funnel.toml",
            ),
        ],
    ),
    (
        "report",
        [
            example(
                "What a lead of each channel cost in a quarter, and what it became:",
                "funnel report cost --config examples/b2b/funnel.toml --quarter 2026-Q1",
            ),
            example(
                "Every table as a workbook and as CSV, in a folder:",
                "funnel report --config examples/b2b/funnel.toml --format xlsx,csv -o out/",
            ),
        ],
    ),
    (
        "explain",
        [
            example(
                "What the conversion from MQL to SQL is made of, by channel:",
                "funnel explain mql_to_sql --config examples/b2b/funnel.toml --by channel",
            ),
            example(
                "The leads that were won, each with its owner, file and line, as CSV:",
                "funnel explain won --config examples/b2b/funnel.toml --rows --columns owner",
            ),
        ],
    ),
    (
        "init",
        [
            example(
                "A configuration for all exports of a company, to be read and completed:",
                "funnel init examples/b2b/*.csv",
            ),
            example(
                "One for a single export, under another name:",
                "funnel init examples/crm-only/deals.csv -o deals.toml",
            ),
        ],
    ),
    (
        "check",
        [
            example(
                "The audit of all exports of a company:",
                "funnel check --config examples/b2b/funnel.toml",
            ),
            example(
                "That of a single export, a row a finding, for another program:",
                "funnel check --crm examples/crm-only/deals.csv --format csv -o audit.csv",
            ),
        ],
    ),
    (
        "diff",
        [
            example(
                "Why a month reads differently today, and which leads made the difference:",
                "funnel diff fixtures/diff/june.json fixtures/diff/july.json mql_to_sql",
            ),
            example(
                "Every row that made a difference, for a spreadsheet:",
                "funnel diff fixtures/diff/june.json fixtures/diff/july.json --rows",
            ),
        ],
    ),
    (
        "kpis",
        [
            example(
                "All KPIs that can be asked for, with those of a configuration:",
                "funnel kpis --config examples/b2b/funnel.toml",
            ),
            example("The reference, with basis and source of each:", "funnel kpis --format markdown"),
        ],
    ),
    (
        "completions",
        [
            example(
                "For bash; `source` this file in ~/.bashrc:",
                "funnel completions bash > funnel-completions.bash",
            ),
            example(
                "For fish, which reads it from ~/.config/fish/completions:",
                "funnel completions fish > funnel.fish",
            ),
        ],
    ),
    (
        "man",
        [
            example("The man page of the program, to read now:", "funnel man | man -l -"),
            example("That of one command, to install:", "funnel man report > funnel-report.1"),
        ],
    ),
];

/// The examples of a command.
pub fn examples(command: &str) -> &'static [Example] {
    EXAMPLES.iter().find(|(name, _)| *name == command).map_or(&[], |(_, examples)| examples)
}

/// The end of the help of a command: its examples.
pub fn of(command: &str) -> String {
    let examples = examples(command).iter().map(|example| {
        let Example { asks, command } = example;
        format!("  {asks}\n  $ {command}")
    });
    format!("Examples:\n{}", examples.collect::<Vec<_>>().join("\n\n"))
}

/// The end of the help of the program: examples and exit codes.
pub fn of_program() -> String {
    let codes = EXIT_CODES.iter().map(|(code, means)| format!("  {code}  {means}"));
    let codes = codes.collect::<Vec<_>>().join("\n");
    format!("{}\n\nExit codes:\n{codes}", of("funnel"))
}
