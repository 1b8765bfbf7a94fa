//! What a reader of the numbers should know about the leads, and no number says.

use super::{Stage, Stages};
use crate::check::{Finding, finding};
use crate::config::NegativeDays;
use crate::input::table::{Table, code_slice};
use crate::mask::{Mask, WORD, bits};
use crate::{lang, say};

/// Stages that are dated before an earlier one: data errors.
pub fn order(
    leads: &Table,
    stages: &Stages,
    counted: &Mask,
    negative_days: NegativeDays,
    findings: &mut Vec<Finding>,
) {
    let what = |stage: &str| match negative_days {
        NegativeDays::Exclude => {
            say!(
                "data error, {stage} dated before an earlier stage, not in the days between",
                stage = lang::stage_in_words(stage)
            )
        }
        NegativeDays::Include => {
            say!(
                "data error, {stage} dated before an earlier stage, in the days between all the same",
                stage = lang::stage_in_words(stage)
            )
        }
    };
    for (stage, early) in stages.stages.iter().zip(dated_early(leads.frame.height(), &stages.stages)) {
        findings.extend(finding(
            "stages_out_of_order",
            what(&stage.name),
            early.and(counted).rows(),
            &leads.origin,
        ));
    }
}

/// For each stage the leads that have it dated before the last earlier stage that is dated.
fn dated_early(height: usize, stages: &[Stage]) -> Vec<Mask> {
    let known: Vec<Mask> = stages.iter().map(|stage| stage.at.known()).collect();
    Mask::many_from_words(height, stages.len(), |index, early| {
        let mut before = [i32::MIN; WORD];
        for ((stage, known), early) in stages.iter().zip(&known).zip(early) {
            for bit in bits(known.word(index)) {
                if let Some(day) = stage.at.get(index * WORD + bit) {
                    *early |= u64::from(day < before[bit]) << bit;
                    before[bit] = day;
                }
            }
        }
    })
}

/// What a reader of the numbers should know about the leads.
pub fn leads(leads: &Table, stages: &Stages, counted: &Mask, findings: &mut Vec<Finding>) {
    let height = leads.frame.height();
    if let Some(codes) = leads.codes("channel") {
        let codes = code_slice(&codes);
        findings.extend(finding(
            "leads_without_channel",
            say!("leads without a channel, counted as `(none)`"),
            Mask::from_rows(height, |row| codes[row] == 0).and(counted).rows(),
            &leads.origin,
        ));
    }
    if let (Some(amounts), Some(won)) =
        (leads.numbers("amount"), stages.won.map(|place| &stages.stages[place]))
    {
        findings.extend(finding(
            "won_without_amount",
            say!(
                "leads that reached {stage} without an amount, not in the average check",
                stage = lang::stage_in_words(&won.name)
            ),
            won.reached.and(counted).and(&Mask::from_booleans(&amounts.is_null())).rows(),
            &leads.origin,
        ));
    }
}
