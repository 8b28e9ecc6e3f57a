//! Ciphers: what makes a state unreadable without the key, and unusable anywhere but in its place.

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

/// Encrypts states with one key, and authenticates what they belong to.
///
/// A state names the cipher by its [`id`](Self::id) and the key by its [`key_id`](Self::key_id). Ids 1 to 7 are this
/// library's; take one from 8 to 15.
pub trait Cipher: fmt::Debug + Send + Sync {
    /// The number of this cipher in recorded states: 1 to 15, never reused for another format.
    fn id(&self) -> u8;

    /// The fingerprint of the key, to tell a wrong key from a broken state.
    fn key_id(&self) -> u32;

    /// How many bytes of nonce stand before the encrypted data of each state.
    ///
    /// The mapper draws them from the operating system for every state, so equal data never gives equal bytes. It draws
    /// those of one save at once and keeps none for the next: they are never a counter, and never come twice.
    fn nonce_len(&self) -> usize;

    /// Encrypts in place: from `start` on, the nonce and the data become the nonce and the encrypted data.
    ///
    /// What authenticates the data is appended; what stands before `start` is left alone. `context` is authenticated and not stored.
    ///
    /// # Errors
    /// [`CipherError::Encryption`] if there is no room for the nonce, or the data cannot be encrypted.
    fn encrypt(&self, state: &mut Vec<u8>, start: usize, context: &[u8]) -> Result<(), CipherError>;

    /// Decrypts in place: what [`encrypt`](Self::encrypt) made from its `start` on becomes the data.
    ///
    /// # Errors
    /// [`CipherError::Authentication`] for anything that was not encrypted with this key and this context; what `state`
    /// holds then is not to be used.
    fn decrypt(&self, state: &mut Vec<u8>, context: &[u8]) -> Result<(), CipherError>;
}

/// Why a cipher cannot be made, or cannot encrypt or decrypt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// The text is no key. It is not shown.
    #[error("{reason}")]
    Key {
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers: {reason}")]
    Randomness {
        /// What it said.
        reason: String,
    },
    /// The data cannot be encrypted.
    #[error("it cannot be encrypted: {reason}")]
    Encryption {
        /// Why not.
        reason: String,
    },
    /// The data was altered, cut off, or moved here from another place.
    #[error(
        "it was altered, cut off, or moved here from another aggregate, version, topic, application or kind of state"
    )]
    Authentication,
}

/// A secret key of 32 bytes, which shows itself to nobody and is wiped when dropped.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::persistence::CipherKey;
///
/// let key = CipherKey::create();
/// assert_eq!(key.as_str().len(), 44);
/// assert_eq!(format!("{key:?}"), "CipherKey(…)");
/// assert_eq!(CipherKey::parse(key.as_str())?, key);
///
/// let error = CipherKey::parse("c2VjcmV0").unwrap_err();
/// assert_eq!(error.to_string(), "it is 6 bytes of base64; expected 32 bytes");
/// # Ok::<(), eventsourcing_core::persistence::CipherError>(())
/// ```
#[derive(Clone)]
pub struct CipherKey {
    bytes: Zeroizing<[u8; 32]>,
    text: Zeroizing<String>,
}

impl CipherKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Panics
    /// If the operating system has none: a program that wants a key cannot go on without one.
    pub fn create() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        if let Err(error) = getrandom::fill(&mut *bytes) {
            panic!("the operating system gave no random numbers for a key: {error}");
        }
        Self::from_bytes(bytes)
    }

    /// The key that a text stands for: base64 (RFC 4648, with padding) of 32 bytes.
    ///
    /// # Errors
    /// [`CipherError::Key`] that says what the text is instead, and never the text.
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

    /// The key as text, to be kept as a secret and given as `CIPHER_KEY`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key's 32 bytes, for those who write a [`Cipher`].
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The fingerprint of the key: the first four bytes of a SHA-256 hash, from which the key cannot be told.
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
        // no early exit: how long it takes says nothing about the key
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

/// The name of a cipher of this library, for messages.
pub(crate) fn name(id: u8) -> Option<&'static str> {
    match id {
        CHACHA20POLY1305 => Some("chacha20poly1305"),
        AES => Some("aes"),
        _ => None,
    }
}
