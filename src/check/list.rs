//! Everything that the audit looks for, as data: the stable key, its section, and what is counted.
//!
//! The keys are those of CSV, JSON and `[check]` in funnel.toml. A new check is an entry here and a line in its module.

use crate::leads::repeated::ALIKE;

/// A thing that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub section: &'static str,
    pub key: &'static str,
    /// What is counted, in the plural.
    pub what: &'static str,
    /// What it counts where the rows of the CRM are events without lead IDs.
    pub of_events: OfEvents,
}

/// What a check counts where the rows of the CRM are events, each of one stage, and no ID leads from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfEvents {
    /// The same.
    Same,
    /// Nothing: it looks at leads over several stages, or at what is joined to them.
    Nothing,
    /// Events: what is counted, in the plural.
    Called(&'static str),
}

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    pub key: &'static str,
    pub title: &'static str,
    /// What its findings have in common.
    pub about: &'static str,
}

/// The section of what no report can be made of.
pub const STOPS: &str = "stops";

/// The sections in their order.
pub const SECTIONS: [Section; 10] = [
    Section {
        key: STOPS,
        title: "What stops a report",
        about: "`funnel report` refuses the inputs until each of these is settled",
    },
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
    Section { key: "deals", title: "Deals and fields", about: "what leads, deals and payments lack" },
    Section {
        key: "customers",
        title: "New and existing customers",
        about: "repeat business among the leads",
    },
];

const fn check(section: &'static str, key: &'static str, what: &'static str) -> Check {
    Check { section, key, what, of_events: OfEvents::Same }
}

/// A check that says nothing of events.
const fn of_leads(section: &'static str, key: &'static str, what: &'static str) -> Check {
    Check { section, key, what, of_events: OfEvents::Nothing }
}

/// A check that counts events as it does leads, and then calls them so.
const fn of_both(
    section: &'static str,
    key: &'static str,
    what: &'static str,
    events: &'static str,
) -> Check {
    Check { section, key, what, of_events: OfEvents::Called(events) }
}

/// All checks, in the order in which they are told.
pub const CHECKS: &[Check] = &[
    check(STOPS, "refused_columns", "columns that do not say how they are written, left out here"),
    check(STOPS, "refused_rows", "rows with a cell or a width that cannot be read, left out here"),
    of_leads(
        STOPS,
        "refused_ids",
        "CRM rows that repeat an ID of a lead or deal in their own file, merged here",
    ),
    of_leads(STOPS, "refused_values", "second values of a lead in a column, the first kept here"),
    check("reading", "unreadable_rows", "rows left out because a cell or their width cannot be read"),
    check("reading", "totals_that_differ", "total rows that differ from the sum of the rows above"),
    of_leads("reading", "rows_without_lead_id", "CRM rows without a lead ID, left out"),
    of_leads("duplicates", "duplicate_leads", "CRM rows that repeat a lead of the same export, merged"),
    of_leads(
        "duplicates",
        "parts_of_leads",
        "CRM rows that are further parts of a lead, their amounts added",
    ),
    of_leads("duplicates", "further_deals", "CRM rows that are further deals of a lead"),
    of_leads("duplicates", "second_values", "CRM rows with a second value for a lead, the first kept"),
    of_leads(
        "duplicates",
        "near_duplicate_ids",
        "leads whose ID is that of another but for case, blanks, punctuation or leading zeros",
    ),
    of_leads("duplicates", "same_email", "leads with the e-mail of an earlier lead"),
    of_leads("duplicates", "same_phone", "leads with the phone number of an earlier lead"),
    of_leads("duplicates", "identical_leads", "leads that are like another in everything but the ID"),
    check(
        "duplicates",
        "repeated_tickets",
        "service cases that repeat an earlier row of their export, left out",
    ),
    check(
        "duplicates",
        "differing_tickets",
        "service cases with the ID of an earlier row and other values, left out",
    ),
    check("duplicates", ALIKE[0].key, ALIKE[0].what),
    check("duplicates", "repeated_payments", "payments that repeat an earlier row of their export, left out"),
    check("duplicates", "differing_payments", "payments with the ID of an earlier row and other values"),
    check("duplicates", ALIKE[1].key, ALIKE[1].what),
    check("duplicates", ALIKE[2].key, ALIKE[2].what),
    of_leads("orphans", "deals_without_lead", "deals of no known lead, counted as leads of their own"),
    of_leads("orphans", "leads_unlike_their_deal", "leads with another value than their deal"),
    of_both(
        "orphans",
        "leads_without_lookup",
        "leads whose value is not in the file where it is looked up",
        "events whose value is not in the file where it is looked up",
    ),
    of_both(
        "orphans",
        "lookup_values_unused",
        "values of a lookup that no lead has",
        "values of a lookup that no event has",
    ),
    of_leads("orphans", "tickets_without_lead", "service cases whose lead is not in the CRM"),
    of_leads("orphans", "contracts_without_lead", "contracts whose lead is not in the CRM"),
    of_leads("orphans", "payments_without_lead", "payments whose lead is not in the CRM"),
    of_leads("orphans", "spend_of_unknown_leads", "spend rows of a lead that is not in the CRM"),
    of_leads("orphans", "won_without_contract", "leads won whose customer has no contract"),
    of_leads("orphans", "contracts_of_leads_not_won", "contracts of a lead that was never won"),
    of_leads("dates", "stages_out_of_order", "leads with a stage dated before an earlier one"),
    of_both(
        "dates",
        "stages_without_date",
        "stages reached without a date of their own",
        "events without a date",
    ),
    of_leads("dates", "leads_without_creation_date", "leads without a date of creation"),
    of_leads("dates", "won_and_lost", "leads both won and lost"),
    of_leads("dates", "lost_without_stage", "lost leads of which no stage tells how far they came"),
    of_leads("dates", "lost_without_date", "lost leads without a date of loss"),
    check("dates", "dates_after_as_of", "dates after the day of the audit"),
    of_both(
        "dates",
        "leads_after_as_of",
        "leads created after the day of the audit, left out",
        "events after the day of the audit, left out",
    ),
    check("dates", "spend_without_date", "spend rows without a date"),
    check("dates", "tickets_without_date", "service cases without an opening date"),
    check("dates", "contracts_without_start", "contracts without a start"),
    check("dates", "payments_without_date", "payments without a date"),
    check("dates", "contracts_ended_before_start", "contracts that churned before they started"),
    of_both("gaps", "days_without_leads", "days without a lead", "days without an event of the first stage"),
    of_both(
        "gaps",
        "weeks_without_leads",
        "weeks without a lead",
        "weeks without an event of the first stage",
    ),
    of_both(
        "gaps",
        "months_without_leads",
        "months without a lead",
        "months without an event of the first stage",
    ),
    check("gaps", "days_without_tickets", "days without a service case"),
    check("gaps", "weeks_without_tickets", "weeks without a service case"),
    check("gaps", "months_without_tickets", "months without a service case"),
    check("gaps", "weeks_without_spend", "weeks without spend of a channel that spends before and after"),
    check("gaps", "months_without_spend", "months without spend of a channel that spends before and after"),
    of_both(
        "channels",
        "spend_without_leads",
        "spend of channels that brought no lead",
        "spend of channels that brought no event of the first stage",
    ),
    of_both(
        "channels",
        "months_of_spend_without_leads",
        "months of a channel with spend and no lead",
        "months of a channel with spend and no event of the first stage",
    ),
    of_both(
        "channels",
        "leads_without_spend",
        "leads of channels that have no spend",
        "events of the first stage, of channels that have no spend",
    ),
    of_both(
        "channels",
        "months_of_leads_without_spend",
        "months of a channel with leads and no spend",
        "months of a channel with events of the first stage and no spend",
    ),
    check(
        "channels",
        "channel_spellings",
        "names of channels that differ from another only by case, blanks or punctuation",
    ),
    of_both("attribution", "leads_without_channel", "leads without a channel", "events without a channel"),
    of_both(
        "attribution",
        "revenue_without_channel",
        "revenue of won leads without a channel",
        "revenue of won events without a channel",
    ),
    check("attribution", "spend_without_channel", "spend without a channel"),
    of_both("attribution", "leads_without_campaign", "leads without a campaign", "events without a campaign"),
    of_both(
        "attribution",
        "revenue_without_campaign",
        "revenue of won leads without a campaign",
        "revenue of won events without a campaign",
    ),
    check("attribution", "spend_without_campaign", "spend without a campaign"),
    of_both(
        "attribution",
        "spend_reaching_nobody",
        "spend that reaches no lead",
        "spend that reaches no event",
    ),
    of_both("deals", "won_without_amount", "leads won without an amount", "won events without an amount"),
    of_both(
        "deals",
        "won_with_zero_amount",
        "leads won with an amount of 0",
        "won events with an amount of 0",
    ),
    of_both(
        "deals",
        "won_with_negative_amount",
        "leads won with an amount below 0",
        "won events with an amount below 0",
    ),
    of_leads("deals", "lost_without_reason", "leads lost without a reason"),
    of_both("deals", "leads_without_owner", "leads without an owner", "events without an owner"),
    of_leads("deals", "leads_without_customer_id", "leads without a customer ID"),
    check("deals", "payments_without_amount", "payments without an amount"),
    check("deals", "payments_without_margin", "payments with an amount and no margin"),
    check("deals", "converted_amounts", "amounts in other currencies, converted at a rate"),
    check("deals", "placeholder_values", "cells that hold a placeholder, such as `-` or `test`"),
    of_leads("customers", "leads_of_existing_customers", "leads of a customer who was won before"),
    of_leads(
        "customers",
        "persons_in_both_bases",
        "new leads with the e-mail or phone of a lead that was won before",
    ),
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
