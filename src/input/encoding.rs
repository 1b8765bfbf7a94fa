//! Bytes to UTF-8: which encoding a file is in, and its text piece by piece.
//!
//! The encoding is what a byte order mark says, else UTF-8 where the bytes are, else windows-1251 where the text
//! reads as Cyrillic words. Everything else is refused: a file read in a wrong encoding looks right at a glance.

use std::fs::File;
use std::io::Read;

use anyhow::Result;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};

use crate::error::{data_error, io_reason, suggestion};

/// The share of the letters beyond ASCII that must stand in words of such letters alone.
const CYRILLIC_SHARE: f64 = 0.8;

/// The text of a file, which is read and decoded bit by bit.
pub struct Text {
    file: File,
    name: String,
    /// None where the bytes are UTF-8 already.
    decoder: Option<Decoder>,
    encoding: &'static Encoding,
    has_mark: bool,
    /// Bytes that were read to see what the encoding is.
    head: Vec<u8>,
    /// Old Macintosh line ends: a carriage return alone.
    ends_lines_with_carriage_returns: bool,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} in {}", self.name, self.encoding.name())
    }
}

/// The encoding of a name such as `windows-1251`.
///
/// # Errors
/// A name that no encoding has.
pub fn by_name(name: &str) -> Result<&'static Encoding> {
    const USUAL: [&str; 7] =
        ["utf-8", "utf-16le", "utf-16be", "windows-1251", "windows-1252", "iso-8859-2", "koi8-r"];
    Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
        data_error(format!("`encoding = \"{name}\"` is no encoding"), suggestion(name, &USUAL))
    })
}

impl Text {
    /// Decides the encoding of a file by its first bytes, or takes the one that is named.
    ///
    /// # Errors
    /// A read error, or bytes of which nobody can tell what they are.
    pub fn open(
        mut file: File,
        name: &str,
        named: Option<&'static Encoding>,
        head_size: usize,
    ) -> Result<Text> {
        let mut head = Vec::new();
        let read = file.by_ref().take(head_size as u64).read_to_end(&mut head);
        let is_whole = read.map_err(|error| unreadable(name, &error))? < head_size;
        let (encoding, mark) = match (Encoding::for_bom(&head), named) {
            (Some((encoding, length)), _) => (encoding, length),
            (None, Some(encoding)) => (encoding, 0),
            (None, None) => (detect(&head, is_whole, name)?, 0),
        };
        head.drain(..mark);
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
        let has = |end: u8| match encoding {
            _ if encoding == UTF_16LE => head.chunks_exact(2).any(|unit| unit == [end, 0]),
            _ if encoding == UTF_16BE => head.chunks_exact(2).any(|unit| unit == [0, end]),
            _ => head.contains(&end),
        };
        let ends_lines_with_carriage_returns = !has(b'\n') && has(b'\r');
        Ok(Text {
            file,
            name: name.to_string(),
            decoder,
            encoding,
            has_mark: mark > 0,
            head,
            ends_lines_with_carriage_returns,
        })
    }

    /// What to call the encoding: `UTF-8`, `UTF-8 with BOM`, `UTF-16LE`, `windows-1251`.
    pub fn describe(&self) -> String {
        let mark = if self.has_mark && self.encoding == UTF_8 { " with BOM" } else { "" };
        format!("{}{mark}", self.encoding.name())
    }

    /// Reads about `wanted` bytes more and appends their text; true at the end of the file.
    ///
    /// # Errors
    /// A read error, or bytes that are no text of the encoding.
    pub fn fill(&mut self, wanted: usize, text: &mut Vec<u8>) -> Result<bool> {
        let before = text.len();
        let is_at_end = match self.decoder.take() {
            None => {
                text.append(&mut self.head);
                let left = wanted.saturating_sub(text.len() - before);
                left > 0 && self.read(left, text)?
            }
            Some(mut decoder) => {
                let mut raw = std::mem::take(&mut self.head);
                let left = wanted.saturating_sub(raw.len());
                let is_at_end = left > 0 && self.read(left, &mut raw)?;
                self.decode(&mut decoder, &raw, is_at_end, text)?;
                self.decoder = Some(decoder);
                is_at_end
            }
        };
        if self.ends_lines_with_carriage_returns {
            text[before..].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(is_at_end)
    }

    fn read(&mut self, wanted: usize, bytes: &mut Vec<u8>) -> Result<bool> {
        let read = self.file.by_ref().take(wanted as u64).read_to_end(bytes);
        Ok(read.map_err(|error| unreadable(&self.name, &error))? < wanted)
    }

    fn decode(&self, decoder: &mut Decoder, raw: &[u8], is_last: bool, text: &mut Vec<u8>) -> Result<()> {
        let room = decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(raw.len() * 3);
        let start = text.len();
        text.resize(start + room, 0);
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(raw, &mut text[start..], is_last);
        text.truncate(start + written);
        match result {
            DecoderResult::Malformed(..) => Err(data_error(
                format!("{}: the bytes are no {} text", self.name, self.encoding.name()),
                "the file is damaged, or in another encoding: name it with `encoding = \"…\"` in its block of funnel.toml",
            )),
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
        }
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> anyhow::Error {
    data_error(format!("{name}: cannot be read: {}", io_reason(error)), "check the disk, then run again")
}

fn detect(head: &[u8], is_whole: bool, name: &str) -> Result<&'static Encoding> {
    let zeros = memchr::memchr_iter(0, head).count();
    if zeros * 5 > head.len() {
        let at_even = head.iter().step_by(2).filter(|byte| **byte == 0).count();
        let likely = if at_even * 2 > zeros { "utf-16be" } else { "utf-16le" };
        return Err(data_error(
            format!("{name}: the file is neither UTF-8 nor says by a byte order mark what it is"),
            format!(
                "it looks like {likely}: name it in its block of funnel.toml, `encoding = \"{likely}\"`, or save it as UTF-8"
            ),
        ));
    }
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        // a letter that is cut in two at the end of what was read
        Err(error) => error.error_len().is_none() && !is_whole,
    };
    if is_utf8 { Ok(UTF_8) } else { single_byte(Letters::of(head), name) }
}

/// The encoding of a file that is not UTF-8, after all of it has been looked at.
///
/// # Errors
/// A read error, or text that is not Cyrillic.
pub fn detect_in_whole(path: &std::path::Path) -> Result<&'static Encoding> {
    let name = &path.display().to_string();
    let mut file = File::open(path).map_err(|error| unreadable(name, &error))?;
    let mut letters = Letters::default();
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let read = file.by_ref().take(1 << 20).read_to_end(&mut piece);
        if read.map_err(|error| unreadable(name, &error))? == 0 {
            return single_byte(letters, name);
        }
        letters.add(Letters::of(&piece));
    }
}

fn single_byte(letters: Letters, name: &str) -> Result<&'static Encoding> {
    let all = letters.in_cyrillic_words + letters.in_other_words;
    #[allow(clippy::cast_precision_loss)]
    let share = letters.in_cyrillic_words as f64 / all.max(1) as f64;
    if share >= CYRILLIC_SHARE {
        return Ok(WINDOWS_1251);
    }
    Err(data_error(
        format!("{name}: the file is not UTF-8, and does not read as Cyrillic in windows-1251"),
        "name what it is in its block of funnel.toml, `encoding = \"windows-1252\"` for Western European Excel, or save it as UTF-8",
    ))
}

/// The letters beyond ASCII, were the bytes windows-1251.
#[derive(Clone, Copy, Default)]
struct Letters {
    in_cyrillic_words: u64,
    in_other_words: u64,
}

impl Letters {
    /// Cyrillic stands in words of its own; the accents of Western languages stand among ASCII letters.
    fn of(bytes: &[u8]) -> Letters {
        let is_high = |byte: &u8| matches!(byte, 0xa8 | 0xb8 | 0xc0..=0xff);
        let mut letters = Letters::default();
        for word in bytes.split(|byte| !byte.is_ascii_alphabetic() && !is_high(byte)) {
            let high = word.iter().filter(|byte| is_high(byte)).count() as u64;
            if word.len() > 1 && high == word.len() as u64 {
                letters.in_cyrillic_words += high;
            } else {
                letters.in_other_words += high;
            }
        }
        letters
    }

    fn add(&mut self, more: Letters) {
        self.in_cyrillic_words += more.in_cyrillic_words;
        self.in_other_words += more.in_other_words;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyrillic_words_are_windows_1251_and_accents_are_not() {
        let cyrillic = [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, b';', 0xcc, 0xe8, 0xf0]; // Привет;Мир
        assert_eq!(detect(&cyrillic, true, "x").unwrap(), WINDOWS_1251);
        assert!(detect(b"M\xfcller;Stra\xdfe", true, "x").is_err());
        assert!(detect(b"caf\xe9", true, "x").is_err());
    }

    #[test]
    fn utf8_may_be_cut_where_the_head_ends_and_nowhere_else() {
        let cut = &"Мир".as_bytes()[..3];
        assert_eq!(detect(cut, false, "x").unwrap(), UTF_8);
        assert!(detect(cut, true, "x").is_err());
    }

    #[test]
    fn utf16_without_a_mark_is_named_in_the_hint() {
        let error = detect(b"a\0b\0c\0", true, "x").unwrap_err();
        assert!(format!("{error:?}").contains("utf-16le") || format!("{error:#}").contains("neither"));
    }
}
