//! The quarrel about churn, "the service is bad" against "the leads are not ours", and what the numbers allow to be said.
//!
//! Customers stand in four fields: fits the profile or not, had a complaint or not. Each side is compared with the other
//! as a whole and within the fields of the other question, because who does not fit may simply complain more.

use anyhow::Result;

use super::explanation::Grid;
use super::layout::{label_headings, labels};
use super::scope::Scope;
use super::{Block, Column, Row, Show, Table, Value};
use crate::config::Basis;
use crate::kpi::catalogue::Unit;
use crate::kpi::derived::complaints::{self, NO, YES};
use crate::kpi::derived::profile::{self, DOES_NOT_FIT, FITS};
use crate::kpi::exact::Exact;
use crate::kpi::statistics::{Interval, newcombe};
use crate::kpi::view::TOTAL;
use crate::lang::{self, Told};
use crate::render::{interval_text, value_text};
use crate::{say, words};

/// With fewer customers on a side nothing is said of its share.
const FEWEST: u64 = 30;
const KPI: &str = "left_share";
/// What is told of a contrast.
const DIFFERENCE: &str = "left_share_difference";

/// Customers of one side of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Side {
    left: u64,
    of: u64,
}

/// One side against the other.
struct Contrast {
    labels: [&'static str; 2],
    more: Side,
    less: Side,
}

/// One half of the quarrel, in the words of its notes.
struct Question {
    asked_of: AskedOf,
    /// As a whole, then within each answer to the other question.
    contrasts: [Contrast; 3],
}

/// What a question is about.
#[derive(Clone, Copy)]
enum AskedOf {
    LeadQuality,
    Service,
}

/// The differences between the fields; none where one side of a question is missing.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn differences(scope: &Scope, basis: Basis) -> Result<Option<Block>> {
    let Some(questions) = asked(scope, basis)? else { return Ok(None) };
    let dimensions = vec![profile::NAME.to_string(), complaints::NAME.to_string()];
    let contrasts = questions.iter().flat_map(|question| &question.contrasts);
    let rows = contrasts.map(|contrast| row(scope, &dimensions, contrast, basis)).collect();
    let heading = |heading: String, show, unit| Column { heading, show, unit, key: Vec::new() };
    Ok(Some(Block {
        title: say!("Differences in the share that left"),
        labels: label_headings(&dimensions),
        dimensions,
        columns: vec![
            heading(say!("Difference, points"), Show::Value, Unit::Part),
            heading(say!("95% interval"), Show::Interval, Unit::Part),
        ],
        rows,
    }))
}

/// The differences one by one: the sides, the difference, its interval and the two shares that it is of.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn described(scope: &Scope, basis: Basis) -> Result<Grid> {
    let dimensions = vec![profile::NAME.to_string(), complaints::NAME.to_string()];
    let questions = asked(scope, basis)?;
    let contrasts = questions.iter().flatten().flat_map(|question| &question.contrasts);
    let parts = |side: Side| format!("{} / {}", lang::whole(side.left), lang::whole(side.of));
    let row = |contrast: &Contrast| {
        let shown = [
            value_text(contrast.difference()?, Unit::Part),
            contrast.interval().map(interval_text).unwrap_or_default(),
            parts(contrast.more),
            parts(contrast.less),
        ];
        let labels = labels(scope.data, &dimensions, &contrast.labels.map(String::from));
        Some(labels.into_iter().chain(shown).collect())
    };
    let headings = label_headings(&dimensions).into_iter().chain([
        say!("Difference, points"),
        say!("95% interval"),
        say!("Left, of the first"),
        say!("Left, of the second"),
    ]);
    Ok(Grid {
        headings: headings.collect(),
        rows: contrasts.filter_map(row).collect(),
        labels: dimensions.len(),
    })
}

/// Puts into a table what the differences that it shows allow to be said under a scope; nothing into one without them.
/// `told` makes a note of each sentence.
///
/// # Errors
/// A predicate that does not fit the columns.
pub fn judge(scope: &Scope, table: &mut Table, told: impl Fn(String) -> String) -> Result<()> {
    let mut values = table.blocks.iter().flat_map(|block| &block.rows).flat_map(|row| &row.values);
    let Some(shown) = values.find(|value| value.kpi == DIFFERENCE) else { return Ok(()) };
    let Some(questions) = asked(scope, shown.basis)? else { return Ok(()) };
    let [quality, service] = &questions;
    let (quality_says, service_says) = (quality.sentence(), service.sentence());
    let sum = sum(quality, service);
    let (in_quality, in_service) = (quality.in_parts(), service.in_parts());
    let said = std::iter::once(quality_says).chain(in_quality).chain([service_says]).chain(in_service);
    let said: Vec<String> = said.collect();
    let limits = [
        say!("what may be said: {verdict}", verdict = sum),
        say!(
            "what may not be said: that the one causes the other. Nobody drew lots who fits or who complains; what went with both, such as region or season, is not in the table, and a complaint that the seller settled is in no service desk"
        ),
    ];
    table.notes.extend(said.iter().cloned().chain(limits).map(told));
    table.verdict = std::iter::once(sum).chain(said).collect();
    Ok(())
}

/// Both questions, put to the numbers; none where one side of a question is missing.
fn asked(scope: &Scope, basis: Basis) -> Result<Option<[Question; 2]>> {
    let dimensions = [profile::NAME.to_string(), complaints::NAME.to_string()];
    let field = |profile: &str, complained: &str| -> Result<Side> {
        let key = vec![profile.to_string(), complained.to_string()];
        let value = scope.value(KPI, basis, &dimensions, Some(&key))?;
        let count = |exact: Option<Exact>| exact.and_then(Exact::as_count).unwrap_or_default();
        Ok(Side { left: count(value.numerator), of: count(value.denominator) })
    };
    let fields = Fields {
        fits_quiet: field(FITS, NO)?,
        fits_complained: field(FITS, YES)?,
        fails_quiet: field(DOES_NOT_FIT, NO)?,
        fails_complained: field(DOES_NOT_FIT, YES)?,
    };
    let questions = questions(&fields);
    let lacks_side =
        |question: &Question| question.contrasts[0].more.of == 0 || question.contrasts[0].less.of == 0;
    Ok((!questions.iter().any(lacks_side)).then_some(questions))
}

/// The four fields.
struct Fields {
    fits_quiet: Side,
    fits_complained: Side,
    fails_quiet: Side,
    fails_complained: Side,
}

fn questions(fields: &Fields) -> [Question; 2] {
    let Fields { fits_quiet, fits_complained, fails_quiet, fails_complained } = *fields;
    let quality = words!("does not fit - fits");
    let service = words!("had a complaint - no complaint");
    let contrast = |labels, more, less| Contrast { labels, more, less };
    [
        Question {
            asked_of: AskedOf::LeadQuality,
            contrasts: [
                contrast(
                    [quality, TOTAL],
                    plus(fails_quiet, fails_complained),
                    plus(fits_quiet, fits_complained),
                ),
                contrast([quality, NO], fails_quiet, fits_quiet),
                contrast([quality, YES], fails_complained, fits_complained),
            ],
        },
        Question {
            asked_of: AskedOf::Service,
            contrasts: [
                contrast(
                    [TOTAL, service],
                    plus(fits_complained, fails_complained),
                    plus(fits_quiet, fails_quiet),
                ),
                contrast([FITS, service], fits_complained, fits_quiet),
                contrast([DOES_NOT_FIT, service], fails_complained, fails_quiet),
            ],
        },
    ]
}

fn plus(one: Side, other: Side) -> Side {
    Side { left: one.left + other.left, of: one.of + other.of }
}

impl Side {
    /// The share that left, with one decimal.
    fn percent(self) -> String {
        lang::decimal(&format!("{:.1}", 100.0 * self.left as f64 / self.of as f64))
    }
}

impl Contrast {
    /// The difference of the two shares; none where a side has no customers.
    fn difference(&self) -> Option<Exact> {
        let share = |side: Side| Exact::fraction(i128::from(side.left), i128::from(side.of));
        share(self.more)?.minus(share(self.less)?)
    }

    fn interval(&self) -> Option<Interval> {
        newcombe((self.more.left, self.more.of), (self.less.left, self.less.of))
    }

    fn is_large_enough(&self) -> bool {
        self.more.of >= FEWEST && self.less.of >= FEWEST
    }

    /// 1 where more left on the first side than chance explains, -1 on the second, 0 where it is not shown.
    fn direction(&self) -> i32 {
        match self.interval().filter(|_| self.is_large_enough()) {
            Some(interval) => i32::from(interval.low > 0.0) - i32::from(interval.high < 0.0),
            None => 0,
        }
    }
}

impl Contrast {
    /// A sentence with the shares of both sides and what they are of, and with a conclusion.
    fn told(&self, sentence: &'static str, conclusion: &str) -> String {
        let (more, less) = (self.more.percent(), self.less.percent());
        let words: [(&str, &dyn Told); 7] = [
            ("more", &more),
            ("more_left", &self.more.left),
            ("more_of", &self.more.of),
            ("less", &less),
            ("less_left", &self.less.left),
            ("less_of", &self.less.of),
            ("conclusion", &conclusion),
        ];
        lang::said(sentence, &words)
    }

    /// What a difference within one answer to the other question says, and how much weight that has.
    fn sentence(&self) -> String {
        let who = match self.labels {
            [_, NO] => say!("of customers without a complaint"),
            [_, YES] => say!("of customers that had a complaint"),
            [FITS, _] => say!("of customers that fit the profile"),
            _ => say!("of customers that do not fit the profile"),
        };
        let weight = if self.is_large_enough() {
            say!("more than chance, in this part of the customers")
        } else {
            say!(
                "more than chance would give, but with fewer than {fewest} customers on a side it is a hint and no finding",
                fewest = FEWEST
            )
        };
        let sides = self.told(
            if matches!(self.labels[1], NO | YES) {
                words!(
                    "{more}% of those that do not fit left ({more_left} of {more_of}), {less}% of those that fit ({less_left} of {less_of})"
                )
            } else {
                words!(
                    "{more}% of those that had a complaint left ({more_left} of {more_of}), {less}% of those without one ({less_left} of {less_of})"
                )
            },
            "",
        );
        say!("{who}, {sides}; {weight}", who = who, sides = sides, weight = weight)
    }
}

impl Question {
    /// Whether the difference as a whole is more than chance, and no field of the other question turns it round.
    fn direction(&self) -> i32 {
        let [whole, within @ ..] = &self.contrasts;
        let found = whole.direction();
        let turns_round = |contrast: &Contrast| {
            let sign = contrast.difference().map_or(0, |difference| difference.to_millionths().signum());
            contrast.is_large_enough() && sign == -i128::from(found)
        };
        if within.iter().any(turns_round) { 0 } else { found }
    }

    /// What differs by more than chance among those who answer the other question alike, where the whole does not say so.
    fn in_parts(&self) -> Vec<String> {
        let [_, within @ ..] = &self.contrasts;
        let excludes_zero = |contrast: &&Contrast| match contrast.interval() {
            Some(interval) if interval.low > 0.0 => self.direction() != 1,
            Some(interval) if interval.high < 0.0 => self.direction() != -1,
            _ => false,
        };
        within.iter().filter(excludes_zero).map(Contrast::sentence).collect()
    }

    fn sentence(&self) -> String {
        let [whole, ..] = &self.contrasts;
        let conclusion = match (whole.is_large_enough(), whole.direction(), self.direction()) {
            (false, ..) => say!("fewer than {fewest} customers on a side say nothing", fewest = FEWEST),
            (true, 0, _) => say!("the difference may be chance"),
            (true, _, 0) => say!(
                "more than chance as a whole, but turned round among part of the customers: the other question mixes in"
            ),
            (true, 1, _) => say!("more than chance"),
            _ => say!("less than chance would give: the other way round"),
        };
        let sentence = match self.asked_of {
            AskedOf::LeadQuality => words!(
                "lead quality: of customers that do not fit the profile {more}% left ({more_left} of {more_of}), of those that fit {less}% ({less_left} of {less_of}); {conclusion}"
            ),
            AskedOf::Service => words!(
                "service: of customers that had a complaint {more}% left ({more_left} of {more_of}), of those without one {less}% ({less_left} of {less_of}); {conclusion}"
            ),
        };
        whole.told(sentence, &conclusion)
    }
}

/// What both answers together say.
fn sum(quality: &Question, service: &Question) -> String {
    // of too few customers nothing can be said, not even that there is nothing
    let goes =
        |question: &Question| question.contrasts[0].is_large_enough().then(|| question.direction() > 0);
    match (goes(quality), goes(service)) {
        (Some(true), Some(true)) => say!("both go with churn: neither side can point at the other alone"),
        (Some(true), Some(false)) => {
            say!("lead quality goes with churn, complaints do not: look first at who is won")
        }
        (Some(true), None) => {
            say!("lead quality goes with churn; whether complaints do, too few customers tell")
        }
        (Some(false), Some(true)) => {
            say!("complaints go with churn, lead quality does not: look first at the service")
        }
        (None, Some(true)) => {
            say!("complaints go with churn; whether lead quality does, too few customers tell")
        }
        (Some(false), Some(false)) => {
            say!("neither goes with churn beyond chance: these numbers settle nothing yet")
        }
        (Some(false), None) => {
            say!(
                "lead quality does not go with churn beyond chance, and of complaints too few customers tell: these numbers settle nothing yet"
            )
        }
        (None, Some(false)) => {
            say!(
                "complaints do not go with churn beyond chance, and of lead quality too few customers tell: these numbers settle nothing yet"
            )
        }
        (None, None) => say!("nothing yet: too few customers"),
    }
}

fn row(scope: &Scope, dimensions: &[String], contrast: &Contrast, basis: Basis) -> Row {
    let key: Vec<String> = contrast.labels.iter().map(|label| (*label).to_string()).collect();
    let value = Value {
        value: contrast.difference(),
        interval: contrast.interval(),
        ..Value::empty(DIFFERENCE, basis, Unit::Part)
    };
    Row { labels: labels(scope.data, dimensions, &key), key, values: vec![value.clone(), value], show: None }
}
