//! The words of a text column as numbers, found again without a look at the text: most are short, and a short word is
//! compared as two numbers.

use std::collections::HashMap;

use hashbrown::HashTable;
use polars::prelude::PlFixedStateQuality;

/// A cell that is not UTF-8.
pub struct NotText;

/// The words that one thread has met in one column.
#[derive(Default)]
pub struct Words {
    short: HashTable<(Short, u32)>,
    long: HashMap<Box<[u8]>, u32, PlFixedStateQuality>,
    pub in_order: Vec<String>,
    /// With more words than this the column is no dimension and is given up.
    limit: Option<usize>,
}

/// A word of at most sixteen bytes: its first and its last eight bytes, which overlap, and its length. Of a shorter one
/// four each, and below that its first, middle and last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Short {
    first: u64,
    last: u64,
    length: u8,
}

impl Short {
    #[inline]
    fn new(cell: &[u8]) -> Option<Short> {
        let length = u8::try_from(cell.len()).ok().filter(|length| *length <= 16)?;
        let (first, last) = if let Some((first, last)) = cell.first_chunk::<8>().zip(cell.last_chunk::<8>()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let Some((first, last)) = cell.first_chunk::<4>().zip(cell.last_chunk::<4>()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            let byte = |place: usize| u64::from(cell.get(place).copied().unwrap_or_default());
            (byte(0) | byte(1) << 8 | byte(2) << 16, 0)
        };
        Some(Short { first, last, length })
    }

    #[inline]
    fn hash(self) -> u64 {
        let mixed = (self.first ^ u64::from(self.length)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ self.last.rotate_left(32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ (mixed >> 29)
    }
}

impl Words {
    /// A dictionary that holds at most `limit` words.
    pub fn new(limit: Option<usize>) -> Words {
        Words { limit, ..Words::default() }
    }

    /// The number of a word; 0 in a column that has been given up.
    ///
    /// # Errors
    /// A cell that is not UTF-8.
    #[inline]
    pub fn code(&mut self, cell: &[u8]) -> Result<u32, NotText> {
        let short = Short::new(cell);
        let known = match short {
            Some(short) => self.short.find(short.hash(), |(known, _)| *known == short).map(|(_, code)| *code),
            None => self.long.get(cell).copied(),
        };
        match known {
            Some(code) => Ok(code),
            None => self.add(cell, short),
        }
    }

    #[cold]
    fn add(&mut self, cell: &[u8], short: Option<Short>) -> Result<u32, NotText> {
        if self.limit.is_some_and(|limit| self.in_order.len() > limit) {
            return Ok(0);
        }
        let word = std::str::from_utf8(cell).map_err(|_| NotText)?.trim();
        // no-break blanks around a word make no other word
        let code = if word.len() < cell.len() { self.code(word.as_bytes())? } else { self.next(word) };
        match short {
            Some(short) => {
                self.short.insert_unique(short.hash(), (short, code), |(known, _)| known.hash());
            }
            None => {
                self.long.insert(cell.into(), code);
            }
        }
        Ok(code)
    }

    fn next(&mut self, word: &str) -> u32 {
        let code = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        self.in_order.push(word.to_string());
        code
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Two cells have one code where they are the same, and only there.
        #[test]
        fn a_code_is_of_one_word(cells in proptest::collection::vec("[ab\\x00é]{0,20}", 0..60)) {
            let mut words = Words::new(None);
            let mut known: HashMap<String, u32> = HashMap::new();
            for cell in cells {
                let Ok(code) = words.code(cell.as_bytes()) else { panic!("it is UTF-8") };
                let next = u32::try_from(known.len()).unwrap();
                prop_assert_eq!(code, *known.entry(cell).or_insert(next));
            }
        }
    }

    #[test]
    fn what_is_not_text_has_no_code() {
        assert!(Words::new(None).code(b"\xff").is_err());
    }
}
