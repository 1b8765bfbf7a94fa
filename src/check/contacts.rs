//! By what address or phone a person can be told: two leads with one contact are one person, whatever their IDs.

use std::collections::HashMap;

use crate::input::normalise;
use crate::input::table::{Table, code_slice};
use crate::leads::index::NO_LEAD;

/// The columns of e-mail addresses; [`normalise`] makes one of `E-Mail`, `e_mail` and `email`.
const EMAILS: [&str; 6] =
    ["email", "email_address", "contact_email", "work_email", "электронная_почта", "имейл"];
/// The columns of phone numbers.
const PHONES: [&str; 7] =
    ["phone", "phone_number", "mobile", "mobile_phone", "work_phone", "телефон", "рабочий_телефон"];
/// A phone number has at least so many digits.
const PHONE_DIGITS: usize = 6;

/// The columns that the audit reads beside those that reports read.
pub fn contact_columns() -> Vec<String> {
    EMAILS.into_iter().chain(PHONES).map(String::from).collect()
}

/// The e-mail addresses of the leads; none where the CRM has no column of them.
pub fn emails(leads: &Table) -> Option<Contacts> {
    contacts(leads, &EMAILS, email)
}

/// The phone numbers of the leads; none where the CRM has no column of them.
pub fn phones(leads: &Table) -> Option<Contacts> {
    contacts(leads, &PHONES, phone)
}

/// For each lead the number of its contact, 0 for none.
pub struct Contacts {
    pub of_lead: Vec<u32>,
    /// One more than there are contacts.
    pub count: usize,
    /// Leads with a contact.
    pub filled: u64,
}

/// The contacts of the leads: the first of the columns that a lead has filled, in a form in which equal ones are equal.
fn contacts(leads: &Table, names: &[&str], form: impl Fn(&str) -> Option<String>) -> Option<Contacts> {
    let mut number_of_form: HashMap<String, u32> = HashMap::new();
    let mut of_lead = vec![0; leads.frame.height()];
    let columns: Vec<&String> = leads
        .dictionaries
        .keys()
        .filter(|column| names.iter().any(|name| normalise(name) == normalise(column)))
        .collect();
    for column in &columns {
        let (Some(codes), Some(words)) = (leads.codes(column), leads.dictionaries.get(*column)) else {
            continue;
        };
        let mut number = |word: &String| {
            let next = u32::try_from(number_of_form.len() + 1).unwrap_or(NO_LEAD);
            form(word).map_or(0, |form| *number_of_form.entry(form).or_insert(next))
        };
        let numbers: Vec<u32> = words.iter().map(&mut number).collect();
        for (of_lead, code) in of_lead.iter_mut().zip(code_slice(&codes)).filter(|(known, _)| **known == 0) {
            *of_lead = numbers[*code as usize];
        }
    }
    let filled = of_lead.iter().filter(|number| **number > 0).count() as u64;
    (!columns.is_empty()).then_some(Contacts { of_lead, count: number_of_form.len() + 1, filled })
}

/// An address in lower case; none where there is no `@` in it.
fn email(word: &str) -> Option<String> {
    let address = word.trim().to_lowercase();
    let (name, host) = address.split_once('@')?;
    (!name.is_empty() && host.contains('.')).then_some(address)
}

/// The digits of a number, the Russian `8 912 …` as `7912…`; none where it is too short for a phone.
fn phone(word: &str) -> Option<String> {
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").map_or(digits.as_str(), |international| international);
    let is_one_digit = digits.chars().all(|digit| digits.starts_with(digit));
    match digits.strip_prefix('8') {
        Some(rest) if rest.len() == 10 && !is_one_digit => Some(format!("7{rest}")),
        _ => (digits.len() >= PHONE_DIGITS && !is_one_digit).then(|| digits.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_have_one_form() {
        assert_eq!(email(" Anna@Example.COM "), Some("anna@example.com".to_string()));
        assert_eq!(email("n/a"), None);
        for text in ["+7 (912) 345-67-89", "8 912 345 67 89", "007 912 3456789"] {
            assert_eq!(phone(text), Some("79123456789".to_string()), "{text}");
        }
        assert_eq!(phone("000000000"), None);
        assert_eq!(phone("123"), None);
    }
}
