//! The report as a plain value: tables of blocks of rows, every number with its numerator, denominator and interval.
//!
//! `tables` says which tables there are, `build` fills them for one period, `lack` says why one is not there. `answer` puts
//! a report together: `every` sets several periods side by side, `compare` each value beside that of another period or of the rest of its total, `cohorts` what customers brought by age in several periods. `goals` are
//! what was to be reached, `targets` holds values against them, `plan` is the table of both. A renderer only writes down
//! what stands here.

mod ages;
pub mod answer;
pub mod audit;
pub mod beside;
pub mod build;
mod built;
mod causes;
mod cohorts;
pub mod compare;
mod every;
pub mod evidence;
pub mod explain;
pub mod explanation;
pub mod goals;
mod lack;
pub mod layout;
mod maturity;
pub mod needed;
mod order;
mod path;
mod plan;
mod presence;
pub mod pseudonym;
pub mod rows;
pub mod scope;
pub mod tables;
pub mod targets;
mod top;
pub mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::compare::Comparison;
use self::evidence::Evidence;
use self::targets::Judgement;
use crate::config::{Basis, Skips};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::statistics::Interval;
pub use tables::Show;

/// Everything that a renderer needs.
#[derive(Debug)]
pub struct Report {
    pub tables: Vec<Table>,
    /// What was left out or looks wrong, a line each.
    pub findings: Vec<String>,
    /// `YYYY-MM-DD`, empty where the data have no date.
    pub as_of: String,
    pub currency: Option<String>,
    /// The conditions of `--where`, as they were written.
    pub filters: Vec<String>,
    /// Whether values are compared with those of another period: CSV and JSON have the columns for it then.
    pub is_compared: bool,
    /// Whether values are held against targets: CSV and JSON have the columns for it then.
    pub is_judged: bool,
    /// The rows behind the totals, where they were asked for.
    pub evidence: Option<Evidence>,
    /// What the KPIs of the tables are, each once, in the order in which they first occur.
    pub definitions: Vec<Definition>,
    /// The stages of the funnel, in their order.
    pub stages: Vec<String>,
    /// What a skipped stage means in it.
    pub skips: Skips,
    /// The stage of each role of `[roles]` that one has.
    pub roles: BTreeMap<&'static str, String>,
}

/// What a KPI is, for those who do not have the manual.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The key in CSV and JSON.
    pub kpi: String,
    pub title: String,
    pub unit: Unit,
    pub definition: String,
    /// As it stands in the catalogue.
    pub formula: String,
}

impl Report {
    /// The heading of the findings, which are about the whole of the files even where the tables are about a part of them.
    pub fn findings_title(&self) -> String {
        let is_of_part = !self.filters.is_empty() || self.tables.iter().any(|table| table.period != "all");
        explanation::findings_title(is_of_part)
    }

    /// A report for each table.
    pub fn single_tables(&self) -> impl Iterator<Item = Report> + '_ {
        self.tables.iter().map(|table| Report {
            tables: vec![table.clone()],
            findings: self.findings.clone(),
            as_of: self.as_of.clone(),
            currency: self.currency.clone(),
            filters: self.filters.clone(),
            is_compared: self.is_compared,
            is_judged: self.is_judged,
            evidence: self.evidence.as_ref().map(|evidence| evidence.of_table(table)),
            definitions: self.definitions.clone(),
            stages: self.stages.clone(),
            skips: self.skips,
            roles: self.roles.clone(),
        })
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub title: String,
    /// Basis, period, day of the data, filters: what the numbers count.
    pub scope: String,
    /// The period's label, or `all`.
    pub period: String,
    pub blocks: Vec<Block>,
    pub notes: Vec<String>,
    /// What its numbers allow to be said, the sum of it first; in the notes too.
    pub verdict: Vec<String>,
}

/// A grid.
#[derive(Debug, Clone)]
pub struct Block {
    pub title: String,
    /// The headings of the label columns.
    pub labels: Vec<String>,
    /// The dimensions that the rows are split by.
    pub dimensions: Vec<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// How a column is headed and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub heading: String,
    pub show: Show,
    pub unit: Unit,
    /// The values of the last dimensions of the block, where its columns stand for them.
    pub key: Vec<String>,
}

/// A row: its labels for people, its dimensions for machines, a value for each column.
#[derive(Debug, Clone)]
pub struct Row {
    pub labels: Vec<String>,
    /// The values of the block's dimensions.
    pub key: Vec<String>,
    pub values: Vec<Value>,
    /// What all values of the row show, where the columns are periods; else each column says it.
    pub show: Option<Show>,
}

impl Row {
    /// What the value in a column shows.
    pub fn shows(&self, column: &Column) -> Show {
        self.show.unwrap_or(column.show)
    }
}

/// A KPI in one place.
#[derive(Debug, Clone)]
pub struct Value {
    pub kpi: String,
    pub basis: Basis,
    pub unit: Unit,
    pub value: Option<Exact>,
    pub numerator: Option<Exact>,
    pub denominator: Option<Exact>,
    pub interval: Option<Interval>,
    /// What is told to people where there is no value.
    pub text: Option<String>,
    /// The period, where it is not that of the table.
    pub period: Option<Arc<str>>,
    pub comparison: Option<Box<Comparison>>,
    pub judgement: Option<Box<Judgement>>,
}

impl Value {
    /// A KPI of which nothing is known yet.
    pub fn empty(kpi: &str, basis: Basis, unit: Unit) -> Value {
        Value {
            kpi: kpi.to_string(),
            basis,
            unit,
            value: None,
            numerator: None,
            denominator: None,
            interval: None,
            text: None,
            period: None,
            comparison: None,
            judgement: None,
        }
    }

    /// Nothing at the place of another value.
    #[must_use]
    pub fn emptied(&self) -> Value {
        Value { period: self.period.clone(), ..Value::empty(&self.kpi, self.basis, self.unit) }
    }

    /// The place of a KPI that does not exist there: a step into the first stage, days between clicks.
    pub fn absent() -> Value {
        Value::empty("", Basis::Cohort, Unit::Number)
    }

    /// Whether there is no such KPI at this place.
    pub fn is_absent(&self) -> bool {
        self.kpi.is_empty()
    }
}
