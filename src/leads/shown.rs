//! How far the rows of a lead and of its deals show that it came: a lead that has become a deal is not thrown back by what
//! became of the deal.
//!
//! One row of a lead has one status, that of the deal. What the lead's own status said, and that there was a deal at all,
//! is kept here.

use super::deals::DEAL_ID;
use super::index::Duplicate;
use super::merge::Joining;
use super::outcomes::Outcomes;
use crate::config::roles;
use crate::input::table::Table;
use crate::mask::Mask;

/// For each lead the stages that its rows show, a bit each; a funnel has at most 20.
#[derive(Debug, Clone)]
pub struct Shown(Vec<u32>);

impl Shown {
    /// The stages that the rows of leads with a deal show; none where no lead meets a deal.
    ///
    /// What a row says of a day after that of the report it does not show yet.
    pub fn new(table: &Table, joining: &Joining, duplicates: &[Duplicate]) -> Option<Shown> {
        let of_deals: Vec<bool> =
            table.origin.files.iter().map(|file| joining.inputs.deal_files.contains(file)).collect();
        if of_deals.iter().all(|is_deal| *is_deal) || !of_deals.contains(&true) {
            return None;
        }
        let is_deal = |row: u32| of_deals[usize::from(table.origin.file_of_row[row as usize])];
        let height = table.frame.height();
        let (mut with_deal, mut with_lead) = (Mask::none(height), Mask::none(height));
        for (later, first) in duplicates {
            for row in [*later, *first] {
                let with = if is_deal(row) { &mut with_deal } else { &mut with_lead };
                with.insert(*first as usize);
            }
        }
        let both = with_deal.and(&with_lead);
        let outcomes = Outcomes::new(table, joining);
        let ids = table.ids(DEAL_ID);
        // a lead is an opportunity once there is a deal of it
        let stages = &joining.config.stages;
        let opportunity = roles::opportunity(&joining.config.roles, stages);
        let of_a_deal = opportunity.and_then(|name| stages.iter().position(|stage| stage == name));
        // an export of deals that has no IDs of leads beside those of deals calls its leads deals
        let has_deal_id = |row: u32| ids.as_ref().is_some_and(|ids| ids.get(row as usize).is_some());
        let bits = |row: u32| {
            let by_deal = of_a_deal.filter(|_| is_deal(row) && has_deal_id(row));
            let places = [outcomes.stage_of_status(row), by_deal];
            places.into_iter().flatten().fold(0, |bits, place| bits | 1 << place)
        };
        let mut shown: Vec<u32> = vec![0; height];
        for (later, first) in duplicates.iter().filter(|(_, first)| both.has(*first as usize)) {
            shown[*first as usize] |= bits(*first) | bits(*later);
        }
        Some(Shown(shown))
    }

    /// The same for the rows that are left.
    #[must_use]
    pub fn select(&self, keep: &Mask) -> Shown {
        Shown(keep.rows().map(|row| self.0[row]).collect())
    }

    /// The leads that show a stage, by its place in the funnel of the configuration.
    pub fn mask(&self, place: usize) -> Mask {
        Mask::from_rows(self.0.len(), |row| self.0[row] & (1 << place) != 0)
    }
}
