//! The one currency of all amounts: those in another one need a rate, or cannot be added.

use anyhow::Result;

use crate::config::Config;
use crate::error::{data_error, number_of};
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

/// A currency of the inputs with the rows that are in it.
struct Found {
    name: String,
    rows: u64,
    /// The first of them, and what else says so.
    places: Vec<String>,
}

/// The columns that are in the currency of their row.
const AMOUNTS: [&str; 5] = ["amount", "margin", "cost", "mrr", "value"];

/// How many places of a currency an error names, and how many currencies.
const PLACES: usize = 3;
const CURRENCIES: usize = 5;

/// The currency of the configuration, else of the first amount that has one; none where nothing says it. For inputs
/// without rates.
///
/// # Errors
/// Two currencies: by a column, or by the sign that an amount bears; with the rows of each.
pub fn of_all(config: &Config, leads: &Table, inputs: &Inputs) -> Result<Option<String>> {
    let mut found: Vec<Found> = Vec::new();
    let setting = if config.path.as_os_str().is_empty() {
        "`--currency`".to_string()
    } else {
        format!("`currency` in {}", config.path.display())
    };
    let configured = config.currency.as_ref();
    found.extend(configured.map(|name| Found { name: name.clone(), rows: 0, places: vec![setting] }));
    for table in std::iter::once(leads).chain(inputs.tables.values()) {
        for more in of_words(table) {
            add(&mut found, more);
        }
    }
    for Signed { code, cell, .. } in &inputs.currency_signs {
        add(&mut found, Found { name: (*code).to_string(), rows: 0, places: vec![cell.clone()] });
    }
    if found.len() > 1 { Err(several_currencies(&found)) } else { Ok(found.pop().map(|only| only.name)) }
}

/// The currencies of a table by the words of its column `currency`, in the order in which these first occur.
fn of_words(table: &Table) -> Vec<Found> {
    let (Some(codes), Some(words)) = (table.codes("currency"), table.dictionaries.get("currency")) else {
        return Vec::new();
    };
    let mut firsts: Vec<Vec<usize>> = vec![Vec::new(); words.len()];
    let mut counts = vec![0; words.len()];
    let amounts: Vec<_> = AMOUNTS.iter().filter_map(|name| table.numbers(name)).collect();
    // a currency beside no amount is that of nothing
    let has_amount =
        |row: usize| amounts.is_empty() || amounts.iter().any(|amount| amount.get(row).is_some());
    for (row, code) in
        code_slice(&codes).iter().enumerate().filter(|(row, code)| **code > 0 && has_amount(*row))
    {
        let word = *code as usize;
        counts[word] += 1;
        if firsts[word].len() < PLACES {
            firsts[word].push(row);
        }
    }
    let mut used: Vec<usize> = (0..words.len()).filter(|word| counts[*word] > 0).collect();
    used.sort_by_key(|word| firsts[*word].first().copied());
    let found = |word: usize| Found {
        name: words[word].clone(),
        rows: counts[word],
        places: firsts[word].iter().map(|row| table.origin.describe(*row)).collect(),
    };
    used.into_iter().map(found).collect()
}

/// Adds rows to those of the same currency under whatever name.
fn add(found: &mut Vec<Found>, more: Found) {
    match found.iter_mut().find(|known| are_same(&known.name, &more.name)) {
        Some(known) => {
            known.rows += more.rows;
            known.places.extend(more.places);
        }
        None => found.push(more),
    }
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

fn several_currencies(found: &[Found]) -> anyhow::Error {
    let describe = |currency: &Found| {
        let rows = match currency.rows {
            0 => String::new(),
            rows => format!(" in {}", number_of(rows, "row", "rows")),
        };
        let shown = currency.places.iter().take(PLACES).cloned().collect::<Vec<_>>().join(", ");
        let has_more = currency.places.len() > PLACES || currency.rows > PLACES as u64;
        format!("`{}`{rows} ({shown}{})", currency.name, if has_more { ", …" } else { "" })
    };
    let shown: Vec<String> = found.iter().take(CURRENCIES).map(describe).collect();
    let more = found.len().saturating_sub(CURRENCIES);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    data_error(
        format!("the amounts are in {} currencies: {}{more}", found.len(), shown.join(", ")),
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
