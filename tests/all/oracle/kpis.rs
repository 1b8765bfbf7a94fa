//! The KPIs of the report from the measures, by their definitions in words: value, numerator, denominator, interval.

use std::collections::{BTreeMap, BTreeSet};

use super::company::{Contract, Lead, Millionths, Spend};
use super::measures::{Key, Question, STAGES, Spell, group_of};
use super::times;

const MQL: usize = 1;
const OPPORTUNITY: usize = 3;

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
    /// Whether it is a product of many fractions, which is not computed exactly.
    pub is_estimate: bool,
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
        is_estimate: false,
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
    let of_all = |stage: usize| {
        let all = reached(question, &Key::new(), stage);
        part(ratio("share", count(reached(question, key, stage)), count(all)))
    };
    if let Some(stage) = kpi.strip_suffix("_part").and_then(stage) {
        return Some(of_all(stage));
    }
    if let Some(statistic) = kpi.strip_prefix("cycle_from_opportunity_") {
        return days_between(question, key, OPPORTUNITY, STAGES.len() - 1, statistic);
    }
    if let Some(stage) = kpi.strip_prefix("cost_per_").and_then(stage) {
        let leads = count(reached(question, key, stage));
        return Some(ratio("money", money(question.spend(key, split)), leads));
    }
    if let Some(figure) = of_traffic(question, kpi, key, split).or_else(|| of_lifetime(question, kpi, key)) {
        return Some(figure);
    }
    if let Some((from, to)) = kpi.strip_suffix("_dropped").and_then(|step| step.split_once("_to_")) {
        let (from, to) = (stage(from)?, stage(to)?);
        let dropped = |lead: &&&Lead| question.sees(lead, from) && !question.reached(lead, to);
        return Some(plain("count", count(question.leads(key).iter().filter(dropped).count())));
    }
    if let Some((from, to)) = kpi.strip_suffix("_kaplan_meier").and_then(|step| step.split_once("_to_")) {
        let times = times::of_leads(question, key, stage(from)?, stage(to)?);
        let days = times::longest(&times);
        let converted = 1.0 - days.map_or(1.0, |days| times::left_after(&times, days));
        return Some(of_times("share", &times, (!times.is_empty()).then_some(converted)));
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
        .or_else(|| of_attribution(question, kpi, key, split))
        .or_else(|| of_salespeople(question, kpi, key))
        .or_else(|| of_service(question, kpi, key))
        .or_else(|| of_customers(question, kpi, key))
        .or_else(|| of_contracts(question, kpi, key))
}

/// A ratio of which the traffic may be unknown by the dimensions at hand.
fn ratio_of_known(unit: &'static str, numerator: Option<Fraction>, denominator: Option<Fraction>) -> Figure {
    if let (Some(numerator), Some(denominator)) = (numerator, denominator) {
        return ratio(unit, numerator, denominator);
    }
    let has_rows = [numerator, denominator].iter().flatten().any(|fraction| fraction.above != 0);
    Figure { value: None, numerator, denominator, has_rows, ..plain(unit, ONE) }
}

/// With an interval where both are numbers of trials and successes.
fn share_of_known(numerator: Option<Fraction>, denominator: Option<Fraction>) -> Figure {
    let whole = |fraction: Option<Fraction>| {
        fraction.map(|fraction| usize::try_from(fraction.above / fraction.below).unwrap_or_default())
    };
    let trials =
        whole(numerator).zip(whole(denominator)).filter(|(above, below)| *below > 0 && above <= below);
    let interval = trials.map(|(above, below)| wilson(above, below));
    Figure { interval, ..ratio_of_known("share", numerator, denominator) }
}

fn of_traffic(question: &Question, kpi: &str, key: &Key, split: &[&str]) -> Option<Figure> {
    let impressions = question.traffic(key, split, |row| row.impressions).map(money);
    let clicks = question.traffic(key, split, |row| row.clicks).map(money);
    let spend = || question.spend(key, split);
    Some(match kpi {
        "ctr" | "impression_to_click" => share_of_known(clicks, impressions),
        "cpc" => ratio_of_known("money", Some(money(spend())), clicks),
        "cpm" => ratio_of_known("money", Some(money(1000 * spend())), impressions),
        _ => {
            let (from, to) = kpi.split_once("_to_")?;
            let below = match from {
                "impression" => impressions,
                "click" => clicks,
                _ => return None,
            };
            let stage = STAGES.iter().position(|(stage, _)| *stage == to)?;
            share_of_known(Some(count(reached(question, key, stage))), below)
        }
    })
}

/// Months of 365.25 / 12 days.
fn of_lifetime(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let statistic = kpi.strip_prefix("lifetime_")?;
    let times = times::of_customers(question, key);
    let months = |days: Option<f64>| of_times("months", &times, days.map(|days| days * 12.0 / 365.25));
    let days = |days: Option<i64>| days.map(|days| days as f64);
    Some(match statistic {
        "spells" => plain("count", count(times.len())),
        "months_median" => months(days(times::median(&times))),
        "months_mean" => months(times::mean(&times)),
        "months_longest" => months(days(times::longest(&times))),
        _ => return None,
    })
}

pub fn of_times(unit: &'static str, times: &[times::End], value: Option<f64>) -> Figure {
    #[expect(clippy::cast_possible_truncation, reason = "shares and months are small")]
    let value = value.map(|value| Fraction { above: (value * 1e9).round() as i128, below: 1_000_000_000 });
    let n = times.len();
    Figure { value, denominator: Some(count(n)), has_rows: n > 0, is_estimate: true, ..plain(unit, ONE) }
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
    days_statistic(arrived.filter_map(|lead| Some(lead.at[to]? - lead.at[from]?)), statistic)
}

fn days_statistic(lags: impl Iterator<Item = i64>, statistic: &str) -> Option<Figure> {
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
    let revenue_of = |won: &[&Lead]| -> Millionths { won.iter().filter_map(|lead| lead.amount).sum() };
    let revenue = money(revenue_of(&won));
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
        // each lead is a customer of its own here
        "customers_acquired" => plain("count", count(won.len())),
        "cac_media" => ratio("money", spend, count(won.len())),
        "cac_paid" => {
            let spent: BTreeSet<&String> = question
                .company
                .spend
                .iter()
                .filter(|row| row.cost != 0)
                .map(|row| &row.dimensions["channel"])
                .collect();
            let is_paid = |lead: &&&Lead| {
                let channel = &lead.dimensions["channel"];
                !channel.is_empty() && spent.contains(channel)
            };
            ratio("money", spend, count(won.iter().filter(is_paid).count()))
        }
        // nothing says what of an amount is margin, so all of it is
        "romi" => ratio("share", money(revenue_of(&won) - question.spend(key, split)), spend),
        "roas" => ratio("number", revenue, spend),
        "revenue" => plain("money", revenue),
        "revenue_part" => {
            let all = question.leads(&Key::new());
            let all: Vec<_> = all.into_iter().filter(|lead| question.is_won(lead)).collect();
            part(ratio("share", revenue, money(revenue_of(&all))))
        }
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

fn of_attribution(question: &Question, kpi: &str, key: &Key, split: &[&str]) -> Option<Figure> {
    let leads = question.leads(key);
    let has_channel = |lead: &&&Lead| !lead.dimensions["channel"].is_empty();
    let won = leads.iter().filter(|lead| question.is_won(lead));
    let revenue = |won: &mut dyn Iterator<Item = &&Lead>| money(won.filter_map(|lead| lead.amount).sum());
    Some(match kpi {
        "qualified_share" => {
            let qualified = leads.iter().filter(|lead| question.sees(lead, MQL)).count();
            let lost_before = leads.iter().filter(|lead| !question.sees(lead, MQL) && question.is_lost(lead));
            share(qualified, qualified + lost_before.count())
        }
        "coverage_leads" => {
            let created = leads.iter().filter(|lead| question.is_created(lead));
            share(created.clone().filter(has_channel).count(), created.count())
        }
        "coverage_revenue" => {
            ratio("share", revenue(&mut won.clone().filter(has_channel)), revenue(&mut won.clone()))
        }
        "coverage_spend" => {
            let has_channel = |row: &Spend| !row.dimensions["channel"].is_empty();
            let spend = money(question.spend(key, split));
            ratio("share", money(question.spend_of(key, split, has_channel)), spend)
        }
        _ => return None,
    })
}

fn of_salespeople(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let leads = question.leads(key);
    let won: Vec<&Lead> = leads.iter().copied().filter(|lead| question.is_won(lead)).collect();
    let lost = |leads: &[&Lead]| leads.iter().filter(|lead| question.is_lost(lead)).count();
    let open = leads.iter().filter(|lead| question.is_open(lead));
    let cycle: Vec<i64> =
        won.iter().filter_map(|lead| Some(lead.at[4]? - question.company.created(lead)?)).collect();
    if let Some(statistic) = kpi.strip_prefix("cycle_") {
        return days_statistic(cycle.into_iter(), statistic);
    }
    let revenue = |leads: &mut dyn Iterator<Item = &&Lead>| -> Millionths {
        leads.filter_map(|lead| lead.amount).sum()
    };
    let stuck = open.clone().filter(|lead| question.is_stuck(lead) == Some(true)).count();
    Some(match kpi {
        "open_value" => plain("money", money(revenue(&mut open.clone()))),
        "stuck" => plain("count", count(stuck)),
        "stuck_share" => share(stuck, open.filter(|lead| question.is_stuck(lead).is_some()).count()),
        "lost_part" => part(share(lost(&leads), lost(&question.leads(&Key::new())))),
        "lost_without_reason" => {
            let without: Vec<&Lead> =
                leads.iter().copied().filter(|lead| lead.lost_reason.is_empty()).collect();
            share(lost(&without), lost(&leads))
        }
        "owner_concentration" => {
            let mut of_owner: BTreeMap<&str, Millionths> = BTreeMap::new();
            for lead in &won {
                let owner = lead.dimensions["owner"].as_str();
                *of_owner.entry(owner).or_default() += lead.amount.unwrap_or(0);
            }
            of_owner.retain(|owner, revenue| !owner.is_empty() && *revenue != 0);
            match of_owner.values().max() {
                Some(top) => ratio("share", money(*top), money(revenue(&mut won.iter()))),
                None => Figure {
                    value: None,
                    numerator: None,
                    denominator: Some(money(revenue(&mut won.iter()))),
                    ..plain("share", ONE)
                },
            }
        }
        "velocity" => {
            let cycle: Vec<i64> = cycle.into_iter().filter(|days| *days >= 0).collect();
            let opportunities = leads.iter().filter(|lead| question.sees(lead, 3)).count() as i128;
            let with_amount = won.iter().filter(|lead| lead.amount.is_some()).count() as i128;
            let (wins, days) = (won.len() as i128, cycle.iter().sum::<i64>());
            let closed = wins + lost(&leads) as i128;
            let above = opportunities * wins * revenue(&mut won.iter()) * cycle.len() as i128;
            let below = closed * with_amount * i128::from(days) * 1_000_000;
            let has_rows = opportunities + closed > 0;
            let value = (below != 0).then_some(Fraction { above, below });
            Figure { value, has_rows, ..plain("money", ONE) }
        }
        _ => return None,
    })
}

fn of_service(question: &Question, kpi: &str, key: &Key) -> Option<Figure> {
    let tickets = question.tickets(key);
    let resolved = tickets.iter().filter_map(|ticket| Some(ticket.resolved_at? - ticket.opened_at?));
    if let Some(statistic) = kpi.strip_prefix("resolution_") {
        return days_statistic(resolved, statistic);
    }
    let of_no_kind: Key = key
        .iter()
        .filter(|(name, _)| *name != "kind")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let spells = question.spells(&of_no_kind);
    let customers = spells.iter().filter(|spell| match question.event_period() {
        None => spell.is_first,
        Some((from, to)) => spell.started_at < to && spell.churned_at.is_none_or(|churned| churned >= from),
    });
    Some(match kpi {
        "tickets" => plain("count", count(tickets.len())),
        "tickets_open" => {
            plain("count", count(tickets.iter().filter(|ticket| ticket.resolved_at.is_none()).count()))
        }
        "complaints" => plain("count", count(question.complaints(key))),
        "complaint_share" => share(question.complaints(key), tickets.len()),
        "tickets_per_customer" => ratio("number", count(tickets.len()), count(customers.count())),
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
        "churn_rate_negative" => {
            let is_positive = |spell: &&Spell| group_of(&spell.reason) == "positive";
            let positive = spells.iter().filter(|spell| is_churned(spell.churned_at)).filter(is_positive);
            share(churned - positive.count(), at_start)
        }
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
