//! Sets of rows as bits: which rows a predicate holds for, counted and combined a machine word at a time.

use polars::prelude::*;
use polars_arrow::bitmap::Bitmap;
use rayon::prelude::*;

/// The number of rows in a word.
pub const WORD: usize = 64;

/// A set of rows of a table of known height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    words: Vec<u64>,
    height: usize,
}

impl Mask {
    /// No row, of a table of this height.
    pub fn none(height: usize) -> Mask {
        Mask { words: vec![0; height.div_ceil(WORD)], height }
    }

    /// Every row.
    pub fn all(height: usize) -> Mask {
        let mut mask = Mask { words: vec![u64::MAX; height.div_ceil(WORD)], height };
        mask.clear_tail();
        mask
    }

    /// The rows for which `holds` is true; asked in parallel.
    pub fn from_rows(height: usize, holds: impl Fn(usize) -> bool + Sync) -> Mask {
        let word = |index: usize| {
            let first = index * WORD;
            (first..height.min(first + WORD))
                .fold(0, |word, row| word | (u64::from(holds(row)) << (row - first)))
        };
        let words = (0..height.div_ceil(WORD)).into_par_iter().with_min_len(1 << 8).map(word).collect();
        Mask { words, height }
    }

    /// As many sets at once, in parallel: `fill` is called with the number of each word, for 64 rows, and with that word
    /// of each set.
    pub fn many_from_words(
        height: usize,
        count: usize,
        fill: impl Fn(usize, &mut [u64]) + Sync,
    ) -> Vec<Mask> {
        // the words of all sets for the same rows stand side by side
        let mut words = vec![0; height.div_ceil(WORD) * count];
        let parts = words.par_chunks_mut(count.max(1)).with_min_len(1 << 8).enumerate();
        parts.for_each(|(index, words)| fill(index, words));
        let own = |set: usize| words.iter().copied().skip(set).step_by(count).collect();
        (0..count).map(|set| Mask { words: own(set), height }).collect()
    }

    /// The rows that are true; null counts as false, as in SQL.
    pub fn from_booleans(booleans: &BooleanChunked) -> Mask {
        let booleans = booleans.rechunk();
        let array = booleans.downcast_as_array();
        let mut mask = Mask { words: words_of(array.values()), height: array.len() };
        if let Some(validity) = array.validity() {
            mask.and_words(&words_of(validity));
        }
        mask.clear_tail();
        mask
    }

    /// The rows as a polars column.
    pub fn to_booleans(&self, name: &str) -> BooleanChunked {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        BooleanChunked::from_bitmap(name.into(), polars_bitmap(bytes, self.height))
    }

    /// The number of rows of the table.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The number of rows in the set.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// 64 rows of the set as bits, from row `64 * index` on.
    #[inline]
    pub fn word(&self, index: usize) -> u64 {
        self.words[index]
    }

    /// Whether a row is in the set.
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        self.words[row / WORD] >> (row % WORD) & 1 == 1
    }

    /// Adds a row.
    #[inline]
    pub fn insert(&mut self, row: usize) {
        self.words[row / WORD] |= 1 << (row % WORD);
    }

    /// Takes a row out.
    #[inline]
    pub fn remove(&mut self, row: usize) {
        self.words[row / WORD] &= !(1 << (row % WORD));
    }

    /// The rows in both sets.
    #[must_use]
    pub fn and(&self, other: &Mask) -> Mask {
        let mut mask = self.clone();
        mask.and_words(&other.words);
        mask
    }

    /// The rows in either set.
    #[must_use]
    pub fn or(&self, other: &Mask) -> Mask {
        Mask { words: self.words.iter().zip(&other.words).map(|(a, b)| a | b).collect(), height: self.height }
    }

    /// The rows that are not in the set.
    #[must_use]
    pub fn not(&self) -> Mask {
        let mut mask = Mask { words: self.words.iter().map(|word| !word).collect(), height: self.height };
        mask.clear_tail();
        mask
    }

    /// The rows of the set in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows_within(0, self.words.len())
    }

    /// The rows of the set in parts of about equal height, for as many threads.
    pub fn split(&self, parts: usize) -> Vec<impl Iterator<Item = usize> + '_> {
        let step = self.words.len().div_ceil(parts.max(1)).max(1);
        (0..self.words.len()).step_by(step).map(|first| self.rows_within(first, first + step)).collect()
    }

    fn rows_within(&self, first: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let end = end.min(self.words.len());
        self.words[first..end].iter().enumerate().flat_map(move |(index, &word)| {
            let base = (first + index) * WORD;
            bits(word).map(move |bit| base + bit)
        })
    }

    fn and_words(&mut self, other: &[u64]) {
        for (word, other) in self.words.iter_mut().zip(other) {
            *word &= other;
        }
    }

    fn clear_tail(&mut self) {
        let used = self.height % WORD;
        if let (true, Some(last)) = (used > 0, self.words.last_mut()) {
            *last &= (1 << used) - 1;
        }
    }
}

/// The places that the rows of a set have among them: as a list of all rows, in a sixteenth of its memory.
pub struct Places {
    rows: Mask,
    /// For each word the number of rows in the words before it.
    before: Vec<u32>,
}

impl Places {
    /// The places of the rows of a set of fewer than 2³² rows.
    pub fn new(rows: Mask) -> Places {
        let mut count = 0;
        let before = rows.words.iter().map(|word| {
            let before = count;
            count += word.count_ones();
            before
        });
        Places { before: before.collect(), rows }
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.rows()
    }

    /// The number of rows.
    pub fn count(&self) -> usize {
        self.rows.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The place of a row that is in the set.
    #[inline]
    pub fn of(&self, row: usize) -> u32 {
        let earlier = self.rows.words[row / WORD] & ((1 << (row % WORD)) - 1);
        self.before[row / WORD] + earlier.count_ones()
    }
}

/// The bits of a word that are set.
pub fn bits(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        (rest != 0).then(|| {
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            bit
        })
    })
}

fn polars_bitmap(bytes: Vec<u8>, height: usize) -> Bitmap {
    Bitmap::from_u8_vec(bytes, height)
}

fn words_of(bitmap: &Bitmap) -> Vec<u64> {
    let chunks = bitmap.chunks::<u64>();
    let remainder = chunks.remainder();
    let has_rest = !bitmap.len().is_multiple_of(WORD);
    chunks.chain(has_rest.then_some(remainder)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mask_is_a_set_of_rows(bits in proptest::collection::vec(proptest::option::of(any::<bool>()), 0..300), parts in 1_usize..5) {
            let column = BooleanChunked::from_iter_options("x".into(), bits.iter().copied());
            let mask = Mask::from_booleans(&column);
            let expected: Vec<usize> = (0..bits.len()).filter(|row| bits[*row] == Some(true)).collect();
            prop_assert_eq!(mask.rows().collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(mask.split(parts).into_iter().flatten().collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(mask.count(), expected.len() as u64);
            prop_assert_eq!(mask.not().count() + mask.count(), bits.len() as u64);
            prop_assert_eq!(&Mask::from_booleans(&mask.to_booleans("x")), &mask);
            prop_assert_eq!(&Mask::from_rows(bits.len(), |row| bits[row] == Some(true)), &mask);
            let several = Mask::many_from_words(bits.len(), 2, |index, words| words[1] = mask.word(index));
            prop_assert_eq!(several, [Mask::none(bits.len()), mask.clone()]);
            prop_assert_eq!(mask.or(&mask.not()), Mask::all(bits.len()));
            prop_assert_eq!(mask.and(&mask.not()), Mask::none(bits.len()));
        }
    }
}
