//! Funnels of 2 to 20 stages that are called as their users call them: every figure by plain loops over the same leads, and
//! the same figures whatever the stages are called.

use std::fmt::Write as _;

use crate::deals::company;
use crate::support::{Row, run, shown, stderr, tidy};

/// A lead: the day of each stage that it reached, of its loss, its amount and channel.
struct Lead {
    reached: Vec<u32>,
    lost: Option<u32>,
    amount: Option<u64>,
    channel: &'static str,
}

const CHANNELS: [&str; 3] = ["ads", "fair", "mail"];
/// Cost of each channel, all in January 2026.
const COSTS: [u64; 3] = [9_000, 4_500, 0];
const LEADS: u64 = 120;

/// Numbers that look like chance and are the same every time (Knuth's multiplier).
fn chance(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

fn leads(stages: usize) -> Vec<Lead> {
    let mut state = stages as u64;
    // long funnels lose fewer on each step, so that somebody wins
    let goes_on = 100 - 100 / (stages as u64 + 1);
    (0..LEADS)
        .map(|_| {
            let mut day = u32::try_from(chance(&mut state, 30)).unwrap();
            let mut reached = vec![day];
            while reached.len() < stages && chance(&mut state, 100) < goes_on {
                day += u32::try_from(chance(&mut state, 4)).unwrap();
                reached.push(day);
            }
            let is_won = reached.len() == stages;
            let lost = (!is_won && chance(&mut state, 2) == 0).then_some(day + 1);
            let amount = is_won.then(|| 100 + chance(&mut state, 900));
            let channel = CHANNELS[usize::try_from(chance(&mut state, 3)).unwrap()];
            Lead { reached, lost, amount, channel }
        })
        .collect()
}

/// Days after 1 January 2026, a year of 365 days.
fn date(day: u32) -> String {
    let (mut month, mut day) = (1, day + 1);
    for length in [31, 28, 31, 30, 31, 30, 31] {
        if day <= length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("2026-{month:02}-{day:02}")
}

/// The files of a company with these stages.
fn files(stages: &[&str], roles: &str, leads: &[Lead]) -> tempfile::TempDir {
    let mut text = format!("id,channel,{},lost,amount\n", stages.join(","));
    for (number, lead) in leads.iter().enumerate() {
        let days =
            (0..stages.len()).map(|stage| lead.reached.get(stage).map(|day| date(*day)).unwrap_or_default());
        let (lost, amount) = (lead.lost.map(date), lead.amount.map(|amount| amount.to_string()));
        let (lost, amount) = (lost.unwrap_or_default(), amount.unwrap_or_default());
        let days = days.collect::<Vec<_>>().join(",");
        let _ = writeln!(text, "L{number:03},{},{days},{lost},{amount}", lead.channel);
    }
    let mut spend = "date,channel,cost\n".to_string();
    for (channel, cost) in CHANNELS.iter().zip(COSTS) {
        let _ = writeln!(spend, "2026-01-15,{channel},{cost}");
    }
    let names = stages.iter().map(|stage| format!("\"{stage}\"")).collect::<Vec<_>>().join(", ");
    let columns: String =
        stages.iter().fold(String::new(), |text, stage| text + &format!("\"{stage}_at\" = \"{stage}\"\n"));
    let toml = format!(
        "currency = \"EUR\"\nstages = [{names}]\n{roles}\n[[crm]]\nfiles = [\"leads.csv\"]\n[crm.columns]\n\
         lead_id = \"id\"\nchannel = \"channel\"\namount = \"amount\"\nlost_at = \"lost\"\n{columns}\
         [[spend]]\nfiles = [\"spend.csv\"]\n"
    );
    company(&[("leads.csv", &text), ("spend.csv", &spend), ("funnel.toml", &toml)])
}

/// A fraction as the CSV writes it: six decimals at most.
fn ratio(numerator: u64, denominator: u64) -> String {
    let text = format!("{:.6}", numerator as f64 / denominator as f64);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} = {numerator}/{denominator}")
}

/// The value below and at which lies this part of the sorted days.
fn median(mut days: Vec<u32>) -> String {
    days.sort_unstable();
    let (low, high) = (days[(days.len() - 1) / 2], days[days.len() / 2]);
    let half = if (low + high) % 2 == 1 { ".5" } else { "" };
    format!("{}{half}", u32::midpoint(low, high))
}

/// Every figure that does not depend on a role, and those that do, by loops.
fn assert_figures(rows: &[Row], stages: &[&str], leads: &[Lead], qualified: usize, opportunity: usize) {
    let at = |stage: usize, channel: Option<&str>| {
        let is_there =
            |lead: &&Lead| lead.reached.len() > stage && channel.is_none_or(|name| name == lead.channel);
        leads.iter().filter(is_there).count() as u64
    };
    let last = stages.len() - 1;
    let plural = |stage: &str| if stage.is_ascii() { format!("{stage}s") } else { stage.to_string() };
    for (place, stage) in stages.iter().enumerate() {
        assert_eq!(shown(rows, "funnel", "", &plural(stage)), at(place, None).to_string(), "{stage}");
        for channel in CHANNELS {
            let key = format!("channel={channel}");
            let count = at(place, Some(channel));
            assert_eq!(shown(rows, "cost", &key, &plural(stage)), count.to_string(), "{stage} of {channel}");
        }
        let cost = ratio(COSTS.iter().sum(), at(place, None));
        assert_eq!(shown(rows, "cost", "", &format!("cost_per_{stage}")), cost);
        if place > 0 {
            let step = format!("{}_to_{stage}", stages[place - 1]);
            let share = ratio(at(place, None), at(place - 1, None));
            assert_eq!(shown(rows, "conversion", "", &step), share, "{step}");
        }
    }
    let overall = format!("{}_to_{}", stages[0], stages[last]);
    assert_eq!(shown(rows, "channels", "", &overall), ratio(at(last, None), LEADS));

    let won: Vec<&Lead> = leads.iter().filter(|lead| lead.reached.len() == stages.len()).collect();
    let lost = leads.iter().filter(|lead| lead.lost.is_some()).count() as u64;
    let wins = won.len() as u64;
    let revenue: u64 = won.iter().filter_map(|lead| lead.amount).sum();
    assert_eq!(shown(rows, "channels", "", "won"), wins.to_string());
    assert_eq!(shown(rows, "channels", "", "revenue"), revenue.to_string());
    assert_eq!(shown(rows, "segments", "", "win_rate_closed"), ratio(wins, wins + lost));
    assert_eq!(shown(rows, "segments", "", "cac_media"), ratio(COSTS.iter().sum(), wins));
    assert_eq!(shown(rows, "open", "", "open"), (LEADS - wins - lost).to_string());

    let is_qualified = |lead: &&Lead| lead.reached.len() > qualified;
    let decided = leads.iter().filter(|lead| is_qualified(lead) || lead.lost.is_some()).count() as u64;
    assert_eq!(shown(rows, "channels", "", "qualified_share"), ratio(at(qualified, None), decided));
    let cycles = won.iter().map(|lead| lead.reached[last] - lead.reached[opportunity]).collect();
    let cycle = shown(rows, "owners", "", "cycle_from_opportunity_median");
    assert_eq!(cycle.split(" = ").next().unwrap(), median(cycles));
    // opportunities × win rate of closed × average check / mean cycle
    let days: u32 = won.iter().map(|lead| lead.reached[last] - lead.reached[0]).sum();
    let expected =
        at(opportunity, None) as f64 * (wins as f64 / (wins + lost) as f64) * (revenue as f64 / wins as f64)
            / (f64::from(days) / wins as f64);
    let velocity: f64 = shown(rows, "owners", "", "velocity").split(' ').next().unwrap().parse().unwrap();
    assert!((velocity - expected).abs() < 1e-5 * expected, "{velocity} is {expected}");
}

/// The rows of the tables that need no more than leads with channels and spend.
fn all_rows(folder: &std::path::Path) -> Vec<Row> {
    // `owners` without owners is split by what is asked for
    let mut rows = tidy(folder, &["funnel", "conversion", "cost", "channels", "segments", "open"]);
    rows.extend(tidy(folder, &["owners", "--by", "channel"]));
    rows
}

#[test]
fn a_funnel_of_any_stages_has_every_figure() {
    let twenty: Vec<String> = (1..=20).map(|number| format!("step_{number}")).collect();
    let twenty: Vec<&str> = twenty.iter().map(String::as_str).collect();
    let funnels: [(&[&str], usize, usize); 5] = [
        (&["enquiry", "signed"], 1, 0),
        (&["enquiry", "demo", "proposal", "signed"], 1, 2),
        (&["lead", "call", "meeting", "offer", "deal"], 2, 3),
        (&["заявка", "демо", "предложение", "договор"], 1, 2),
        (&twenty, 4, 15),
    ];
    for (stages, qualified, opportunity) in funnels {
        let leads = leads(stages.len());
        assert!(
            leads.iter().filter(|lead| lead.amount.is_some()).count() > 3,
            "too few wins to tell figures apart"
        );
        let roles = format!(
            "[roles]\nqualified = \"{}\"\nopportunity = \"{}\"\n",
            stages[qualified], stages[opportunity]
        );
        let folder = files(stages, &roles, &leads);
        let rows = all_rows(folder.path());
        assert_figures(&rows, stages, &leads, qualified, opportunity);
        // every table in every format, and nothing left out for want of a role
        let told =
            stderr(folder.path(), &["report", "--format", "csv,json,html,markdown,xlsx,table", "-o", "out/"]);
        assert!(!told.contains("roles"), "{told}");
    }
}

#[test]
fn names_of_stages_change_no_figure() {
    let usual = ["lead", "mql", "sal", "sql", "opportunity", "won"];
    let own = ["a1", "b1", "c1", "d1", "e1", "f1"];
    let leads = leads(usual.len());
    let of_usual = all_rows(files(&usual, "", &leads).path());
    let of_own = all_rows(files(&own, "[roles]\nqualified = \"b1\"\nopportunity = \"e1\"\n", &leads).path());
    let figures = |rows: &[Row]| -> Vec<String> {
        rows.iter()
            .map(|row| {
                format!("{} {} {}/{}", row["table"], row["value"], row["numerator"], row["denominator"])
            })
            .collect()
    };
    assert_eq!(figures(&of_usual), figures(&of_own));
    assert!(figures(&of_usual).len() > 300, "every table has its figures");
}

#[test]
fn a_role_without_a_stage_is_told_with_its_setting() {
    let stages = ["enquiry", "demo", "signed"];
    let leads = leads(stages.len());
    let folder = files(&stages, "", &leads);
    let told = stderr(folder.path(), &["report", "channels"]);
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("[roles]")).collect();
    assert_eq!(
        lines,
        [
            "left out: qualified_share in channels needs `[roles] qualified = \"…\"` in funnel.toml: the stage from which a lead counts as qualified"
        ]
    );
    // other tables have no use for it, and one role that is said asks for no other
    assert!(!stderr(folder.path(), &["report", "cost"]).contains("[roles]"));
    let folder = files(&stages, "[roles]\nqualified = \"demo\"\n", &leads);
    assert!(!stderr(folder.path(), &["report", "channels"]).contains("[roles]"));
    let told = stderr(folder.path(), &["report", "owners", "--by", "channel"]);
    assert!(
        told.contains(
            "left out: cycle_from_opportunity_median, cycle_from_opportunity_p90, velocity in owners need"
        ),
        "{told}"
    );
    let refused = run(folder.path(), &["explain", "velocity"], None);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("hint: set `[roles] opportunity = \"…\"` in funnel.toml"), "{told}");
}
