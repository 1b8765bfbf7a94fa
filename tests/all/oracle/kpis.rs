//! The KPIs of the report from the measures, by their definitions in words: value, numerator, denominator, interval.

use std::collections::BTreeMap;

use super::company::{Contract, Millionths};
use super::measures::{Key, Question, STAGES};

/// A fraction; money and counts are millionths over a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    pub above: i128,
    pub below: i128,
}

/// One cell of the report.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub unit: &'static str,
    pub value: Option<Fraction>,
    pub numerator: Option<Fraction>,
    pub denominator: Option<Fraction>,
    pub interval: Option<(f64, f64)>,
    /// Whether any row at this key is behind it: a key without rows is not printed.
    pub has_rows: bool,
}

/// What the example calls a big win: from 10,000 EUR on.
const BIG_WIN: Millionths = 10_000_000_000;
const ONE: Fraction = Fraction { above: 1, below: 1 };

fn count(number: usize) -> Fraction {
    Fraction { above: number as i128, below: 1 }
}

fn money(millionths: Millionths) -> Fraction {
    Fraction { above: millionths, below: 1_000_000 }
}

fn plain(unit: &'static str, value: Fraction) -> Figure {
    Figure {
        unit,
        value: Some(value),
        numerator: None,
        denominator: None,
        interval: None,
        has_rows: value.above != 0,
    }
}

/// A ratio of two numbers of which the second may be 0; none where there is no numerator.
fn ratio(unit: &'static str, numerator: Fraction, denominator: Fraction) -> Figure {
    let value = (denominator.above != 0).then(|| {
        let sign = denominator.above.signum();
        Fraction {
            above: numerator.above * denominator.below * sign,
            below: numerator.below * denominator.above * sign,
        }
    });
    Figure {
        value,
        numerator: Some(numerator),
        denominator: Some(denominator),
        has_rows: numerator.above != 0 || denominator.above != 0,
        ..plain(unit, ONE)
    }
}

fn share(numerator: usize, denominator: usize) -> Figure {
    let interval = (denominator > 0 && numerator <= denominator).then(|| wilson(numerator, denominator));
    Figure { interval, ..ratio("share", count(numerator), count(denominator)) }
}

/// A part of a total: the total is not of this key, so it does not make the key worth printing.
fn part(figure: Figure) -> Figure {
    Figure { has_rows: figure.numerator.is_some_and(|numerator| numerator.above != 0), ..figure }
}

/// The two roots of `(p − x)² = z² x (1 − x) / n`, which is what Wilson's interval is.
fn wilson(successes: usize, trials: usize) -> (f64, f64) {
    let z_squared = 1.959_963_984_540_054_f64.powi(2);
    let n = trials as f64;
    let p = successes as f64 / n;
    // a x² + b x + p² = 0
    let (a, b) = (1.0 + z_squared / n, -(2.0 * p + z_squared / n));
    let root = (b * b - 4.0 * a * p * p).max(0.0).sqrt();
    ((-b - root) / (2.0 * a), (-b + root) / (2.0 * a))
}

/// The figure of a KPI at a key; `split` are the dimensions of its grid. None for a KPI that the oracle does not know.
pub fn figure(question: &Question, kpi: &str, key: &Key, split: &[&str]) -> Option<Figure> {
    let stage = |name: &str| STAGES.iter().position(|(stage, plural)| *stage == name || *plural == name);
    if let Some(stage) = STAGES.iter().position(|(_, plural)| *plural == kpi) {
        return Some(plain("count", count(reached(question, key, stage))));
    }
    if let Some(stage) = kpi.strip_prefix("cost_per_").and_then(stage) {
        let leads = count(reached(question, key, stage));
        return Some(ratio("money", money(question.spend(key, split)), leads));
    }
    if let Some((from, rest)) = kpi.split_once("_to_") {
        let (to, statistic) = rest.split_once("_days_").unwrap_or((rest, ""));
        let (from, to) = (stage(from)?, stage(to)?);
        return if statistic.is_empty() {
            Some(conversion(question, key, from, to))
        } else {
            days_between(question, key, from, to, statistic)
        };
    }
    of_money(question, kpi, key, split)
        .or_else(|| of_outcome(question, kpi, key))
        .or_else(|| of_customers(question, kpi, key))
        .or_else(|| of_contracts(question, kpi, key))
}

fn reached(question: &Question, key: &Key, stage: usize) -> usize {
    question.leads(key).into_iter().filter(|lead| question.sees(lead, stage)).count()
}

fn conversion(question: &Question, key: &Key, from: usize, to: usize) -> Figure {
    let leads = question.leads(key);
    let both = leads.iter().filter(|lead| question.sees(lead, to) && question.reached(lead, from)).count();
    share(both, reached(question, key, from))
}

fn days_between(question: &Question, key: &Key, from: usize, to: usize, statistic: &str) -> Option<Figure> {
    let leads = question.leads(key);
    let arrived = leads.iter().filter(|lead| question.sees(lead, to));
    let lags = arrived.filter_map(|lead| Some(lead.at[to]? - lead.at[from]?));
    // a negative lag is a data error, not a number of days
    let mut days: Vec<i128> = lags.filter(|days| *days >= 0).map(i128::from).collect();
    days.sort_unstable();
    let n = days.len();
    let empty = Figure { value: None, denominator: Some(count(n)), has_rows: n > 0, ..plain("days", ONE) };
    Some(match statistic {
        "n" => plain("count", count(n)),
        "mean" => {
            let total = days.iter().sum();
            Figure { has_rows: n > 0, ..ratio("days", Fraction { above: total, below: 1 }, count(n)) }
        }
        _ if n == 0 => empty,
        "median" => {
            let middle = days[(n - 1) / 2] + days[n / 2];
            Figure { value: Some(Fraction { above: middle, below: 2 }), ..empty }
        }
        "p90" => {
            let needed = (1..=n).find(|rank| rank * 10 >= n * 9)?;
            Figure { value: Some(Fraction { above: days[needed - 1], below: 1 }), ..empty }
        }
        _ => return None,
    })
}

fn of_money(question: &Question, kpi: &str, key: &Key, split: &[&str]) -> Option<Figure> {
    let leads = question.leads(key);
    let won: Vec<_> = leads.into_iter().filter(|lead| question.is_won(lead)).collect();
    let revenue = money(won.iter().filter_map(|lead| lead.amount).sum());
    let spend = money(question.spend(key, split));
    let big_wins = won.iter().filter(|lead| lead.amount.is_some_and(|amount| amount >= BIG_WIN)).count();
    let traffic = |number: Option<Millionths>| match number {
        Some(number) => plain("count", money(number)),
        None => Figure { value: None, has_rows: false, ..plain("count", ONE) },
    };
    Some(match kpi {
        "spend" => plain("money", spend),
        "spend_share" => part(ratio("share", spend, money(question.spend(&Key::new(), split)))),
        "impressions" => traffic(question.traffic(key, split, |row| row.impressions)),
        "clicks" => traffic(question.traffic(key, split, |row| row.clicks)),
        "cost_per_big_win" => ratio("money", spend, count(big_wins)),
        "acquisition_cost" => ratio("money", spend, count(won.len())),
        "revenue" => plain("money", revenue),
        "average_check" => {
            ratio("money", revenue, count(won.iter().filter(|lead| lead.amount.is_some()).count()))
        }
        _ => return None,
    })
}

fn of_outcome(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let leads = question.leads(key);
    let won = leads.iter().filter(|lead| question.is_won(lead)).count();
    let lost = leads.iter().filter(|lead| question.is_lost(lead)).count();
    let open = leads.iter().filter(|lead| question.is_open(lead)).count();
    let created = leads.iter().filter(|lead| question.is_created(lead)).count();
    Some(match kpi {
        "won" => plain("count", count(won)),
        "lost" => plain("count", count(lost)),
        "open" => plain("count", count(open)),
        "win_rate_closed" => share(won, won + lost),
        "win_rate_created" => share(won, created),
        _ => return None,
    })
}

fn of_customers(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let complaints = question.complaints(key);
    let number = |customers: usize| ratio("number", count(complaints), count(customers));
    let Some((from, to)) = question.event_period() else {
        let customers = question.spells(key).iter().filter(|spell| spell.is_first).count();
        return (kpi == "complaints_per_customer").then(|| number(customers));
    };
    let spells = question.spells(key);
    let is_churned = |churned: Option<i64>| churned.is_some_and(|day| from <= day && day < to);
    let runs_at = |started: i64, churned: Option<i64>, day: i64| {
        started < day && churned.is_none_or(|churned| churned >= day)
    };
    let at_start = spells.iter().filter(|spell| runs_at(spell.started_at, spell.churned_at, from)).count();
    let new = spells.iter().filter(|spell| from <= spell.started_at && spell.started_at < to).count();
    let churned = spells.iter().filter(|spell| is_churned(spell.churned_at)).count();
    let all_churned =
        question.spells(&Key::new()).iter().filter(|spell| is_churned(spell.churned_at)).count();
    let mrr_start =
        question.contracts(key).into_iter().filter(|own| runs_at(own.started_at, own.churned_at, from));
    Some(match kpi {
        "active_start" => plain("count", count(at_start)),
        "new_customers" => plain("count", count(new)),
        "churned" => plain("count", count(churned)),
        // what the definition says, where the program looks at each customer's dates
        "active_end" => plain("count", count(at_start + new - churned)),
        "churn_rate" => share(churned, at_start),
        "churned_part" => part(share(churned, all_churned)),
        "mrr_start" => plain("money", money(mrr_start.map(|own| own.mrr).sum())),
        "complaints_per_customer" => number(at_start + new),
        "mrr_at_start" | "revenue_churn" | "grr" | "nrr" => {
            let mut customers: BTreeMap<&str, (Millionths, Millionths)> = BTreeMap::new();
            for own in question.contracts(key) {
                let customer = customers.entry(&own.lead_id).or_default();
                customer.0 += if runs_at(own.started_at, own.churned_at, from) { own.mrr } else { 0 };
                customer.1 += if runs_at(own.started_at, own.churned_at, to) { own.mrr } else { 0 };
            }
            let of_start: Vec<_> = customers.into_values().filter(|(start, _)| *start > 0).collect();
            let sum = |amount: &dyn Fn(&(Millionths, Millionths)) -> Millionths| {
                money(of_start.iter().map(amount).sum())
            };
            let start = sum(&|(start, _)| *start);
            match kpi {
                "mrr_at_start" => plain("money", start),
                // what each customer of the start pays less than before
                "revenue_churn" => ratio("share", sum(&|(start, end)| (start - end).max(0)), start),
                "grr" => ratio("share", sum(&|(start, end)| if end < start { *end } else { *start }), start),
                _ => ratio("share", sum(&|(_, end)| *end), start),
            }
        }
        _ => return None,
    })
}

fn of_contracts(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let is_churned = |contract: &&Contract| match (question.event_period(), contract.churned_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some((from, to)), Some(day)) => from <= day && day < to,
    };
    let contracts = question.contracts(key);
    let churned: Vec<_> = contracts.iter().copied().filter(is_churned).collect();
    let all_churned = question.contracts(&Key::new()).into_iter().filter(is_churned).count();
    let mrr = |contracts: &[&Contract]| money(contracts.iter().map(|contract| contract.mrr).sum());
    Some(match kpi {
        "contracts" => plain("count", count(contracts.len())),
        "contracts_churned" => plain("count", count(churned.len())),
        "churned_share" => share(churned.len(), contracts.len()),
        "churned_contracts_part" => part(share(churned.len(), all_churned)),
        "mrr" => plain("money", mrr(&contracts)),
        "mrr_churned" => plain("money", mrr(&churned)),
        _ => return None,
    })
}
