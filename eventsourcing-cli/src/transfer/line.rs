//! The lines of an export.
//!
//! ```text
//! {"export":1,"application":"Orders","states":"json","after":0,"anchor":null}
//! {"position":1,"id":"…","version":1,"topic":"Order.Placed","append_id":"…","state":{…}}
//! {"end":1,"events":1,"digest":"sha256:…"}
//! ```
//!
//! The first key says what a line is. An export may have several such parts, each of which continues the one before it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eventsourcing::recording::{NotificationRef, StoredDictionary};
use eventsourcing::{StoredEvent, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of this format.
pub(super) const FORMAT: u32 = 1;

/// How an export has the states of events.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum States {
    /// Their JSON.
    Json,
    /// The bytes that are recorded, compressed and encrypted.
    Sealed,
}

/// The first line of a part: what it is an export of, and the event that it continues from.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) export: u32,
    pub(super) application: String,
    pub(super) states: States,
    pub(super) after: u64,
    /// The append id of the event at `after`.
    pub(super) anchor: Option<Uuid>,
}

/// The last line of a part.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// The position of the last event.
    pub(super) end: u64,
    pub(super) events: u64,
    pub(super) digest: String,
}

/// A dictionary, before the first event whose state may need it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DictionaryLine<'l> {
    dictionary: u32,
    #[serde(borrow)]
    bytes: Cow<'l, str>,
    checksum: Option<u32>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'l> {
    position: u64,
    id: Uuid,
    version: u64,
    #[serde(borrow)]
    topic: Cow<'l, str>,
    append_id: Uuid,
    /// The JSON, byte for byte.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    state: Option<&'l RawValue>,
    /// A state whose bytes are no JSON on one line.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    state_base64: Option<Cow<'l, str>>,
    /// A state as it is recorded.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Cow<'l, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<u32>,
}

/// A line that was read.
#[derive(Debug)]
pub(super) enum Line {
    Header(Header),
    Dictionary(StoredDictionary),
    /// The position, and the event with its JSON or its recorded state.
    Event(u64, StoredEvent),
    End(End),
}

impl Line {
    /// Reads a line, or says what is wrong with it.
    pub(super) fn read(line: &[u8], states: Option<States>) -> Result<Self, String> {
        let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let is = |key: &str| line.starts_with(&format!("{{\"{key}\":"));
        match states {
            _ if is("export") => parse(line).map(Self::Header),
            _ if is("end") => parse(line).map(Self::End),
            _ if is("dictionary") => {
                let DictionaryLine { dictionary, bytes, checksum } = parse(line)?;
                Ok(Self::Dictionary(StoredDictionary::new(dictionary, decode(&bytes)?).with_checksum(checksum)))
            }
            Some(states) if is("position") => parse::<EventLine<'_>>(line)?.into_event(states),
            _ => Err("it is no line of an export".to_owned()),
        }
    }
}

impl EventLine<'_> {
    fn into_event(self, states: States) -> Result<Line, String> {
        let Self { position, id, version, topic, append_id, state, state_base64, sealed, checksum } = self;
        let bytes = match (states, state, state_base64, sealed) {
            (States::Json, Some(json), None, None) if checksum.is_none() => json.get().as_bytes().to_vec(),
            (States::Json, None, Some(base64), None) if checksum.is_none() => decode(&base64)?,
            (States::Sealed, None, None, Some(base64)) => decode(&base64)?,
            _ => return Err("its state has not the form that the header says".to_owned()),
        };
        let event = StoredEvent::new(id, version, topic.into_owned(), bytes, append_id).with_checksum(checksum);
        Ok(Line::Event(position, event))
    }
}

/// The line of an event with its JSON.
pub(super) fn json_line(event: NotificationRef<'_>, json: &[u8]) -> serde_json::Result<Vec<u8>> {
    let raw: Option<&RawValue> = serde_json::from_slice(json).ok();
    // a line has no line breaks, and what is read is byte for byte what was written
    let raw = raw.filter(|raw| raw.get().len() == json.len() && !json.contains(&b'\n') && !json.contains(&b'\r'));
    let encoded = raw.is_none().then(|| STANDARD.encode(json).into());
    to_line(&EventLine { state: raw, state_base64: encoded, ..place(event) })
}

/// The line of an event with its state as it is recorded.
pub(super) fn sealed_line(event: NotificationRef<'_>) -> serde_json::Result<Vec<u8>> {
    let sealed = Some(STANDARD.encode(event.state).into());
    to_line(&EventLine { sealed, checksum: event.checksum, ..place(event) })
}

pub(super) fn dictionary_line(dictionary: &StoredDictionary) -> serde_json::Result<Vec<u8>> {
    let StoredDictionary { id, bytes, checksum, .. } = dictionary;
    to_line(&DictionaryLine { dictionary: *id, bytes: STANDARD.encode(bytes).into(), checksum: *checksum })
}

pub(super) fn to_line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

fn place(event: NotificationRef<'_>) -> EventLine<'_> {
    EventLine {
        position: event.id,
        id: event.originator_id,
        version: event.originator_version,
        topic: event.topic.into(),
        append_id: event.append_id,
        state: None,
        state_base64: None,
        sealed: None,
        checksum: None,
    }
}

/// The message has the place of the error and no part of the line, which may be secret.
fn parse<'l, T: Deserialize<'l>>(line: &'l str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("it cannot be read, from its character {} on", error.column()))
}

fn decode(base64: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(base64).map_err(|_| "its base64 cannot be decoded".to_owned())
}
