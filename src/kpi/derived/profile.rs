//! Whether a lead belongs to the target audience, by the rule of `[profile]`: what marketing promises to bring.

use anyhow::Result;

use super::super::catalogue::Catalogue;
use super::super::evaluate::Evaluator;
use super::super::sql;
use super::super::view::View;
use super::add_words;
use crate::config::{Basis, Config};
use crate::error::data_error;
use crate::leads::{Data, Over};
use crate::words;

/// The dimension: `fits`, `does not fit`, or empty where the rule has no answer.
pub const NAME: &str = "profile";
pub const FITS: &str = words!("fits");
pub const DOES_NOT_FIT: &str = words!("does not fit");

/// Adds the dimension to the leads.
///
/// A lead of which the rule says neither yes nor no, because a column that it looks at is empty, has no profile.
///
/// # Errors
/// A rule that is no predicate over the columns of the leads.
pub fn add(data: &mut Data, config: &Config, catalogue: &Catalogue) -> Result<()> {
    let Some(rule) = &config.profile.fits else { return Ok(()) };
    let in_place = |error: anyhow::Error| config.blame(error.context("`[profile]`: `fits`"));
    let (fits, fails) = {
        let evaluator = Evaluator::new(View::new(data, Basis::Cohort, None, &[]), catalogue, false);
        let holds = |text: &str| -> Result<_> {
            let predicate = sql::parse(text)?;
            if let Some(unknown) = evaluator.unknown_column(Over::Leads, &predicate) {
                return Err(data_error(
                    format!("`{rule}` needs {}", unknown.english),
                    "the rule is over the columns of the leads, such as `segment in ('large', 'mid')`",
                ));
            }
            evaluator.predicate(Over::Leads, &predicate)
        };
        // what is neither true nor false is unknown: SQL has three answers
        (holds(rule).map_err(in_place)?, holds(&format!("not ({rule})")).map_err(in_place)?)
    };
    let places: Vec<usize> = (0..fits.height())
        .map(|row| match (fits.has(row), fails.has(row)) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        })
        .collect();
    add_words(data, Over::Leads, NAME, &["", FITS, DOES_NOT_FIT], &places)
}
