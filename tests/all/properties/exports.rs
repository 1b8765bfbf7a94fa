//! Random exports: dimensions with empty cells, quotes, line breaks and separators in them, skipped stages, orphans.

use std::path::Path;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

/// The configuration of the example, with a glob for the leads.
const CONFIGURATION: &str = r#"
currency = "EUR"
stages = ["lead", "mql", "sql", "opportunity", "won"]
[[crm]]
files = ["leads*.csv"]
[crm.columns]
lead_id = "Lead ID"
lead_at = "Created"
mql_at = "MQL date"
sql_at = "SQL date"
opportunity_at = "Opportunity date"
won_at = "Won date"
lost_at = "Lost date"
lost_reason = "Lost reason"
amount = "Amount"
channel = "Source"
campaign = "Campaign"
owner = "Owner"
segment = "Company size"
[[spend]]
files = ["ads.csv"]
[[tickets]]
files = ["tickets.csv"]
[[contracts]]
files = ["contracts.csv"]
"#;

/// The files and their headers.
pub const HEADERS: [(&str, &str); 4] = [
    (
        "leads.csv",
        "Lead ID,Created,MQL date,SQL date,Opportunity date,Won date,Lost date,Lost reason,Amount,Source,Campaign,Owner,Company size",
    ),
    ("ads.csv", "Day,Channel,Campaign,Impressions,Clicks,Cost"),
    ("tickets.csv", "Ticket ID,Lead ID,Opened at,Resolved at,Kind"),
    ("contracts.csv", "Contract,Lead ID,Started at,Churned at,Churn reason,MRR"),
];

/// A row.
pub type Cells = Vec<String>;

/// The rows of the four files, in the order of [`HEADERS`].
#[derive(Debug, Clone)]
pub struct Exports {
    pub files: [Vec<Cells>; 4],
    separator: char,
}

impl Exports {
    /// One file with these rows, in their order.
    pub fn text(&self, file: usize, rows: &[&Cells]) -> String {
        let quoted = |cell: &String| {
            let needs_quotes = cell.contains(['"', '\n', ',', ';']);
            if needs_quotes { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
        };
        let separator = self.separator.to_string();
        let mut text = HEADERS[file].1.replace(',', &separator);
        for row in rows {
            text.push('\n');
            text.push_str(&row.iter().map(quoted).collect::<Vec<_>>().join(&separator));
        }
        text + "\n"
    }

    /// Writes the files into a new folder, the leads in one file.
    pub fn write(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder for the exports");
        write(folder.path(), "funnel.toml", CONFIGURATION.as_bytes());
        for (file, (name, _)) in HEADERS.iter().enumerate() {
            let rows: Vec<&Cells> = self.files[file].iter().collect();
            write(folder.path(), name, self.text(file, &rows).as_bytes());
        }
        folder
    }
}

/// Writes a file.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("the folder was just made");
}

/// The `number`-th day of 2026.
fn date(number: i64) -> String {
    let first: chrono::NaiveDate = "2026-01-01".parse().expect("a date");
    (first + chrono::TimeDelta::days(number)).to_string()
}

fn optional_date(number: Option<i64>) -> String {
    number.map(date).unwrap_or_default()
}

fn cents(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn channel() -> impl Strategy<Value = String> {
    select(vec!["ads", "radio", "a, b; c", "", "unknown"]).prop_map(String::from)
}

fn campaign() -> impl Strategy<Value = String> {
    select(vec!["brand", "two\nlines", "say \"hi\"", ""]).prop_map(String::from)
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(String::from)
}

fn lead_row() -> impl Strategy<Value = Cells> {
    // a lag of up to two months, seldom a negative one; stages may be skipped
    let stages = (weighted(0.9, 0_i64..120), vec(weighted(0.6, -2_i64..60), 4));
    let loss = (weighted(0.3, 0_i64..180), word(&["", "", "price", "no answer"]));
    let dimensions =
        (channel(), campaign(), word(&["Ann", "Bob", ""]), word(&["small", "large", "ünknown", ""]));
    (stages, loss, of(0_u32..2_000_000), dimensions).prop_map(
        |((created, lags), loss, amount, dimensions)| {
            let mut cells = vec![String::new(), optional_date(created)];
            let mut day = created.unwrap_or(60);
            for lag in lags {
                let at = lag.map(|lag| (day + lag).max(0));
                day = at.unwrap_or(day);
                cells.push(optional_date(at));
            }
            let (channel, campaign, owner, segment) = dimensions;
            cells.extend([optional_date(loss.0), loss.1, amount.map(cents).unwrap_or_default()]);
            cells.extend([channel, campaign, owner, segment]);
            cells
        },
    )
}

fn spend_row() -> impl Strategy<Value = Cells> {
    let number =
        || of(0_u32..5_000).prop_map(|number| number.map(|number| number.to_string()).unwrap_or_default());
    (weighted(0.95, 0_i64..180), channel(), campaign(), number(), number(), 0_u32..100_000).prop_map(
        |(day, channel, campaign, impressions, clicks, cost)| {
            vec![optional_date(day), channel, campaign, impressions, clicks, cents(cost)]
        },
    )
}

fn ticket_row() -> impl Strategy<Value = Cells> {
    let kind = word(&["complaint", "claim", "question", ""]);
    (0_usize..14, weighted(0.9, 0_i64..180), kind).prop_map(|(lead, day, kind)| {
        vec![String::new(), lead_id(lead), optional_date(day), String::new(), kind]
    })
}

fn contract_row() -> impl Strategy<Value = Cells> {
    (0_usize..14, 0_i64..180, weighted(0.5, 0_i64..90), word(&["price", "service", ""]), 0_u32..100_000)
        .prop_map(|(lead, start, length, reason, mrr)| {
            let churned = optional_date(length.map(|length| start + length));
            vec![String::new(), lead_id(lead), date(start), churned, reason, cents(mrr)]
        })
}

/// IDs are text: `007` is not `7`, and a file need not name them in their order.
fn lead_id(number: usize) -> String {
    if number.is_multiple_of(3) { format!("{:03}", 50 - number) } else { format!("{}", 50 - number) }
}

/// A small company.
pub fn exports() -> impl Strategy<Value = Exports> {
    let rows =
        (vec(lead_row(), 1..12), vec(spend_row(), 1..10), vec(ticket_row(), 1..8), vec(contract_row(), 1..9));
    (rows, select(vec![',', ';'])).prop_map(|((mut leads, spend, mut tickets, mut contracts), separator)| {
        for (number, lead) in leads.iter_mut().enumerate() {
            lead[0] = lead_id(number);
        }
        for rows in [&mut tickets, &mut contracts] {
            rows.iter_mut().enumerate().for_each(|(number, row)| row[0] = format!("N{number}"));
        }
        Exports { files: [leads, spend, tickets, contracts], separator }
    })
}
