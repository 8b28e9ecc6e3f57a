//! Ciphers: encryption of states, which makes them unreadable without the key and unusable in any other location.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

#[cfg(feature = "aes")]
mod aes;
#[cfg(feature = "chacha20poly1305")]
mod chacha20poly1305;

#[cfg(feature = "aes")]
pub use aes::AesCipher;
#[cfg(feature = "chacha20poly1305")]
pub use chacha20poly1305::ChaCha20Poly1305Cipher;

/// A cipher that encrypts states with one key, and authenticates the location that they belong to.
///
/// A state identifies the cipher by its [`id`](Self::id) and the key by its [`key_id`](Self::key_id). Ids 1 to 7 are reserved for
/// this library; other implementations use an id from 8 to 15.
///
/// Any crate may implement this trait. A later version of this library may add methods, each with a default.
pub trait Cipher: fmt::Debug + Send + Sync {
    /// Returns the id of the cipher in recorded states: 1 to 15, never reused for another format.
    fn id(&self) -> u8;

    /// Returns the fingerprint of the key, which distinguishes a wrong key from a corrupt state.
    fn key_id(&self) -> u32;

    /// Returns the length of the nonce before the encrypted data of each state, in bytes.
    ///
    /// The mapper draws the nonce of each state from the operating system's random number generator, so equal data never gives equal
    /// bytes. It draws the nonces of one save in a single call and keeps none for the next save: they are never a counter, and never
    /// repeat.
    fn nonce_len(&self) -> usize;

    /// Encrypts in place: from `start` on, the nonce and the data become the nonce and the encrypted data.
    ///
    /// The authentication tag is appended; the bytes before `start` stay unchanged. `context` is authenticated and not stored.
    ///
    /// # Errors
    /// [`CipherError::Encryption`] if there is no room for the nonce, or the data cannot be encrypted.
    fn encrypt(&self, state: &mut Vec<u8>, start: usize, context: &[u8]) -> Result<(), CipherError>;

    /// Decrypts in place: the output of [`encrypt`](Self::encrypt), from its `start` on, becomes the data.
    ///
    /// # Errors
    /// [`CipherError::Authentication`] for anything that was not encrypted with this key and this context. The content of `state` must
    /// not be used then.
    fn decrypt(&self, state: &mut Vec<u8>, context: &[u8]) -> Result<(), CipherError>;
}

/// The reason why a cipher cannot be created, or cannot encrypt or decrypt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The text is not a valid key. The text is not shown.
    #[error("{reason}")]
    Key {
        /// What is wrong with the text.
        reason: String,
    },
    /// The operating system's random number generator failed.
    #[error("the operating system returned no random numbers: {reason}")]
    Randomness {
        /// The message of the operating system.
        reason: String,
    },
    /// The data cannot be encrypted.
    #[error("it cannot be encrypted: {reason}")]
    Encryption {
        /// Why the data cannot be encrypted.
        reason: String,
    },
    /// The data was altered, truncated, or moved here from another location.
    #[error(
        "it was altered, truncated, or moved here from another aggregate, version, topic, application or kind of state"
    )]
    Authentication,
}

/// A secret key of 32 bytes, which `Debug` does not show and which is wiped from memory when dropped.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::codec::CipherKey;
///
/// let key = CipherKey::create();
/// assert_eq!(key.as_str().len(), 44);
/// assert_eq!(format!("{key:?}"), "CipherKey(…)");
/// assert_eq!(CipherKey::parse(key.as_str())?, key);
///
/// let error = CipherKey::parse("c2VjcmV0").unwrap_err();
/// assert_eq!(error.to_string(), "it is 6 bytes of base64; expected 32 bytes");
/// # Ok::<(), eventsourcing::codec::CipherError>(())
/// ```
#[derive(Clone)]
pub struct CipherKey {
    bytes: Zeroizing<[u8; 32]>,
    text: Zeroizing<String>,
}

impl CipherKey {
    /// Creates a new key from the operating system's random number generator.
    ///
    /// # Panics
    /// If the operating system returns no random numbers, because a program cannot continue without a key.
    pub fn create() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        if let Err(error) = getrandom::fill(&mut *bytes) {
            panic!("the operating system returned no random numbers for a key: {error}");
        }
        Self::from_bytes(bytes)
    }

    /// Parses a key: base64 (RFC 4648, with padding) of 32 bytes.
    ///
    /// # Errors
    /// [`CipherError::Key`], which describes what is wrong with the text and never shows the text.
    pub fn parse(text: &str) -> Result<Self, CipherError> {
        let key = |reason: String| CipherError::Key { reason };
        if text.trim() != text {
            return Err(key("it has white space around it; expected base64 of 32 bytes and nothing else".to_owned()));
        }
        let decoded = STANDARD.decode(text).map(Zeroizing::new).map_err(|_| {
            key(format!("it is {} characters that are not base64; expected base64 of 32 bytes", text.len()))
        })?;
        let bytes: [u8; 32] = decoded
            .as_slice()
            .try_into()
            .map_err(|_| key(format!("it is {} bytes of base64; expected 32 bytes", decoded.len())))?;
        if bytes == [0; 32] {
            return Err(key("it is all zero; expected 32 random bytes".to_owned()));
        }
        Ok(Self::from_bytes(Zeroizing::new(bytes)))
    }

    fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        let text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        Self { bytes, text }
    }

    /// Returns the key as base64 text, to be kept secret and configured as `CIPHER_KEY`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the 32 bytes of the key, for implementations of [`Cipher`].
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Returns the fingerprint of the key: the first four bytes of a SHA-256 hash, which do not reveal the key.
    pub fn id(&self) -> u32 {
        let hash = Sha256::new().chain_update(b"eventsourcing key id 1").chain_update(self.bytes.as_slice()).finalize();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CipherKey(…)")
    }
}

impl PartialEq for CipherKey {
    fn eq(&self, other: &Self) -> bool {
        // no early exit: the duration must not depend on the key
        self.bytes.iter().zip(other.bytes.iter()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

impl Eq for CipherKey {}

#[cfg(any(feature = "aes", feature = "chacha20poly1305"))]
impl CipherError {
    fn no_nonce() -> Self {
        Self::Encryption { reason: "there is no room for the nonce".to_owned() }
    }

    fn too_long() -> Self {
        Self::Encryption { reason: "it is too long for the cipher".to_owned() }
    }
}

pub(crate) const CHACHA20POLY1305: u8 = 1;
pub(crate) const AES: u8 = 2;

/// Returns the name of a cipher of this library, for messages.
pub(crate) fn name(id: u8) -> Option<&'static str> {
    match id {
        CHACHA20POLY1305 => Some("chacha20poly1305"),
        AES => Some("aes"),
        _ => None,
    }
}
