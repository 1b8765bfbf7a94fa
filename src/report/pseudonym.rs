//! IDs that can leave the company: the same ID has the same pseudonym under one key, and nobody without the key gets back.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::{data_error, io_reason, usage_error};

/// A key with fewer bytes could be guessed.
const SHORTEST: usize = 16;
/// Bytes of a pseudonym: of a hundred million IDs two would share one in fewer than one of a thousand lists.
const LENGTH: usize = 8;

/// The key of pseudonyms.
pub struct Key(Vec<u8>);

/// Reads a key: the bytes of a file, without the line break at its end.
///
/// # Errors
/// A file that cannot be read, or that holds too few bytes for a secret.
pub fn key(path: &Path) -> Result<Key> {
    let hint = "write one once, such as `head -c 32 /dev/urandom > funnel.key`, and keep it: another key gives other pseudonyms";
    let bytes = std::fs::read(path).map_err(|error| {
        data_error(format!("{}: the key cannot be read: {}", path.display(), io_reason(&error)), hint)
    })?;
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    if end < SHORTEST {
        let message = format!("{}: the key has {end} bytes, fewer than {SHORTEST}", path.display());
        return Err(usage_error(message, hint));
    }
    Ok(Key(bytes[..end].to_vec()))
}

/// The pseudonym of an ID: the first 64 bits of its HMAC-SHA256 under the key (RFC 2104), in hexadecimal; an empty ID
/// stays empty.
pub fn pseudonym(key: &Key, id: &str) -> String {
    if id.is_empty() {
        return String::new();
    }
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(&key.0) else { return String::new() };
    code.update(id.as_bytes());
    let bytes = code.finalize().into_bytes();
    bytes.iter().take(LENGTH).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_the_published_code_of_the_id() {
        // RFC 4231, test case 2
        let known = Key(b"Jefe".to_vec());
        assert_eq!(pseudonym(&known, "what do ya want for nothing?"), "5bdcc146bf60754e");
        assert_eq!(pseudonym(&known, ""), "");
        assert_ne!(pseudonym(&known, "L1"), pseudonym(&Key(b"other".to_vec()), "L1"));
    }
}
