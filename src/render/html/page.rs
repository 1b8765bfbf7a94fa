//! The page as a whole: its head with the policy that forbids every request, and its parts in the order of reading.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::markup::{attribute, escaped, identifier};
use super::{charts, headline, sides, standout, tables};
use crate::lang;
use crate::report::Report;
use crate::say;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as one page.
pub fn render(report: &Report) -> String {
    let title = title(report);
    let mut text = String::new();
    let _ = write!(
        text,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; script-src '{}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#tables\">{}</a>\n",
        lang::code(),
        fingerprint(STYLE),
        fingerprint(SCRIPT),
        escaped(&title),
        escaped(&say!("To the tables")),
    );
    let _ = write!(
        text,
        "<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n",
        escaped(&title),
        escaped(&about(report))
    );
    text.push_str(&contents(report));
    text.push_str("<main>\n");
    text.push_str(&headline::tiles(report));
    text.push_str(&standout::section(report));
    text.push_str(&sides::section(report));
    text.push_str(&charts::section(report));
    text.push_str("<div id=\"tables\">\n");
    if report.tables.iter().any(|table| table.name != "audit") {
        text.push_str(&reading());
    }
    for table in &report.tables {
        text.push_str(&tables::section(report, table));
    }
    text.push_str("</div>\n");
    if !report.findings.is_empty() {
        let _ = writeln!(
            text,
            "<section class=\"table\" id=\"findings\" aria-labelledby=\"title-findings\">\n<h2 id=\"title-findings\">{}</h2>",
            escaped(&report.findings_title())
        );
        text.push_str(&tables::list("findings", &report.findings));
        text.push_str("</section>\n");
    }
    text.push_str(&tables::glossary(report));
    let _ = write!(text, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n");
    text
}

/// How to read what stands behind a figure.
fn reading() -> String {
    let text = say!(
        "Where the pointer rests on a figure, or the keyboard or a finger, it tells what it is made of: 36 / 48 is its \
         numerator and its denominator, 95% its interval."
    );
    format!("<p class=\"reading\">{}</p>\n", escaped(&text))
}

/// An audit says so; all else is a report.
fn title(report: &Report) -> String {
    match report.tables.first() {
        Some(table) if table.name == "audit" => say!("Audit of the data"),
        Some(table) if report.tables.len() == 1 => table.title.clone(),
        _ => say!("Funnel report"),
    }
}

/// Period, day of the data and currency.
fn about(report: &Report) -> String {
    let mut parts = Vec::new();
    let periods: Vec<&str> = report.tables.iter().map(|table| table.period.as_str()).collect();
    if let Some(first) =
        periods.first().filter(|first| **first != "all" && periods.iter().all(|other| other == *first))
    {
        parts.push(lang::day_or_period(first));
    }
    if !report.as_of.is_empty() {
        parts.push(say!("as of {as_of}", as_of = report.as_of));
    }
    if let Some(currency) = &report.currency {
        parts.push(say!("money in {currency}", currency = currency));
    }
    parts.join(", ")
}

fn contents(report: &Report) -> String {
    let link = |id: &str, title: &str| format!("<li><a href=\"#{id}\">{}</a></li>\n", escaped(title));
    let tables =
        report.tables.iter().map(|table| link(&format!("table-{}", identifier(&table.name)), &table.title));
    let mut items: String = tables.collect();
    if !report.findings.is_empty() {
        items.push_str(&link("findings", &report.findings_title()));
    }
    format!("<nav{}>\n<ul>\n{items}</ul>\n</nav>\n", attribute("aria-label", &say!("Tables")))
}

/// `sha256-…`, as a policy names the one text that it lets in.
fn fingerprint(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// Bytes in the letters of RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let part = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let bits = part(0) << 16 | part(1) << 8 | part(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // the examples of RFC 4648, section 10
        for (text, letters) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(text.as_bytes()), letters);
        }
    }
}
