//! A fingerprint of several parts: FNV-1a with 64 bits, which is the same in every process, on every machine and in every version.

/// A fingerprint under construction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a part, with its length, so that no two sequences of parts give the same bytes.
    pub(super) fn part(self, bytes: &[u8]) -> Self {
        self.bytes(&(bytes.len() as u64).to_be_bytes()).bytes(bytes)
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)))
    }

    pub(super) const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn the_hash_is_fnv_1a() {
        // the test vectors of the algorithm
        assert_eq!(Fingerprint::new().bytes(b"").value(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fingerprint::new().bytes(b"a").value(), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fingerprint::new().bytes(b"foobar").value(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn parts_are_not_only_their_bytes_together() {
        let one = Fingerprint::new().part(b"ab").part(b"c").value();
        assert_ne!(one, Fingerprint::new().part(b"a").part(b"bc").value());
    }
}
