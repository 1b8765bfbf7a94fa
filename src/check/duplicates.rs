//! The same lead more than once: under IDs that look alike, with one e-mail or phone, or alike in everything.
//!
//! Each lead gets a key (a normalised ID, a contact, all its cells); leads with equal keys are found by sorting or
//! by a table of words, never by comparing each lead with each other.

use std::collections::HashSet;
use std::hash::BuildHasher;

use polars::prelude::*;
use rayon::prelude::*;

use super::contacts::Contacts;
use super::subject::{Answer, Found, Subject, answer, known, percent, rows_found, whole};
use crate::input::table::{Table, code_slice};
use crate::leads::index::NO_LEAD;
use crate::mask::Mask;
use crate::{say, words};

/// A lead and the first one that it repeats.
type Repeat = (u32, u32);

/// The checks of near-duplicates.
pub fn answers(subject: &Subject) -> Vec<Answer> {
    let (emails, phones) = (subject.emails.as_ref(), subject.phones.as_ref());
    let by = |contacts: Option<&Contacts>, needs| match contacts {
        Some(contacts) => Ok(found(subject, &repeated_contacts(subject, contacts), contacts.filled)),
        None => Err(needs),
    };
    vec![
        answer(
            "near_duplicate_ids",
            Ok(found(subject, &near_duplicate_ids(subject), subject.counted.count())),
        ),
        answer("same_email", by(emails, words!("no column of the CRM is called `email`"))),
        answer("same_phone", by(phones, words!("no column of the CRM is called `phone`"))),
        answer("identical_leads", identical_leads(subject, emails, phones)),
    ]
}

/// These leads that repeat others, and what that means.
fn found(subject: &Subject, repeats: &[Repeat], of: u64) -> Found {
    let surplus = repeats.len() as u64;
    let effect = match shares_won(subject, repeats) {
        None => say!(
            "if they are the same leads, the CRM counts {count} {count:lead|leads} too many",
            count = surplus
        ),
        Some((all, once)) => say!(
            "if they are the same leads, the CRM counts {count} {count:lead|leads} too many: {all} of all leads are won as \
             counted, {once} if each counts once",
            count = surplus,
            all = all,
            once = once
        ),
    };
    rows_found(&repeating(subject, repeats), of, &subject.leads().origin, effect)
}

/// These leads that are like others in everything, which may be no repetition.
fn found_alike(subject: &Subject, repeats: &[Repeat], of: u64) -> Found {
    let surplus = repeats.len() as u64;
    let effect = match shares_won(subject, repeats) {
        None => say!(
            "if they are the same leads, the CRM counts {count} {count:lead|leads} too many; look at some first, sales can \
             be alike",
            count = surplus
        ),
        Some((all, once)) => say!(
            "if they are the same leads, the CRM counts {count} {count:lead|leads} too many: {all} of all leads are won as \
             counted, {once} if each counts once; look at some first, sales can be alike",
            count = surplus,
            all = all,
            once = once
        ),
    };
    rows_found(&repeating(subject, repeats), of, &subject.leads().origin, effect)
}

fn repeating(subject: &Subject, repeats: &[Repeat]) -> Mask {
    let mut rows = Mask::none(subject.counted.height());
    for (row, _) in repeats {
        rows.insert(*row as usize);
    }
    rows
}

/// The share of all leads that are won, as counted, and if each lead that repeats another is the same lead; none where
/// nothing is won.
fn shares_won(subject: &Subject, repeats: &[Repeat]) -> Option<(String, String)> {
    let (leads, won) = (subject.counted.count(), subject.won.count());
    if !subject.knows_won() || won == 0 {
        return None;
    }
    let mut is_counted: HashSet<u32> = HashSet::new();
    let repeated_wins = repeats
        .iter()
        .filter(|(row, first)| {
            let is_won = subject.won.has(*row as usize);
            is_won && (subject.won.has(*first as usize) || !is_counted.insert(*first))
        })
        .count() as u64;
    let once = leads - repeats.len() as u64;
    Some((percent(whole(won), whole(leads)), percent(whole(won - repeated_wins), whole(once))))
}

/// Rows whose keys are equal to that of an earlier row, with the first such row; in the order of rows.
fn repeats(mut hashes: Vec<(u64, u32)>, is_equal: impl Fn(u32, u32) -> bool) -> Vec<Repeat> {
    hashes.par_sort_unstable();
    let mut found = Vec::new();
    for group in hashes.chunk_by(|left, right| left.0 == right.0) {
        let first = group[0].1;
        found
            .extend(group[1..].iter().filter(|(_, row)| is_equal(*row, first)).map(|(_, row)| (*row, first)));
    }
    found.sort_unstable();
    found
}

fn near_duplicate_ids(subject: &Subject) -> Vec<Repeat> {
    let Some(ids) = subject.leads().ids("lead_id") else {
        return Vec::new();
    };
    let array = ids.downcast_as_array();
    let hasher = PlFixedStateQuality::default();
    let form = |row: u32| array.get(row as usize).map(form_of_id).filter(|form| !form.is_empty());
    let hashes = rows_of(&subject.counted)
        .into_par_iter()
        .with_min_len(1 << 12)
        .filter_map(|row| Some((hasher.hash_one(form(row)?), row)))
        .collect();
    repeats(hashes, |left, right| form(left) == form(right))
}

fn rows_of(mask: &Mask) -> Vec<u32> {
    mask.rows().map(|row| u32::try_from(row).unwrap_or(NO_LEAD)).collect()
}

/// An ID in lower case, without blanks and punctuation and without the zeros that lead a number. Between two numbers
/// a mark stays, because `1-12` and `11-2` are two IDs.
fn form_of_id(id: &str) -> String {
    let mut form = String::with_capacity(id.len());
    let (mut after_digit, mut is_separated, mut held_zero) = (false, false, false);
    for letter in id.chars() {
        if !letter.is_alphanumeric() {
            is_separated = true;
            continue;
        }
        let is_digit = letter.is_ascii_digit();
        let starts_number = is_digit && (!after_digit || is_separated);
        if held_zero && (!is_digit || starts_number) {
            form.push('0');
            held_zero = false;
        }
        if starts_number && after_digit {
            form.push('-');
        }
        if letter == '0' && (starts_number || held_zero) {
            held_zero = true;
        } else {
            held_zero = false;
            form.extend(letter.to_lowercase());
        }
        (after_digit, is_separated) = (is_digit, false);
    }
    if held_zero {
        form.push('0');
    }
    form
}

/// Leads with the contact of an earlier lead; further leads of one customer are no duplicates.
fn repeated_contacts(subject: &Subject, contacts: &Contacts) -> Vec<Repeat> {
    let mut first_of = vec![NO_LEAD; contacts.count];
    let mut found = Vec::new();
    let customer = |row: usize| subject.customers.as_ref().and_then(|customers| known(customers[row]));
    for row in rows_of(&subject.counted) {
        let number = contacts.of_lead[row as usize] as usize;
        if number == 0 {
            continue;
        }
        let first = first_of[number];
        if first == NO_LEAD {
            first_of[number] = row;
        } else if customer(row as usize).is_none() || customer(row as usize) != customer(first as usize) {
            found.push((row, first));
        }
    }
    found
}

/// Leads that are like an earlier one in every column but the ID. Only leads with an amount or a contact are looked
/// at: what else an export tells is often the same for two leads of one day.
fn identical_leads(
    subject: &Subject,
    emails: Option<&Contacts>,
    phones: Option<&Contacts>,
) -> Result<Found, &'static str> {
    let amounts = subject.leads().numbers("amount");
    if amounts.is_none() && emails.is_none() && phones.is_none() {
        return Err(words!("the CRM has neither amounts nor contacts to tell leads of one day apart"));
    }
    let has = |contacts: Option<&Contacts>, row: usize| contacts.is_some_and(|known| known.of_lead[row] > 0);
    let height = subject.counted.height();
    let told_apart = Mask::from_rows(height, |row| {
        let has_amount = amounts.as_ref().is_some_and(|amounts| amounts.get(row).is_some());
        has_amount || has(emails, row) || has(phones, row)
    });
    let looked_at = told_apart.and(&subject.counted);
    let columns = cells(subject.leads());
    let hasher = PlFixedStateQuality::default();
    let hash =
        |row: u32| columns.iter().fold(0, |hash, cells| hasher.hash_one((hash, cells.hash(row, &hasher))));
    let hashes =
        rows_of(&looked_at).into_par_iter().with_min_len(1 << 12).map(|row| (hash(row), row)).collect();
    let repeats = repeats(hashes, |left, right| columns.iter().all(|cells| cells.are_equal(left, right)));
    Ok(found_alike(subject, &repeats, looked_at.count()))
}

/// A column of the leads, to be compared cell by cell.
enum Cells {
    Ids(StringChunked),
    Numbers(Int64Chunked),
    Days(crate::input::table::Days),
    Codes(UInt32Chunked),
}

/// Every column but the lead ID.
fn cells(leads: &Table) -> Vec<Cells> {
    let names = leads.frame.get_column_names_str().into_iter().filter(|name| *name != "lead_id");
    names
        .filter_map(|name| {
            let ids = leads.ids(name).map(Cells::Ids);
            let numbers = || leads.numbers(name).map(Cells::Numbers);
            let codes = || leads.codes(name).map(Cells::Codes);
            ids.or_else(numbers).or_else(codes).or_else(|| leads.dates(name).map(Cells::Days))
        })
        .collect()
}

impl Cells {
    fn hash(&self, row: u32, hasher: &PlFixedStateQuality) -> u64 {
        let row = row as usize;
        match self {
            Cells::Ids(ids) => hasher.hash_one(ids.downcast_as_array().get(row)),
            Cells::Numbers(numbers) => hasher.hash_one(numbers.downcast_as_array().get(row)),
            Cells::Days(days) => hasher.hash_one(days.get(row)),
            Cells::Codes(codes) => u64::from(code_slice(codes)[row]),
        }
    }

    fn are_equal(&self, left: u32, right: u32) -> bool {
        let (left, right) = (left as usize, right as usize);
        match self {
            Cells::Ids(ids) => ids.get(left) == ids.get(right),
            Cells::Numbers(numbers) => numbers.get(left) == numbers.get(right),
            Cells::Days(days) => days.get(left) == days.get(right),
            Cells::Codes(codes) => codes.get(left) == codes.get(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_what_tells_it_from_others() {
        for (id, form) in [
            ("L-007", "l7"),
            ("l 7", "l7"),
            ("L_0070", "l70"),
            ("000", "0"),
            ("A0", "a0"),
            ("A0B", "a0b"),
            ("2026-01-12", "2026-1-12"),
            ("2026-11-2", "2026-11-2"),
            ("1-00-2", "1-0-2"),
            ("Лид 05", "лид5"),
            ("--", ""),
        ] {
            assert_eq!(form_of_id(id), form, "{id}");
        }
    }

    #[test]
    fn equal_keys_are_found_with_the_first_row_and_no_others() {
        let keys = ["a", "b", "a", "c", "b", "a"];
        // a hash that several keys share must not make them equal
        let hashes = (0..6).map(|row| (u64::from(keys[row as usize] == "c"), row)).collect();
        let found = repeats(hashes, |left, right| keys[left as usize] == keys[right as usize]);
        assert_eq!(found, [(2, 0), (5, 0)]);
    }
}
