//! Names that differ only by case, blanks and punctuation, and which of them is the usual one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::normalise;

/// The names that have further spellings, each group with its usual one first: that which counts most, and of several
/// that count as much the one that looks most like a name.
pub fn groups<T>(
    names: impl IntoIterator<Item = (String, T)>,
    count: impl Fn(&T) -> u64,
) -> Vec<Vec<(String, T)>> {
    let mut groups: BTreeMap<String, Vec<(String, T)>> = BTreeMap::new();
    for (name, rest) in names {
        groups.entry(normalise(&name)).or_default().push((name, rest));
    }
    groups.retain(|form, group| !form.is_empty() && group.len() > 1);
    let mut groups: Vec<Vec<(String, T)>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_cached_key(|(name, rest)| (Reverse(count(rest)), looks(name), name.clone()));
    }
    groups
}

/// How a name looks, the usual ways first: no blanks around it, no marks in it, capital initials, not all capitals.
fn looks(name: &str) -> (bool, usize, bool, bool) {
    let marks = name.chars().filter(|c| !c.is_alphanumeric() && !c.is_whitespace()).count();
    let has_small_initial = name.split_whitespace().any(|word| word.starts_with(char::is_lowercase));
    let is_shouted = !name.chars().any(char::is_lowercase);
    (name.trim() != name, marks, has_small_initial, is_shouted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_spellings_that_count_as_much_the_usual_one_is_first() {
        for (names, usual) in [
            (["paid-search", "Paid Search"], "Paid Search"),
            (["Paid search", "Paid Search"], "Paid Search"),
            (["Paid Search ", "Paid Search"], "Paid Search"),
            (["PAID SEARCH", "Paid Search"], "Paid Search"),
            (["web-inar", "webinar"], "webinar"),
            (["ads", "Ads"], "Ads"),
        ] {
            for names in [names, [names[1], names[0]]] {
                let found = groups(names.map(|name| (name.to_string(), 2)), |count| *count);
                assert_eq!(found[0][0].0, usual, "{names:?}");
            }
        }
    }

    #[test]
    fn the_most_frequent_spelling_is_the_usual_one_however_it_looks() {
        let names = [("Paid Search", 1), ("paid-search", 2), ("radio", 5), ("--", 1), ("-", 1)];
        let found = groups(names.map(|(name, count)| (name.to_string(), count)), |count| *count);
        assert_eq!(found, [[("paid-search".to_string(), 2), ("Paid Search".to_string(), 1)]]);
    }
}
