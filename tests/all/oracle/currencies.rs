//! Amounts in several currencies, converted a second time in plain loops over `fixtures/currencies`.
//!
//! Traps in it: a currency in small letters, one whose rate needs seven decimals, amounts whose currency is a sign, a row
//! without a currency, a day before the next rate, a rate whose product ends in half a millionth.

use super::company::{Day, Millionths, Record, day, millionths, records};
use crate::support::{project, shown, stderr, stdout, tidy};

fn folder() -> std::path::PathBuf {
    project().join("fixtures/currencies")
}

fn file(name: &str) -> Vec<Record> {
    records(&folder().join(name))
}

/// The amount in euros on a day, in millionths rounded half away from zero.
fn euros(amount: Millionths, currency: &str, on: Day) -> Millionths {
    let currency = currency.to_uppercase();
    if currency.is_empty() || currency == "EUR" {
        return amount;
    }
    let mut rates: Vec<(Day, String)> = file("rates.csv")
        .iter()
        .filter(|record| record["Currency"] == currency)
        .map(|record| (day(&record["Date"]).expect("a date"), record["Rate"].clone()))
        .filter(|(since, _)| *since <= on)
        .collect();
    rates.sort();
    let (whole, part) =
        rates.last().and_then(|(_, rate)| rate.split_once('.')).expect("a rate on or before the day");
    let scale = 10_i128.pow(u32::try_from(part.len()).expect("few decimals"));
    let product = amount * format!("{whole}{part}").parse::<Millionths>().expect("digits");
    let rounded = (2 * product.abs() + scale) / (2 * scale);
    rounded * product.signum()
}

fn sum<'a>(records: impl Iterator<Item = &'a Record>, amount: impl Fn(&Record) -> Millionths) -> Millionths {
    records.map(amount).sum()
}

#[test]
fn every_amount_is_converted_at_the_rate_of_its_day() {
    let rows = tidy(&folder(), &[]);
    let leads = file("leads.csv");
    let won = || leads.iter().filter(|lead| !lead["Won date"].is_empty());
    let in_euros = |record: &Record, amount: &str, date: &str| {
        let amount = millionths(&record[amount]).unwrap_or(0);
        euros(amount, &record["Currency"], day(&record[date]).expect("a date"))
    };
    let revenue = sum(won(), |lead| in_euros(lead, "Amount", "Won date"));
    assert_eq!(millionths(&shown(&rows, "segments", "", "revenue")), Some(revenue));
    for source in ["ads", "fair"] {
        let own = won().filter(|lead| lead["Source"] == source);
        let revenue = sum(own, |lead| in_euros(lead, "Amount", "Won date"));
        assert_eq!(
            millionths(&shown(&rows, "segments", &format!("channel={source}"), "revenue")),
            Some(revenue)
        );
    }
    // every amount of spend bears the sign of dollars
    let spend = sum(file("ads.csv").iter(), |row| {
        euros(
            millionths(row["Cost"].trim_start_matches('$')).expect("a cost"),
            "USD",
            day(&row["Day"]).expect("a day"),
        )
    });
    assert_eq!(millionths(&shown(&rows, "cost", "", "spend")), Some(spend));
    let mrr = sum(file("contracts.csv").iter(), |row| in_euros(row, "MRR", "Started at"));
    assert_eq!(millionths(&shown(&rows, "churn", "", "mrr")), Some(mrr));
    let received = sum(file("payments.csv").iter(), |row| in_euros(row, "Amount", "Paid at"));
    assert_eq!(millionths(&shown(&rows, "renewal", "", "received")), Some(received));
    // by hand: 0.01 dollars at 0.8433335 are 0.008433335 euros
    assert_eq!(shown(&rows, "cost", "channel=fair", "spend"), "0.008433");
}

#[test]
fn the_rates_that_were_used_are_told() {
    let said = stderr(&folder(), &["report", "--format", "csv"]);
    assert!(said.contains("1 USD = 0.8433335 EUR from 2026-02-01 on: 6 amounts"), "{said}");
    let text = stdout(&folder(), &["explain", "revenue", "--quiet"]);
    assert!(text.contains("1 USD = 0.8433335 EUR from 2026-02-01 on"), "{text}");
}
