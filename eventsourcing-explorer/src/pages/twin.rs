//! The JSON beside each page.

use std::borrow::Cow;

use eventsourcing_core::{Metadata, Timestamp, Uuid};
use serde::Serialize;
use serde_json::value::RawValue;

use super::parts::Sight;
use crate::reading::{Content, Opened};
use crate::text::beginning;

/// The version of the JSON's schema. A field that is added leaves it as it is.
pub(crate) const SCHEMA: u32 = 1;

/// What every JSON begins with.
#[derive(Serialize)]
struct Head<'a, T> {
    schema: u32,
    #[serde(flatten)]
    twin: &'a Twin<'a, T>,
}

/// The JSON of a page of an application.
#[derive(Debug, Serialize)]
pub(super) struct Twin<'a, T> {
    pub(super) application: &'a str,
    #[serde(flatten)]
    pub(super) content: T,
}

/// An event as JSON. Its payload is the text that was recorded.
#[derive(Debug, Serialize)]
pub(super) struct EventTwin<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// When the event was recorded, if that is known.
    recorded_at: Option<Timestamp>,
    /// When it was triggered, by the clock of the program that did.
    timestamp: Option<Timestamp>,
    aggregate_id: Uuid,
    version: u64,
    topic: Cow<'a, str>,
    append_id: Uuid,
    stored_bytes: usize,
    json_bytes: Option<usize>,
    compressor: Option<&'static str>,
    cipher: Option<&'static str>,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    /// `shown`, `hidden`, `too_large` or `unreadable`.
    payload_is: &'static str,
    payload: Option<Box<RawValue>>,
    /// The beginning of the recorded text, if an event on its own is too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_beginning: Option<&'a str>,
}

impl<'a> EventTwin<'a> {
    /// The longest payload of an event on its own, in bytes.
    pub(super) const WHOLE: usize = 1024 * 1024;

    /// The longest payload in a list.
    pub(super) const IN_LIST: usize = 8 * 1024;

    pub(super) fn of(opened: &'a Opened, sight: Sight<'_>, longest: usize) -> Self {
        let event = &opened.stored.event;
        let cut = match &opened.content {
            Content::Json(json) if longest == Self::WHOLE && json.len() > longest && sight.payloads => {
                Some(beginning(json, longest))
            }
            _ => None,
        };
        let (payload_is, payload) = match &opened.content {
            Content::Json(_) if !sight.payloads => ("hidden", None),
            Content::Json(json) if json.len() > longest => ("too_large", None),
            Content::Json(_) => match raw(opened) {
                Some(payload) => ("shown", Some(payload)),
                None => ("unreadable", None),
            },
            Content::LeftOut => ("too_large", None),
            Content::Unreadable(_) => ("unreadable", None),
        };
        let info = &opened.stored.info;
        Self {
            position: opened.stored.position,
            recorded_at: opened.stored.recorded,
            timestamp: opened.time,
            aggregate_id: event.originator_id,
            version: event.originator_version,
            topic: Cow::Borrowed(&*event.topic),
            append_id: event.append_id,
            stored_bytes: opened.stored.len,
            json_bytes: info.json_len,
            compressor: info.compressor().map(|compressor| compressor.name.unwrap_or("unknown")),
            cipher: info.cipher().map(|cipher| cipher.name.unwrap_or("unknown")),
            metadata: if sight.payloads { opened.metadata() } else { Metadata::default() },
            payload_is,
            payload,
            payload_beginning: cut,
        }
    }
}

/// The fields of an event as they were recorded; `None` if they are no JSON.
fn raw(opened: &Opened) -> Option<Box<RawValue>> {
    let fields = opened.fields()?;
    let inside: Vec<String> = fields.iter().map(|field| format!("{}:{}", field.key, field.value)).collect();
    RawValue::from_string(format!("{{{}}}", inside.join(","))).ok()
}

/// Writes the JSON of a page of an application.
pub(super) fn json<T: Serialize>(twin: &Twin<'_, T>) -> String {
    written(&Head { schema: SCHEMA, twin })
}

/// Writes JSON. All keys are texts and all numbers are finite, so it does not fail.
pub(super) fn written(content: &impl Serialize) -> String {
    serde_json::to_string(content).unwrap_or_default()
}
