//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439), the cipher to choose.

use std::fmt;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use super::{CHACHA20POLY1305, Cipher, CipherError, CipherKey, sealed};

/// XChaCha20-Poly1305 with random nonces of 24 bytes, of which one key has enough for ever.
///
/// The data grows by 40 bytes: the nonce and the tag of 16 bytes.
#[derive(Clone)]
pub struct ChaCha20Poly1305Cipher {
    cipher: XChaCha20Poly1305,
    key_id: u32,
}

impl ChaCha20Poly1305Cipher {
    /// A cipher with this key.
    pub fn new(key: &CipherKey) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.as_bytes().into()), key_id: key.id() }
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

    fn encrypt(&self, data: &[u8], context: &[u8], into: &mut Vec<u8>) -> Result<(), CipherError> {
        sealed::encrypt(&self.cipher, data, context, into)
    }

    fn decrypt(&self, encrypted: &[u8], context: &[u8]) -> Result<Vec<u8>, CipherError> {
        sealed::decrypt(&self.cipher, encrypted, context)
    }
}
