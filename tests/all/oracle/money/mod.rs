//! Renewal, cross-sell, repeat and value of customers, computed a second time in plain loops over `fixtures/money`.
//!
//! Traps in it: K1 has two leads and three contracts, a renewal comes after the grace (C04), an end is too fresh to be
//! due (C06), money is given back (P07), an order costs nothing (P12), two payments fall on one day, K9 has a contract
//! and no lead, X7 has paid and is in no other file, K6 was lost, and a customer came by a channel without spend.

mod ages;
mod renewal;
mod value;

use std::collections::BTreeMap;
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
    value: Millionths,
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
                value: millionths(&record["Contract value"]).expect("a value"),
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
fn the_order_of_rows_does_not_matter() {
    let copy = tempfile::tempdir().expect("a folder for the copy");
    for name in ["leads.csv", "ads.csv", "contracts.csv", "payments.csv", "funnel.toml"] {
        let text = std::fs::read_to_string(folder().join(name)).expect("a fixture");
        let mut lines: Vec<&str> = text.lines().collect();
        if name.ends_with("csv") {
            lines[1..].reverse();
        }
        std::fs::write(copy.path().join(name), lines.join("\n")).expect("the folder was just made");
    }
    for table in ["renewal", "value", "churn"] {
        let arguments = ["report", table, "--format", "csv", "--quarter", "2026-Q1", "--quiet"];
        assert_eq!(stdout(copy.path(), &arguments), stdout(&folder(), &arguments), "{table}");
    }
}
