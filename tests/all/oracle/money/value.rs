//! What customers brought against what they cost: cohorts by age, payback, CAC, LTV, return on spend.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AS_OF, Customer, Money, PERIODS, Payment, assert_near, assert_ratio, count, folder, report, within,
};
use crate::oracle::company::{self, Day, Millionths, day};
use crate::oracle::kpis::Fraction;
use crate::support::{shown, stdout};

const ONE: Millionths = 1_000_000;

/// The calendar months from one day's to another's.
pub fn months(from: Day, to: Day) -> i32 {
    use chrono::Datelike;
    let month = |day: Day| {
        let date = chrono::NaiveDate::default() + chrono::TimeDelta::days(day);
        date.year() * 12 + i32::try_from(date.month0()).expect("twelve months")
    };
    month(to) - month(from)
}

#[test]
fn realised_value_by_cohort_and_payback() {
    let money = Money::read();
    let rows = report("value", &[], None);
    let mut cohorts: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in money.customers.keys() {
        if let Some(start) = money.start(name) {
            cohorts.entry(company::month(start)).or_default().push(name);
        }
    }
    assert_eq!(cohorts.len(), 5);
    for (cohort, names) in &cohorts {
        let place = format!("cohort_month={cohort}");
        let members = count(names.len());
        assert_eq!(shown(&rows, "value", &place, "customers_begun"), names.len().to_string());
        let spend: Millionths = money
            .spend
            .iter()
            .filter(|(day, ..)| &company::month(*day) == cohort)
            .map(|(.., cost)| *cost)
            .sum();
        let won = names.iter().filter(|name| money.customers[**name].won.is_some()).count();
        // the last whole month is March, the month of `as_of`
        let last = names
            .iter()
            .map(|name| months(money.start(name).expect("begun"), day(AS_OF).expect("a day")))
            .min();
        let mut payback = None;
        let mut recovered = None;
        for age in 0..=last.expect("a member") {
            let of_member = |name: &&String| -> Millionths {
                let start = money.start(name).expect("begun");
                let by_then =
                    |own: &&Payment| &own.customer == *name && months(start, own.paid).max(0) <= age;
                money.payments.iter().filter(by_then).map(|own| own.amount * 2 / 5).sum()
            };
            let margin: Millionths = names.iter().map(of_member).sum();
            assert_ratio(
                &rows,
                "value",
                &format!("{place},age_months={age}"),
                "ltv_realised",
                margin,
                members,
            );
            if spend > 0 && won > 0 {
                // margin / members against spend / won
                let (got, cost) = (margin * won as Millionths, spend * names.len() as Millionths);
                payback = payback.or((got >= cost).then_some(age));
                recovered = Some(Fraction { above: got, below: cost });
            }
        }
        let beyond = format!("{place},age_months={}", last.expect("a member") + 1);
        assert!(!rows.iter().any(|row| row["cohort_month"] == *cohort
            && format!("{place},age_months={}", row["age_months"]) == beyond));
        let text = shown(&rows, "value", &place, "payback_months");
        let (value, _) = text.split_once(" = ").unwrap_or((&text, ""));
        assert_eq!(value, payback.map(|age| age.to_string()).unwrap_or_default(), "{cohort}: {text}");
        let text = shown(&rows, "value", &place, "payback_recovered");
        let (value, _) = text.split_once(" = ").unwrap_or((&text, ""));
        assert_near(value, recovered, &format!("{cohort}: {text}"));
    }
    // by hand: K7 brought 40% of 37.55 = 15.02 in its second month, and cost 15
    assert!(shown(&rows, "value", "cohort_month=2026-02", "payback_months").starts_with("1 = "));
    let text = stdout(&folder(), &["report", "value", "--quiet"]);
    // K1 brought 40% of 431.00 = 172.40, and cost 450: 38%
    assert!(text.contains("38 % by month "), "{text}");
}

#[test]
fn what_a_customer_costs_and_is_worth() {
    let money = Money::read();
    for (options, period) in PERIODS {
        let rows = report("value", options, None);
        let spend: Millionths =
            money.spend.iter().filter(|(day, ..)| within(period, *day)).map(|(.., cost)| *cost).sum();
        let acquired: Vec<&Customer> =
            money.customers.values().filter(|own| own.won.is_some_and(|day| within(period, day))).collect();
        let paid = acquired.iter().filter(|own| ["ads", "fair"].contains(&own.channel.as_str())).count();
        assert_ratio(&rows, "value", "", "cac_media", spend, count(acquired.len()));
        assert_ratio(&rows, "value", "", "cac_paid", spend, count(paid));
        // 920 in the fourth quarter of 2025, 310.10 in January, 62 a month for keeping
        let (other, keeping) = match period {
            None => (1_230_100_000, 6 * 62 * ONE),
            Some(("2025-10-01", _)) => (920 * ONE, 3 * 62 * ONE),
            Some((_, "2026-04-01")) => (310_100_000, 3 * 62 * ONE),
            Some(("2026-01-01", _)) => (310_100_000, 62 * ONE),
            _ => (0, 62 * ONE),
        };
        assert_ratio(&rows, "value", "", "cac_blended", spend + other, count(acquired.len()));
        let margin: Millionths =
            money.payments.iter().filter(|own| within(period, own.paid)).map(|own| own.amount * 2 / 5).sum();
        // K9 churned on 15 January, K7's second contract runs on
        let churned = usize::from(within(period, day("2026-01-15").expect("a day")));
        assert_ratio(&rows, "value", "", "ltv_simple", margin, count(churned));
        let text = shown(&rows, "value", "", "ltv_to_cac");
        let exact = (churned > 0 && spend > 0 && !acquired.is_empty()).then(|| Fraction {
            above: margin * acquired.len() as Millionths,
            below: spend * churned as Millionths,
        });
        assert_near(text.split(" = ").next().unwrap_or_default(), exact, &text);
        let served = money
            .customers
            .keys()
            .filter(|name| {
                money.contracts.iter().any(|own| {
                    let runs = period.is_none_or(|(from, to)| {
                        own.started < day(to).expect("a day")
                            && own.churned.is_none_or(|end| end >= day(from).expect("a day"))
                    });
                    &own.customer == *name && runs
                })
            })
            .count();
        let text = shown(&rows, "value", "", "retention_to_acquisition_cost");
        let exact = (!acquired.is_empty()).then(|| Fraction {
            above: keeping * acquired.len() as Millionths,
            below: (spend + other) * served as Millionths,
        });
        assert_near(text.split(" = ").next().unwrap_or_default(), exact, &text);
    }
}

#[test]
fn value_by_channel_and_segment() {
    let money = Money::read();
    for by in ["channel", "segment"] {
        let of = |own: &Customer| if by == "channel" { own.channel.clone() } else { own.segment.clone() };
        let rows = report("value", &[], Some(by));
        let values: BTreeSet<String> = money.customers.values().filter(|own| own.is_known).map(of).collect();
        for value in values.into_iter().filter(|value| !value.is_empty() && value != "referral") {
            let place = format!("{by}={value}");
            let own: Vec<(&String, &Customer)> =
                money.customers.iter().filter(|(_, own)| own.is_known && of(own) == value).collect();
            let begun: Vec<&String> =
                own.iter().filter(|(name, _)| money.start(name).is_some()).map(|(name, _)| *name).collect();
            let of_group = |payment: &&Payment| begun.contains(&&payment.customer);
            let margin: Millionths =
                money.payments.iter().filter(of_group).map(|own| own.amount * 2 / 5).sum();
            if begun.is_empty() {
                continue;
            }
            assert_ratio(&rows, "value", &place, "ltv_to_date", margin, count(begun.len()));
            if by == "channel" {
                let spend: Millionths = money
                    .spend
                    .iter()
                    .filter(|(_, channel, _)| *channel == value)
                    .map(|(.., cost)| *cost)
                    .sum();
                let acquired = own.iter().filter(|(_, own)| own.won.is_some()).count();
                assert_ratio(&rows, "value", &place, "cac_media", spend, count(acquired));
                let text = shown(&rows, "value", &place, "realised_to_cac");
                let exact = (spend > 0).then(|| Fraction {
                    above: margin * acquired as Millionths,
                    below: spend * begun.len() as Millionths,
                });
                assert_near(text.split(" = ").next().unwrap_or_default(), exact, &text);
            }
        }
    }
    // 300 + 150 + 240 + 200 + 15, whoever it reached
    let rows = report("value", &[], Some("segment"));
    assert_eq!(shown(&rows, "value", "", "spend"), "905");
}

/// The lines of `funnel explain` as label and text.
fn explained(kpi: &str) -> BTreeMap<String, String> {
    let text = stdout(&folder(), &["explain", kpi, "--quiet"]);
    let pairs = text.lines().filter_map(|line| line.trim().split_once("  "));
    pairs.map(|(label, rest)| (label.to_string(), rest.trim().to_string())).collect()
}

#[test]
fn return_on_spend() {
    // won: 1200 + 600 + 900 + 300 + 2400 + 450 = 5850, of which 40% are 2340; spend 905
    let romi = explained("romi");
    assert_eq!((romi["numerator"].as_str(), romi["denominator"].as_str()), ("1,435", "905"));
    assert_eq!(romi["value"], "158.56 %");
    let roas = explained("roas");
    assert_eq!((roas["numerator"].as_str(), roas["denominator"].as_str()), ("5,850", "905"));
    // customers with a running contract on 31 March: K1 K2 K3 K5 K7
    assert_eq!(explained("customers_active")["value"], "5");
    // 40% of 1,003.24
    assert_eq!(explained("margin_received")["value"], "401.30 EUR");
}
