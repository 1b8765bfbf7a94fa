//! Everything that the audit looks for, as data: the stable key, its section, and what is counted.
//!
//! The keys are those of CSV, JSON and `[check]` in funnel.toml. A new check is an entry here and a line in its module.

/// A thing that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub section: &'static str,
    pub key: &'static str,
    /// What is counted, in the plural.
    pub what: &'static str,
}

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    pub key: &'static str,
    pub title: &'static str,
    /// What its findings have in common.
    pub about: &'static str,
}

/// The sections in their order.
pub const SECTIONS: [Section; 9] = [
    Section { key: "reading", title: "Rows that were not read", about: "what is in no number" },
    Section { key: "duplicates", title: "Duplicates of leads", about: "what may be counted more than once" },
    Section {
        key: "orphans",
        title: "Orphans",
        about: "rows of one export without a counterpart in another",
    },
    Section {
        key: "dates",
        title: "Stages and dates",
        about: "what contradicts itself, and what has no date",
    },
    Section {
        key: "gaps",
        title: "Gaps in time",
        about: "times in which nothing happens although something does before and after",
    },
    Section { key: "channels", title: "Channels", about: "spend and leads that do not meet" },
    Section { key: "attribution", title: "Attribution", about: "what belongs to no channel or campaign" },
    Section { key: "deals", title: "Deals and fields", about: "what leads and deals lack" },
    Section {
        key: "customers",
        title: "New and existing customers",
        about: "repeat business among the leads",
    },
];

const fn check(section: &'static str, key: &'static str, what: &'static str) -> Check {
    Check { section, key, what }
}

/// All checks, in the order in which they are told.
pub const CHECKS: &[Check] = &[
    check("reading", "unreadable_rows", "rows left out because a cell or their width cannot be read"),
    check("reading", "totals_that_differ", "total rows that differ from the sum of the rows above"),
    check("reading", "rows_without_lead_id", "CRM rows without a lead ID, left out"),
    check("duplicates", "duplicate_leads", "CRM rows that repeat a lead of the same export, merged"),
    check("duplicates", "second_values", "CRM rows with a second value for a lead, the first kept"),
    check("duplicates", "further_deals", "CRM rows that are further deals of a lead"),
    check(
        "duplicates",
        "near_duplicate_ids",
        "leads whose ID is that of another but for case, blanks, punctuation or leading zeros",
    ),
    check("duplicates", "same_email", "leads with the e-mail of an earlier lead"),
    check("duplicates", "same_phone", "leads with the phone number of an earlier lead"),
    check("duplicates", "identical_leads", "leads that are like another in everything but the ID"),
    check("orphans", "deals_without_lead", "deals whose lead is not known"),
    check("orphans", "tickets_without_lead", "service cases whose lead is not in the CRM"),
    check("orphans", "contracts_without_lead", "contracts whose lead is not in the CRM"),
    check("orphans", "spend_of_unknown_leads", "spend rows of a lead that is not in the CRM"),
    check("orphans", "won_without_contract", "leads won whose customer has no contract"),
    check("orphans", "contracts_of_leads_not_won", "contracts of a lead that was never won"),
    check("dates", "stages_out_of_order", "leads with a stage dated before an earlier one"),
    check("dates", "stages_without_date", "stages reached without a date of their own"),
    check("dates", "leads_without_creation_date", "leads without a date of creation"),
    check("dates", "won_and_lost", "leads both won and lost"),
    check("dates", "lost_without_stage", "lost leads of which no stage tells how far they came"),
    check("dates", "dates_after_as_of", "dates after the day of the audit"),
    check("dates", "spend_without_date", "spend rows without a date"),
    check("dates", "tickets_without_date", "service cases without an opening date"),
    check("dates", "contracts_without_start", "contracts without a start"),
    check("dates", "contracts_ended_before_start", "contracts that churned before they started"),
    check("gaps", "days_without_leads", "days without a lead"),
    check("gaps", "weeks_without_leads", "weeks without a lead"),
    check("gaps", "months_without_leads", "months without a lead"),
    check("gaps", "days_without_tickets", "days without a service case"),
    check("gaps", "weeks_without_tickets", "weeks without a service case"),
    check("gaps", "months_without_tickets", "months without a service case"),
    check("gaps", "weeks_without_spend", "weeks without spend of a channel that spends before and after"),
    check("gaps", "months_without_spend", "months without spend of a channel that spends before and after"),
    check("channels", "spend_without_leads", "spend of channels that brought no lead"),
    check("channels", "months_of_spend_without_leads", "months of a channel with spend and no lead"),
    check("channels", "leads_without_spend", "leads of channels that have no spend"),
    check("channels", "months_of_leads_without_spend", "months of a channel with leads and no spend"),
    check(
        "channels",
        "channel_spellings",
        "names of channels that differ from another only by case, blanks or punctuation",
    ),
    check("attribution", "leads_without_channel", "leads without a channel"),
    check("attribution", "revenue_without_channel", "revenue of won leads without a channel"),
    check("attribution", "spend_without_channel", "spend without a channel"),
    check("attribution", "leads_without_campaign", "leads without a campaign"),
    check("attribution", "revenue_without_campaign", "revenue of won leads without a campaign"),
    check("attribution", "spend_without_campaign", "spend without a campaign"),
    check("attribution", "spend_reaching_nobody", "spend that reaches no lead"),
    check("deals", "won_without_amount", "leads won without an amount"),
    check("deals", "won_with_zero_amount", "leads won with an amount of 0"),
    check("deals", "won_with_negative_amount", "leads won with an amount below 0"),
    check("deals", "lost_without_reason", "leads lost without a reason"),
    check("deals", "leads_without_owner", "leads without an owner"),
    check("deals", "leads_without_customer_id", "leads without a customer ID"),
    check("deals", "placeholder_values", "cells that hold a placeholder, such as `-` or `test`"),
    check("customers", "leads_of_existing_customers", "leads of a customer who was won before"),
];

/// The keys of all checks.
pub fn keys() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_is_written_once_and_belongs_to_a_section() {
        assert_eq!(keys().collect::<BTreeSet<_>>().len(), CHECKS.len());
        let sections: BTreeSet<&str> = SECTIONS.iter().map(|section| section.key).collect();
        assert_eq!(CHECKS.iter().map(|check| check.section).collect::<BTreeSet<_>>(), sections);
    }
}
