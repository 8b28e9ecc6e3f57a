//! The hash function of aggregate ids: two multiplications, with keys that each map draws at random.
//!
//! The hasher of std, which suits any keys, takes a twentieth of the time of a save in memory. An id is sixteen bytes, usually random.
//! It may come from an attacker who wants many ids with one hash. To prevent that, each map has two secret numbers, drawn in the same
//! way as those of std. The step is the folded multiplication of wyhash and [foldhash](https://github.com/orlp/foldhash).

use std::hash::{BuildHasher, Hasher, RandomState};

/// Builds the hashers of one map.
#[derive(Clone, Debug)]
pub(super) struct IdHashing {
    start: u64,
    factor: u64,
}

impl Default for IdHashing {
    fn default() -> Self {
        let random = RandomState::new();
        // odd, because an even factor loses bits
        Self { start: random.hash_one(0), factor: random.hash_one(1) | 1 }
    }
}

impl BuildHasher for IdHashing {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher { hash: self.start, factor: self.factor }
    }
}

/// Hashes an id, eight bytes at a time.
#[derive(Debug)]
pub(super) struct IdHasher {
    hash: u64,
    factor: u64,
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let (low, high) = (self.hash ^ word).carrying_mul(self.factor, 0);
        self.hash = low ^ high;
    }

    /// Ignores the length, which is the same for all ids.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}
