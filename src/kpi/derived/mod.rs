//! Columns that no export has and the data imply: whether a lead fits the profile, what kind of reason a customer left
//! for, whether the customer had complained, how far a lead has come.
//!
//! They are worked out only where a question needs them. A column more is an entry in [`ALL`] and its function.

mod brand;
pub mod complaints;
mod lost;
pub mod profile;
pub mod progress;
mod reasons;
mod required;
mod upsale;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;

use super::catalogue::Catalogue;
use crate::config::Config;
use crate::input::table::Dictionary;
use crate::leads::{Data, Over};
use crate::words;

/// A dimension that is worked out from the data.
pub struct Derived {
    pub name: &'static str,
    /// What must be there, for messages: `… needs …`.
    pub needs: &'static str,
    /// Whether the configuration says what it takes.
    is_configured: fn(&Config) -> bool,
    /// Adds it to the tables that it belongs to; nothing where the data do not allow it.
    add: fn(&mut Data, &Config, &Catalogue) -> Result<()>,
}

/// All of them.
pub const ALL: [Derived; 11] = [
    Derived {
        name: profile::NAME,
        needs: words!("`[profile] fits = \"…\"` in funnel.toml: who belongs to the target audience"),
        is_configured: |config| config.profile.fits.is_some(),
        add: profile::add,
    },
    Derived {
        name: complaints::NAME,
        needs: words!("contracts (`--contracts`) and tickets (`--tickets`) with the date `opened_at`"),
        is_configured: |_| true,
        add: complaints::add,
    },
    Derived {
        name: brand::NAME,
        needs: words!(
            "`[attribution.brand]` in funnel.toml: the channels, campaigns and keywords of the brand"
        ),
        is_configured: |config| !config.attribution.brand.is_empty(),
        add: brand::add,
    },
    Derived {
        name: lost::NAME,
        needs: words!(
            "`[lost_reasons] reversible = […]` in funnel.toml, and the column `lost_reason` in crm"
        ),
        is_configured: |config| !config.lost_reasons.reversible.is_empty(),
        add: lost::add,
    },
    Derived {
        name: upsale::NAME,
        needs: words!("the column `product` in contracts or crm"),
        is_configured: |_| true,
        add: upsale::add,
    },
    Derived {
        name: progress::STAGE,
        needs: words!("a stage in crm"),
        is_configured: |_| true,
        add: progress::add_stage,
    },
    Derived {
        name: progress::AGE,
        needs: words!("a dated stage in crm"),
        is_configured: |_| true,
        add: progress::add_age,
    },
    Derived {
        name: progress::PACE,
        needs: words!("two dated stages in crm"),
        is_configured: |_| true,
        add: progress::add_pace,
    },
    Derived {
        name: required::REQUIRED,
        needs: words!("`[required]` in funnel.toml: the fields that a lead needs from each stage on"),
        is_configured: |config| !config.required.is_empty(),
        add: required::add,
    },
    Derived {
        name: required::FILLED,
        needs: words!("`[required]` in funnel.toml: the fields that a lead needs from each stage on"),
        is_configured: |config| !config.required.is_empty(),
        // both come together
        add: |_, _, _| Ok(()),
    },
    Derived {
        name: reasons::NAME,
        needs: words!("the column `churn_reason` in contracts"),
        is_configured: |_| true,
        add: reasons::add,
    },
];

/// The dimension of this name.
pub fn find(name: &str) -> Option<&'static Derived> {
    ALL.iter().find(|derived| derived.name == name)
}

/// Whether all names that are of derived dimensions are of such that the configuration allows.
pub fn are_configured(names: &[String], config: &Config) -> bool {
    names.iter().filter_map(|name| find(name)).all(|derived| (derived.is_configured)(config))
}

/// Adds the wanted ones to the data. A column of the exports with the same name stays what it is.
///
/// # Errors
/// A configuration that does not fit the data.
pub fn add(data: &mut Data, config: &Config, catalogue: &Catalogue, wanted: &BTreeSet<String>) -> Result<()> {
    let is_there = |data: &Data, name: &str| data.facts.values().any(|facts| facts.table.has(name));
    let wanted = |derived: &&Derived| wanted.contains(derived.name) && (derived.is_configured)(config);
    for derived in ALL.iter().filter(wanted) {
        if !is_there(data, derived.name) {
            (derived.add)(data, config, catalogue)?;
            data.derived.insert(derived.name.to_string());
        }
    }
    Ok(())
}

/// Adds a text column to a table: for each row the place of its word in `words`, of which the first is the empty one.
fn add_words(data: &mut Data, over: Over, name: &str, words: &[&str], places: &[usize]) -> Result<()> {
    let mut dictionary: Dictionary = words.iter().map(|word| (*word).to_string()).collect();
    dictionary.sort_unstable();
    let code =
        |word: &&str| dictionary.binary_search_by(|known| known.as_str().cmp(word)).unwrap_or_default();
    let codes: Vec<u32> = words.iter().map(|word| u32::try_from(code(word)).unwrap_or_default()).collect();
    let column: Vec<u32> = places.iter().map(|place| codes[*place]).collect();
    let column = UInt32Chunked::from_vec(name.into(), column).into_series();
    let table = &mut data.facts.get_mut(&over).context("a table that was read")?.table;
    table.frame.with_column(column).context("columns of one height")?;
    table.dictionaries.insert(name.to_string(), Arc::new(dictionary));
    Ok(())
}
