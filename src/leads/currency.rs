//! The one currency of all amounts: without rates, amounts in two currencies cannot be added.

use anyhow::Result;

use crate::config::Config;
use crate::error::data_error;
use crate::input::Inputs;
use crate::input::number::{currency_of, may_be_same_currency};
use crate::input::table::{Table, code_slice};

/// The currency of the configuration, else of the first amount that has one; none where nothing says it.
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
    for (sign, cell) in &inputs.currency_signs {
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
            let cell = format!("{}: column `currency`: `{}`", table.origin.describe(*row), word(row));
            Err(two_currencies(&cell, "", word(first), &table.origin.describe(*first)))
        }
    }
}

/// Whether two names or signs may be of one currency: `RUB` and `руб.`, `$` and `USD`.
fn are_same(one: &str, other: &str) -> bool {
    let code = |text: &str| currency_of(text).map_or_else(|| text.to_uppercase(), String::from);
    let (one, other) = (code(one), code(other));
    may_be_same_currency(&one, &other) || may_be_same_currency(&other, &one)
}

fn two_currencies(cell: &str, is: &str, currency: &str, known: &str) -> anyhow::Error {
    let is = if is.is_empty() { String::new() } else { format!(" {is}") };
    data_error(
        format!("{cell}{is}, but the amounts are in `{currency}` ({known})"),
        "amounts in several currencies cannot be added: convert them to one before the export",
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
