//! The state of an event as JSON: its time, then its fields by name, in one flat object.
//!
//! Reading and writing go straight between the bytes and the event's struct. The reserved keys are taken out of the
//! object while it is read, so the event's own `Deserialize` sees its own fields and nothing else.

use std::fmt;

use jiff::Timestamp;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::finite::is_finite;
use super::likeness::{StateDifference, Tree};
use super::sketch::Sketch;
use super::time;
use super::told::JsonError;
use super::watch::Watch;
use crate::domain::AggregateEvent;

const TIMESTAMP: &str = "timestamp";
const CLASS_VERSION: &str = "class_version";
/// The keys of a state that belong to the library.
const RESERVED: [&str; 2] = [TIMESTAMP, CLASS_VERSION];

/// What is wrong with the state of an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// No event of the aggregate has this topic.
    #[error(
        "no event of this aggregate has that topic; it was removed or renamed since it was recorded: bring it back, or pin its topic with `#[event(\"…\", topic = \"…\")]`"
    )]
    UnknownTopic,
    /// The event does not serialise as an object with named fields.
    #[error("the event serialises as {found}; expected a struct with named fields")]
    NotAnObject {
        /// What it serialises as.
        found: &'static str,
    },
    /// A field has the name of a key that belongs to the library.
    #[error("the event has a field called `{field}`, which is reserved; give the field another name")]
    ReservedField {
        /// The field.
        field: &'static str,
    },
    /// A floating point number is not finite.
    #[error(
        "the event holds a floating point number that is NaN or infinite, which JSON cannot keep; refuse such numbers in the command, or record them as an `Option` or a text"
    )]
    NotFinite,
    /// The event was written and could not be read back.
    #[error(
        "the event is written as something that cannot be read back ({reason}); make its `Deserialize` take what its `Serialize` gives"
    )]
    NotReadBack {
        /// How reading failed.
        reason: Box<StateError>,
    },
    /// The event was written and is read back as another one.
    #[error(
        "the event is read back as another one: {0}; \
         make its `Deserialize` give what its `Serialize` took, or turn this check off with STATE_CHECK=off"
    )]
    NotTheSame(Box<StateDifference>),
    /// The event that was read back writes the same JSON, and `Debug` shows another event.
    #[error(
        "the event is read back as another one, which writes the same JSON and has another `Debug`: look for a field that serde skips, \
         an untagged enum that takes one variant for another, or an option in an option; \
         keep the difference out of `Debug` if it means nothing, or compare the JSON alone with STATE_CHECK=json"
    )]
    LooksDifferent,
    /// The time of the event is not there.
    #[error("the state has no `timestamp`")]
    NoTimestamp,
    /// The event was recorded by a later version of the program.
    #[error(
        "the state has class version {found}, and this program knows version 1; run a newer version of the program"
    )]
    ClassVersion {
        /// The version that was recorded.
        found: u64,
    },
    /// The JSON is broken, or is not the event's.
    #[error("{0}")]
    Json(#[from] JsonError),
}

/// What an event's `Serialize` or `Deserialize` says may hold its data, and is left out.
impl From<serde_json::Error> for StateError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(JsonError::from(&error))
    }
}

const BAD_TIME: &str = "the `timestamp` is no time";
const BAD_CLASS_VERSION: &str = "the `class_version` is no number";
/// What reading itself has to say, beside what the event's type says.
pub(super) const OWN_MESSAGES: [&str; 4] =
    [BAD_TIME, BAD_CLASS_VERSION, "duplicate field `timestamp`", "duplicate field `class_version`"];

/// Where an event writes its fields.
#[derive(Debug)]
pub struct StateWriter<'a> {
    timestamp: Timestamp,
    into: &'a mut Vec<u8>,
    /// Where the event is to grow as a tree rather than to be written.
    tree: Option<&'a mut Option<Tree>>,
}

impl<'a> StateWriter<'a> {
    pub(crate) fn new(timestamp: Timestamp, into: &'a mut Vec<u8>) -> Self {
        Self { timestamp, into, tree: None }
    }

    /// The tree of what an event writes; none if it writes nothing.
    pub(super) fn tree_of<E: AggregateEvent>(event: &E) -> Option<Tree> {
        let (mut tree, mut nothing) = (None, Vec::new());
        let mut writer = StateWriter { timestamp: Timestamp::UNIX_EPOCH, into: &mut nothing, tree: Some(&mut tree) };
        event.write(&mut writer).ok()?;
        tree
    }

    /// Writes an event that is a struct with named fields.
    ///
    /// # Errors
    /// [`StateError::NotAnObject`] for anything else, [`StateError::ReservedField`] if a field has a reserved name,
    /// [`StateError::NotFinite`] for a floating point number that would not be read as it was, and
    /// [`StateError::Json`] if the event's `Serialize` fails.
    pub fn write<T: Serialize + ?Sized>(&mut self, event: &T) -> Result<(), StateError> {
        if let Some(tree) = &mut self.tree {
            **tree = Tree::of(event);
            return Ok(());
        }
        let into = &mut *self.into;
        into.extend_from_slice(br#"{"timestamp":""#);
        time::write(self.timestamp, into).map_err(serde_json::Error::io)?;
        into.push(b'"');
        let start = into.len();
        let mut watch = Watch::new(&RESERVED);
        event.serialize(&mut serde_json::Serializer::with_formatter(&mut *into, &mut watch))?;
        // what is not finite was written as `null`: few events hold that, and those are looked at
        if watch.null && !is_finite(event) {
            return Err(StateError::NotFinite);
        }
        match into.get(start) {
            Some(b'{') if into.len() == start + 2 => {
                into.remove(start);
            }
            Some(b'{') => {
                // the macro refuses such names; a hand-written event may still have them, or get them from a nested `flatten`
                if let Some(field) = watch.reserved_key {
                    return Err(StateError::ReservedField { field });
                }
                into[start] = b',';
            }
            // a unit struct
            Some(b'n') => {
                into.truncate(start);
                into.push(b'}');
            }
            Some(b'[') => return Err(StateError::NotAnObject { found: "a list" }),
            Some(b'"') => return Err(StateError::NotAnObject { found: "a string" }),
            _ => return Err(StateError::NotAnObject { found: "a single value" }),
        }
        Ok(())
    }
}

/// Where an event reads its fields.
#[derive(Debug)]
pub struct StateReader<'a> {
    bytes: &'a [u8],
    timestamp: Option<Timestamp>,
    /// Where to draw a state of the event's type rather than to read one.
    sketch: Option<&'a mut Sketch>,
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, timestamp: None, sketch: None }
    }

    /// A reader that reads nothing and asks the event's type what it would read.
    pub(crate) fn sketching(sketch: &'a mut Sketch) -> Self {
        Self { bytes: &[], timestamp: None, sketch: Some(sketch) }
    }

    /// Reads an event that was written by [`StateWriter::write`].
    ///
    /// # Errors
    /// [`StateError::Json`] if the state is not the event's, [`StateError::NoTimestamp`] if that is missing.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<T, StateError> {
        if let Some(sketch) = &mut self.sketch {
            sketch.of::<T>();
            return Err(StateError::NoTimestamp);
        }
        let mut reserved = Reserved::default();
        // looked at once as a whole, which is cheaper than text by text
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

    /// The time of the event that was read.
    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }
}

/// Why no `T` could be read from a text.
#[cold]
fn why_not<T: DeserializeOwned>(error: &serde_json::Error, text: &str) -> JsonError {
    let (mut json, mut reserved) = (serde_json::Deserializer::from_str(text), Reserved::default());
    JsonError::of_reading::<T>(error, Fields { json: &mut json, reserved: &mut reserved })
}

/// What the reserved keys held.
#[derive(Default)]
struct Reserved {
    timestamp: Option<Timestamp>,
    class_version: Option<u64>,
}

/// A deserializer of the event's fields: whatever the event asks for, the state is an object.
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
        // an object whose keys are all ours
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

/// Gives the event's visitor all entries but the reserved ones.
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

/// A key, borrowed from the state unless it holds escapes.
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

/// The time of the event.
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
