//! How well the fields that the KPIs need are filled: in total, by owner, and by the furthest stage reached.
//!
//! A field is asked only of the leads that should have it: an amount of leads won, a reason of leads lost, the date of
//! a stage of those that reached it. A placeholder fills nothing.

use rayon::prelude::*;

use super::placeholders::is_placeholder;
use super::subject::{Answer, Examples, Found, Part, Subject, answer, counted, whole};
use crate::input::table::{Days, code_slice};
use crate::kpi::view::{NONE, TOTAL, is_bucket};
use crate::mask::Mask;
use crate::say;

/// The fields, and how well each group of leads fills them.
#[derive(Debug)]
pub struct Completeness {
    pub fields: Vec<String>,
    pub total: Vec<Fill>,
    /// The owners in their order; nothing where the CRM has no owners.
    pub owners: Vec<Group>,
    /// The stages in the order of the funnel.
    pub stages: Vec<Group>,
}

/// A group of leads.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub leads: u64,
    /// One for each field.
    pub fills: Vec<Fill>,
}

/// How many leads have a field filled, of those that should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill {
    pub filled: u64,
    pub of: u64,
}

/// A field with the leads that should have it, those that do, and those that hold a placeholder instead.
struct Field {
    name: String,
    asked: Mask,
    filled: Mask,
    placeholders: Mask,
}

/// The fill rates, and the check of placeholders.
pub fn completeness(subject: &Subject) -> (Completeness, Answer) {
    let fields = fields(subject);
    let owners = owners(subject);
    let stages = stages(subject);
    let groups = |grouping: &Grouping| -> Vec<Group> {
        let by_field: Vec<Vec<Fill>> = fields.par_iter().map(|field| fills(field, grouping)).collect();
        let mut leads = vec![0; grouping.names.len()];
        subject.counted.rows().for_each(|row| leads[grouping.of_lead[row] as usize] += 1);
        let group = |(place, name): (usize, &String)| Group {
            name: name.clone(),
            leads: leads[place],
            fills: by_field.iter().map(|fills| fills[place]).collect(),
        };
        grouping.names.iter().enumerate().map(group).filter(|group| group.leads > 0).collect()
    };
    let total =
        |field: &Field| Fill { filled: field.filled.and(&field.asked).count(), of: field.asked.count() };
    let completeness = Completeness {
        fields: fields.iter().map(|field| field.name.clone()).collect(),
        total: fields.iter().map(total).collect(),
        owners: owners.as_ref().map(groups).unwrap_or_default(),
        stages: groups(&stages),
    };
    (completeness, answer("placeholder_values", Ok(placeholder_values(subject, &fields))))
}

/// The group of each lead.
struct Grouping {
    names: Vec<String>,
    of_lead: Vec<u32>,
}

fn fills(field: &Field, grouping: &Grouping) -> Vec<Fill> {
    let mut fills = vec![Fill::default(); grouping.names.len()];
    for row in field.asked.rows() {
        let fill = &mut fills[grouping.of_lead[row] as usize];
        fill.of += 1;
        fill.filled += u64::from(field.filled.has(row));
    }
    fills
}

fn owners(subject: &Subject) -> Option<Grouping> {
    let of_lead = subject.codes("owner")?;
    let name = |word: &String| match word.as_str() {
        "" => NONE.to_string(),
        bucket if is_bucket(bucket) || bucket == TOTAL => format!("\"{bucket}\""),
        _ => word.clone(),
    };
    Some(Grouping { names: subject.leads().dictionaries.get("owner")?.iter().map(name).collect(), of_lead })
}

/// The furthest stage that each lead reached.
fn stages(subject: &Subject) -> Grouping {
    let stages = &subject.data.stages.stages;
    let furthest = |row: usize| stages.iter().rposition(|stage| stage.reached.has(row)).unwrap_or(0);
    let rows = (0..subject.counted.height()).into_par_iter().with_min_len(1 << 12);
    Grouping {
        names: stages.iter().map(|stage| stage.name.clone()).collect(),
        of_lead: rows.map(|row| u32::try_from(furthest(row)).unwrap_or(0)).collect(),
    }
}

fn fields(subject: &Subject) -> Vec<Field> {
    let stages = &subject.data.stages;
    let lost = stages.lost.and(&subject.counted);
    let of_stage = stages.stages.iter().map(|stage| {
        let asked = stage.reached.and(&subject.counted);
        Some(date_field(&format!("{}_at", stage.name), asked, &stage.at))
    });
    let others = [
        stages.knows_lost.then(|| date_field("lost_at", lost.clone(), &stages.lost_at)),
        text_field(subject, "lost_reason", &lost),
        text_field(subject, "channel", &subject.counted),
        text_field(subject, "owner", &subject.counted),
        amount_field(subject),
        customer_field(subject),
    ];
    of_stage.chain(others).flatten().collect()
}

fn date_field(name: &str, asked: Mask, days: &Days) -> Field {
    let placeholders = Mask::none(asked.height());
    Field { name: name.to_string(), asked, filled: days.known(), placeholders }
}

fn text_field(subject: &Subject, name: &str, asked: &Mask) -> Option<Field> {
    let (codes, words) = (subject.leads().codes(name)?, subject.leads().dictionaries.get(name)?);
    let codes = code_slice(&codes);
    let is_placeholder: Vec<bool> = words.iter().map(|word| is_placeholder(word)).collect();
    let placeholders =
        Mask::from_rows(codes.len(), |row| codes[row] > 0 && is_placeholder[codes[row] as usize]);
    let placeholders = placeholders.and(asked);
    let filled = Mask::from_rows(codes.len(), |row| codes[row] > 0 && !is_placeholder[codes[row] as usize]);
    Some(Field { name: name.to_string(), asked: asked.clone(), filled, placeholders })
}

fn amount_field(subject: &Subject) -> Option<Field> {
    let amounts = subject.leads().numbers("amount").filter(|_| subject.knows_won())?;
    let height = subject.counted.height();
    Some(Field {
        name: "amount".to_string(),
        asked: subject.won.clone(),
        filled: Mask::from_booleans(&polars::prelude::ChunkedArray::is_not_null(&amounts)),
        placeholders: Mask::none(height),
    })
}

/// A customer may well have the ID `123`: only words are placeholders here.
fn customer_field(subject: &Subject) -> Option<Field> {
    let ids = subject.leads().ids("customer_id")?;
    let array = ids.downcast_as_array();
    let is_word = |id: &str| id.len() <= 16 && !id.bytes().any(|byte| byte.is_ascii_digit());
    let height = subject.counted.height();
    let placeholders =
        Mask::from_rows(height, |row| array.get(row).is_some_and(|id| is_word(id) && is_placeholder(id)));
    Some(Field {
        name: "customer_id".to_string(),
        asked: subject.counted.clone(),
        filled: Mask::from_booleans(&polars::prelude::ChunkedArray::is_not_null(&ids))
            .and(&placeholders.not()),
        placeholders: placeholders.and(&subject.counted),
    })
}

fn placeholder_values(subject: &Subject, fields: &[Field]) -> Found {
    let origin = &subject.leads().origin;
    let texts = ["lost_reason", "channel", "owner", "customer_id"];
    let (mut count, mut of, mut any, mut parts) = (0, 0, Mask::none(subject.counted.height()), Vec::new());
    for field in fields.iter().filter(|field| texts.contains(&field.name.as_str())) {
        let (found, cells) = (field.placeholders.count(), field.filled.and(&field.asked).count());
        count += found;
        of += cells + found;
        any = any.or(&field.placeholders);
        if found > 0 {
            let examples = Examples::of_rows(field.placeholders.rows(), origin);
            parts.push(Part::new(field.name.as_str(), whole(found), Some(whole(cells + found)), examples));
        }
    }
    let effect = say!(
        "reports take them for values: each is a row of its own beside `(none)`, and the field looks better filled than \
         it is"
    );
    Found { parts, ..counted(count, of, Examples::of_rows(any.rows(), origin), effect) }
}
