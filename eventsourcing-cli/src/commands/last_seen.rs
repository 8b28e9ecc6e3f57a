//! The fields last seen in the events of an aggregate, for a program without its type. They are not the state.

use std::collections::BTreeMap;

use eventsourcing::Uuid;
use eventsourcing::recording::EventQuery;
use serde::Serialize;
use serde_json::value::RawValue;

use super::state::{At, print_last_seen};
use crate::failure::{Failure, Outcome};
use crate::notices::note;
use crate::opened::RESERVED;
use crate::output::{Output, grouped};
use crate::place::Place;

/// The largest number of events that are read at a time.
const PAGE: usize = 500;

/// The largest number of events that are looked at: the last ones.
const MOST: u64 = 10_000;

/// The fields of the JSON line.
#[derive(Serialize)]
pub(super) struct LastSeen {
    aggregate: Option<String>,
    id: Uuid,
    version: u64,
    /// Without the type there is none.
    state: Option<()>,
    #[serde(rename = "fields_last_seen")]
    pub(super) fields: BTreeMap<String, Field>,
    unreadable: u64,
}

/// A field, and the event in which it was last seen.
#[derive(Serialize)]
pub(super) struct Field {
    pub(super) value: Box<RawValue>,
    pub(super) version: u64,
    pub(super) topic: String,
}

pub(super) async fn run(place: &Place, id: Uuid, at: At, output: &mut Output) -> Result<Outcome, Failure> {
    let mut query = EventQuery::of(id).descending().limit(1);
    if let At::Version(version) = at {
        query = query.up_to(version);
    }
    let newest = place.recorder().select_events(query).await?.pop();
    let newest = newest.ok_or_else(|| Failure::NoAggregate { id, application: place.name().to_owned() })?;
    if let At::Version(version) = at
        && newest.originator_version < version
    {
        return Err(Failure::NoVersion { id, version, last: newest.originator_version });
    }
    let last = newest.originator_version;
    let after = last.saturating_sub(MOST);
    let mut seen = LastSeen {
        aggregate: newest.topic.split_once('.').map(|(aggregate, _)| aggregate.to_owned()),
        id,
        version: 0,
        state: None,
        fields: BTreeMap::new(),
        unreadable: 0,
    };
    let mut query = EventQuery::of(id).after(after).up_to(last).limit(PAGE);
    'pages: loop {
        let page = place.recorder().select_events(query.clone()).await?;
        for event in &page {
            let opened = place.open_state(&event.location(), &event.state, event.checksum).await?;
            let Ok(opened) = opened else {
                seen.unreadable += 1;
                continue;
            };
            if let (At::Time(time), Some(of_event)) = (at, opened.time())
                && of_event > time
            {
                break 'pages;
            }
            seen.version = event.originator_version;
            let Some(fields) = opened.fields() else { continue };
            for (name, value) in fields.0.iter().filter(|(name, _)| !RESERVED.contains(&&**name)) {
                let (version, topic) = (event.originator_version, event.topic.to_string());
                seen.fields.insert(name.clone().into_owned(), Field { value: (*value).to_owned(), version, topic });
            }
        }
        match page.last() {
            Some(read) if read.originator_version < last => query.advance_after(read.originator_version),
            _ => break,
        }
    }
    if seen.version == 0 && seen.unreadable == 0 {
        return Err(Failure::NotYet { id });
    }
    print_last_seen(&seen, output)?;
    if after > 0 {
        note(format!("looked at the last {} events; --at looks at earlier ones", grouped(MOST)));
    }
    Ok(Outcome::healthy(seen.unreadable == 0))
}
