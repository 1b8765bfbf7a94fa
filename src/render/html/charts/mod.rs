//! The charts: small pictures of values that stand in the tables below. Where the report lacks what one needs, it is left
//! out.
//!
//! They are drawn in percent of the width and in pixels of the height, so that letters keep their size on a phone. Each
//! says in words what it shows, can be reached by the keyboard, and tells by shape and text what it tells by colour.

mod causes;
mod curves;
mod funnel;
mod maturity;
mod money;
mod path;
mod rows;
mod scale;
mod shares;
mod trends;
mod value;

use std::fmt::Write as _;

use super::find;
use super::markup::{escaped, identifier};
use super::tables;
use crate::report::{Report, Table};
use crate::say;

/// A chart of values of one table.
pub struct Chart {
    /// The name of the table that has the numbers.
    pub table: String,
    pub title: String,
    /// How it is to be read.
    pub about: String,
    pub drawing: Drawing,
    /// What the table says in words.
    pub notes: Vec<String>,
}

/// Marks, with what they say in words.
#[derive(Default)]
pub struct Drawing {
    pub body: String,
    /// In pixels.
    pub height: u32,
    /// The same in words, a line each.
    pub words: Vec<String>,
}

/// All charts that the report allows, in the order of their tables.
pub fn section(report: &Report) -> String {
    let makers: [fn(&Report) -> Vec<Chart>; 7] = [
        funnel::charts,
        trends::charts,
        maturity::charts,
        money::charts,
        shares::charts,
        causes::charts,
        value::charts,
    ];
    let charts: Vec<Chart> = makers.iter().flat_map(|maker| maker(report)).collect();
    if charts.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<section aria-labelledby=\"pictures\">\n<h2 id=\"pictures\">{}</h2>\n<div class=\"charts\">\n",
        escaped(&say!("Pictures"))
    );
    let mut number = 0;
    for table in &report.tables {
        for chart in charts.iter().filter(|chart| chart.table == table.name) {
            number += 1;
            figure(&mut text, chart, table, number);
        }
    }
    text.push_str("</div>\n</section>\n");
    text
}

fn figure(text: &mut String, chart: &Chart, table: &Table, number: usize) {
    let words = chart.drawing.words.join("; ");
    // what is one picture has nothing within that could have the focus
    let role = if chart.drawing.body.contains("tabindex") { "group" } else { "img" };
    let _ = write!(
        text,
        "<figure>\n<figcaption><h3>{}</h3><p>{}</p></figcaption>\n\
         <svg role=\"{role}\" tabindex=\"0\" width=\"100%\" height=\"{}\" aria-labelledby=\"chart-{number} words-{number}\">\
         <title id=\"chart-{number}\">{}</title><desc id=\"words-{number}\">{}</desc>\n{}</svg>\n",
        escaped(&chart.title),
        escaped(&chart.about),
        chart.drawing.height,
        escaped(&chart.title),
        escaped(&words),
        chart.drawing.body,
    );
    text.push_str(&tables::list("notes", &chart.notes));
    let _ = write!(
        text,
        "<p class=\"source\">{} <a href=\"#table-{}\">{}</a></p>\n</figure>\n",
        escaped(&say!("Numbers:")),
        identifier(&table.name),
        escaped(&table.title)
    );
}

/// A chart of a table that is there.
fn chart(report: &Report, table: &str, title: String, about: String, drawing: Drawing) -> Option<Chart> {
    find::table(report, table)?;
    (drawing.height > 0).then(|| Chart { table: table.to_string(), title, about, drawing, notes: Vec::new() })
}

/// How a chart is to be read: one sentence, and those of others that hold.
fn sentences(first: String, others: impl IntoIterator<Item = Option<String>>) -> String {
    std::iter::once(first).chain(others.into_iter().flatten()).collect::<Vec<_>>().join(" ")
}

/// A part of the width, in percent.
fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

/// Text at a place, from there to the right (`start`), around it (`middle`) or up to it (`end`).
fn words_at(body: &mut String, (x, y): (f64, u32), anchor: &str, class: &str, words: &str) {
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{y}\" text-anchor=\"{anchor}\"{}>{}</text>",
        percent(x),
        super::markup::attribute("class", class),
        escaped(words)
    );
}

/// A straight line.
fn stroke(body: &mut String, class: &str, from: (f64, u32), to: (f64, u32)) {
    let _ = writeln!(
        body,
        "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
        percent(from.0),
        from.1,
        percent(to.0),
        to.1
    );
}
