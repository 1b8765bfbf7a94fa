//! What went on and what came again: renewals, cross-sales, repeat payments, revenue of the customers at start.

use std::collections::{BTreeMap, BTreeSet};

use super::{AS_OF, Contract, GRACE, Money, PERIODS, Payment, assert_ratio, count, folder, report, within};
use crate::oracle::company::{Day, Millionths, day, millionths};
use crate::support::{shown, stdout, tidy};

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
fn money_received_by_what_the_lead_is_of() {
    let money = Money::read();
    for (options, period) in PERIODS {
        let rows = report("owners", options, Some("segment"));
        for segment in ["small", "large"] {
            let is_here = |own: &&Payment| {
                within(period, own.paid) && money.customers[&own.customer].segment == segment
            };
            let received: Millionths = money.payments.iter().filter(is_here).map(|own| own.amount).sum();
            // a segment of which nothing is known in the period has no row
            let place = format!("segment={segment}");
            let has_row = rows.iter().any(|row| row["segment"] == segment && row["kpi"] == "received");
            let cell = if has_row { shown(&rows, "owners", &place, "received") } else { "0".to_string() };
            assert_eq!(millionths(&cell), Some(received), "{segment} with {options:?}");
        }
    }
}

#[test]
fn customers_without_a_second_product() {
    let money = Money::read();
    let as_of = day(AS_OF).expect("a day");
    let mut products: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let runs = |own: &&Contract| own.started <= as_of && own.churned.is_none_or(|day| day > as_of);
    for own in money.contracts.iter().filter(runs) {
        products.entry(&own.customer).or_default().insert(&own.product);
    }
    // K9 has a contract and no lead: nobody of the CRM can be asked
    products.retain(|name, _| money.customers[*name].won.is_some());
    let one = products.values().filter(|own| own.len() == 1).count();
    let rows = report("open", &[], None);
    assert_ratio(&rows, "open", "", "upsale_share", count(one), count(products.len()));
    // by hand: K2 K5 K7, of these and K1 (basic, add-on) and K3 (basic, plus)
    assert_eq!(shown(&rows, "open", "", "upsale_share"), "0.6 = 3/5");
    let rows = stdout(&folder(), &["explain", "upsale", "--rows"]);
    let leads: Vec<&str> = rows.lines().skip(1).filter_map(|row| row.split(',').nth(1)).collect();
    assert_eq!(leads, ["M02", "M05", "M07"]);
}

#[test]
fn without_contracts_the_won_leads_tell_the_products() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    // C1 bought two, C2 the same twice, C3 one, C4 nobody knows what, C5 nothing yet
    let leads = "lead_id,customer_id,lead_at,won_at,product\nL1,C1,2026-01-02,2026-01-20,base\nL2,C1,2026-01-03,2026-02-01,extra\n\
        L3,C2,2026-01-04,2026-01-21,base\nL4,C2,2026-02-04,2026-02-21,base\nL5,C3,2026-01-05,2026-01-22,extra\n\
        L6,C4,2026-01-06,2026-01-23,\nL7,C5,2026-01-07,,base\n";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("a file");
    let rows = tidy(folder.path(), &["open", "--crm", "leads.csv"]);
    assert_eq!(shown(&rows, "open", "", "upsale_share"), "0.666667 = 2/3");
}

#[test]
fn a_lead_won_on_no_known_day_stands_for_its_customer() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let leads = "lead_id,customer_id,lead_at,stage,product,owner\nL1,C1,2026-01-02,open,base,Cid\nL2,C1,2026-01-09,won,pro,Ann\n";
    std::fs::write(folder.path().join("leads.csv"), leads).expect("a file");
    let configuration = "stages = [\"lead\", \"won\"]\n[[crm]]\nfiles = [\"leads.csv\"]\n[crm.stages]\n\"open\" = \"lead\"\n\"won\" = \"won\"\n";
    std::fs::write(folder.path().join("funnel.toml"), configuration).expect("a file");
    let rows = stdout(folder.path(), &["explain", "upsale", "--rows", "--quiet"]);
    assert!(rows.lines().any(|row| row.starts_with("leads,L2,")) && !rows.contains("L1"), "{rows}");
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
