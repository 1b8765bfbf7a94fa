//! Channels, and then segments, a row each: what they cost, what they brought and how sure that is stand in five tables, and
//! who asks which of them to cut or to grow needs it in one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::find::{is_total, is_turned};
use super::markup::{attribute, escaped, identifier, measured, title_of, told};
use crate::kpi::exact::Exact;
use crate::kpi::view::is_bucket;
use crate::lang;
use crate::render::cell_text;
use crate::render::csv::plain;
use crate::report::layout::with_unit;
use crate::report::{Block, Report, Row, Show, Table, Value};
use crate::say;

/// What is set side by side.
const DIMENSIONS: [&str; 2] = ["channel", "segment"];
/// The KPI of money that came back, by which rows are told apart in words.
const RETURN: &str = "realised_to_cac";
/// That of what customers cost, where nothing is known of what came back.
const COST: &str = "cac_media";
/// The columns, as far as the report has them, each from the first of the tables that has it.
const COLUMNS: [&str; 8] =
    ["customers_acquired", "revenue", "spend", COST, RETURN, "lead_to_won", "lead_quality", "churned_share"];
/// Where the columns come from: those of cohorts first, for they say what became of the same leads.
const TABLES: [&str; 5] = ["segments", "value", "channels", "cost", "churn"];
/// Fewer columns are no comparison.
const FEWEST_COLUMNS: usize = 3;

/// A column of the comparison: where its values stand.
struct Source<'a> {
    table: &'a Table,
    block: &'a Block,
    place: usize,
}

/// The comparisons; nothing where the report has none of it.
pub fn section(report: &Report) -> String {
    let grids: Vec<String> = DIMENSIONS.iter().filter_map(|dimension| compared(report, dimension)).collect();
    if grids.is_empty() {
        return String::new();
    }
    let about = say!(
        "From the tables below. * differs from the rest of its total by more than chance. Where money \
         comes back least, and what is marked is worse than the rest, look first for what to cut; where both are better, for \
         what to grow."
    );
    format!(
        "<section aria-labelledby=\"sides\">\n<h2 id=\"sides\">{}</h2>\n<p class=\"reading\">{}</p>\n{}</section>\n",
        escaped(&say!("Side by side")),
        escaped(&about),
        grids.concat()
    )
}

fn compared(report: &Report, dimension: &str) -> Option<String> {
    let last = report.stages.last().map(String::as_str).unwrap_or_default();
    let first = report.stages.first().map(String::as_str).unwrap_or_default();
    let whole_way = format!("{first}_to_{last}");
    let named = COLUMNS.iter().map(|kpi| if *kpi == "lead_to_won" { whole_way.as_str() } else { kpi });
    let sources: Vec<Source> = named.filter_map(|kpi| source(report, dimension, kpi)).collect();
    if sources.len() < FEWEST_COLUMNS {
        return None;
    }
    // a channel that spent and brought nobody is in some tables and not in others
    let all = sources.iter().flat_map(|source| &source.block.rows).filter(|row| row.show != Some(Show::Data));
    let has_value = |row: &&Row| {
        sources.iter().any(|source| value_at(source, row).is_some_and(|value| value.value.is_some()))
    };
    let mut seen: BTreeSet<&[String]> = BTreeSet::new();
    let (rows, totals): (Vec<&Row>, Vec<&Row>) =
        all.filter(|row| seen.insert(&row.key) && has_value(row)).partition(|row| !is_total(row));
    if rows.len() < 2 {
        return None;
    }
    let id = format!("sides-{}", identifier(dimension));
    let heading = lang::heading(dimension);
    let mut text = format!(
        "<h3 id=\"{id}\">{}</h3>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}\">\n\
         <table class=\"sortable\">\n<thead>\n<tr>\n<th scope=\"col\" class=\"label\">{}</th>\n",
        escaped(&say!("By {dimension}", dimension = lang::dimension(dimension))),
        escaped(&heading)
    );
    for source in &sources {
        let _ = writeln!(text, "{}", heading_of(report, source));
    }
    text.push_str("</tr>\n</thead>\n");
    for (tag, rows) in [("tbody", &rows), ("tfoot", &totals)] {
        if !rows.is_empty() {
            let _ = writeln!(text, "<{tag}>");
            for row in rows {
                line(&mut text, report, &sources, row);
            }
            let _ = writeln!(text, "</{tag}>");
        }
    }
    text.push_str("</table>\n</div>\n");
    for said in without_return(report, &sources, &rows).into_iter().chain(in_words(report, &sources, &rows)) {
        let _ = writeln!(text, "<p>{}</p>", escaped(&said));
    }
    Some(text)
}

/// The first column of a table that shows a KPI for each value of a dimension alone.
fn source<'a>(report: &'a Report, dimension: &str, kpi: &str) -> Option<Source<'a>> {
    let tables = TABLES.iter().filter_map(|name| report.tables.iter().find(|table| table.name == *name));
    let blocks = tables.flat_map(|table| table.blocks.iter().map(move |block| (table, block)));
    blocks.filter(|(_, block)| block.dimensions == [dimension] && !is_turned(block)).find_map(
        |(table, block)| {
            let shows = |place: &usize| {
                let column = &block.columns[*place];
                let is_value = matches!(column.show, Show::Value | Show::Data) && column.key.is_empty();
                is_value && block.rows.iter().all(|row| row.values[*place].kpi == kpi)
            };
            let place = (0..block.columns.len()).find(shows)?;
            Some(Source { table, block, place })
        },
    )
}

fn heading_of(report: &Report, source: &Source) -> String {
    let column = &source.block.columns[source.place];
    let kpi = source.block.rows.first().map_or("", |row| row.values[source.place].kpi.as_str());
    let title = with_unit(title_of(report, kpi), column.unit, report.currency.as_deref());
    let known = report.definitions.iter().find(|definition| definition.kpi == kpi);
    let told = known.map(|known| known.definition.clone()).unwrap_or_default();
    let table = format!("{}, {}", source.table.title, source.table.scope);
    format!("<th scope=\"col\"{}>{}</th>", attribute("title", &format!("{told}\n{table}")), escaped(&title))
}

fn line(text: &mut String, report: &Report, sources: &[Source], row: &Row) {
    let label = row.labels.first().map_or("", String::as_str);
    let _ = writeln!(text, "<tr>\n<th scope=\"row\" class=\"label\">{}</th>", escaped(label.trim_start()));
    for source in sources {
        match value_at(source, row) {
            Some(value) => {
                let _ = writeln!(
                    text,
                    "<td tabindex=\"0\"{}{}>{}</td>",
                    attribute("data-sort", &plain(value.value)),
                    attribute("title", &told(report, value).join("\n")),
                    escaped(&cell_text(value, Show::Value))
                );
            }
            None => text.push_str("<td></td>\n"),
        }
    }
    text.push_str("</tr>\n");
}

/// The value of a source in the row of this key.
fn value_at<'a>(source: &Source<'a>, row: &Row) -> Option<&'a Value> {
    let own = source.block.rows.iter().find(|own| own.key == row.key && own.show != Some(Show::Data))?;
    own.values.get(source.place)
}

/// The column of a KPI.
fn column<'a, 'b>(sources: &'b [Source<'a>], kpi: &str) -> Option<&'b Source<'a>> {
    sources
        .iter()
        .find(|source| source.block.rows.first().is_some_and(|row| row.values[source.place].kpi == kpi))
}

/// What spent and won nobody: no ratio has a value there, so that nothing else tells.
fn without_return(report: &Report, sources: &[Source], rows: &[&Row]) -> Option<String> {
    let (spend, revenue) = (column(sources, "spend")?, column(sources, "revenue")?);
    let number = |source: &Source, row: &Row| value_at(source, row).and_then(|value| value.value);
    let spent = rows.iter().filter(|row| !row.key.iter().any(|part| is_bucket(part))).filter_map(|row| {
        let spent = value_at(spend, row).filter(|value| value.value.is_some_and(Exact::is_positive))?;
        let brought = number(revenue, row).is_some_and(Exact::is_positive);
        (!brought).then(|| format!("{} ({})", row.labels.join(", "), measured(report, spent)))
    });
    let spent: Vec<String> = spent.collect();
    (!spent.is_empty()).then(|| say!("Spend and no revenue: {rows}.", rows = spent.join(", ")))
}

/// Where least and most of the cost of customers has come back, else who cost most and least, with how many customers that
/// rests on.
fn in_words(report: &Report, sources: &[Source], rows: &[&Row]) -> Option<String> {
    let customers = column(sources, "customers_acquired")?;
    let ends = |kpi: &str| -> Option<[[String; 3]; 2]> {
        let of_money = column(sources, kpi)?;
        let named = rows.iter().filter(|row| !row.key.iter().any(|part| is_bucket(part)));
        let known = named.filter_map(|row| Some((*row, value_at(of_money, row)?)));
        // what cost nothing is no cheap customer
        let number = |value: &Value| value.value.map_or(0.0, Exact::to_float);
        let mut known: Vec<(&Row, &Value)> = known.filter(|(_, value)| number(value) > 0.0).collect();
        known.sort_by(|(_, one), (_, other)| number(one).total_cmp(&number(other)));
        let (least, most) = (known.first()?, known.last()?);
        let told = |(row, value): &(&Row, &Value)| {
            let customers = value_at(customers, row).map(|value| measured(report, value)).unwrap_or_default();
            [row.labels.join(", "), measured(report, value), customers]
        };
        let (least, most) = (least.1.value != most.1.value).then(|| (told(least), told(most)))?;
        Some([least, most])
    };
    if let Some([[least, low, few], [most, high, many]]) = ends(RETURN) {
        return Some(say!(
            "{kpi}: least for {least}, {low} ({few} customers), most for {most}, {high} ({many} customers). Below 1 the cost is \
             not back yet. Sums of money have no interval: few customers, or young ones, move them most.",
            kpi = title_of(report, RETURN),
            least = least,
            low = low,
            few = few,
            most = most,
            high = high,
            many = many
        ));
    }
    let [[least, low, few], [most, high, many]] = ends(COST)?;
    Some(say!(
        "{kpi}: lowest for {least}, {low} ({few} customers), highest for {most}, {high} ({many} customers). Sums of money have no \
         interval: few customers move them most.",
        kpi = title_of(report, COST),
        least = least,
        low = low,
        few = few,
        most = most,
        high = high,
        many = many
    ))
}
