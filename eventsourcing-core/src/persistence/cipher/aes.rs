//! AES-256-GCM (NIST SP 800-38D), for those who must have AES or have it in hardware.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};

use super::{AES, Cipher, CipherError, CipherKey, sealed};

/// AES-256-GCM with random nonces of 12 bytes: at most 2^32 events with one key.
///
/// The data grows by 28 bytes: the nonce and the tag of 16 bytes. Beyond four thousand million states a random nonce is
/// too likely to come twice (NIST SP 800-38D, 8.3): change the key before, or use
/// `ChaCha20Poly1305Cipher`, which knows no such limit.
#[derive(Clone)]
pub struct AesCipher {
    cipher: Aes256Gcm,
    key_id: u32,
}

impl AesCipher {
    /// A cipher with this key.
    pub fn new(key: &CipherKey) -> Self {
        Self { cipher: Aes256Gcm::new(key.as_bytes().into()), key_id: key.id() }
    }

    /// A new key from the operating system's random numbers.
    ///
    /// # Panics
    /// As [`CipherKey::create`].
    pub fn create_key() -> CipherKey {
        CipherKey::create()
    }
}

impl fmt::Debug for AesCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AesCipher(key {:08x})", self.key_id)
    }
}

impl Cipher for AesCipher {
    fn id(&self) -> u8 {
        AES
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
