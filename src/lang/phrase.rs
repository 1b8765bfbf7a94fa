//! Patterns of texts: what stands in their marks, and which form of a word a number takes.

use super::{current, day_or_period, whole};

/// What can stand in a mark of a text.
pub trait Told {
    /// For people.
    fn told(&self) -> String;

    /// As it is typed: between backticks.
    fn typed(&self) -> String;
}

impl Told for str {
    fn told(&self) -> String {
        day_or_period(self)
    }

    fn typed(&self) -> String {
        self.to_string()
    }
}

impl Told for String {
    fn told(&self) -> String {
        self.as_str().told()
    }

    fn typed(&self) -> String {
        self.clone()
    }
}

impl<T: Told + ?Sized> Told for &T {
    fn told(&self) -> String {
        (**self).told()
    }

    fn typed(&self) -> String {
        (**self).typed()
    }
}

macro_rules! numbers_are_told {
    ($($number:ty),*) => {$(
        impl Told for $number {
            fn told(&self) -> String {
                whole(self)
            }

            fn typed(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

numbers_are_told!(u32, u64, u128, usize, i32, i64, i128);

/// A pattern with its marks filled in: `{name}`, or `{name:one|other}` for the form of a word that goes with a number.
/// A mark of no such name stays as it stands.
pub fn fill(pattern: &str, words: &[(&str, &dyn Told)]) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut is_typed = false;
    let mut rest = pattern;
    while let Some(place) = rest.find(['{', '}', '`']) {
        text.push_str(&rest[..place]);
        let mark = rest.as_bytes()[place];
        rest = &rest[place + 1..];
        match mark {
            b'`' => {
                is_typed = !is_typed;
                text.push('`');
            }
            brace if rest.as_bytes().first() == Some(&brace) => {
                text.push(char::from(brace));
                rest = &rest[1..];
            }
            b'{' => {
                let end = rest.find('}').unwrap_or(rest.len());
                match filled(&rest[..end], words, is_typed) {
                    Some(word) => text.push_str(&word),
                    None => text.extend(["{", &rest[..end], "}"]),
                }
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            _ => text.push('}'),
        }
    }
    text + rest
}

/// What stands in a mark.
fn filled(mark: &str, words: &[(&str, &dyn Told)], is_typed: bool) -> Option<String> {
    let (name, forms) = mark.split_once(':').map_or((mark, None), |(name, forms)| (name, Some(forms)));
    let (_, word) = words.iter().find(|(known, _)| *known == name)?;
    let Some(forms) = forms else {
        return Some(if is_typed { word.typed() } else { word.told() });
    };
    let forms: Vec<&str> = forms.split('|').collect();
    let digits = word.typed().replace(current().thousands.as_str(), "");
    let place = current().plural.place(digits.trim_start_matches('-').parse().ok());
    forms.get(place).or(forms.last()).map(|form| (*form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_filled_and_numbers_choose_their_words() {
        let words: [(&str, &dyn Told); 2] = [("count", &1_234_u64), ("name", &"ads")];
        assert_eq!(fill("{count} {count:lead|leads} of `{name}`", &words), "1,234 leads of `ads`");
        assert_eq!(fill("{count:lead|leads}", &[("count", &1_u64)]), "lead");
        assert_eq!(fill("`--top {count}`, {{x}}, {other}, }", &words), "`--top 1234`, {x}, {other}, }");
        assert_eq!(fill("{count:lead|leads}", &[("count", &"1,000")]), "leads");
        assert_eq!(fill("an open {count", &words), "an open 1,234");
    }
}
