//! Where records end in a CSV text: at a line end outside quotes. The only place that follows quotes by hand.

use memchr::{memchr2_iter, memchr3_iter, memrchr};

/// Where the first record ends (behind its line feed), if it ends in these bytes.
pub fn first_record_end(bytes: &[u8], separator: u8) -> Option<usize> {
    let mut quotes = Quotes::new(separator);
    memchr2_iter(b'"', b'\n', bytes).find(|&at| quotes.step(bytes, at)).map(|at| at + 1)
}

/// Where the first record ends, be it at a lone carriage return, as a header may although the rows end otherwise.
pub fn header_end(bytes: &[u8], separator: u8) -> Option<usize> {
    let mut quotes = Quotes::new(separator);
    let at = memchr3_iter(b'"', b'\n', b'\r', bytes).find(|&at| quotes.step(bytes, at))?;
    match (bytes[at], bytes.get(at + 1)) {
        // a line feed may be yet to come
        (b'\r', None) => None,
        (b'\r', Some(b'\n')) => Some(at + 2),
        _ => Some(at + 1),
    }
}

/// Where the last complete record ends (behind its line feed), and where a quote stands open at the end of the bytes.
pub fn last_record_end(bytes: &[u8], separator: u8) -> (Option<usize>, Option<usize>) {
    if memchr::memchr(b'"', bytes).is_none() {
        return (memrchr(b'\n', bytes).map(|at| at + 1), None);
    }
    let mut quotes = Quotes::new(separator);
    let end = memchr2_iter(b'"', b'\n', bytes).filter(|&at| quotes.step(bytes, at)).last();
    (end.map(|at| at + 1), quotes.opened)
}

/// Follows the quotes of a CSV text: a quote opens a cell only at its start, and is doubled inside one.
struct Quotes {
    separator: u8,
    opened: Option<usize>,
    /// A quote at this place is the second of a doubled one.
    escaped: usize,
}

impl Quotes {
    fn new(separator: u8) -> Quotes {
        Quotes { separator, opened: None, escaped: usize::MAX }
    }

    /// Takes the next quote or end of a line; true where a record ends.
    fn step(&mut self, bytes: &[u8], at: usize) -> bool {
        if matches!(bytes[at], b'\n' | b'\r') {
            return self.opened.is_none();
        }
        if self.opened.is_some() {
            if at == self.escaped {
                return false;
            }
            if bytes.get(at + 1) == Some(&b'"') {
                self.escaped = at + 1;
            } else {
                self.opened = None;
            }
        } else if at == 0 || matches!(bytes[at - 1], b'\n' | b'\r') || bytes[at - 1] == self.separator {
            self.opened = Some(at);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_inside_quotes_ends_no_record() {
        let bytes = b"1,\"a\nb\"\n2,\"say \"\"x\"\"\"\n";
        assert_eq!(first_record_end(bytes, b','), Some(8));
        assert_eq!(last_record_end(bytes, b','), (Some(bytes.len()), None));
        assert_eq!(last_record_end(b"1,x\n2,\"open\n", b','), (Some(4), Some(6)));
    }

    #[test]
    fn a_header_may_end_with_a_lone_carriage_return() {
        assert_eq!(header_end(b"a,b\rc,d\n", b','), Some(4));
        assert_eq!(header_end(b"\"a\r\",b\r\nc,d\n", b','), Some(8));
        assert_eq!(header_end(b"a,b\r", b','), None);
    }

    #[test]
    fn a_quote_inside_a_plain_cell_is_a_letter() {
        assert_eq!(last_record_end(b"1,5\" pipe\n2,x\n", b','), (Some(14), None));
    }
}
