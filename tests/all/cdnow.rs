//! The CDNOW log of purchases as payments, without a CRM: repeat rate and cumulative value by cohort against plain loops
//! over the raw file.

use std::collections::{BTreeMap, BTreeSet};

use tempfile::TempDir;

use crate::oracle::company::millionths;
use crate::published::data;
use crate::support::{parse, shown, stdout};

/// Customer, day and cents.
type Purchase = (String, String, i128);

/// The purchase log as CSV: the customer, the day, the dollars, a row a purchase.
fn cdnow() -> Option<(TempDir, Vec<Purchase>)> {
    let file = data("cdnow")?.join("CDNOW_sample.txt");
    let text = std::fs::read_to_string(file).expect("the log is text");
    let mut rows = Vec::new();
    let mut csv = String::from("customer_id,paid_at,amount\n");
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let [customer, _, day, _, dollars] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("five columns in `{line}`")
        };
        let cents: i128 = dollars.replace('.', "").parse().expect("dollars and cents");
        rows.push((customer.to_string(), day.to_string(), cents));
        csv.extend([customer, ",", day, ",", dollars, "\n"]);
    }
    let folder = tempfile::tempdir().expect("a folder for the log");
    std::fs::write(folder.path().join("cdnow.csv"), csv).expect("the folder was just made");
    Some((folder, rows))
}

/// `19970118` as the number of its month.
fn month_of(day: &str) -> usize {
    let number = |text: &str| text.parse::<usize>().expect("a date of eight digits");
    number(&day[..4]) * 12 + number(&day[4..6]) - 1
}

#[test]
fn cdnow_repeat_rate_and_cumulative_value_by_cohort() {
    let Some((folder, purchases)) = cdnow() else { return };
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut orders: BTreeMap<&str, usize> = BTreeMap::new();
    for (customer, day, _) in &purchases {
        let known = first.entry(customer).or_insert(day);
        *known = (*known).min(day);
        *orders.entry(customer).or_default() += 1;
    }
    let arguments = ["report", "value", "renewal", "--payments", "cdnow.csv", "--format", "csv", "--quiet"];
    let rows = parse(&stdout(folder.path(), &arguments));
    assert!(rows.iter().all(|row| row["as_of"] == "1998-06-30"));
    // 6,919 purchases of 2,357 customers, identical rows and free ones among them
    assert_eq!(shown(&rows, "renewal", "", "payments"), purchases.len().to_string());
    let again = orders.values().filter(|orders| **orders >= 2).count();
    let whole = shown(&rows, "renewal", "", "repeat_rate");
    assert!(whole.ends_with(&format!(" = {again}/{}", first.len())), "{whole}");
    let cohorts: BTreeSet<usize> = first.values().map(|day| month_of(day)).collect();
    assert_eq!(cohorts.len(), 3, "customers who began in January, February and March 1997");
    for cohort in cohorts {
        let place = format!("cohort_month={:04}-{:02}", cohort / 12, cohort % 12 + 1);
        let members: Vec<&str> =
            first.iter().filter(|(_, day)| month_of(day) == cohort).map(|(customer, _)| *customer).collect();
        let again = members.iter().filter(|customer| orders[**customer] >= 2).count();
        let found = shown(&rows, "value", &place, "repeat_rate");
        assert!(found.ends_with(&format!(" = {again}/{}", members.len())), "{place}: {found}");
        // the log ends with a whole month
        let last = month_of("19980630") - cohort;
        for age in 0..=last {
            let of_cohort = purchases.iter().filter(|(customer, day, _)| {
                month_of(first[customer.as_str()]) == cohort && month_of(day) - cohort <= age
            });
            let cents: i128 = of_cohort.map(|(.., cents)| cents).sum();
            let found = shown(&rows, "value", &format!("{place},age_months={age}"), "ltv_realised");
            let (value, parts) = found.split_once(" = ").expect("a ratio has its parts");
            let (numerator, denominator) = parts.split_once('/').expect("two parts");
            assert_eq!(millionths(numerator), Some(cents * 10_000), "{place} at {age}");
            assert_eq!(denominator, members.len().to_string(), "{place} at {age}");
            let exact = cents as f64 / 100.0 / members.len() as f64;
            let value: f64 = value.parse().expect("a number");
            assert!((value - exact).abs() < 1e-6, "{place} at {age}");
        }
        let of_cohort =
            rows.iter().filter(|row| row["kpi"] == "ltv_realised" && row["cohort_month"] == place[13..]);
        assert_eq!(of_cohort.count(), last + 1, "{place}: no age that is not over");
    }
    // the whole log has 49.48% of customers who bought again; its tenth is within two points of it
    let share: f64 = whole.split(' ').next().and_then(|share| share.parse().ok()).expect("a share");
    assert!((share - 0.4948).abs() < 0.02, "{share}");
}
