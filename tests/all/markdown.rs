//! Markdown: what the data say stays text, whatever a viewer would make of it.

use std::fmt::Write as _;

use crate::support::stdout;

/// Names that are markup in Markdown or HTML.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "[click](https://example.org)",
    "`code` and *this* and __that__",
    "a | b \\| c",
    "![x](y) &lt;b&gt; ~~gone~~",
    "two\nlines",
];

/// The cells of a row of a table: bars that no backslash stands before part them, and a backslash is taken away.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '|' => cells.push(String::new()),
            '\\' => cells.last_mut().expect("there is one").extend(letters.next()),
            _ => cells.last_mut().expect("there is one").push(letter),
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_string()).collect()
}

#[test]
fn names_of_the_data_stay_text() {
    let folder = tempfile::tempdir().expect("a folder for the leads");
    let mut text = "Lead ID,Created,MQL date,Source\n".to_string();
    for (place, name) in HOSTILE.iter().enumerate() {
        let _ = writeln!(text, "{place},2026-01-01,2026-01-10,\"{}\"", name.replace('"', "\"\""));
    }
    std::fs::write(folder.path().join("leads.csv"), text).expect("the folder was just made");
    let report = stdout(
        folder.path(),
        &["report", "--crm", "leads.csv", "--by", "channel", "--format", "markdown", "-q"],
    );
    for name in HOSTILE {
        let shown = name.replace('\n', " ");
        let rows = report.lines().filter(|line| cells(line).contains(&shown)).count();
        assert!(rows >= 3, "`{name}` is a cell of {rows} rows");
    }
    for mark in ["<", "`", "[", "](", "~~", "__", "*this"] {
        for line in report.lines().filter(|line| line.starts_with('|')) {
            let bare = line.match_indices(mark).any(|(place, _)| !line[..place].ends_with('\\'));
            assert!(!bare, "`{mark}` is markup in {line}");
        }
    }
}
