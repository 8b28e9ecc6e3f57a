//! XChaCha20-Poly1305 from HChaCha20 (chacha20) and ChaCha20-Poly1305 (ring): the same bytes in a fraction of the time.
//!
//! Poly1305 of the crate poly1305 calls a function for each AVX2 instruction unless the whole program is compiled for AVX2; ring's
//! assembler detects the processor at run time.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use zeroize::Zeroizing;

use super::{CipherError, NONCE};

#[derive(Clone)]
pub(super) struct Accelerated {
    key: Zeroizing<[u8; 32]>,
}

impl Accelerated {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { key: Zeroizing::new(*key) }
    }

    /// Derives the key and nonce of ChaCha20 for an XChaCha20 nonce: section 2.3 of the draft.
    fn for_nonce(&self, nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let [a @ .., _, _, _, _, _, _, _, _] = nonce;
        let [.., n0, n1, n2, n3, n4, n5, n6, n7] = *nonce;
        let subkey = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>((&*self.key).into(), a.into())));
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*subkey)?;
        let nonce = Nonce::assume_unique_for_key([0, 0, 0, 0, n0, n1, n2, n3, n4, n5, n6, n7]);
        Ok((LessSafeKey::new(key), nonce))
    }

    pub(super) fn encrypt(&self, state: &mut Vec<u8>, start: usize, context: &[u8]) -> Result<(), CipherError> {
        let (nonce, data) =
            state.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut).ok_or_else(CipherError::no_nonce)?;
        let tag = self
            .for_nonce(nonce)
            .and_then(|(key, nonce)| key.seal_in_place_separate_tag(nonce, Aad::from(context), data))
            .map_err(|_| CipherError::too_long())?;
        state.extend_from_slice(tag.as_ref());
        Ok(())
    }

    pub(super) fn decrypt(&self, state: &mut Vec<u8>, context: &[u8]) -> Result<(), CipherError> {
        let nonce = state.first_chunk().ok_or(CipherError::Authentication)?;
        let len = self
            .for_nonce(nonce)
            // decryption moves the data to the position of the nonce
            .and_then(|(key, nonce)| Ok(key.open_within(nonce, Aad::from(context), state, NONCE..)?.len()))
            .map_err(|_| CipherError::Authentication)?;
        state.truncate(len);
        Ok(())
    }
}
