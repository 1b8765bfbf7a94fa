//! Words that stand where a value should be. A field that holds one is not filled; as a value of a dimension it stays what
//! it is, so that `channel = unknown` can be asked for.

/// The words, in lower case, by language: English, Russian, Bulgarian, and what fingers type.
const WORDS: [&[&str]; 4] = [
    &[
        "n/a",
        "na",
        "n.a.",
        "none",
        "null",
        "nil",
        "unknown",
        "not known",
        "not specified",
        "unspecified",
        "not set",
        "(not set)",
        "todo",
        "tbd",
        "test",
        "testing",
        "dummy",
    ],
    &[
        "нет",
        "нет данных",
        "тест",
        "неизвестно",
        "неизвестен",
        "неизвестна",
        "не указано",
        "не указан",
        "не указана",
        "не задано",
        "не заполнено",
        "пусто",
        "фыва",
        "йцукен",
    ],
    &[
        "няма",
        "няма данни",
        "не е посочено",
        "не е посочен",
        "не е посочена",
        "непосочено",
        "неизвестен",
        "не знам",
        "празно",
    ],
    &["asdf", "asdfg", "asdfgh", "qwerty", "qwe", "123", "1234", "12345", "123456"],
];
/// The bytes of the longest of them: most words of exports are longer, and need not be looked up.
const LONGEST: usize = 32;

/// Whether a word stands for no value: one of the list, signs only, one letter again and again, or a 0, which says nothing
/// where a text is asked for.
pub fn is_placeholder(word: &str) -> bool {
    let word = word.trim();
    let mut letters = word.chars();
    let first = letters.next();
    let is_repeated = word.chars().count() > 2 && letters.all(|letter| Some(letter) == first);
    let is_zero = || word.chars().all(|letter| matches!(letter, '0' | '.' | ','));
    let is_listed = || {
        let lower = word.to_lowercase();
        WORDS.iter().any(|words| words.contains(&lower.as_str()))
    };
    !word.chars().any(char::is_alphanumeric)
        || is_repeated
        || is_zero()
        || (word.len() <= LONGEST && is_listed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for word in
            ["-", "--", "N/A", "test", "Тест", "asdf", "123", "xxx", "?", "...", "0", " 0.00 ", "Unknown"]
        {
            assert!(is_placeholder(word), "{word}");
        }
        for word in ["не указано", "Не указана", "Неизвестно", "Не е посочено", "няма"]
        {
            assert!(is_placeholder(word), "{word}");
        }
        for word in
            ["Anna", "C-17", "aa", "price", "no budget", "unknown caller", "12", "10", "0x", "указано"]
        {
            assert!(!is_placeholder(word), "{word}");
        }
    }

    #[test]
    fn every_word_is_written_as_it_is_looked_up() {
        for word in WORDS.iter().flat_map(|words| words.iter()) {
            assert!(word.len() <= LONGEST && *word == word.to_lowercase() && is_placeholder(word), "{word}");
        }
    }
}
