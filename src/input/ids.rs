//! IDs in the making. Most are short: such an ID is the sixteen bytes of its view, and none of it lies elsewhere.

use std::sync::Arc;

use anyhow::{Context, Result};
use polars::prelude::*;
use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::buffer::Buffer;

use super::gather::gather;
use super::read::Piece;
use super::words::NotText;

/// The text of long IDs is kept in buffers of this size, or of one ID that is longer.
const BUFFER: usize = 1 << 20;

/// The IDs that one thread has read; an empty one is none.
#[derive(Default)]
pub struct Ids {
    views: Vec<View>,
    buffers: Vec<Vec<u8>>,
}

impl Ids {
    /// Makes room for so many further ones.
    pub fn reserve(&mut self, count: usize) {
        self.views.reserve(count);
    }

    /// Adds one.
    ///
    /// # Errors
    /// A cell that is not UTF-8.
    #[inline]
    pub fn push(&mut self, cell: &[u8]) -> Result<(), NotText> {
        if !cell.is_ascii() && std::str::from_utf8(cell).is_err() {
            return Err(NotText);
        }
        let view = if cell.len() <= View::MAX_INLINE_SIZE as usize {
            View::new_inline(cell)
        } else {
            self.keep(cell).ok_or(NotText)?
        };
        self.views.push(view);
        Ok(())
    }

    /// The view of a long ID; none for a length that no buffer can have.
    fn keep(&mut self, cell: &[u8]) -> Option<View> {
        if self.buffers.last().is_none_or(|buffer| buffer.capacity() - buffer.len() < cell.len()) {
            self.buffers.push(Vec::with_capacity(BUFFER.max(cell.len())));
        }
        let place = u32::try_from(self.buffers.len() - 1).ok()?;
        let buffer = self.buffers.last_mut()?;
        let offset = u32::try_from(buffer.len()).ok()?;
        buffer.extend_from_slice(cell);
        Some(View::new_from_bytes(cell, place, offset))
    }
}

/// The column of IDs that threads have read, in the order of the files.
///
/// # Errors
/// None for IDs that were added one by one.
pub fn assemble(name: &str, own: Vec<Ids>, pieces: &[Piece]) -> Result<StringChunked> {
    let mut buffers: Vec<Buffer<u8>> = Vec::new();
    let mut views = Vec::new();
    for mut ids in own {
        let before = u32::try_from(buffers.len()).context("fewer than 2^32 buffers")?;
        if before > 0 {
            ids.views.iter_mut().filter(|view| !view.is_inline()).for_each(|view| view.buffer_idx += before);
        }
        buffers.extend(ids.buffers.into_iter().map(Buffer::from));
        views.push(ids.views);
    }
    let views = gather(views, pieces);
    let is_gap = |view: &View| view.length == 0;
    let validity: Option<Bitmap> =
        views.iter().any(is_gap).then(|| views.iter().map(|view| !is_gap(view)).collect());
    let array = Utf8ViewArray::try_new(ArrowDataType::Utf8View, views.into(), Arc::from(buffers), validity)
        .context("IDs are text")?;
    Ok(StringChunked::with_chunk(name.into(), array))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What two threads have read in turns comes back in the order of the files, short or long.
        #[test]
        fn ids_come_back(blocks in proptest::collection::vec(proptest::collection::vec("[a-zé]{0,16}", 0..5), 0..6)) {
            let mut own = [Ids::default(), Ids::default()];
            let mut pieces = Vec::new();
            for (block, ids) in blocks.iter().enumerate() {
                let thread = (block / 2) % 2;
                let first = own[thread].views.len();
                for id in ids {
                    prop_assert!(own[thread].push(id.as_bytes()).is_ok());
                }
                pieces.push(Piece { order: (0, block), thread, rows: first..own[thread].views.len() });
            }
            let column = assemble("id", own.into_iter().collect(), &pieces).unwrap();
            let found: Vec<Option<&str>> = column.iter().collect();
            let expected: Vec<Option<&str>> =
                blocks.iter().flatten().map(|id| Some(id.as_str()).filter(|id| !id.is_empty())).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_not_text_is_no_id() {
        assert!(Ids::default().push(b"a\xff").is_err());
    }
}
