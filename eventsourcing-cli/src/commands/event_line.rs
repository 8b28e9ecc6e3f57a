//! An event as one line, of text or of JSON.

use eventsourcing::application::FieldChange;
use eventsourcing::{Notification, StoredEvent, Uuid};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::history::After;
use crate::escape::Safe;
use crate::failure::Failure;
use crate::json::one_line;
use crate::opened::Opened;
use crate::output::{FAINT, NUMBER, Output, TOPIC, WRONG};

/// Longer events are cut, unless they are asked for in full.
const WIDEST: usize = 200;

/// An event with its state, or why that cannot be read.
pub(super) struct EventLine<'e> {
    position: Option<u64>,
    id: Uuid,
    version: u64,
    topic: &'e str,
    opened: &'e Result<Opened, String>,
    after: Option<&'e After>,
}

impl<'e> EventLine<'e> {
    pub(super) fn of_log(event: &'e Notification, opened: &'e Result<Opened, String>) -> Self {
        let Notification { id, originator_id, originator_version, topic, .. } = event;
        Self { position: Some(*id), id: *originator_id, version: *originator_version, topic, opened, after: None }
    }

    /// An event of an aggregate, with what is shown after it.
    pub(super) fn of_history(event: &'e StoredEvent, opened: &'e Result<Opened, String>, after: &'e After) -> Self {
        let StoredEvent { originator_id, originator_version, topic, .. } = event;
        let after = Some(after);
        Self { position: None, id: *originator_id, version: *originator_version, topic, opened, after }
    }

    /// Prints the event.
    pub(super) fn print(&self, is_full: bool, output: &mut Output) -> Result<(), Failure> {
        if output.is_json { output.json(&self.to_json()) } else { output.line(self.to_text(is_full, output)) }
    }

    fn to_text(&self, is_full: bool, output: &Output) -> String {
        let time = self.opened.as_ref().ok().and_then(Opened::time);
        let time = time.map_or_else(|| "(no time)".to_owned(), |time| output.time(time));
        let shown = match self.opened {
            Ok(opened) => {
                let fields = opened.own_fields();
                let json = fields.as_deref().map_or_else(|| "(no JSON object)".to_owned(), one_line);
                if is_full { json } else { cut(json) }
            }
            Err(reason) => output.styled(WRONG, format!("cannot be read: {}", Safe(reason))),
        };
        let aggregate = output.styled(FAINT, format!("{} v{}", self.id, self.version));
        let topic = output.styled(TOPIC, Safe(self.topic));
        match self.position {
            Some(position) => {
                let position = output.styled(NUMBER, format!("{position:>8}"));
                format!("{position}  {time}  {topic}  {aggregate}  {shown}")
            }
            None => {
                let version = output.styled(NUMBER, format!("{:>6}", format!("v{}", self.version)));
                format!("{version}  {time}  {topic}  {shown}")
            }
        }
    }

    fn to_json(&self) -> EventJson<'_> {
        let opened = self.opened.as_ref().ok();
        EventJson {
            position: self.position,
            id: self.id,
            version: self.version,
            topic: self.topic,
            time: opened.and_then(Opened::time).map(|time| time.to_string()),
            state: opened.and_then(Opened::json).and_then(|json| serde_json::from_str(json).ok()),
            error: self.opened.as_ref().err().map(String::as_str),
            state_after: self.after.and_then(|after| after.state.as_ref()),
            text_after: self.after.and_then(|after| after.text.as_deref()),
            changes: self.after.and_then(|after| after.changes.as_deref()),
        }
    }
}

/// The fields of an event's JSON line. `state` is the JSON as it is recorded.
#[derive(Serialize)]
struct EventJson<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    id: Uuid,
    version: u64,
    topic: &'e str,
    time: Option<String>,
    state: Option<&'e RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_after: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_after: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'e [FieldChange]>,
}

/// Cuts a text that is too long for a line.
fn cut(text: String) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}… (--full shows all)", &text[..end]),
        None => text,
    }
}
