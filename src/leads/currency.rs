//! The one currency of all amounts: those in another one need a rate, or cannot be added.

use anyhow::Result;

use crate::config::Config;
use crate::error::data_error;
use crate::input::number::{currency_of, may_be_same_currency};
use crate::input::table::{Table, code_slice};
use crate::input::{Inputs, Signed};

/// In which currency amounts are: by a column `currency`, else by the sign that the amounts of a column bear.
pub struct Currencies {
    signs: Vec<Signed>,
}

impl Currencies {
    /// What the inputs say of currencies.
    pub fn new(inputs: &Inputs) -> Currencies {
        Currencies { signs: inputs.currency_signs.clone() }
    }

    /// The currency of a column in each row of a table; none where nothing says it.
    pub fn of_column<'a>(&'a self, table: &'a Table, column: &str) -> impl Fn(usize) -> Option<&'a str> {
        let codes = table.codes("currency");
        let words = table.dictionaries.get("currency");
        let of_file: Vec<Option<&str>> = table
            .origin
            .files
            .iter()
            .map(|file| {
                let sign = self.signs.iter().find(|sign| sign.column == column && sign.files.contains(file));
                sign.map(|sign| sign.code)
            })
            .collect();
        let files = &table.origin.file_of_row;
        move |row| {
            let word = codes.as_ref().map_or(0, |codes| code_slice(codes)[row] as usize);
            match words.filter(|_| word > 0) {
                Some(words) => Some(words[word].as_str()),
                None => of_file.get(usize::from(files[row])).copied().flatten(),
            }
        }
    }
}

/// The currency of the configuration, else of the first amount that has one; none where nothing says it. For inputs
/// without rates.
///
/// # Errors
/// Two currencies: by a column, or by the sign that an amount bears.
pub fn of_all(config: &Config, leads: &Table, inputs: &Inputs) -> Result<Option<String>> {
    let mut reporting: Option<(String, String)> = config
        .currency
        .clone()
        .map(|currency| (currency, format!("`currency` in {}", config.path.display())));
    for table in std::iter::once(leads).chain(inputs.tables.values()) {
        let (Some(codes), Some(words)) = (table.codes("currency"), table.dictionaries.get("currency")) else {
            continue;
        };
        for (row, code) in code_slice(&codes).iter().enumerate().filter(|(_, code)| **code > 0) {
            let found = &words[*code as usize];
            match &reporting {
                None => reporting = Some((found.clone(), table.origin.describe(row))),
                Some((currency, place)) if !are_same(currency, found) => {
                    let cell = format!("{}: column `currency`: `{found}`", table.origin.describe(row));
                    return Err(two_currencies(&cell, "", currency, place));
                }
                Some(_) => {}
            }
        }
    }
    for Signed { code: sign, cell, .. } in &inputs.currency_signs {
        match &reporting {
            None => reporting = Some(((*sign).to_string(), cell.clone())),
            Some((currency, known)) if !are_same(currency, sign) => {
                return Err(two_currencies(cell, &format!("is in `{sign}`"), currency, known));
            }
            Some(_) => {}
        }
    }
    Ok(reporting.map(|(currency, _)| currency))
}

/// Refuses rows that are to be added and are in two currencies.
///
/// # Errors
/// The first row whose currency is another than that of one before it.
pub fn refuse_mixed(table: &Table, rows: &[usize]) -> Result<()> {
    let (Some(codes), Some(words)) = (table.codes("currency"), table.dictionaries.get("currency")) else {
        return Ok(());
    };
    let codes = code_slice(&codes);
    let mut named = rows.iter().filter(|row| codes[**row] > 0);
    let Some(first) = named.next() else { return Ok(()) };
    let word = |row: &usize| &words[codes[*row] as usize];
    match named.find(|row| !are_same(word(first), word(row))) {
        None => Ok(()),
        Some(row) => {
            // they are added before anything is converted, so that rates would not help
            Err(data_error(
                format!(
                    "{}: column `currency`: `{}`, but another part of the lead is in `{}` ({})",
                    table.origin.describe(*row),
                    word(row),
                    word(first),
                    table.origin.describe(*first)
                ),
                "the parts of a deal and the deals of a lead are added, so they must be in one currency",
            ))
        }
    }
}

/// Whether two names or signs may be of one currency: `RUB` and `руб.`, `$` and `USD`.
pub fn are_same(one: &str, other: &str) -> bool {
    let code = |text: &str| currency_of(text).map_or_else(|| text.to_uppercase(), String::from);
    let (one, other) = (code(one), code(other));
    may_be_same_currency(&one, &other) || may_be_same_currency(&other, &one)
}

fn two_currencies(cell: &str, is: &str, currency: &str, known: &str) -> anyhow::Error {
    let is = if is.is_empty() { String::new() } else { format!(" {is}") };
    data_error(
        format!("{cell}{is}, but the amounts are in `{currency}` ({known})"),
        "amounts in several currencies cannot be added: name a file of rates, `--rates rates.csv --currency EUR` or `[[rates]]` in funnel.toml (columns date, currency, rate), or convert them before the export",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_signs_of_one_currency_are_the_same() {
        assert!(
            are_same("RUB", "руб.") && are_same("usd", "USD") && are_same("$", "CAD") && are_same("EUR", "€")
        );
        assert!(!are_same("EUR", "USD") && !are_same("$", "EUR"));
    }
}
