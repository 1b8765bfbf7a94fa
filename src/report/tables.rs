//! The tables as data (`tables.toml`): which KPIs, by which dimensions, from which inputs. A table more is an entry more.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::config::Basis;
use crate::lang;

/// A table of the report.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub name: String,
    pub title: String,
    pub basis: Basis,
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub notes: Vec<String>,
    /// What to say where the table has nothing to show because there is nothing: that is an answer.
    pub nothing: Option<Nothing>,
    #[serde(default, rename = "block")]
    pub blocks: Vec<Block>,
}

/// What a table is about, and what is said where there is none of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {
    /// The count of what the table is about.
    pub kpi: String,
    pub says: String,
}

/// One grid of a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    pub title: String,
    /// The title of the grid of one step.
    #[serde(default)]
    pub step_title: String,
    #[serde(default)]
    pub rows: Rows,
    #[serde(default)]
    pub by: By,
    pub when: Option<When>,
    /// Left out where it has nothing but zeros.
    #[serde(default, rename = "optional")]
    pub is_optional: bool,
    pub verdict: Option<Verdict>,
    /// The KPI that the block is about: without it the other columns say nothing new.
    pub about: Option<String>,
    pub columns: Vec<Column>,
}

/// What is said in words of the numbers of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Whether lead quality, service, or neither goes with churn.
    Causes,
}

/// What the rows of a block are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// One for each value of the dimensions.
    #[default]
    Values,
    /// One for each step of the funnel; with dimensions, a grid for each step.
    Steps,
    /// One for each stage of the whole path, from the ads to the renewed contracts; with dimensions, a grid for each step.
    Path,
    /// One for each window of the configuration over several stages; with dimensions, a grid for each.
    Windows,
    /// One for each value of the dimensions, with a column for each age of the customers in months.
    Ages,
    /// One for each age of the leads in days, by values of the dimensions: what came of them since they were created.
    Maturity,
    /// The same since they reached the stage before; what that is of the first stage stands under `Maturity`.
    #[serde(rename = "step maturity")]
    StepMaturity,
}

/// By what a block splits its numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum By {
    /// `--by`, or `--by or DIMENSION`.
    Asked(String),
    Fixed(Vec<String>),
}

impl Default for By {
    fn default() -> Self {
        By::Fixed(Vec::new())
    }
}

/// For which reports a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum When {
    #[serde(rename = "period")]
    Period,
    #[serde(rename = "no period")]
    NoPeriod,
}

/// A column: a KPI, or another side of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Column {
    Kpi(String),
    Side {
        kpi: String,
        #[serde(default)]
        show: Show,
        heading: Option<String>,
    },
}

/// Which side of a value a column shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    #[default]
    Value,
    Interval,
    Numerator,
    Denominator,
    /// For CSV and JSON alone.
    Data,
    /// The value that it is compared with.
    #[serde(skip)]
    Previous,
    /// The change against that value: points for shares, percent for others.
    #[serde(skip)]
    Change,
    /// What was to be reached, and whether it was.
    #[serde(skip)]
    Target,
    #[serde(skip)]
    Status,
}

#[derive(Deserialize)]
struct File {
    table: Vec<Table>,
}

/// All tables in the order in which they are printed.
///
/// # Errors
/// Only if `tables.toml` itself is broken, which a test excludes.
pub fn tables() -> Result<Vec<Table>> {
    let mut tables = toml::from_str::<File>(include_str!("tables.toml")).context("tables.toml")?.table;
    for table in &mut tables {
        translate(table);
    }
    Ok(tables)
}

/// What people read of a table, in the language of the run.
fn translate(table: &mut Table) {
    let says = table.nothing.iter_mut().map(|nothing| &mut nothing.says);
    let of_blocks = table.blocks.iter_mut().flat_map(|block| {
        let headings = block.columns.iter_mut().filter_map(|column| match column {
            Column::Side { heading, .. } => heading.as_mut(),
            Column::Kpi(_) => None,
        });
        [&mut block.title, &mut block.step_title].into_iter().chain(headings)
    });
    for text in std::iter::once(&mut table.title).chain(&mut table.notes).chain(says).chain(of_blocks) {
        *text = lang::text(text);
    }
}
