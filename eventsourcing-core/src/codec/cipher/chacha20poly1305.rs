//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, on RFC 8439), the recommended cipher.

#[cfg(feature = "ring")]
mod accelerated;

use std::fmt;

use chacha20poly1305::aead::AeadInOut as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};

use super::{CHACHA20POLY1305, Cipher, CipherError, CipherKey};

/// The nonce of XChaCha20: 16 bytes for HChaCha20, 8 for ChaCha20.
const NONCE: usize = 24;
/// The tag of Poly1305.
const TAG: usize = 16;

/// XChaCha20-Poly1305 with random nonces of 24 bytes, without a practical limit for one key.
///
/// The data grows by 40 bytes: the nonce and the tag of 16 bytes.
///
/// The implementation is the crate `chacha20poly1305`. With the feature `ring`, which is on by default, ring does the same in a
/// fraction of the time. Each implementation decrypts the output of the other.
///
/// The key is wiped from memory when the cipher is dropped. Copies that a call leaves on the stack are not wiped: the key that
/// HChaCha20 derives, which decrypts that one state, and the values that it was derived from.
#[derive(Clone)]
pub struct ChaCha20Poly1305Cipher {
    means: Means,
    key_id: u32,
}

/// The implementation that is used. Each wipes its key when dropped.
#[derive(Clone)]
enum Means {
    Portable(XChaCha20Poly1305),
    #[cfg(feature = "ring")]
    Accelerated(accelerated::Accelerated),
}

impl ChaCha20Poly1305Cipher {
    /// Creates a cipher with this key, with the fastest implementation of this build.
    pub fn new(key: &CipherKey) -> Self {
        #[cfg(feature = "ring")]
        return Self { means: Means::Accelerated(accelerated::Accelerated::new(key.as_bytes())), key_id: key.id() };
        #[cfg(not(feature = "ring"))]
        Self::portable(key)
    }

    /// Creates a cipher with this key that uses only the crate `chacha20poly1305`, even if ring is available.
    pub fn portable(key: &CipherKey) -> Self {
        Self { means: Means::Portable(XChaCha20Poly1305::new(key.as_bytes().into())), key_id: key.id() }
    }

    /// Creates a new key from the operating system's random number generator.
    ///
    /// # Panics
    /// Like [`CipherKey::create`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::codec::cipher::ChaCha20Poly1305Cipher;
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

    fn nonce_len(&self) -> usize {
        NONCE
    }

    #[cfg_attr(
        not(feature = "ring"),
        expect(clippy::infallible_destructuring_match, reason = "there are two with ring")
    )]
    fn encrypt(&self, state: &mut Vec<u8>, start: usize, context: &[u8]) -> Result<(), CipherError> {
        let cipher = match &self.means {
            Means::Portable(cipher) => cipher,
            #[cfg(feature = "ring")]
            Means::Accelerated(cipher) => return cipher.encrypt(state, start, context),
        };
        let (nonce, data) = state
            .get_mut(start..)
            .and_then(<[u8]>::split_first_chunk_mut::<NONCE>)
            .ok_or_else(CipherError::no_nonce)?;
        let tag = cipher
            .encrypt_inout_detached((&*nonce).into(), context, data.into())
            .map_err(|_| CipherError::too_long())?;
        state.extend_from_slice(&tag);
        Ok(())
    }

    #[cfg_attr(
        not(feature = "ring"),
        expect(clippy::infallible_destructuring_match, reason = "there are two with ring")
    )]
    fn decrypt(&self, state: &mut Vec<u8>, context: &[u8]) -> Result<(), CipherError> {
        let cipher = match &self.means {
            Means::Portable(cipher) => cipher,
            #[cfg(feature = "ring")]
            Means::Accelerated(cipher) => return cipher.decrypt(state, context),
        };
        let (nonce, rest) = state.split_first_chunk_mut::<NONCE>().ok_or(CipherError::Authentication)?;
        let (data, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(CipherError::Authentication)?;
        cipher
            .decrypt_inout_detached((&*nonce).into(), context, (&mut *data).into(), (&*tag).into())
            .map_err(|_| CipherError::Authentication)?;
        let len = data.len();
        state.copy_within(NONCE..NONCE + len, 0);
        state.truncate(len);
        Ok(())
    }
}
