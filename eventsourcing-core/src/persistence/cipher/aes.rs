//! AES-256-GCM (NIST SP 800-38D), for those who must have AES or have it in hardware.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};

use super::{AES, Cipher, CipherError, CipherKey};

const NONCE: usize = 12;
const TAG: usize = 16;

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
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| CipherError::Randomness { reason: error.to_string() })?;
        into.extend_from_slice(&nonce);
        let start = into.len();
        into.extend_from_slice(data);
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce.into(), context, (&mut into[start..]).into())
            // only data of more than 64 GiB fails, and a state is at most 4 GiB long
            .map_err(|_| CipherError::Authentication)?;
        into.extend_from_slice(&tag);
        Ok(())
    }

    fn decrypt(&self, encrypted: &[u8], context: &[u8]) -> Result<Vec<u8>, CipherError> {
        let (nonce, rest) = encrypted.split_first_chunk::<NONCE>().ok_or(CipherError::Authentication)?;
        let (data, tag) = rest.split_last_chunk::<TAG>().ok_or(CipherError::Authentication)?;
        let mut data = data.to_vec();
        self.cipher
            .decrypt_inout_detached(nonce.into(), context, data.as_mut_slice().into(), tag.into())
            .map_err(|_| CipherError::Authentication)?;
        Ok(data)
    }
}
