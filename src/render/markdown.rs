//! Tables for a wiki or a chat: the report's text in Markdown.
//!
//! What comes from the data stays text: a channel that is called `<script>`, a link or `*this*` would be markup otherwise.

use std::fmt::Write as _;

use super::cell_text;
use crate::report::{Block, Report, Show};

/// The report as Markdown.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for table in &report.tables {
        let _ = writeln!(text, "## {}\n\n{}\n", literal(&table.title), literal(&table.scope));
        for block in &table.blocks {
            let _ = writeln!(text, "### {}\n\n{}", literal(&block.title), grid(block));
        }
        for note in &table.notes {
            let _ = writeln!(text, "{}\n", with_code(note));
        }
    }
    if !report.findings.is_empty() {
        let _ = writeln!(text, "## {}\n", report.findings_title());
        for finding in &report.findings {
            let _ = writeln!(text, "- {}", with_code(finding));
        }
    }
    format!("{}\n", text.trim_end())
}

fn grid(block: &Block) -> String {
    let shown: Vec<usize> =
        (0..block.columns.len()).filter(|place| block.columns[*place].show != Show::Data).collect();
    let mut text = String::new();
    let headings = shown.iter().map(|place| block.columns[*place].heading.clone());
    data_line(&mut text, block.labels.iter().cloned().chain(headings));
    let rules = block.labels.iter().map(|_| ":--".to_string()).chain(shown.iter().map(|_| "--:".to_string()));
    line(&mut text, rules);
    for row in block.rows.iter().filter(|row| row.show != Some(Show::Data)) {
        let cells =
            shown.iter().map(|place| cell_text(&row.values[*place], row.shows(&block.columns[*place])));
        data_line(&mut text, row.labels.iter().cloned().chain(cells));
    }
    text
}

/// Adds a row of a Markdown table whose cells may have markup of their own.
pub fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    // a bar would end the cell, a line break the row
    let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// Adds a row of a Markdown table whose cells are text.
fn data_line(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.map(|cell| literal_within(&cell)).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// A line whose words in backticks are set as code; all else of it is text.
fn with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return literal(text);
    }
    let part = |(place, part): (usize, &&str)| {
        if place % 2 == 0 { literal_within(part) } else { format!("`{}`", part.replace(['\n', '\r'], " ")) }
    };
    let line: String = parts.iter().enumerate().map(part).collect();
    beginning(&line)
}

/// Text that Markdown shows as it is, in one line.
fn literal(text: &str) -> String {
    beginning(&literal_within(text))
}

/// What would make a list, a heading or a quotation of a line does so at its beginning only.
fn beginning(line: &str) -> String {
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let mut letters = line[digits..].chars();
    let sign = letters.next();
    let behind = letters.next().unwrap_or(' ');
    let is_mark = behind.is_whitespace() || sign == Some(behind);
    match sign {
        Some('.' | ')') if digits > 0 && is_mark => format!("{}\\{}", &line[..digits], &line[digits..]),
        Some('#' | '+' | '-' | '=') if digits == 0 && is_mark => format!("\\{line}"),
        _ => line.to_string(),
    }
}

/// Text behind the beginning of a line. A backslash goes before each sign that may begin or end markup (`CommonMark`, and
/// what GitHub adds: tables, `~~`, `$`, addresses that become links).
fn literal_within(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| letters.get(place)).copied().unwrap_or(' ');
    let mut safe = String::with_capacity(text.len());
    for (place, letter) in letters.iter().enumerate() {
        let (before, behind) = (at(place.checked_sub(1)), at(Some(place + 1)));
        let is_markup = match letter {
            '\\' | '`' | '[' | ']' | '<' | '>' | '&' | '|' | '$' => true,
            // alone between blanks it is the mark of a value
            '*' | '~' => !(before.is_whitespace() && behind.is_whitespace()),
            // within a word it is none
            '_' => !(before.is_alphanumeric() && behind.is_alphanumeric()),
            ':' => behind == '/',
            '.' => letters[..place].ends_with(&['w', 'w', 'w']),
            _ => false,
        };
        if is_markup {
            safe.push('\\');
        }
        safe.push(if letter.is_control() { ' ' } else { *letter });
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_the_data_is_text() {
        for (text, safe) in [
            ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
            ("[here](http://example.org)", r"\[here\](http\://example.org)"),
            ("www.example.org", r"www\.example.org"),
            ("`code` *so* __so__ ~~so~~ $x$", r"\`code\` \*so\* \_\_so\_\_ \~\~so\~\~ \$x\$"),
            ("&lt;b&gt;", r"\&lt;b\&gt;"),
            ("a|b\\|c", r"a\|b\\\|c"),
            ("two\nlines", "two lines"),
            ("# 1", r"\# 1"),
            ("1. first", r"1\. first"),
            ("- item", r"\- item"),
            ("* 16.67", "* 16.67"),
            ("66.67", "66.67"),
            ("-3.50 and 2.5", "-3.50 and 2.5"),
            ("spring_webinar, 95% (2026-01)", "spring_webinar, 95% (2026-01)"),
        ] {
            assert_eq!(literal(text), safe);
        }
        assert_eq!(with_code("`a_b` of <i>"), r"`a_b` of \<i\>");
    }
}
