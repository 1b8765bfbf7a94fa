//! Renewal, cross-sell, repeat and value of customers, computed a second time in plain loops over `fixtures/money`.
//!
//! Traps in it: K1 has two leads and three contracts, a renewal comes after the grace (C04), an end is too fresh to be
//! due (C06), money is given back (P07), an order costs nothing (P12), two payments fall on one day, K9 has a contract
//! and no lead, X7 has paid and is in no other file, K6 was lost, and a customer came by a channel without spend.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::company::{Day, Millionths, Record, day, millionths, records};
use super::kpis::Fraction;
use crate::support::{Row, project, shown, stdout, tidy};

const ONE: Millionths = 1_000_000;
const GRACE: Day = 30;

fn folder() -> PathBuf {
    project().join("fixtures/money")
}

fn file(name: &str) -> Vec<Record> {
    records(&folder().join(name))
}

struct Contract {
    customer: String,
    started: Day,
    ends: Day,
    renewed: Option<Day>,
    churned: Option<Day>,
    product: String,
    mrr: Millionths,
}

struct Payment {
    customer: String,
    paid: Day,
    amount: Millionths,
}

#[derive(Default)]
struct Customer {
    won: Option<Day>,
    channel: String,
    segment: String,
    /// Whether a lead of the CRM is of this customer.
    is_known: bool,
}

struct Money {
    customers: BTreeMap<String, Customer>,
    contracts: Vec<Contract>,
    payments: Vec<Payment>,
    spend: Vec<(Day, String, Millionths)>,
}

const AS_OF: &str = "2026-03-31";

impl Money {
    fn read() -> Money {
        let leads = file("leads.csv");
        let customer_of = |record: &Record| -> String {
            let of_lead = leads
                .iter()
                .find(|lead| !record["Lead ID"].is_empty() && lead["Lead ID"] == record["Lead ID"]);
            of_lead.map_or_else(|| record["Customer ID"].clone(), |lead| lead["Customer ID"].clone())
        };
        let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
        // leads are in the order of creation, so the first won one of a customer stands for it
        for lead in &leads {
            let customer = customers.entry(lead["Customer ID"].clone()).or_default();
            let won = day(&lead["Won date"]);
            if !customer.is_known || (customer.won.is_none() && won.is_some()) {
                customer.channel.clone_from(&lead["Source"]);
                customer.segment.clone_from(&lead["Segment"]);
            }
            customer.is_known = true;
            customer.won = customer.won.into_iter().chain(won).min();
        }
        let contracts: Vec<Contract> = file("contracts.csv")
            .iter()
            .map(|record| Contract {
                customer: customer_of(record),
                started: day(&record["Started at"]).expect("a start"),
                ends: day(&record["Ends at"]).expect("an end"),
                renewed: day(&record["Renewed at"]),
                churned: day(&record["Churned at"]),
                product: record["Product"].clone(),
                mrr: millionths(&record["MRR"]).expect("an MRR"),
            })
            .collect();
        let payments: Vec<Payment> = file("payments.csv")
            .iter()
            .map(|record| Payment {
                customer: customer_of(record),
                paid: day(&record["Paid at"]).expect("a date"),
                amount: millionths(&record["Amount"]).expect("an amount"),
            })
            .collect();
        for name in contracts.iter().map(|own| &own.customer).chain(payments.iter().map(|own| &own.customer))
        {
            customers.entry(name.clone()).or_default();
        }
        let spend = file("ads.csv")
            .iter()
            .map(|record| {
                (
                    day(&record["Day"]).expect("a day"),
                    record["Channel"].clone(),
                    millionths(&record["Cost"]).unwrap_or(0),
                )
            })
            .collect();
        Money { customers, contracts, payments, spend }
    }

    /// The earlier of first win and first payment, else the first contract; none for who was never a customer.
    fn start(&self, customer: &str) -> Option<Day> {
        let paid = self.payments.iter().filter(|own| own.customer == customer).map(|own| own.paid);
        let begun = self.customers[customer].won.into_iter().chain(paid).min();
        begun.or_else(|| {
            self.contracts.iter().filter(|own| own.customer == customer).map(|own| own.started).min()
        })
    }

    fn is_renewed(&self, own: &Contract) -> bool {
        let until = own.ends + GRACE;
        if own.renewed.is_some_and(|day| day <= until) {
            return true;
        }
        self.contracts.iter().any(|next| {
            let runs_beyond = next.ends > own.ends && next.churned.is_none_or(|day| day > own.ends);
            let end = own.churned.unwrap_or(own.ends).min(own.ends);
            let is_another_product = next.product != own.product && next.started < end - GRACE;
            next.customer == own.customer
                && next.started > own.started
                && next.started <= until
                && runs_beyond
                && !is_another_product
        })
    }
}

/// A period, half-open; none is all time.
type Period = Option<(&'static str, &'static str)>;

fn within(period: Period, at: Day) -> bool {
    period.is_none_or(|(from, to)| day(from).expect("a day") <= at && at < day(to).expect("a day"))
}

const PERIODS: [(&[&str], Period); 5] = [
    (&[], None),
    (&["--quarter", "2025-Q4"], Some(("2025-10-01", "2026-01-01"))),
    (&["--quarter", "2026-Q1"], Some(("2026-01-01", "2026-04-01"))),
    (&["--month", "2026-01"], Some(("2026-01-01", "2026-02-01"))),
    (&["--month", "2026-02"], Some(("2026-02-01", "2026-03-01"))),
];

/// The rows of a table for a period, and a dimension where one is asked for.
fn report(table: &str, period: &[&str], by: Option<&str>) -> Vec<Row> {
    let mut arguments = vec![table];
    arguments.extend(period);
    arguments.extend(by.iter().flat_map(|by| ["--by", by]));
    tidy(&folder(), &arguments)
}

/// As the report shows it: `value = numerator/denominator`, or the value alone.
fn assert_ratio(rows: &[Row], table: &str, place: &str, kpi: &str, above: Millionths, below: Millionths) {
    let cell = shown(rows, table, place, kpi);
    let (value, parts) = cell.split_once(" = ").expect("a ratio has its parts");
    let (numerator, denominator) = parts.split_once('/').expect("two parts");
    assert_eq!(millionths(numerator), Some(above), "{kpi} at `{place}`: {cell}");
    assert_eq!(millionths(denominator), Some(below), "{kpi} at `{place}`: {cell}");
    assert_near(
        value,
        (below != 0).then_some(Fraction { above, below }),
        &format!("{kpi} at `{place}`: {cell}"),
    );
}

/// Whether a printed number is the nearest to a fraction with six decimals.
fn assert_near(printed: &str, exact: Option<Fraction>, context: &str) {
    match (millionths(printed), exact) {
        (None, None) => {}
        (Some(printed), Some(exact)) => {
            let error = printed * exact.below - exact.above * ONE;
            assert!(2 * error.abs() <= exact.below.abs(), "{context}: {printed} is not {exact:?}");
        }
        (printed, exact) => panic!("{context}: {printed:?} is not {exact:?}"),
    }
}

fn count(number: usize) -> Millionths {
    number as Millionths * ONE
}

#[test]
fn renewal_by_contracts_customers_and_mrr() {
    let money = Money::read();
    let as_of = day(AS_OF).expect("a day");
    for (options, period) in PERIODS {
        let rows = report("renewal", options, Some("channel"));
        let channels: BTreeSet<&str> = money.customers.values().map(|own| own.channel.as_str()).collect();
        for channel in channels.into_iter().map(Some).chain([None]) {
            let is_here = |own: &&Contract| {
                let of_customer = &money.customers[&own.customer];
                within(period, own.ends) && channel.is_none_or(|channel| of_customer.channel == channel)
            };
            // a contract of the second lead of K1 stands under the channel of that lead, its customer under the first
            let is_apart = |own: &&Contract| own.customer == "K1";
            let ended: Vec<&Contract> = money.contracts.iter().filter(is_here).collect();
            if channel.is_some() && ended.iter().any(is_apart) || channel == Some("referral") {
                continue;
            }
            let due: Vec<&&Contract> = ended.iter().filter(|own| own.ends + GRACE <= as_of).collect();
            let pending = ended.iter().filter(|own| own.ends <= as_of && own.ends + GRACE > as_of).count();
            let renewed: Vec<&&&Contract> = due.iter().filter(|own| money.is_renewed(own)).collect();
            let place = match channel {
                None => String::new(),
                Some("") => "channel=(not in CRM)".to_string(),
                Some(channel) => format!("channel={channel}"),
            };
            if due.is_empty() && pending == 0 && channel.is_some() {
                continue;
            }
            assert_eq!(
                shown(&rows, "renewal", &place, "contracts_pending"),
                pending.to_string(),
                "{options:?}"
            );
            assert_ratio(&rows, "renewal", &place, "renewal_rate", count(renewed.len()), count(due.len()));
            let mrr = |all: &mut dyn Iterator<Item = Millionths>| all.sum::<Millionths>();
            let (above, below) =
                (mrr(&mut renewed.iter().map(|own| own.mrr)), mrr(&mut due.iter().map(|own| own.mrr)));
            assert_ratio(&rows, "renewal", &place, "renewal_rate_mrr", above, below);
            let names = |all: &mut dyn Iterator<Item = &str>| count(all.collect::<BTreeSet<&str>>().len());
            let above = names(&mut renewed.iter().map(|own| own.customer.as_str()));
            let below = names(&mut due.iter().map(|own| own.customer.as_str()));
            assert_ratio(&rows, "renewal", &place, "renewal_rate_customers", above, below);
        }
    }
    // by hand, all time: C01 went on as C02, C04 was renewed three days late, C05 in time, C07 not at all; C06 is
    // pending, the others end after 31 March
    let rows = report("renewal", &[], None);
    assert_eq!(shown(&rows, "renewal", "", "renewal_rate"), "0.5 = 2/4");
    assert_eq!(shown(&rows, "renewal", "", "contracts_pending"), "1");
    // 100 + 75 of 100 + 50 + 75 + 40
    assert_eq!(shown(&rows, "renewal", "", "renewal_rate_mrr"), "0.660377 = 175/265");
}

#[test]
fn cross_sell_and_repeat() {
    let money = Money::read();
    for (options, period) in PERIODS {
        let rows = report("renewal", options, None);
        // running at the end of the period: begun before it, not churned before it
        let end = period.map_or_else(|| day(AS_OF).expect("a day") + 1, |(_, to)| day(to).expect("a day"));
        let mut products: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let runs = |own: &&Contract| own.started < end && own.churned.is_none_or(|day| day >= end);
        for own in money.contracts.iter().filter(runs) {
            products.entry(&own.customer).or_default().insert(&own.product);
        }
        let crossed = products.values().filter(|own| own.len() >= 2).count();
        assert_ratio(&rows, "renewal", "", "cross_sell_rate", count(crossed), count(products.len()));

        let (mut paying, mut again) = (BTreeSet::new(), BTreeSet::new());
        let (mut received, mut received_again) = (0, 0);
        for name in money.customers.keys() {
            let mut own: Vec<&Payment> =
                money.payments.iter().filter(|payment| &payment.customer == name).collect();
            own.sort_by_key(|payment| (payment.paid, -payment.amount));
            let mut number = 0;
            for payment in own {
                number += usize::from(payment.amount >= 0);
                if !within(period, payment.paid) {
                    continue;
                }
                received += payment.amount;
                received_again += if number >= 2 { payment.amount } else { 0 };
                if payment.amount >= 0 {
                    paying.insert(name);
                    again.extend((number >= 2).then_some(name));
                }
            }
        }
        assert_ratio(&rows, "renewal", "", "repeat_rate", count(again.len()), count(paying.len()));
        assert_ratio(&rows, "renewal", "", "repeat_revenue_share", received_again, received);
    }
    // by hand, all time: K1 K2 K3 K9 X7 of these and K5 K7; K2 gave 50 back
    let rows = report("renewal", &[], None);
    assert_eq!(shown(&rows, "renewal", "", "repeat_rate"), "0.714286 = 5/7");
}

#[test]
fn revenue_churn_customer_by_customer() {
    let money = Money::read();
    for (options, period) in PERIODS.into_iter().skip(1) {
        let (from, to) =
            period.map(|(from, to)| (day(from).expect("a day"), day(to).expect("a day"))).expect("a period");
        let rows = report("churn", options, None);
        let (mut start, mut lost, mut capped, mut with_expansion) = (0, 0, 0, 0);
        for name in money.customers.keys() {
            let at = |day: Day| -> Millionths {
                let runs = |own: &&Contract| {
                    &own.customer == name && own.started < day && own.churned.is_none_or(|end| end >= day)
                };
                money.contracts.iter().filter(runs).map(|own| own.mrr).sum()
            };
            let (before, after) = (at(from), at(to));
            if before == 0 {
                continue;
            }
            start += before;
            lost += (before - after).max(0);
            capped += before.min(after);
            with_expansion += after;
        }
        for (kpi, above) in [("revenue_churn", lost), ("grr", capped), ("nrr", with_expansion)] {
            assert_ratio(&rows, "churn", "", kpi, above, start);
        }
    }
}

/// The calendar months from one day's to another's.
fn months(from: Day, to: Day) -> i32 {
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
            cohorts.entry(super::company::month(start)).or_default().push(name);
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
            .filter(|(day, ..)| &super::company::month(*day) == cohort)
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
    assert!(text.contains("not yet, 38 % recovered"), "{text}");
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
    let dimensions: [(&str, fn(&Customer) -> &str); 2] =
        [("channel", |own| &own.channel), ("segment", |own| &own.segment)];
    for (by, of) in dimensions {
        let rows = report("value", &[], Some(by));
        let values: BTreeSet<&str> = money.customers.values().filter(|own| own.is_known).map(of).collect();
        for value in values.into_iter().filter(|value| !value.is_empty() && *value != "referral") {
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
                    .filter(|(_, channel, _)| channel == value)
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
