//! `event`: everything about the event at one position.

use eventsourcing::recording::{NotificationQuery, is_same_attempt};
use eventsourcing::{Notification, Uuid};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::arguments::Event;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::json::{indented, one_line};
use crate::opened::Opened;
use crate::output::{Output, TOPIC, WRONG, grouped};
use crate::place::Place;

/// How many events before and after it are looked at for others of its save.
const NEIGHBOURS: u64 = 1_000;

pub(super) async fn run(place: &Place, event: &Event, output: &mut Output) -> Result<Outcome, Failure> {
    let Some(found) = place.at(event.position).await? else {
        return Err(Failure::NoEvent { position: event.position, last: place.last().await? });
    };
    let opened = place.open_event(&found).await?;
    let (first, last) = save_of(place, &found).await?;
    let details = Details::new(place, &found, &opened, (first, last));
    if output.is_json {
        output.json(&details)?
    } else {
        print(&details, &opened, output)?
    }
    Ok(Outcome::healthy(opened.is_ok()))
}

/// Returns the first and the last position of the events of its aggregate that were saved together with this one.
async fn save_of(place: &Place, event: &Notification) -> Result<(u64, u64), Failure> {
    let (lowest, highest) = (event.id.saturating_sub(NEIGHBOURS + 1), event.id.saturating_add(NEIGHBOURS));
    let is_together = |other: &Notification| is_same_attempt(other.append_id, event.append_id);
    // those of one save have positions without a gap
    let (mut first, mut last) = (event.id, event.id);
    while first > lowest + 1 {
        let after = first.saturating_sub(101).max(lowest);
        let before = place.page(NotificationQuery::after(after, 100).up_to(first - 1)).await?;
        let count = before.iter().rev().take_while(|other| is_together(other)).count();
        first = before.get(before.len() - count).filter(|_| count > 0).map_or(first, |other| other.id);
        if count < before.len() || before.is_empty() {
            break;
        }
    }
    while last < highest {
        let after = place.page(NotificationQuery::after(last, 100).up_to(highest)).await?;
        let count = after.iter().take_while(|other| is_together(other)).count();
        last = count.checked_sub(1).and_then(|place| after.get(place)).map_or(last, |other| other.id);
        if count < after.len() || after.is_empty() {
            break;
        }
    }
    Ok((first, last))
}

/// The fields of the event's JSON. `state` is the JSON as it is recorded.
#[derive(Serialize)]
struct Details<'e> {
    application: &'e str,
    position: u64,
    id: Uuid,
    version: u64,
    topic: &'e str,
    time: Option<String>,
    class_version: Option<u64>,
    append_id: Uuid,
    saved_with: SavedWith,
    encrypted: bool,
    checksum: Option<u32>,
    stored_bytes: usize,
    json_bytes: Option<usize>,
    metadata: Option<Box<RawValue>>,
    state: Option<&'e RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'e str>,
}

/// The positions of the events that the aggregate recorded in one save.
#[derive(Serialize)]
struct SavedWith {
    first: u64,
    last: u64,
}

impl<'e> Details<'e> {
    fn new(
        place: &'e Place,
        event: &'e Notification,
        opened: &'e Result<Opened, String>,
        (first, last): (u64, u64),
    ) -> Self {
        let state = opened.as_ref().ok();
        Self {
            application: place.name(),
            position: event.id,
            id: event.originator_id,
            version: event.originator_version,
            topic: &event.topic,
            time: state.and_then(Opened::time).map(|time| time.to_string()),
            class_version: state.and_then(Opened::class_version),
            append_id: event.append_id,
            saved_with: SavedWith { first, last },
            encrypted: event.checksum.is_none(),
            checksum: event.checksum,
            stored_bytes: event.state.len(),
            json_bytes: state.map(|opened| opened.bytes().len()),
            metadata: state.and_then(Opened::metadata).and_then(|json| RawValue::from_string(json).ok()),
            state: state.and_then(Opened::json).and_then(|json| serde_json::from_str(json).ok()),
            error: opened.as_ref().err().map(String::as_str),
        }
    }
}

fn print(details: &Details<'_>, opened: &Result<Opened, String>, output: &mut Output) -> Result<(), Failure> {
    let time = opened.as_ref().ok().and_then(Opened::time).map(|time| output.time(time));
    let size = |bytes: usize| grouped(bytes.try_into().unwrap_or(u64::MAX));
    let mut rows = vec![
        ("position", details.position.to_string()),
        ("topic", output.styled(TOPIC, Safe(details.topic))),
        ("aggregate", format!("{} v{}", details.id, details.version)),
        ("time", time.unwrap_or_else(|| "(none)".to_owned())),
        ("shape", details.class_version.map_or_else(|| "(unknown)".to_owned(), |version| format!("version {version}"))),
    ];
    let kind = if details.encrypted { "encrypted" } else { "with a checksum" };
    let json = details.json_bytes.map_or_else(String::new, |bytes| format!(", JSON of {} bytes", size(bytes)));
    rows.push(("stored", format!("{} bytes, {kind}{json}", size(details.stored_bytes))));
    let SavedWith { first, last } = details.saved_with;
    let together = if first == last { "alone".to_owned() } else { format!("with positions {first} to {last}") };
    rows.push(("saved", format!("{together}, append id {}", details.append_id)));
    if let Some(metadata) = &details.metadata {
        rows.push(("metadata", one_line(metadata.get())));
    }
    for (name, value) in rows {
        output.line(format_args!("{name:<10} {value}"))?;
    }
    let shown = match opened {
        Ok(opened) => opened.own_fields().map_or_else(|| "(no JSON object)".to_owned(), |json| indented(&json)),
        Err(reason) => output.styled(WRONG, format!("cannot be read: {}", Safe(reason))),
    };
    output.line("")?;
    output.line(shown)
}
