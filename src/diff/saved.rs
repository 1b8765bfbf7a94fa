//! A report that was kept, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::error::{data_error, did_you_mean, io_reason, shortened, usage_error};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::render::{SCHEMA, is_dimension};
use crate::report::targets::Status;

/// A report as its file has it.
#[derive(Debug)]
pub struct Saved {
    pub name: String,
    pub as_of: String,
    pub currency: Option<String>,
    /// The stages of its funnel; none in files of earlier versions of the program.
    pub stages: Vec<String>,
    /// What a skipped stage means in it; none in files of earlier versions of the program.
    pub skips: Option<String>,
    /// The conditions that it was made under.
    pub filters: BTreeSet<String>,
    /// In the order of the file.
    pub values: Vec<(Place, Numbers)>,
    /// Whether it was held against targets.
    pub is_judged: bool,
    pub evidence: Option<SavedEvidence>,
}

/// Where a value stands in a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub table: String,
    pub period: String,
    pub basis: String,
    /// The dimensions that split it, with its values of them.
    pub key: BTreeMap<String, String>,
    pub kpi: String,
}

/// A value with what it is made of; none where the report has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    pub unit: Unit,
    pub value: Option<Exact>,
    pub numerator: Option<Exact>,
    pub denominator: Option<Exact>,
    /// What it was to reach, and whether it did, where the report was held against targets.
    pub target: Option<Exact>,
    pub status: Option<Status>,
}

/// The rows behind the totals.
#[derive(Debug, Default, Deserialize)]
pub struct SavedEvidence {
    /// By basis, for each KPI its measures.
    pub measures_of: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    pub rows: Vec<SavedRow>,
}

/// What an ID adds to each measure.
#[derive(Debug, Deserialize)]
pub struct SavedRow {
    pub basis: String,
    pub table: String,
    pub id: String,
    pub file: String,
    pub line: u32,
    /// The values of the dimensions that split the report; none in files of earlier versions of the program.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// How many rows the ID has.
    #[serde(default = "one", rename = "rows")]
    pub count: usize,
    amounts: BTreeMap<String, serde_json::Number>,
    /// How many rows add to a measure, where it is more than one; none in files of earlier versions of the program.
    counts: Option<BTreeMap<String, usize>>,
}

fn one() -> usize {
    1
}

impl SavedRow {
    /// How many rows add to a measure, as far as the file says.
    pub fn count_of(&self, measure: &str) -> Option<usize> {
        self.counts.as_ref().map(|counts| counts.get(measure).copied().unwrap_or(1))
    }

    /// What it adds, by measure.
    pub fn amounts(&self) -> impl Iterator<Item = (&str, Exact)> {
        self.amounts.iter().map(|(measure, amount)| (measure.as_str(), exact(amount).unwrap_or(Exact::ZERO)))
    }
}

impl Saved {
    /// Keeps only these KPIs, and the rows that they are made of.
    pub fn keep(&mut self, kpis: &[String]) {
        self.values.retain(|(place, _)| kpis.contains(&place.kpi));
        let Some(evidence) = &mut self.evidence else { return };
        let mut measures: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (basis, of_basis) in &mut evidence.measures_of {
            of_basis.retain(|kpi, _| kpis.contains(kpi));
            measures.insert(basis, of_basis.values().flatten().collect());
        }
        for row in &mut evidence.rows {
            let of_basis = measures.get(&row.basis);
            row.amounts.retain(|measure, _| of_basis.is_some_and(|known| known.contains(measure)));
        }
    }
}

#[derive(Deserialize)]
struct File {
    schema: u32,
    #[serde(default)]
    stages: Vec<String>,
    skips: Option<String>,
    #[serde(default, rename = "where")]
    filters: BTreeSet<String>,
    rows: Vec<Map<String, Json>>,
    evidence: Option<SavedEvidence>,
}

/// Reads a report that `funnel report --format json` has written.
///
/// # Errors
/// A file that cannot be read, is no such report, or is of a version that this program does not know.
pub fn read(path: &Path) -> Result<Saved> {
    let name = path.display().to_string();
    let hint = "make one with `funnel report --format json --evidence -o report.json`";
    let bytes = std::fs::read(path)
        .map_err(|error| data_error(format!("{name}: cannot be read: {}", io_reason(&error)), hint))?;
    // some editors put a mark of UTF-8 in front, which is no part of the text
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let version = serde_json::from_slice::<Json>(bytes).ok().and_then(|json| json["schema"].as_u64());
    if version.is_some_and(|version| version != u64::from(SCHEMA)) {
        return Err(data_error(
            format!("{name}: the report follows version {} of the schema", version.unwrap_or_default()),
            format!("this program reads version {SCHEMA}: make the report anew"),
        ));
    }
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| data_error(format!("{name}: is no report of `funnel`: {error}"), hint))?;
    debug_assert_eq!(file.schema, SCHEMA);
    let text = |row: &Map<String, Json>, key: &str| row.get(key).and_then(Json::as_str).map(String::from);
    let first = file.rows.first();
    let values = file.rows.iter().enumerate().map(|(number, row)| {
        value(row).ok_or_else(|| {
            data_error(format!("{name}: row {} is none of a report of `funnel`", number + 1), hint)
        })
    });
    let values = each_once(values.collect::<Result<_>>()?, &name)?;
    Ok(Saved {
        as_of: first.and_then(|row| text(row, "as_of")).unwrap_or_default(),
        currency: first.and_then(|row| text(row, "report_currency")),
        is_judged: first.is_some_and(|row| row.contains_key("target_status")),
        values,
        evidence: file.evidence,
        filters: file.filters,
        stages: file.stages,
        skips: file.skips,
        name,
    })
}

/// The values without those that stand twice.
///
/// # Errors
/// Two rows about the same value that say different things of it.
fn each_once(values: Vec<(Place, Numbers)>, name: &str) -> Result<Vec<(Place, Numbers)>> {
    let mut known: BTreeMap<Place, (usize, Numbers)> = BTreeMap::new();
    let mut once = Vec::new();
    for (number, (place, numbers)) in values.into_iter().enumerate() {
        match known.get(&place) {
            None => {
                known.insert(place.clone(), (number, numbers));
                once.push((place, numbers));
            }
            Some((_, same)) if *same == numbers => {}
            Some((first, _)) => {
                return Err(data_error(
                    format!(
                        "{name}: rows {} and {} are about the same `{}`, and differ",
                        first + 1,
                        number + 1,
                        place.kpi
                    ),
                    "make the report anew; two reports in one file cannot be told apart",
                ));
            }
        }
    }
    Ok(once)
}

/// A row as a value at its place.
fn value(row: &Map<String, Json>) -> Option<(Place, Numbers)> {
    let text = |key: &str| row.get(key).and_then(Json::as_str).map(String::from);
    // what is no number is no report, not a value that is not there
    let number = |key: &str| match row.get(key) {
        None | Some(Json::Null) => Some(None),
        Some(number) => number.as_number().and_then(exact).map(Some),
    };
    let splits = |(name, value): &(&String, &Json)| is_dimension(name) && **value != "(total)";
    let key = row
        .iter()
        .filter(splits)
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_string()))
        .collect();
    let place = Place {
        table: text("table")?,
        period: text("period")?,
        basis: text("basis")?,
        key,
        kpi: text("kpi")?,
    };
    let numbers = Numbers {
        unit: Unit::deserialize(row.get("unit")?).ok()?,
        value: number("value")?,
        numerator: number("numerator")?,
        denominator: number("denominator")?,
        target: number("target")?,
        status: row.get("target_status").and_then(Json::as_str).and_then(Status::of_name),
    };
    Some((place, numbers))
}

/// A number as it is written.
fn exact(number: &serde_json::Number) -> Option<Exact> {
    // a millionth is written `1e-6`
    let plain = || number.as_f64().map_or_else(String::new, |number| format!("{number:.6}"));
    let text = Some(number.to_string()).filter(|text| !text.contains('e')).unwrap_or_else(plain);
    match text.strip_prefix('-') {
        Some(rest) => Exact::ZERO.minus(Exact::from_decimal(rest, 30)?),
        None => Exact::from_decimal(&text, 30),
    }
}

/// Refuses reports of which no value could be compared.
///
/// # Errors
/// Two currencies, or no place that both have.
pub fn refuse_strangers(old: &Saved, new: &Saved) -> Result<()> {
    if let (Some(one), Some(other)) = (&old.currency, &new.currency)
        && one != other
    {
        return Err(data_error(
            format!("{} is in {one}, {} in {other}: their amounts cannot be compared", old.name, new.name),
            "make both in one currency",
        ));
    }
    if let (Some(one), Some(other)) = (&old.skips, &new.skips)
        && one != other
    {
        return Err(data_error(
            format!(
                "{} counts skipped stages as `{one}`, {} as `{other}`: what differs would be the rule",
                old.name, new.name
            ),
            "make both with the same `--skips`",
        ));
    }
    if old.filters != new.filters {
        return Err(data_error(
            format!("{}, {}: what differs would be the filter", of_filters(old), of_filters(new)),
            "make both with the same `--where`",
        ));
    }
    let places =
        |saved: &Saved| -> BTreeSet<Place> { saved.values.iter().map(|(place, _)| place.clone()).collect() };
    if places(old).is_disjoint(&places(new)) {
        return Err(data_error(
            format!("{} and {} have no value in common", old.name, new.name),
            "make both with the same tables, period, basis and dimensions",
        ));
    }
    Ok(())
}

/// Which rows of the exports a report is of.
fn of_filters(saved: &Saved) -> String {
    let filters: Vec<String> = saved.filters.iter().map(|filter| format!("`{filter}`")).collect();
    if filters.is_empty() {
        return format!("{} is of all rows", saved.name);
    }
    format!("{} is of those with {}", saved.name, filters.join(" and "))
}

/// Refuses a KPI that neither report has.
///
/// # Errors
/// The first such KPI, with the nearest known one.
pub fn refuse_unknown(kpis: &[String], reports: [&Saved; 2]) -> Result<()> {
    let values = reports.iter().flat_map(|saved| &saved.values);
    let known: BTreeSet<&str> = values.map(|(place, _)| place.kpi.as_str()).collect();
    match kpis.iter().find(|kpi| !known.contains(kpi.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(usage_error(
            format!("neither report has the KPI `{}`", shortened(unknown)),
            format!("{}`funnel kpis` lists all", did_you_mean(unknown, known.iter().copied())),
        )),
    }
}

/// The error of reports that hold no rows.
pub fn no_evidence(old: &Saved, new: &Saved) -> anyhow::Error {
    let without = if old.evidence.is_none() { old } else { new };
    usage_error(
        format!("{} holds no rows", without.name),
        "make the reports with `funnel report --format json --evidence`",
    )
}
