//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439), the cipher to choose.

use std::fmt;

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use zeroize::Zeroizing;

use super::{CHACHA20POLY1305, Cipher, CipherError, CipherKey};

/// The nonce of XChaCha20: 16 bytes for HChaCha20, 8 for ChaCha20.
const NONCE: usize = 24;

/// XChaCha20-Poly1305 with random nonces of 24 bytes, of which one key has enough for ever.
///
/// The data grows by 40 bytes: the nonce and the tag of 16 bytes.
///
/// The key is wiped from memory when the cipher is dropped. What is not wiped are the copies that a call leaves on the
/// stack: of the key that HChaCha20 derives, which opens that one state, and of what it was derived from.
#[derive(Clone)]
pub struct ChaCha20Poly1305Cipher {
    key: Zeroizing<[u8; 32]>,
    key_id: u32,
}

impl ChaCha20Poly1305Cipher {
    /// A cipher with this key.
    pub fn new(key: &CipherKey) -> Self {
        Self { key: Zeroizing::new(*key.as_bytes()), key_id: key.id() }
    }

    /// A new key from the operating system's random numbers.
    ///
    /// # Panics
    /// As [`CipherKey::create`].
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::persistence::cipher::ChaCha20Poly1305Cipher;
    ///
    /// let key = ChaCha20Poly1305Cipher::create_key();
    /// println!("keep this secret: CIPHER_KEY={}", key.as_str());
    /// ```
    pub fn create_key() -> CipherKey {
        CipherKey::create()
    }

    /// XChaCha20 is ChaCha20 with a key of its own for each nonce: section 2.3 of the draft.
    fn for_nonce(&self, nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let [a @ .., _, _, _, _, _, _, _, _] = nonce;
        let [.., n0, n1, n2, n3, n4, n5, n6, n7] = *nonce;
        let subkey = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>((&*self.key).into(), a.into())));
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*subkey)?;
        let nonce = Nonce::assume_unique_for_key([0, 0, 0, 0, n0, n1, n2, n3, n4, n5, n6, n7]);
        Ok((LessSafeKey::new(key), nonce))
    }
}

impl fmt::Debug for ChaCha20Poly1305Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChaCha20Poly1305Cipher(key {:08x})", self.key_id)
    }
}

impl Cipher for ChaCha20Poly1305Cipher {
    fn id(&self) -> u8 {
        CHACHA20POLY1305
    }

    fn key_id(&self) -> u32 {
        self.key_id
    }

    fn nonce_len(&self) -> usize {
        NONCE
    }

    fn encrypt(&self, state: &mut Vec<u8>, start: usize, context: &[u8]) -> Result<(), CipherError> {
        let (nonce, data) =
            state.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut).ok_or_else(CipherError::no_nonce)?;
        let tag = self
            .for_nonce(nonce)
            .and_then(|(key, nonce)| key.seal_in_place_separate_tag(nonce, Aad::from(context), data))
            .map_err(|_| CipherError::too_long())?;
        state.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn decrypt(&self, state: &mut Vec<u8>, context: &[u8]) -> Result<(), CipherError> {
        let nonce = state.first_chunk().ok_or(CipherError::Authentication)?;
        let len = self
            .for_nonce(nonce)
            // the data moves to where the nonce stood while it is decrypted
            .and_then(|(key, nonce)| Ok(key.open_within(nonce, Aad::from(context), state, NONCE..)?.len()))
            .map_err(|_| CipherError::Authentication)?;
        state.truncate(len);
        Ok(())
    }
}
