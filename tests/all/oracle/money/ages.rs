//! Realised value by age, period beside period: a column is the cohort of those who began in it.

use std::collections::BTreeMap;

use super::value::months;
use super::{AS_OF, Money, assert_near, folder};
use crate::oracle::company::{Day, Millionths, day};
use crate::oracle::kpis::Fraction;
use crate::support::{Row, stdout, tidy};

/// The margin per customer at each age that all have reached, of those who began in a span and are of a channel; and how
/// many they are.
fn curve(money: &Money, (from, to): (&str, &str), channel: Option<&str>) -> (usize, Vec<Fraction>) {
    let span = day(from).expect("a day")..day(to).expect("a day");
    let is_of = |name: &&String| {
        let own = &money.customers[*name];
        let of = if own.is_known { own.channel.as_str() } else { "(not in CRM)" };
        channel.is_none_or(|channel| channel == of)
            && money.start(name).is_some_and(|day| span.contains(&day))
    };
    let starts: BTreeMap<&String, Day> =
        money.customers.keys().filter(is_of).filter_map(|name| Some((name, money.start(name)?))).collect();
    // the last whole month is March, the month of `as_of`
    let reached = starts.values().map(|start| months(*start, day(AS_OF).expect("a day"))).min();
    let at = |age: i32| {
        let paid = money.payments.iter().filter(|own| {
            starts.get(&own.customer).is_some_and(|start| months(*start, own.paid).max(0) <= age)
        });
        let margin: Millionths = paid.map(|own| own.amount * 2 / 5).sum();
        Fraction { above: margin, below: starts.len() as Millionths * 1_000_000 }
    };
    (starts.len(), reached.map(|last| (0..=last).map(at).collect()).unwrap_or_default())
}

fn cell(rows: &[Row], period: &str, channel: &str, age: &str, column: &str) -> String {
    let kpi = if age == "(total)" { "customers_begun" } else { "ltv_realised" };
    let is_it = |row: &&Row| {
        let of_channel = row.get("channel").is_none_or(|value| value == channel);
        let of_cohort = row.get("cohort_month").is_none_or(|value| value == "(total)");
        let of_segment = row.get("segment").is_none_or(|value| value == "(total)");
        let is_place = of_channel && of_cohort && of_segment && row["age_months"] == age;
        is_place && row["period"] == period && row["kpi"] == kpi
    };
    let found: Vec<&Row> = rows.iter().filter(is_it).collect();
    assert!(found.len() < 2, "{period} {channel} {age}: {found:?}");
    found.first().map(|row| row[column].clone()).unwrap_or_default()
}

const MONTHS: [(&str, &str, &str); 6] = [
    ("2025-10", "2025-10-01", "2025-11-01"),
    ("2025-11", "2025-11-01", "2025-12-01"),
    ("2025-12", "2025-12-01", "2026-01-01"),
    ("2026-01", "2026-01-01", "2026-02-01"),
    ("2026-02", "2026-02-01", "2026-03-01"),
    ("2026-03", "2026-03-01", "2026-04-01"),
];
const QUARTERS: [(&str, &str, &str); 2] =
    [("2025-Q4", "2025-10-01", "2026-01-01"), ("2026-Q1", "2026-01-01", "2026-04-01")];
const CHANNELS: [(&str, Option<&str>); 5] = [
    ("ads", Some("ads")),
    ("fair", Some("fair")),
    ("friends", Some("friends")),
    ("(not in CRM)", Some("(not in CRM)")),
    ("(total)", None),
];

#[test]
fn a_period_is_the_cohort_of_those_who_began_in_it() {
    let money = Money::read();
    let mut known = 0;
    for (every, periods) in [("month", &MONTHS[..]), ("quarter", &QUARTERS)] {
        for by in [&[][..], &["--by", "channel"]] {
            let rows = tidy(&folder(), &[&["value", "--every", every][..], by].concat());
            for (label, from, to) in periods {
                for (channel, of) in CHANNELS.iter().filter(|(_, of)| !by.is_empty() || of.is_none()) {
                    let (members, curve) = curve(&money, (from, to), *of);
                    assert_eq!(cell(&rows, label, channel, "(total)", "value"), members.to_string());
                    for age in 0..8 {
                        let value = cell(&rows, label, channel, &age.to_string(), "value");
                        let context = format!("{label} {channel} at age {age}");
                        known += usize::from(!value.is_empty());
                        assert_near(&value, curve.get(age).copied(), &context);
                    }
                }
            }
        }
    }
    assert!(known > 40, "only {known} values");
}

#[test]
fn a_cohort_is_compared_with_the_one_before_at_the_same_age() {
    let money = Money::read();
    for options in
        [&["--month", "2026-01", "--compare", "previous"][..], &["--every", "month", "--compare", "previous"]]
    {
        for by in [&[][..], &["--by", "channel"]] {
            let rows = tidy(&folder(), &[&["value"][..], options, by].concat());
            for (channel, of) in CHANNELS.iter().filter(|(_, of)| !by.is_empty() || of.is_none()) {
                let (_, now) = curve(&money, (MONTHS[3].1, MONTHS[3].2), *of);
                let (_, before) = curve(&money, (MONTHS[2].1, MONTHS[2].2), *of);
                for age in 0..6 {
                    let cell = |column: &str| cell(&rows, "2026-01", channel, &age.to_string(), column);
                    let context = format!("{options:?} {channel} at age {age}");
                    let sides = [now.get(age), before.get(age)].map(Option::<&Fraction>::copied);
                    assert_near(&cell("value"), sides[0], &context);
                    assert_near(&cell("previous"), sides[1], &context);
                    let change = match sides {
                        [Some(now), Some(before)] => Some(Fraction {
                            above: now.above * before.below - before.above * now.below,
                            below: now.below * before.below,
                        }),
                        _ => None,
                    };
                    assert_near(&cell("change"), change, &context);
                }
            }
        }
    }
}

#[test]
fn cohorts_of_months_are_not_told_in_silence() {
    for options in [&["--every", "quarter"][..], &["--quarter", "2026-Q1", "--compare", "previous"]] {
        let text = stdout(&folder(), &[&["report", "value", "--quiet"][..], options].concat());
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(line.matches("not by cohort month").count(), 1, "{text}");
        let by_channel = [&["report", "value", "--quiet", "--by", "channel"][..], options].concat();
        assert!(!stdout(&folder(), &by_channel).contains("not by"), "{options:?}");
    }
}

#[test]
fn what_is_folded_is_a_cohort_of_its_own() {
    let money = Money::read();
    let rows = tidy(&folder(), &["value", "--every", "quarter", "--by", "channel", "--top", "1"]);
    for (label, from, to) in QUARTERS {
        // ads have the most customers
        let (fair, of_fair) = curve(&money, (from, to), Some("fair"));
        let (friends, of_friends) = curve(&money, (from, to), Some("friends"));
        assert!(fair == 0 || friends == 0, "in no quarter both have customers");
        let expected = if fair > 0 { of_fair } else { of_friends };
        assert_eq!(cell(&rows, label, "(other)", "(total)", "value"), (fair + friends).to_string());
        for age in 0..8 {
            let value = cell(&rows, label, "(other)", &age.to_string(), "value");
            assert_near(&value, expected.get(age).copied(), &format!("{label} at age {age}"));
        }
    }
}
