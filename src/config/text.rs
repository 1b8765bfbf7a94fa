//! Words and names as they stand in `funnel.toml`, for the commands that write or propose parts of it.

/// A text in quotes, on one line whatever is in it.
pub fn quoted(text: &str) -> String {
    let key = key(text);
    if key.starts_with(['"', '\'']) { key } else { format!("\"{key}\"") }
}

/// A key, in quotes where it needs them.
pub fn key(text: &str) -> String {
    // of all strings in TOML only a key is never written over several lines
    let line = toml::Table::from_iter([(text.to_string(), toml::Value::Boolean(true))]).to_string();
    line.trim_end().trim_end_matches("true").trim_end().trim_end_matches('=').trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back_from_a_quoted_value_and_key() {
        for text in [
            "",
            "Lead ID",
            "a\"b",
            "a'b\"c",
            "back\\slash",
            "two\nlines",
            "Бюджет ",
            "a = true",
            "tab\t",
            "\u{1}",
        ] {
            let quoted = quoted(text);
            assert!(!quoted.contains('\n'), "{quoted}");
            let table: toml::Table = toml::from_str(&format!("{quoted} = {quoted}")).unwrap();
            assert_eq!(table.get(text).and_then(toml::Value::as_str), Some(text), "{quoted}");
        }
    }
}
