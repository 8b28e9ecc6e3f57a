//! How the ids of aggregates are hashed: two multiplications, with keys of the map's own.
//!
//! std's hasher, which suits keys of any kind, takes a twentieth of a save in memory. An id is sixteen bytes, random ones as a rule.
//! It may come from a stranger who would like many ids of one hash: against that each map has two numbers that nobody knows,
//! drawn as std draws its own. The step is the folded multiplication of wyhash and [foldhash](https://github.com/orlp/foldhash).

use std::hash::{BuildHasher, Hasher, RandomState};

/// Makes the hashers of one map.
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

    /// The length of an id, which is that of every other.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}
