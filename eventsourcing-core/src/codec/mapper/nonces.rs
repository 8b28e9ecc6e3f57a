//! The nonces of one save, drawn from the operating system in one call.
//!
//! One call takes as long as encrypting a small event, and hardly three times as long for ten nonces; from glibc 2.41 and
//! Linux 6.11 on it is no longer a system call. Nonces are not kept beyond the save: kept for another save, they would repeat
//! after a fork or in a copy of a virtual machine.

use super::Mapper;
use crate::codec::CipherError;

/// Nonces that were drawn and not used yet. If there are none, each is drawn when needed.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    drawn: Vec<u8>,
    used: usize,
}

impl Mapper {
    /// Draws the nonces for a number of states.
    pub(super) fn nonces(&self, states: usize) -> Nonces {
        let Some(cipher) = &self.cipher else { return Nonces::default() };
        let mut drawn = vec![0; states.saturating_mul(cipher.nonce_len())];
        // if this fails, the call for the first state fails too, and that error names the state
        match draw(&mut drawn) {
            Ok(()) => Nonces { drawn, used: 0 },
            Err(_) => Nonces::default(),
        }
    }
}

impl Nonces {
    /// Writes the next nonce.
    pub(super) fn fill(&mut self, nonce: &mut [u8]) -> Result<(), CipherError> {
        let end = self.used + nonce.len();
        match self.drawn.get(self.used..end) {
            Some(fresh) => {
                nonce.copy_from_slice(fresh);
                self.used = end;
                Ok(())
            }
            None => draw(nonce),
        }
    }
}

fn draw(bytes: &mut [u8]) -> Result<(), CipherError> {
    if bytes.is_empty() {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(|error| CipherError::Randomness { reason: error.to_string() })
}
