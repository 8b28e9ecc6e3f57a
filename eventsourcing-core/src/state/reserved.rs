//! The reserved keys of a state, and their values.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, IntoDeserializer, MapAccess, Visitor};

use super::{CLASS_VERSION, METADATA, Metadata, TIMESTAMP, time};

const BAD_TIME: &str = "the `timestamp` is not a valid time";
pub(super) const BAD_CLASS_VERSION: &str = "the `class_version` is not a number from 1";
const BAD_METADATA: &str = "the `$metadata` is not the metadata of an event";

/// The messages of this module, in addition to those of the event's type.
pub(super) const OWN_MESSAGES: [&str; 6] = [
    BAD_TIME,
    BAD_CLASS_VERSION,
    BAD_METADATA,
    "duplicate field `timestamp`",
    "duplicate field `class_version`",
    "duplicate field `$metadata`",
];

/// The values of the reserved keys.
#[derive(Default)]
pub(super) struct Reserved {
    pub(super) timestamp: Option<Timestamp>,
    pub(super) class_version: Option<u64>,
    pub(super) metadata: Option<Arc<Metadata>>,
    /// Whether metadata is read; otherwise it is skipped, which costs no allocation.
    wants_metadata: bool,
}

impl Reserved {
    pub(super) fn new(wants_metadata: bool) -> Self {
        Self { wants_metadata, ..Self::default() }
    }

    /// Reads the value of a reserved key.
    pub(super) fn read<'de, M: MapAccess<'de>>(&mut self, key: ReservedKey, map: &mut M) -> Result<(), M::Error> {
        match key {
            ReservedKey::Timestamp => {
                let Time(timestamp) = map.next_value().map_err(|_| M::Error::custom(BAD_TIME))?;
                set_once(&mut self.timestamp, TIMESTAMP, timestamp)
            }
            ReservedKey::ClassVersion => {
                let version = map.next_value().map_err(|_| M::Error::custom(BAD_CLASS_VERSION))?;
                set_once(&mut self.class_version, CLASS_VERSION, version)
            }
            ReservedKey::Metadata if self.wants_metadata => {
                let metadata: Metadata = map.next_value().map_err(|_| M::Error::custom(BAD_METADATA))?;
                set_once(&mut self.metadata, METADATA, Arc::new(metadata))
            }
            ReservedKey::Metadata => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

fn set_once<T, E: serde::de::Error>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}

/// A key that is reserved for the library.
#[derive(Clone, Copy)]
pub(super) enum ReservedKey {
    Timestamp,
    ClassVersion,
    Metadata,
}

impl ReservedKey {
    fn of(key: &str) -> Option<Self> {
        match key {
            TIMESTAMP => Some(Self::Timestamp),
            CLASS_VERSION => Some(Self::ClassVersion),
            METADATA => Some(Self::Metadata),
            _ => None,
        }
    }
}

/// A key, borrowed from the state unless it contains escapes.
pub(super) enum Key<'de> {
    Reserved(ReservedKey),
    Borrowed(&'de str),
    Escaped(String),
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(ReservedKey::of(key).map_or(Key::Borrowed(key), Key::Reserved))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(ReservedKey::of(key).map_or_else(|| Key::Escaped(key.to_owned()), Key::Reserved))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The timestamp of the event.
struct Time(Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;
        impl Visitor<'_> for TimeVisitor {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a timestamp string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                let timestamp = match time::parse(text.as_bytes()) {
                    Some(timestamp) => timestamp,
                    None => Timestamp::deserialize(IntoDeserializer::<E>::into_deserializer(text))?,
                };
                Ok(Time(timestamp))
            }
        }
        deserializer.deserialize_str(TimeVisitor)
    }
}
