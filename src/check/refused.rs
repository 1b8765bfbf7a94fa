//! Reading for an audit: what a report refuses is left out, and told as a finding that stops reports.

use anyhow::Result;

use super::{Finding, finding_of_texts};
use crate::config::{Config, Purpose};
use crate::error::{Failure, Undecided};
use crate::input::{Inputs, block_of};
use crate::say;

/// Reads the inputs; columns that only a setting says how to read are left out one after the other.
///
/// # Errors
/// What not even an audit can be made of.
pub fn read(config: &mut Config, read: impl Fn(&Config) -> Result<Inputs>) -> Result<Inputs> {
    config.purpose = Purpose::Audit;
    let mut left_out: Vec<Undecided> = Vec::new();
    loop {
        match read(config) {
            Ok(mut inputs) => {
                inputs.findings.extend(told(&left_out));
                return Ok(inputs);
            }
            Err(error) => left_out.push(leave_out(config, error)?),
        }
    }
}

/// Takes the column that the error is about out of the block of its file.
///
/// # Errors
/// The error itself, where it is about anything else.
fn leave_out(config: &mut Config, error: anyhow::Error) -> Result<Undecided> {
    let Some(undecided) = Failure::of(&error).and_then(Failure::undecided).cloned() else {
        return Err(error);
    };
    let Some((kind, place)) = block_of(config, &undecided.file)? else { return Err(error) };
    let is_new = config.blocks_mut(kind)[place].left_out.insert(undecided.column.clone());
    if is_new { Ok(undecided) } else { Err(error) }
}

fn told(columns: &[Undecided]) -> Option<Finding> {
    let text = |column: &Undecided| {
        format!("{}:{}: `{}`: {}", column.file, column.line, column.column, column.in_words())
    };
    finding_of_texts(
        "refused_columns",
        say!("columns that are read only with a setting, left out"),
        columns.len(),
        columns.iter().map(text),
    )
}
