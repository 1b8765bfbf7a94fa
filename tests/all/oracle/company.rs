//! The exports of a company in plain records, read without any code of the program.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;

/// The headers of the dates of the stages, in the order of the funnel.
const STAGE_HEADERS: [&str; 5] = ["Created", "MQL date", "SQL date", "Opportunity date", "Won date"];
/// The dimensions of the leads and their headers, in the order of the file.
const DIMENSION_HEADERS: [(&str, &str); 4] =
    [("channel", "Source"), ("campaign", "Campaign"), ("owner", "Owner"), ("segment", "Company size")];

/// Days since 1970-01-01.
pub type Day = i64;
/// Money and counts in millionths: whole numbers, so that sums are exact.
pub type Millionths = i128;

pub struct Lead {
    pub id: String,
    /// The date of each stage.
    pub at: [Option<Day>; 5],
    pub lost_at: Option<Day>,
    pub lost_reason: String,
    pub amount: Option<Millionths>,
    /// Values of the dimensions; an empty one is no value.
    pub dimensions: BTreeMap<&'static str, String>,
}

pub struct Spend {
    pub day: Option<Day>,
    pub dimensions: BTreeMap<&'static str, String>,
    pub impressions: Millionths,
    pub clicks: Millionths,
    pub cost: Millionths,
}

pub struct Ticket {
    pub lead: Option<usize>,
    pub opened_at: Option<Day>,
    pub resolved_at: Option<Day>,
    pub kind: String,
}

pub struct Contract {
    /// The place of its lead, if the CRM knows it.
    pub lead: Option<usize>,
    pub lead_id: String,
    pub started_at: Day,
    pub churned_at: Option<Day>,
    pub reason: String,
    pub mrr: Millionths,
}

pub struct Company {
    pub leads: Vec<Lead>,
    pub spend: Vec<Spend>,
    pub tickets: Vec<Ticket>,
    pub contracts: Vec<Contract>,
    /// The latest date of all files.
    pub as_of: String,
    /// Whether its configuration has the KPI of the example's own.
    pub has_own_kpi: bool,
}

impl Company {
    /// The day on which a lead was created: its date of the first stage of which any lead has a date.
    pub fn created(&self, lead: &Lead) -> Option<Day> {
        let dated = (0..lead.at.len()).find(|stage| self.leads.iter().any(|lead| lead.at[*stage].is_some()));
        dated.and_then(|stage| lead.at[stage])
    }
}

/// A row by its headers.
pub type Record = BTreeMap<String, String>;

impl Company {
    /// Reads `leads*.csv`, `ads.csv`, `tickets.csv` and `contracts.csv` with the headers of `examples/b2b`.
    pub fn read(folder: &Path) -> Company {
        let leads: Vec<Lead> = records(&folder.join("leads.csv")).iter().map(lead).collect();
        let place = |record: &Record| leads.iter().position(|lead| lead.id == record["Lead ID"]);
        let spend: Vec<Spend> = records(&folder.join("ads.csv")).iter().map(spend).collect();
        let tickets: Vec<Ticket> = records(&folder.join("tickets.csv"))
            .iter()
            .map(|record| Ticket {
                lead: place(record),
                opened_at: day(&record["Opened at"]),
                resolved_at: day(&record["Resolved at"]),
                kind: record["Kind"].clone(),
            })
            .collect();
        let contracts: Vec<Contract> = records(&folder.join("contracts.csv"))
            .iter()
            .map(|record| Contract {
                lead: place(record),
                lead_id: record["Lead ID"].clone(),
                started_at: day(&record["Started at"]).expect("a contract has a start"),
                churned_at: day(&record["Churned at"]),
                reason: record["Churn reason"].clone(),
                mrr: millionths(&record["MRR"]).unwrap_or(0),
            })
            .collect();
        let as_of = latest_date(folder);
        let configuration = std::fs::read_to_string(folder.join("funnel.toml")).unwrap_or_default();
        let has_own_kpi = configuration.contains("[kpi.cost_per_big_win]");
        Company { leads, spend, tickets, contracts, as_of, has_own_kpi }
    }
}

/// The days since 1970-01-01 of `YYYY-MM-DD`; none for an empty cell.
pub fn day(text: &str) -> Option<Day> {
    if text.is_empty() {
        return None;
    }
    let date: NaiveDate = text.parse().unwrap_or_else(|_| panic!("`{text}` is no date"));
    Some((date - NaiveDate::default()).num_days())
}

/// The month of a day, as a number that no other month has.
pub fn month(day: Day) -> String {
    (NaiveDate::default() + chrono::TimeDelta::days(day)).to_string()[..7].to_string()
}

/// A decimal number with at most six decimals; none for an empty cell.
pub fn millionths(text: &str) -> Option<Millionths> {
    if text.is_empty() {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{}{fraction:0<6}", whole.trim_start_matches('-'));
    let number: Millionths = digits.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
    Some(if text.starts_with('-') { -number } else { number })
}

/// The rows of a file.
pub fn records(path: &Path) -> Vec<Record> {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // no header of the fixtures has a separator inside
    let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separator = if first_line.contains(&b';') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_slice());
    reader.deserialize().map(|record| record.expect("a fixture has whole rows")).collect()
}

fn lead(record: &Record) -> Lead {
    Lead {
        id: record["Lead ID"].clone(),
        at: STAGE_HEADERS.map(|header| day(&record[header])),
        lost_at: day(&record["Lost date"]),
        lost_reason: record["Lost reason"].clone(),
        amount: millionths(&record["Amount"]),
        dimensions: DIMENSION_HEADERS.iter().map(|(name, header)| (*name, record[*header].clone())).collect(),
    }
}

fn spend(record: &Record) -> Spend {
    let number = |header: &str| millionths(&record[header]).unwrap_or(0);
    Spend {
        day: day(&record["Day"]),
        dimensions: BTreeMap::from([
            ("channel", record["Channel"].clone()),
            ("campaign", record["Campaign"].clone()),
        ]),
        impressions: number("Impressions"),
        clicks: number("Clicks"),
        cost: number("Cost"),
    }
}

/// ISO dates sort like text.
fn latest_date(folder: &Path) -> String {
    let files = ["leads.csv", "ads.csv", "tickets.csv", "contracts.csv"];
    let cells = files.iter().flat_map(|file| records(&folder.join(file))).flat_map(Record::into_values);
    cells.filter(|cell| cell.len() == 10 && cell.parse::<NaiveDate>().is_ok()).max().unwrap_or_default()
}
