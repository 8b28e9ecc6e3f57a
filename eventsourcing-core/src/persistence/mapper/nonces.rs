//! The nonces of one save, drawn from the operating system in one call.
//!
//! A call costs as much as it takes to encrypt a small event, and for ten nonces hardly three times as much; from glibc 2.41 and
//! Linux 6.11 on it is no system call any more. Nonces live no longer than the save: kept for another one, they would come again
//! after a fork or in the copy of a machine.

use super::Mapper;
use crate::persistence::CipherError;

/// Nonces that were drawn and not used; without any, each is drawn when it is needed.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    drawn: Vec<u8>,
    used: usize,
}

impl Mapper {
    /// The nonces for so many states.
    pub(super) fn nonces(&self, states: usize) -> Nonces {
        let Some(cipher) = &self.cipher else { return Nonces::default() };
        let mut drawn = vec![0; states.saturating_mul(cipher.nonce_len())];
        // if this fails so will the first state's own call, and that one can say whose nonce it was
        match draw(&mut drawn) {
            Ok(()) => Nonces { drawn, used: 0 },
            Err(_) => Nonces::default(),
        }
    }
}

impl Nonces {
    /// Fills in the next nonce.
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
