//! The rows that threads have read by turns become one list in the order of the files.

use super::read::Piece;

/// The rows of all threads in the order of the pieces, which are those of the files.
///
/// The list of the first thread becomes that of all, so that no third one is needed: its own rows move towards the end,
/// the last one first, which leaves those that still have to move where they are.
pub fn gather<T: Copy + Default>(own: Vec<Vec<T>>, pieces: &[Piece]) -> Vec<T> {
    let mut end = pieces.iter().map(|piece| piece.rows.len()).sum();
    let mut lists = own.into_iter();
    let mut all = lists.next().unwrap_or_default();
    let others: Vec<Vec<T>> = lists.collect();
    all.resize(end, T::default());
    for piece in pieces.iter().rev() {
        let start = end - piece.rows.len();
        match piece.thread.checked_sub(1) {
            None => all.copy_within(piece.rows.clone(), start),
            Some(other) => all[start..end].copy_from_slice(&others[other][piece.rows.clone()]),
        }
        end = start;
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever thread reads a block, its rows stand where the block stands.
        #[test]
        fn rows_are_in_the_order_of_the_files(
            blocks in proptest::collection::vec((0_usize..3, 0_usize..5), 0..12),
        ) {
            let mut own = vec![Vec::new(); 3];
            let mut pieces = Vec::new();
            let mut row = 0;
            for (block, (thread, length)) in blocks.into_iter().enumerate() {
                let first = own[thread].len();
                own[thread].extend(row..row + length);
                row += length;
                pieces.push(Piece { order: (0, block), thread, rows: first..first + length });
            }
            prop_assert_eq!(gather(own, &pieces), (0..row).collect::<Vec<usize>>());
        }
    }
}
