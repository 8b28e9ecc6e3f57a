//! What an application consists of, said in code.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, Once, OnceLock};

use super::core::{Application, Shared};
use super::schema::Schema;
use super::topics::Topics;
use super::turns::Turns;
use super::{Environment, EnvironmentError};
use crate::persistence::{CipherKey, Mapper, MemoryRecorder, Recorder, StateCheck, check_name};
use crate::{Aggregate, Result};

/// The parts of an application, before it opens.
///
/// It asks no environment: that is what `eventsourcing::Builder` does, which `#[application]` uses.
#[derive(Debug)]
pub struct ApplicationBuilder {
    name: String,
    recorder: Option<Arc<dyn Recorder>>,
    mapper: Option<Mapper>,
    topics: Topics,
    schema: Schema,
    taken: Option<crate::Error>,
    section_size: usize,
}

impl ApplicationBuilder {
    /// How many notifications a section holds unless said otherwise.
    pub const DEFAULT_SECTION_SIZE: usize = 10;

    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            recorder: None,
            mapper: None,
            topics: Topics::default(),
            schema: Schema::default(),
            taken: None,
            section_size: Self::DEFAULT_SECTION_SIZE,
        }
    }

    /// Keeps events in this recorder rather than in memory.
    #[must_use]
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Maps events with this mapper rather than to plain JSON.
    #[must_use]
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = Some(mapper);
        self
    }

    /// Names a type of aggregate, so that a topic it shares with another is an error when the application opens.
    ///
    /// From the fields of its events comes the first dictionary of an application that compresses with zstd: see
    /// [`Application::prepare_dictionaries`].
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.schema.add::<A::Event>();
        self.taken = self.taken.or(self.topics.claim::<A::Event>().err());
        self
    }

    /// The largest number of notifications of a section: 10 unless said otherwise, and at least 1.
    #[must_use]
    pub fn section_size(mut self, notifications: usize) -> Self {
        self.section_size = notifications.max(1);
        self
    }

    /// Opens the application.
    ///
    /// # Errors
    /// [`Error::TopicTaken`](crate::Error::TopicTaken) if two of the named aggregates share a topic,
    /// [`RecorderError::Name`](crate::RecorderError::Name) if the name could not be that of tables.
    pub fn open(self) -> Result<Application> {
        let Self { name, recorder, mapper, topics, schema, taken, section_size } = self;
        if let Some(taken) = taken {
            return Err(taken);
        }
        check_name(&name)?;
        warn_of_arbitrary_precision();
        let recorder = recorder.unwrap_or_else(|| Arc::new(MemoryRecorder::new()));
        let mapper = mapper.unwrap_or_else(|| Mapper::new(name.to_lowercase()));
        let (turns, claim, carried_over) = (Turns::default(), OnceLock::new(), Mutex::default());
        Ok(Application::new(Shared {
            name,
            recorder,
            mapper,
            topics,
            schema,
            section_size,
            turns,
            claim,
            carried_over,
        }))
    }
}

/// Warns once if serde_json is built with its feature `arbitrary_precision`, which any crate of a program can turn on for all.
///
/// Numbers are then passed on as maps with one private key, which enums that are untagged or tagged inside, and flattened
/// structs, take for something else. An event that suffers from it is refused when it is saved.
fn warn_of_arbitrary_precision() {
    static WARNED: Once = Once::new();
    let keeps_digits =
        serde_json::from_str::<serde_json::Number>("1.10").is_ok_and(|number| number.to_string() == "1.10");
    if keeps_digits {
        WARNED.call_once(|| {
            tracing::warn!(
                "serde_json is built with `arbitrary_precision`, with which numbers in untagged and internally tagged enums and in \
                 flattened structs may not be read as they were written; turn that feature off (`cargo tree -e features -i serde_json` \
                 shows who turned it on)"
            );
        });
    }
}

impl Mapper {
    /// The mapper that the variables of the environment describe.
    ///
    /// # Errors
    /// [`EnvironmentError`] for an unknown topic, a feature that is off, a key without which there is no cipher, or a key
    /// that is none.
    pub fn from_environment(application: &str, environment: &Environment) -> Result<Self, EnvironmentError> {
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
        encrypted(mapper, environment)
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
        "zstd" => Ok(mapper.with_compressor(crate::persistence::compressor::ZstdCompressor::default())),
        #[cfg(not(feature = "zstd"))]
        "zstd" => Err(environment.feature_off(COMPRESSOR, &topic, "zstd")),
        #[cfg(feature = "zlib")]
        "zlib" | "eventsourcing.compressor:ZlibCompressor" => {
            Ok(mapper.with_compressor(crate::persistence::compressor::ZlibCompressor))
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
    // without a feature that uses it, the key has been looked at and that is all
    let _ = &key;
    match topic.as_deref().unwrap_or("chacha20poly1305") {
        #[cfg(feature = "chacha20poly1305")]
        "chacha20poly1305" => Ok(mapper.with_cipher(crate::persistence::cipher::ChaCha20Poly1305Cipher::new(&key))),
        #[cfg(not(feature = "chacha20poly1305"))]
        name @ "chacha20poly1305" => Err(environment.feature_off(CIPHER, name, "chacha20poly1305")),
        #[cfg(feature = "aes")]
        "aes" | "eventsourcing.cipher:AESCipher" => {
            Ok(mapper.with_cipher(crate::persistence::cipher::AesCipher::new(&key)))
        }
        #[cfg(not(feature = "aes"))]
        name @ ("aes" | "eventsourcing.cipher:AESCipher") => Err(environment.feature_off(CIPHER, name, "aes")),
        name => Err(environment.invalid(CIPHER, name, "`chacha20poly1305` or `aes`")),
    }
}
