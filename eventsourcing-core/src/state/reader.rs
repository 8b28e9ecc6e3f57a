//! Reads the serialized state of an event from JSON, directly into the event's struct.
//!
//! The reserved keys are removed from the object while it is read, so that the event's own `Deserialize` sees only its own fields.
//!
//! The version of the event's shape is one of these keys. Whoever reads several shapes asks for it first, with [`StateReader::version`].

use std::fmt;
use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor};

use super::json_error::JsonError;
use super::reserved::{BAD_CLASS_VERSION, Key, Reserved};
use super::shape::Trace;
use super::sketch::Sketch;
use super::{Metadata, StateError, class_version, upcast};

/// The source from which an event reads its fields.
#[derive(Debug)]
pub struct StateReader<'a> {
    bytes: &'a [u8],
    /// The bytes as text, once they are validated.
    text: Option<&'a str>,
    timestamp: Option<Timestamp>,
    /// The version of the shape that is read.
    version: u64,
    /// Whether metadata is read; otherwise it is skipped.
    wants_metadata: bool,
    metadata: Option<Arc<Metadata>>,
    /// The sketch to draw instead of reading a state.
    sketch: Option<&'a mut Sketch>,
    /// The trace of the event's shape to make instead of reading a state.
    trace: Option<&'a mut Trace>,
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            text: None,
            timestamp: None,
            version: 1,
            wants_metadata: false,
            metadata: None,
            sketch: None,
            trace: None,
        }
    }

    /// Returns a reader that reads no input and asks the event's type which fields it would read.
    pub(crate) fn sketching(sketch: &'a mut Sketch) -> Self {
        Self { sketch: Some(sketch), ..Self::new(&[]) }
    }

    /// Returns a reader that reads no input and notes the shape that the event's type would read.
    pub(crate) fn tracing(trace: &'a mut Trace) -> Self {
        Self { trace: Some(trace), ..Self::new(&[]) }
    }

    /// Returns the version of the shape in which the event was recorded: from 1 to `known`, the newest one that the caller can read.
    ///
    /// An event whose shape has never changed is read without this call. Otherwise the version decides which shape
    /// [`read`](Self::read) is asked for, and which functions convert it to the newest one. `#[event("…", version = 3)]` generates
    /// this; an event that is written by hand does the same.
    ///
    /// # Errors
    /// [`StateError::NewerVersion`] if the version is greater than `known`, and [`StateError::Json`] if it is not a number from 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::AggregateEvent;
    /// use eventsourcing::domain::{StateError, StateReader, StateWriter};
    /// use serde::{Deserialize, Serialize};
    ///
    /// /// The first shape of the event, which stays recorded.
    /// #[derive(Deserialize)]
    /// struct StartedV1 { title: String }
    ///
    /// #[derive(Clone, Debug, Serialize, Deserialize)]
    /// struct Started { name: String, moons: u32 }
    ///
    /// fn started_v1(old: StartedV1) -> Started {
    ///     Started { name: old.title, moons: 0 }
    /// }
    ///
    /// impl AggregateEvent for Started {
    ///     const TOPICS: &'static [&'static str] = &["World.Started"];
    ///     fn topic(&self) -> &'static str { "World.Started" }
    ///     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
    ///         state.write_version(2, self)
    ///     }
    ///     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    ///         match topic {
    ///             "World.Started" => match state.version(2)? {
    ///                 1 => state.read().and_then(|old| state.upcast(started_v1, old)),
    ///                 _ => state.read(),
    ///             },
    ///             _ => Err(StateError::UnknownTopic),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn version(&mut self, known: u32) -> Result<u32, StateError> {
        if let Some(sketch) = &mut self.sketch {
            sketch.version(known);
            return Ok(known);
        }
        if let Some(trace) = &mut self.trace {
            return Ok(trace.version(known));
        }
        let text = self.text()?;
        self.version = match class_version::written(text) {
            Some(version) => version,
            None if class_version::is_absent(text) => 1,
            None => self.scan(false)?.class_version.unwrap_or(1),
        };
        match u32::try_from(self.version) {
            Ok(0) => Err(JsonError::new(BAD_CLASS_VERSION).into()),
            Ok(version) if version <= known => Ok(version),
            _ => Err(StateError::NewerVersion { found: self.version, known }),
        }
    }

    /// Reads an event that was written by [`StateWriter::write`](super::StateWriter::write), in the shape of its
    /// [`version`](Self::version).
    ///
    /// Unless the version was asked for, the event must have version 1.
    ///
    /// # Errors
    /// [`StateError::Json`] if the state does not match the event's type, [`StateError::NoTimestamp`] if the timestamp is missing,
    /// [`StateError::NewerVersion`] if the event has another version, and [`StateError::UnknownField`] if it has a field that a type with
    /// `#[serde(deny_unknown_fields)]` does not know, as the structs that `#[aggregate]` generates have it.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<T, StateError> {
        if let Some(sketch) = &mut self.sketch {
            sketch.of::<T>();
            return Err(StateError::NoTimestamp);
        }
        if let Some(trace) = &mut self.trace {
            trace.of::<T>();
            return Err(StateError::NoTimestamp);
        }
        let mut reserved = Reserved::new(self.wants_metadata);
        // validated once as a whole, which is cheaper than validating each string
        let text = self.text()?;
        let mut json = serde_json::Deserializer::from_str(text);
        let read = T::deserialize(Fields { json: &mut json, reserved: &mut reserved });
        let event = match read.and_then(|event| json.end().map(|()| event)) {
            Ok(event) => event,
            Err(error) => return Err(self.why_not::<T>(&error, text)),
        };
        self.check_version(reserved.class_version)?;
        self.timestamp = Some(reserved.timestamp.ok_or(StateError::NoTimestamp)?);
        self.metadata = reserved.metadata;
        Ok(event)
    }

    /// Converts an older shape to the next one with a step, such as `fn(StartedV1) -> StartedV2`.
    ///
    /// A step that can fail returns a `Result`, which [`upcast_or_fail`](Self::upcast_or_fail) takes.
    ///
    /// # Errors
    /// [`StateError::Upcast`] if the step panics. The event stays recorded as it is.
    pub fn upcast<T, U>(&self, step: impl FnOnce(T) -> U, old: T) -> Result<U, StateError> {
        upcast::run(self.version, step, old)
    }

    /// Converts an older shape to the next one with a step that can fail.
    ///
    /// The text of the step's error is part of the returned one. Keep the event's values out of it, because errors are logged.
    ///
    /// # Errors
    /// [`StateError::Upcast`] if the step returns an error or panics. The event stays recorded as it is.
    pub fn upcast_or_fail<T, U, E: Display>(
        &self,
        step: impl FnOnce(T) -> Result<U, E>,
        old: T,
    ) -> Result<U, StateError> {
        upcast::try_run(self.version, step, old)
    }

    /// Reads the timestamp of an event in any version, and nothing else.
    pub(crate) fn read_timestamp(&mut self) -> Result<(), StateError> {
        self.timestamp = Some(self.scan(false)?.timestamp.ok_or(StateError::NoTimestamp)?);
        Ok(())
    }

    /// Reads the timestamp and the metadata of an event in any version, and nothing else.
    pub(crate) fn read_metadata(&mut self) -> Result<Option<Arc<Metadata>>, StateError> {
        let reserved = self.scan(true)?;
        self.timestamp = Some(reserved.timestamp.ok_or(StateError::NoTimestamp)?);
        Ok(reserved.metadata)
    }

    /// Reads an event with a function, and its metadata, which is skipped otherwise.
    pub(crate) fn with_metadata<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StateError>,
    ) -> Result<(T, Option<Arc<Metadata>>), StateError> {
        self.wants_metadata = true;
        let event = read(self)?;
        Ok((event, self.metadata.take().filter(|metadata| !metadata.is_empty())))
    }

    /// Returns the timestamp of the event that was read.
    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// Returns the version of the shape that is read.
    pub(super) fn recorded_version(&self) -> u64 {
        self.version
    }

    fn text(&mut self) -> Result<&'a str, JsonError> {
        match self.text {
            Some(text) => Ok(text),
            None => {
                let text = str::from_utf8(self.bytes).map_err(|error| JsonError::new(error.to_string()))?;
                self.text = Some(text);
                Ok(text)
            }
        }
    }

    /// Returns the values of the reserved keys, wherever they are in the state.
    fn scan(&mut self, wants_metadata: bool) -> Result<Reserved, StateError> {
        let (text, mut reserved) = (self.text()?, Reserved::new(wants_metadata));
        let mut json = serde_json::Deserializer::from_str(text);
        IgnoredAny::deserialize(Fields { json: &mut json, reserved: &mut reserved })
            .and_then(|_| json.end())
            .map_err(|error| why_not::<IgnoredAny>(&error, text, wants_metadata))?;
        Ok(reserved)
    }

    fn check_version(&self, found: Option<u64>) -> Result<(), StateError> {
        match found.unwrap_or(1) {
            0 => Err(JsonError::new(BAD_CLASS_VERSION).into()),
            found if found == self.version => Ok(()),
            found => Err(StateError::NewerVersion { found, known: self.version.try_into().unwrap_or(u32::MAX) }),
        }
    }

    /// Explains why no `T` could be read: another version of the event has another shape.
    #[cold]
    fn why_not<T: DeserializeOwned>(&mut self, error: &serde_json::Error, text: &str) -> StateError {
        let version = self.scan(false).and_then(|reserved| self.check_version(reserved.class_version));
        match version {
            Err(newer @ StateError::NewerVersion { .. }) => newer,
            _ => why_not::<T>(error, text, self.wants_metadata),
        }
    }
}

/// Explains why no `T` could be read from the text.
#[cold]
fn why_not<T: DeserializeOwned>(error: &serde_json::Error, text: &str, wants_metadata: bool) -> StateError {
    let (mut json, mut reserved) = (serde_json::Deserializer::from_str(text), Reserved::new(wants_metadata));
    JsonError::of_reading::<T>(error, Fields { json: &mut json, reserved: &mut reserved })
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
            match key {
                Key::Reserved(key) => self.reserved.read(key, &mut self.map)?,
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
