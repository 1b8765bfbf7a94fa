//! What was not there yet on the day of the report: a deal of the future says nothing of its lead today, and a lead of the
//! future is none.

use super::deals::{self, DEAL_ID};
use super::index::Duplicate;
use super::merge::Joining;
use super::outcomes::Outcomes;
use super::stages::{self, Signs};
use crate::check::{Finding, finding};
use crate::input::table::{Days, Table};
use crate::mask::Mask;
use crate::say;

/// The rows without the deals that began after the day of the report while their lead was there; none where all rows stay.
///
/// Where nothing of a lead was there the rows stay, and `not_yet` tells that the lead was not.
pub fn without_later_deals(table: &Table, joining: &Joining, duplicates: &[Duplicate]) -> Option<Mask> {
    joining.cut?;
    let inputs = joining.inputs;
    let ids = table.ids(DEAL_ID);
    let is_one_of_deals = deals::is_one_of_deals(table, inputs, ids.as_ref());
    let of_deals: Vec<bool> =
        table.origin.files.iter().map(|file| inputs.deal_files.contains(file)).collect();
    let is_deal =
        |row: u32| of_deals[usize::from(table.origin.file_of_row[row as usize])] || is_one_of_deals(row);
    let outcomes = Outcomes::new(table, joining);
    // a row that is no deal may only add a column, and then does not tell that the lead was there
    let is_there =
        |row: u32| if is_deal(row) { outcomes.has_begun(row) } else { outcomes.has_past_date(row) };
    let mut there = Mask::none(table.frame.height());
    for (later, first) in duplicates {
        if is_there(*first) || is_there(*later) {
            there.insert(*first as usize);
        }
    }
    let mut keep = Mask::all(table.frame.height());
    for (later, first) in duplicates.iter().filter(|(_, first)| there.has(*first as usize)) {
        for row in [*first, *later].into_iter().filter(|row| is_deal(*row) && !outcomes.has_begun(*row)) {
            keep.remove(row as usize);
        }
    }
    (keep.count() < table.frame.height() as u64).then_some(keep)
}

/// The leads that were created after the day of the report, or, without a date of creation, have later dates only.
pub fn not_yet(leads: &Table, signs: &Signs, cut: Option<i32>, findings: &mut Vec<Finding>) -> Mask {
    let height = leads.frame.height();
    let Some(cut) = cut else {
        return Mask::none(height);
    };
    // the stages of the whole time tell a lead that was created later from one without a date
    let all = stages::stages(leads, signs, None, &Mask::all(height), &mut Vec::new());
    let created = all.of_creation().map(|stage| &stage.at);
    let stage_at = leads.dates("stage_at");
    let dates: Vec<&Days> =
        all.stages.iter().map(|stage| &stage.at).chain([&all.lost_at]).chain(&stage_at).collect();
    let first_day = |row: usize| {
        let created = created.and_then(|days| days.get(row));
        created.or_else(|| dates.iter().filter_map(|days| days.get(row)).min())
    };
    let not_yet = Mask::from_rows(height, |row| first_day(row).is_some_and(|day| day > cut));
    let what = say!("leads created after the day of the report, left out");
    findings.extend(finding("leads_after_as_of", what, not_yet.rows(), &leads.origin));
    not_yet
}
