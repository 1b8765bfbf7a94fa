//! What went on and what came again: renewals, cross-sales, repeat payments, revenue of the customers at start.

use std::collections::{BTreeMap, BTreeSet};

use super::{AS_OF, Contract, GRACE, Money, PERIODS, Payment, assert_ratio, count, report, within};
use crate::oracle::company::{Day, Millionths, day};
use crate::support::shown;

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
            let (above, below) =
                (mrr(&mut renewed.iter().map(|own| own.value)), mrr(&mut due.iter().map(|own| own.value)));
            assert_ratio(&rows, "renewal", &place, "renewal_rate_amount", above, below);
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
