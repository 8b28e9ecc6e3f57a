//! The mapper's configuration by environment variables.

use std::num::NonZeroU32;

use crate::codec::{CipherKey, Mapper, StateCheck};
use crate::environment::{Environment, EnvironmentError};

impl Mapper {
    /// The mapper that the environment variables describe.
    ///
    /// # Errors
    /// [`EnvironmentError`] if a topic is unknown, a required feature is disabled, the cipher's key is missing, or the key is
    /// invalid.
    pub fn from_environment(application: &str, environment: &Environment) -> Result<Self, EnvironmentError> {
        encrypted(Self::unencrypted(application, environment)?, environment)
    }

    /// The mapper that the environment variables describe, without its cipher: [`without_key`](Self::without_key). The variables of the cipher
    /// and the key are not read.
    ///
    /// # Errors
    /// The errors of [`from_environment`](Self::from_environment), except those of the cipher and the key.
    pub fn from_environment_without_key(
        application: &str,
        environment: &Environment,
    ) -> Result<Self, EnvironmentError> {
        Ok(Self::unencrypted(application, environment)?.without_key())
    }

    fn unencrypted(application: &str, environment: &Environment) -> Result<Self, EnvironmentError> {
        let mut mapper = Self::new(application.to_lowercase())
            .allow_unencrypted(environment.flag("CIPHER_ALLOW_UNENCRYPTED", false)?)
            .with_max_state_size(
                environment
                    .number::<NonZeroU32>("MAX_STATE_SIZE", "a number of bytes from 1 to 4294967295")?
                    .map_or(Self::DEFAULT_MAX_STATE_SIZE, NonZeroU32::get),
            );
        mapper = compressed(mapper, environment)?;
        if let Some(check) = state_check(environment)? {
            mapper = mapper.with_state_check(check);
        }
        Ok(mapper)
    }
}

const CHECK: &str = "STATE_CHECK";
const COMPRESSOR: &str = "COMPRESSOR_TOPIC";
const CIPHER: &str = "CIPHER_TOPIC";
const KEY: &str = "CIPHER_KEY";

fn state_check(environment: &Environment) -> Result<Option<StateCheck>, EnvironmentError> {
    let Some(value) = environment.text(CHECK)? else { return Ok(None) };
    match StateCheck::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value)) {
        Some((_, check)) => Ok(Some(*check)),
        None => Err(environment.invalid(CHECK, &value, "`full`, `json` or `off`")),
    }
}

fn compressed(mapper: Mapper, environment: &Environment) -> Result<Mapper, EnvironmentError> {
    let Some(topic) = environment.text(COMPRESSOR)? else { return Ok(mapper) };
    match topic.as_str() {
        #[cfg(feature = "zstd")]
        "zstd" => Ok(mapper.with_compressor(crate::codec::compressor::ZstdCompressor::default())),
        #[cfg(not(feature = "zstd"))]
        "zstd" => Err(environment.feature_off(COMPRESSOR, &topic, "zstd")),
        #[cfg(feature = "zlib")]
        "zlib" | "eventsourcing.compressor:ZlibCompressor" => {
            Ok(mapper.with_compressor(crate::codec::compressor::ZlibCompressor))
        }
        #[cfg(not(feature = "zlib"))]
        "zlib" | "eventsourcing.compressor:ZlibCompressor" => Err(environment.feature_off(COMPRESSOR, &topic, "zlib")),
        _ => Err(environment.invalid(COMPRESSOR, &topic, "`zstd` or `zlib`")),
    }
}

fn encrypted(mapper: Mapper, environment: &Environment) -> Result<Mapper, EnvironmentError> {
    let topic = environment.text(CIPHER)?;
    let Some(text) = environment.text(KEY)?.map(zeroize::Zeroizing::new) else {
        return match topic {
            None => Ok(mapper),
            Some(topic) => Err(EnvironmentError::Missing {
                variable: KEY.to_owned(),
                expected: format!(
                    "the key of the cipher `{topic}`: base64 of 32 bytes, from `ChaCha20Poly1305Cipher::create_key()`"
                ),
            }),
        };
    };
    let key = CipherKey::parse(&text).map_err(|error| environment.invalid_secret(KEY, error.to_string()))?;
    // if no cipher feature is enabled, the key is only validated
    let _ = &key;
    match topic.as_deref().unwrap_or("chacha20poly1305") {
        #[cfg(feature = "chacha20poly1305")]
        "chacha20poly1305" => Ok(mapper.with_cipher(crate::codec::cipher::ChaCha20Poly1305Cipher::new(&key))),
        #[cfg(not(feature = "chacha20poly1305"))]
        name @ "chacha20poly1305" => Err(environment.feature_off(CIPHER, name, "chacha20poly1305")),
        #[cfg(feature = "aes")]
        "aes" | "eventsourcing.cipher:AESCipher" => Ok(mapper.with_cipher(crate::codec::cipher::AesCipher::new(&key))),
        #[cfg(not(feature = "aes"))]
        name @ ("aes" | "eventsourcing.cipher:AESCipher") => Err(environment.feature_off(CIPHER, name, "aes")),
        name => Err(environment.invalid(CIPHER, name, "`chacha20poly1305` or `aes`")),
    }
}
