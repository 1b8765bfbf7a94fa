//! `funnel.toml` as types, validated once, so that no later stage has to doubt what it says.

mod block;
mod counting;
pub mod money;
pub mod roles;
pub mod targets;
pub mod text;
mod validate;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Deserialize;

pub use self::block::{Block, ColumnSource, ColumnType, OnError};
pub use self::counting::{Basis, NegativeDays, Skips};
use self::money::{Costs, Renewal, ValueOfCustomers};
use self::roles::Roles;
use self::targets::Targets;
use self::validate::validate;
use self::words::explain_toml;
use crate::check::threshold::Threshold;
use crate::error::data_error;
use crate::input::tables::Kind;
use crate::kpi::catalogue::{Kpi, Measure};
use crate::words;

/// The stages of a funnel where the configuration names none.
pub const DEFAULT_STAGES: [&str; 6] = ["lead", "mql", "sal", "sql", "opportunity", "won"];

/// What a lead ID means that a file has twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// An error: most likely the column is no lead ID
    #[default]
    Error,
    /// The rows are one lead and must agree
    Merge,
    /// The rows are one lead, or one deal, and the first one counts: what an audit takes where nothing is said
    #[serde(skip)]
    First,
    /// The rows are parts of one lead, or of one deal where deals have IDs: amounts are added, dates are the earliest,
    /// texts those of the largest part
    Sum,
    /// Each row is a deal of its own: the won deals decide, else the open ones, else the one that was lost last
    Deals,
}

/// What the inputs are read for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Numbers: what leaves a number open is an error
    #[default]
    Report,
    /// An audit: where the configuration leaves it open, it is left out or taken by its first row, and counted
    Audit,
}

impl Purpose {
    /// What is done with a row that cannot be read where its block does not say.
    pub fn on_error(self) -> OnError {
        match self {
            Purpose::Report => OnError::Fail,
            Purpose::Audit => OnError::Skip,
        }
    }

    /// What a repeated lead ID means where neither the block nor its preset says.
    pub fn duplicates(self) -> Duplicates {
        match self {
            Purpose::Report => Duplicates::Error,
            Purpose::Audit => Duplicates::First,
        }
    }
}

/// The whole of `funnel.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The reporting currency, such as `EUR`
    pub currency: Option<String>,
    /// The stages of the funnel in their order
    #[serde(default = "default_stages")]
    pub stages: Vec<String>,
    /// The stages that some KPIs are about, where they are not called as usual
    #[serde(default)]
    pub roles: Roles,
    pub as_of: Option<String>,
    /// The language of texts and numbers for people, such as `ru`
    pub lang: Option<String>,
    #[serde(default)]
    pub skips: Skips,
    #[serde(default)]
    pub negative_days: NegativeDays,
    #[serde(default)]
    pub crm: Vec<Block>,
    #[serde(default)]
    pub spend: Vec<Block>,
    #[serde(default)]
    pub tickets: Vec<Block>,
    #[serde(default)]
    pub contracts: Vec<Block>,
    #[serde(default)]
    pub payments: Vec<Block>,
    /// Rates of exchange: units of the reporting currency for one unit of another
    #[serde(default)]
    pub rates: Vec<Block>,
    #[serde(default)]
    pub plan: Vec<Block>,
    #[serde(default)]
    pub lookup: Vec<Lookup>,
    #[serde(default)]
    pub renewal: Renewal,
    #[serde(default)]
    pub value: ValueOfCustomers,
    #[serde(default)]
    pub costs: Costs,
    /// The spelling of a channel in a file = its name in the report
    #[serde(default)]
    pub channels: BTreeMap<String, String>,
    /// Step = the days or weeks within which it must come, such as `mql_to_sql = "30d"`
    #[serde(default)]
    pub window: BTreeMap<String, String>,
    /// KPI of cost = by how many days or weeks the spend that it counts came earlier, such as `cost_per_won = "60d"`
    #[serde(default)]
    pub lag: BTreeMap<String, String>,
    /// Within what time sales is to touch a lead
    #[serde(default)]
    pub speed: Speed,
    /// A number of the leads = the limits of the bands in which it becomes a dimension, such as `amount = [0, 1000]`
    #[serde(default)]
    pub bands: BTreeMap<String, Vec<toml::Value>>,
    /// Who belongs to the target audience
    #[serde(default)]
    pub profile: Profile,
    /// What is known of channels beyond their names
    #[serde(default)]
    pub attribution: Attribution,
    /// Stage = the fields that a lead needs from it on
    #[serde(default)]
    pub required: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub lost_reasons: LostReasons,
    /// Group of reasons of churn = the reasons as the exports write them
    #[serde(default)]
    pub churn_reasons: BTreeMap<ReasonGroup, Vec<String>>,
    #[serde(default)]
    pub measure: BTreeMap<String, Measure>,
    #[serde(default)]
    pub kpi: BTreeMap<String, Kpi>,
    /// KPI = what it is to reach, or not to exceed
    #[serde(default)]
    pub targets: BTreeMap<String, Targets>,
    /// Check = the most that it may find
    #[serde(default)]
    pub check: BTreeMap<String, Threshold>,
    /// The file itself; empty where the files were named on the command line
    #[serde(skip)]
    pub path: PathBuf,
    /// What the inputs are read for
    #[serde(skip)]
    pub purpose: Purpose,
}

/// What kind of reason a customer left for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonGroup {
    /// The customer did well: it outgrew the product, was bought, reached its goal
    Positive,
    Service,
    Price,
    Product,
    /// Nobody decided to leave: a card expired, a company closed
    Involuntary,
    Unknown,
}

impl ReasonGroup {
    /// All groups.
    pub const ALL: [ReasonGroup; 6] = [
        ReasonGroup::Positive,
        ReasonGroup::Service,
        ReasonGroup::Price,
        ReasonGroup::Product,
        ReasonGroup::Involuntary,
        ReasonGroup::Unknown,
    ];

    /// The key in `funnel.toml`, and the value of the dimension.
    pub fn name(self) -> &'static str {
        match self {
            ReasonGroup::Positive => words!("positive"),
            ReasonGroup::Service => words!("service"),
            ReasonGroup::Price => words!("price"),
            ReasonGroup::Product => words!("product"),
            ReasonGroup::Involuntary => words!("involuntary"),
            ReasonGroup::Unknown => words!("unknown"),
        }
    }
}

/// The target audience.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Predicate over the columns of the leads
    pub fits: Option<String>,
}

/// Within what time sales is to touch a lead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// Minutes, hours or days, such as `1h`
    pub within: Option<String>,
}

/// What is known of the reasons for which leads are lost.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostReasons {
    /// Reasons that time can change: no budget this year, no answer
    #[serde(default)]
    pub reversible: Vec<String>,
}

/// What is known of channels beyond their names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Channels whose leads no spend can be traced to: public relations, word of mouth
    #[serde(default)]
    pub untraceable: Vec<String>,
    #[serde(default)]
    pub brand: Brand,
}

/// How leads come that looked for the company by its name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    #[serde(default)]
    pub channel: Vec<String>,
    #[serde(default)]
    pub campaign: Vec<String>,
    #[serde(default)]
    pub keyword: Vec<String>,
}

impl Brand {
    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.channel.is_empty() && self.campaign.is_empty() && self.keyword.is_empty()
    }
}

/// Columns that another file adds to the leads by a key that is no lead ID (agent → manager).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub files: Vec<String>,
    /// One pair: dimension of the leads = header of the key in the file
    pub key: BTreeMap<String, String>,
    /// New dimension = header in the file
    pub columns: BTreeMap<String, String>,
}

impl Config {
    /// The folder that the files of the configuration are relative to.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// An error about something that the configuration says, with its name in front.
    pub fn blame(&self, error: anyhow::Error) -> anyhow::Error {
        if self.path.as_os_str().is_empty() { error } else { error.context(self.path.display().to_string()) }
    }

    /// The blocks of one table.
    pub fn blocks(&self, kind: Kind) -> &[Block] {
        match kind {
            Kind::Crm => &self.crm,
            Kind::Spend => &self.spend,
            Kind::Tickets => &self.tickets,
            Kind::Contracts => &self.contracts,
            Kind::Payments => &self.payments,
            Kind::Rates => &self.rates,
            Kind::Plan => &self.plan,
        }
    }

    /// The blocks of one table, for a configuration that is being made.
    pub fn blocks_mut(&mut self, kind: Kind) -> &mut Vec<Block> {
        match kind {
            Kind::Crm => &mut self.crm,
            Kind::Spend => &mut self.spend,
            Kind::Tickets => &mut self.tickets,
            Kind::Contracts => &mut self.contracts,
            Kind::Payments => &mut self.payments,
            Kind::Rates => &mut self.rates,
            Kind::Plan => &mut self.plan,
        }
    }
}

/// Reads and validates a configuration file.
///
/// # Errors
/// A file that cannot be read, TOML that is none, an unknown key (with the nearest known one), or a value out of range.
pub fn read(path: &Path) -> Result<Config> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        data_error(
            format!("{shown}: cannot be read: {}", crate::error::io_reason(&error)),
            "name the configuration with `--config FILE`, or the exports with `--crm FILE`",
        )
    })?;
    parse(&text, path)
}

/// Takes a text for that of a configuration file.
///
/// # Errors
/// TOML that is none, an unknown key (with the nearest known one), or a value out of range.
pub fn parse(text: &str, path: &Path) -> Result<Config> {
    let mut config: Config =
        toml::from_str(text).map_err(|error| explain_toml(&path.display().to_string(), text, &error))?;
    config.path = path.to_path_buf();
    validate(&config).map_err(|error| config.blame(error))?;
    Ok(config)
}

/// A configuration of files alone: every header goes by its usual names.
pub fn from_files(files: &[(Kind, &[String])]) -> Config {
    let mut config = Config { stages: default_stages(), ..Config::default() };
    for (kind, names) in files.iter().filter(|(_, names)| !names.is_empty()) {
        let block = Block { files: names.to_vec(), ..Block::default() };
        config.blocks_mut(*kind).push(block);
    }
    config
}

/// Adds plans that are named on the command line to those of the configuration.
pub fn add_plans(config: &mut Config, names: &[String]) {
    if !names.is_empty() {
        let block = Block { files: names.to_vec(), is_of_command_line: true, ..Block::default() };
        config.plan.push(block);
    }
}

fn default_stages() -> Vec<String> {
    DEFAULT_STAGES.map(String::from).to_vec()
}
