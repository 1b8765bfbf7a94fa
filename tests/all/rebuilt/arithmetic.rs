//! Formulas over the sums of columns, evaluated by a reader of its own: one pass, no trees, floating point.

use std::collections::BTreeMap;

/// The columns of the rows behind a KPI in millionths, so that sums are exact; an empty cell is none.
pub struct Columns(BTreeMap<String, Vec<Option<i128>>>);

impl Columns {
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub fn height(&self) -> usize {
        self.0.values().next().map_or(0, Vec::len)
    }

    pub fn cell(&self, name: &str, row: usize) -> Option<f64> {
        self.0[name][row].map(number)
    }

    /// The cells of a column that are not empty.
    pub fn cells(&self, name: &str) -> Vec<f64> {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no column {name}"))
            .iter()
            .flatten()
            .copied()
            .map(number)
            .collect()
    }

    /// The sum of a column; none of one that is not there.
    pub fn sum(&self, name: &str) -> Option<f64> {
        Some(number(self.0.get(name)?.iter().flatten().sum()))
    }
}

fn number(millionths: i128) -> f64 {
    millionths as f64 / 1e6
}

/// `-12.5` as millionths.
fn millionths(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 6, "{text} has more than six decimals");
    format!("{whole}{part:0<6}").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// The columns of numbers of a listing.
pub fn columns(listing: &str) -> Columns {
    let mut reader = csv::Reader::from_reader(listing.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let mut columns: BTreeMap<String, Vec<Option<i128>>> =
        names.iter().skip(4).map(|name| (name.clone(), Vec::new())).collect();
    for row in reader.records() {
        for (name, cell) in names.iter().zip(row.unwrap().iter()).skip(4) {
            let number = (!cell.is_empty()).then(|| millionths(cell));
            columns.get_mut(name).unwrap().push(number);
        }
    }
    Columns(columns)
}

/// A formula over the sums of columns; none where a divisor is 0.
pub fn evaluate(formula: &str, columns: &Columns) -> Option<f64> {
    let spaced = ["(", ")", ",", "+", "*", "/"]
        .iter()
        .fold(formula.to_string(), |text, sign| text.replace(sign, &format!(" {sign} ")));
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, place: 0, columns };
    let value = reader.sum();
    assert!(reader.place == words.len(), "{formula}: what is `{}`?", words[reader.place]);
    Some(value).filter(|value| value.is_finite())
}

struct Reader<'a> {
    words: &'a [&'a str],
    place: usize,
    columns: &'a Columns,
}

impl Reader<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.place) == Some(&word);
        self.place += usize::from(is_next);
        is_next
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        loop {
            if self.next_is("+") {
                value += self.product();
            } else if self.next_is("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.factor();
        loop {
            if self.next_is("*") {
                value *= self.factor();
            } else if self.next_is("/") {
                value /= self.factor();
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> f64 {
        if self.next_is("(") {
            let value = self.sum();
            assert!(self.next_is(")"));
            return value;
        }
        let word = self.words[self.place];
        self.place += 1;
        if let Ok(number) = word.parse() {
            return number;
        }
        if !self.next_is("(") {
            return self.columns.sum(word).unwrap_or_else(|| panic!("no column {word}"));
        }
        let value = match word {
            // of all rows that are listed: the total is the row at hand
            "total" => self.sum(),
            "mean" => {
                let cells = self.columns.cells(self.words[self.place]);
                self.place += 1;
                cells.iter().sum::<f64>() / cells.len() as f64
            }
            "least" | "greatest" => {
                let one = self.sum();
                assert!(self.next_is(","));
                let other = self.sum();
                if word == "least" { one.min(other) } else { one.max(other) }
            }
            _ => panic!("what is `{word}`?"),
        };
        assert!(self.next_is(")"));
        value
    }
}
