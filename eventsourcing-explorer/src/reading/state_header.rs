//! How a state is stored, by its first bytes: plain, compressed, encrypted. No key is needed.

/// The bytes before a compressed or encrypted state.
const LEN: usize = 10;

/// How a state is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateHeader {
    pub(crate) cipher: Option<&'static str>,
    /// The fingerprint of the key, if there is a cipher.
    pub(crate) key: Option<u32>,
    pub(crate) compressor: Option<&'static str>,
    /// The length of the JSON.
    pub(crate) json_len: usize,
}

impl StateHeader {
    /// Reads the header; `None` if the beginning has no known format.
    ///
    /// `len` is the length of the whole state.
    pub(crate) fn read(beginning: &[u8], len: usize) -> Option<Self> {
        match beginning {
            [b'{', ..] => Some(Self { cipher: None, key: None, compressor: None, json_len: len }),
            [1, suite, k0, k1, k2, k3, l0, l1, l2, l3, ..] if len >= LEN => {
                let cipher = match suite & 0x0f {
                    0 => None,
                    1 => Some("XChaCha20-Poly1305"),
                    2 => Some("AES-256-GCM"),
                    _ => Some("another cipher"),
                };
                let compressor = match suite >> 4 {
                    0 => None,
                    1 => Some("zstd"),
                    2 => Some("zstd with a dictionary"),
                    3 => Some("zlib"),
                    _ => Some("another compressor"),
                };
                let key = cipher.map(|_| u32::from_be_bytes([*k0, *k1, *k2, *k3]));
                let json_len = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3])).unwrap_or(usize::MAX);
                Some(Self { cipher, key, compressor, json_len })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_how_a_state_is_stored() {
        let header = StateHeader::read(&[1, 0x21, 0, 0, 0, 7, 0, 0, 1, 0, 9], 11).expect("a header");
        assert_eq!((header.cipher, header.key), (Some("XChaCha20-Poly1305"), Some(7)));
        assert_eq!((header.compressor, header.json_len), (Some("zstd with a dictionary"), 256));
        assert_eq!(StateHeader::read(b"{}", 2).map(|header| header.json_len), Some(2));
        assert_eq!(StateHeader::read(b"\x01\x21", 2), None);
        assert_eq!(StateHeader::read(b"", 0), None);
    }
}
