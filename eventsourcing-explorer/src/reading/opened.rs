//! An event with its JSON, or why it has none.

use eventsourcing_core::codec::{Mapper, MapperError, MapperFailure};
use eventsourcing_core::{Metadata, Timestamp};

use super::reader::Stored;
use crate::json::{Field, fields};

/// An event as the pages show it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) stored: Stored,
    pub(crate) content: Content,
    /// When the event was triggered, by the clock of the program that did. It is in the state.
    pub(crate) time: Option<Timestamp>,
    /// Whether the state needs a dictionary that is not loaded.
    pub(super) lacks_dictionary: bool,
}

/// The state of an event.
#[derive(Debug)]
pub(crate) enum Content {
    /// The JSON.
    Json(String),
    /// The state is too large for a list. The page of the event has it.
    LeftOut,
    /// The state cannot be opened. The text contains no part of it.
    Unreadable(&'static str),
}

impl Opened {
    pub(super) fn open(mapper: &Mapper, stored: Stored) -> Self {
        let event = &stored.event;
        let mut lacks_dictionary = false;
        let content = if !stored.is_whole {
            Content::LeftOut
        } else {
            match mapper.open(&event.location(), &event.state, event.checksum) {
                Ok(json) => match String::from_utf8(json.into_owned()) {
                    Ok(json) => Content::Json(json),
                    Err(_) => Content::Unreadable("It is no text."),
                },
                Err(error) => {
                    lacks_dictionary = error.unknown_dictionary().is_some();
                    Content::Unreadable(reason(&error))
                }
            }
        };
        let mut opened = Self { stored, content, time: None, lacks_dictionary };
        let time = opened.field("timestamp").and_then(|time| serde_json::from_str::<Timestamp>(time).ok());
        opened.time = time;
        opened
    }

    /// When the event was recorded; when it was triggered, if that is all that is known.
    pub(crate) fn when(&self) -> Option<Timestamp> {
        self.stored.recorded.or(self.time)
    }

    fn field(&self, name: &str) -> Option<&str> {
        let Content::Json(json) = &self.content else { return None };
        fields(json)?.into_iter().find(|field| field.is(name)).map(|field| field.value)
    }

    /// The metadata; empty if there is none, or none that can be read.
    pub(crate) fn metadata(&self) -> Metadata {
        self.field("$metadata").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    /// The version of the event's shape, if it is not the first one.
    pub(crate) fn class_version(&self) -> Option<&str> {
        self.field("class_version").filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// The fields of the event, without those of the library; `None` if the state cannot be shown as fields.
    pub(crate) fn fields(&self) -> Option<Vec<Field<'_>>> {
        let Content::Json(json) = &self.content else { return None };
        let is_own = |field: &Field<'_>| !["timestamp", "class_version", "$metadata"].iter().any(|name| field.is(name));
        Some(fields(json)?.into_iter().filter(is_own).collect())
    }
}

/// Why a state cannot be opened, without anything of it.
fn reason(error: &MapperError) -> &'static str {
    match error.failure {
        MapperFailure::Corrupt { .. } => "It was altered since it was recorded, or is incomplete.",
        MapperFailure::Cipher(_) => "It does not decrypt: it was altered, or moved from another place.",
        MapperFailure::WrongKey { .. } => "It was encrypted with another key than the configured one.",
        MapperFailure::OtherCipher { .. } => "It was encrypted with a cipher that is not configured.",
        MapperFailure::NotEncrypted => "It is not encrypted, although a cipher is configured.",
        MapperFailure::OtherCompressor { .. } => "It was compressed in a way that this program was not built for.",
        MapperFailure::UnknownDictionary { .. } => "It was compressed with a dictionary that is not stored.",
        MapperFailure::TooLarge { .. } => "It is longer than the configured limit.",
        _ => "It cannot be opened.",
    }
}
