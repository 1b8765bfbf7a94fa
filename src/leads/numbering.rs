//! Small numbers for the keys that occur among many that could.

use std::collections::HashMap;

use polars::prelude::PlFixedStateQuality;

/// Keys below this are looked up in an array rather than in a map.
const LARGEST_ARRAY: u64 = 1 << 20;
/// Stands for a key that has no number in the array.
const UNKNOWN: u32 = u32::MAX;

/// Numbers for keys, from 0 in the order in which the keys are met.
#[derive(Debug)]
pub struct Numbering {
    numbers: Numbers,
    count: u32,
}

#[derive(Debug)]
enum Numbers {
    Array(Vec<u32>),
    Map(HashMap<u64, u32, PlFixedStateQuality>),
}

impl Numbering {
    /// No numbers yet, for keys smaller than `size`.
    pub fn new(size: u64) -> Numbering {
        let numbers = match usize::try_from(size) {
            Ok(length) if size <= LARGEST_ARRAY => Numbers::Array(vec![UNKNOWN; length]),
            _ => Numbers::Map(HashMap::default()),
        };
        Numbering { numbers, count: 0 }
    }

    /// The number of a key, a new one where it has none yet.
    #[inline]
    pub fn number(&mut self, key: u64) -> u32 {
        let next = self.count;
        let number = match &mut self.numbers {
            Numbers::Array(numbers) => {
                let number = &mut numbers[key_as_place(key)];
                if *number == UNKNOWN {
                    *number = next;
                }
                *number
            }
            Numbers::Map(numbers) => *numbers.entry(key).or_insert(next),
        };
        self.count += u32::from(number == next);
        number
    }

    /// The number of a key, if it has one.
    #[inline]
    pub fn find(&self, key: u64) -> Option<u32> {
        match &self.numbers {
            Numbers::Array(numbers) => Some(numbers[key_as_place(key)]).filter(|number| *number != UNKNOWN),
            Numbers::Map(numbers) => numbers.get(&key).copied(),
        }
    }

    /// How many keys have a number.
    pub fn count(&self) -> usize {
        self.count as usize
    }
}

fn key_as_place(key: u64) -> usize {
    usize::try_from(key).expect("keys are smaller than the size of the array")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_as_they_come() {
        for size in [10, u64::MAX] {
            let mut numbering = Numbering::new(size);
            let numbers: Vec<u32> = [7, 3, 7, 9, 3].into_iter().map(|key| numbering.number(key)).collect();
            assert_eq!(numbers, [0, 1, 0, 2, 1]);
            assert_eq!((numbering.find(9), numbering.find(8), numbering.count()), (Some(2), None, 3));
        }
    }
}
