//! Reads the serialized state of an event from JSON, directly into the event's struct.
//!
//! The reserved keys are removed from the object while it is read, so that the event's own `Deserialize` sees only its own fields.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};

use super::json_error::JsonError;
use super::sketch::Sketch;
use super::{CLASS_VERSION, StateError, TIMESTAMP, time};

const BAD_TIME: &str = "the `timestamp` is not a valid time";
const BAD_CLASS_VERSION: &str = "the `class_version` is not a number";
/// The reader's own messages, in addition to those of the event's type.
pub(super) const OWN_MESSAGES: [&str; 4] =
    [BAD_TIME, BAD_CLASS_VERSION, "duplicate field `timestamp`", "duplicate field `class_version`"];

/// The source from which an event reads its fields.
#[derive(Debug)]
pub struct StateReader<'a> {
    bytes: &'a [u8],
    timestamp: Option<Timestamp>,
    /// The sketch to draw instead of reading a state.
    sketch: Option<&'a mut Sketch>,
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, timestamp: None, sketch: None }
    }

    /// Returns a reader that reads no input and asks the event's type which fields it would read.
    pub(crate) fn sketching(sketch: &'a mut Sketch) -> Self {
        Self { bytes: &[], timestamp: None, sketch: Some(sketch) }
    }

    /// Reads an event that was written by [`StateWriter::write`](super::StateWriter::write).
    ///
    /// # Errors
    /// [`StateError::Json`] if the state does not match the event's type, [`StateError::NoTimestamp`] if the timestamp is missing,
    /// [`StateError::ClassVersion`] if the class version is not 1.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<T, StateError> {
        if let Some(sketch) = &mut self.sketch {
            sketch.of::<T>();
            return Err(StateError::NoTimestamp);
        }
        let mut reserved = Reserved::default();
        // validated once as a whole, which is cheaper than validating each string
        let text = str::from_utf8(self.bytes).map_err(|error| JsonError::new(error.to_string()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let event = T::deserialize(Fields { json: &mut json, reserved: &mut reserved })
            .map_err(|error| why_not::<T>(&error, text))?;
        json.end()?;
        if let Some(found) = reserved.class_version.filter(|version| *version != 1) {
            return Err(StateError::ClassVersion { found });
        }
        self.timestamp = Some(reserved.timestamp.ok_or(StateError::NoTimestamp)?);
        Ok(event)
    }

    /// Returns the timestamp of the event that was read.
    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }
}

/// Explains why no `T` could be read from the text.
#[cold]
fn why_not<T: DeserializeOwned>(error: &serde_json::Error, text: &str) -> JsonError {
    let (mut json, mut reserved) = (serde_json::Deserializer::from_str(text), Reserved::default());
    JsonError::of_reading::<T>(error, Fields { json: &mut json, reserved: &mut reserved })
}

/// The values of the reserved keys.
#[derive(Default)]
struct Reserved {
    timestamp: Option<Timestamp>,
    class_version: Option<u64>,
}

/// A deserializer of the event's fields. The state is an object, whatever type the event asks for.
struct Fields<'s, 'r, R> {
    json: &'s mut serde_json::Deserializer<R>,
    reserved: &'r mut Reserved,
}

macro_rules! as_an_object {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.json.deserialize_map(FieldsVisitor { visitor, reserved: self.reserved })
        }
    )*};
}

impl<'de, R: serde_json::de::Read<'de>> Deserializer<'de> for Fields<'_, '_, R> {
    type Error = serde_json::Error;

    as_an_object! {
        deserialize_any() deserialize_map() deserialize_struct(&'static str, &'static [&'static str])
        deserialize_ignored_any() deserialize_seq() deserialize_tuple(usize)
        deserialize_tuple_struct(&'static str, usize) deserialize_enum(&'static str, &'static [&'static str])
        deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_f32() deserialize_f64()
        deserialize_char() deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_identifier()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let reserved = self.reserved;
        // an object with no keys but the reserved ones
        NoFields::deserialize(Fields { json: self.json, reserved })?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }
}

#[derive(Deserialize)]
struct NoFields {}

/// A visitor that passes all entries but the reserved ones on to the event's visitor.
struct FieldsVisitor<'r, V> {
    visitor: V,
    reserved: &'r mut Reserved,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for FieldsVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<V::Value, M::Error> {
        self.visitor.visit_map(OwnEntries { map, reserved: self.reserved })
    }
}

struct OwnEntries<'r, M> {
    map: M,
    reserved: &'r mut Reserved,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for OwnEntries<'_, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        while let Some(key) = self.map.next_key()? {
            let reserved = &mut *self.reserved;
            match key {
                Key::Timestamp => {
                    let Time(timestamp) = self.map.next_value().map_err(|_| M::Error::custom(BAD_TIME))?;
                    set_once(&mut reserved.timestamp, TIMESTAMP, timestamp)?;
                }
                Key::ClassVersion => {
                    let version = self.map.next_value().map_err(|_| M::Error::custom(BAD_CLASS_VERSION))?;
                    set_once(&mut reserved.class_version, CLASS_VERSION, version)?;
                }
                Key::Borrowed(key) => return seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some),
                Key::Escaped(key) => return seed.deserialize(key.into_deserializer()).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, M::Error> {
        self.map.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        None
    }
}

fn set_once<T, E: serde::de::Error>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}

/// A key, borrowed from the state unless it contains escapes.
enum Key<'de> {
    Timestamp,
    ClassVersion,
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
                Ok(match key {
                    TIMESTAMP => Key::Timestamp,
                    CLASS_VERSION => Key::ClassVersion,
                    _ => Key::Borrowed(key),
                })
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(match key {
                    TIMESTAMP => Key::Timestamp,
                    CLASS_VERSION => Key::ClassVersion,
                    _ => Key::Escaped(key.to_owned()),
                })
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
