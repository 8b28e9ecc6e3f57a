//! `types`: the topics of the last events.

use std::collections::{BTreeMap, BTreeSet};

use eventsourcing::Notification;
use serde::Serialize;

use crate::arguments::Types;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::notices::note;
use crate::opened::Opened;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;
use crate::table::Columns;

/// What is known of a topic; the fields of its JSON line.
#[derive(Serialize)]
struct Topic {
    topic: String,
    events: u64,
    stored_bytes: u64,
    class_versions: BTreeSet<u64>,
    first_position: u64,
    last_position: u64,
    unreadable: u64,
}

pub(super) async fn run(place: &Place, types: &Types, output: &mut Output) -> Result<Outcome, Failure> {
    let last = place.last().await?;
    let after = last.saturating_sub(types.scan);
    let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
    {
        let progress = Progress::new("reading", last - after);
        let mut pages = Pages::new(place, after, last);
        loop {
            let page = pages.next().await?;
            let Some(end) = page.last() else { break };
            let end = end.id;
            for event in &page {
                let opened = place.open_event(event).await?;
                let topic = topics.entry(event.topic.to_string()).or_insert_with(|| Topic::new(event));
                topic.add(event, &opened);
                progress.add(1);
            }
            if end >= last {
                break;
            }
        }
    }
    if output.is_json {
        topics.values().try_for_each(|topic| output.json(topic))?;
    } else {
        table(&topics).into_iter().try_for_each(|line| output.line(line))?;
    }
    note(format!("looked at the last {} events, positions {} to {last}", grouped(last - after), after + 1));
    Ok(Outcome::healthy(topics.values().all(|topic| topic.unreadable == 0)))
}

impl Topic {
    fn new(event: &Notification) -> Self {
        Self {
            topic: event.topic.to_string(),
            events: 0,
            stored_bytes: 0,
            class_versions: BTreeSet::new(),
            first_position: event.id,
            last_position: event.id,
            unreadable: 0,
        }
    }

    fn add(&mut self, event: &Notification, opened: &Result<Opened, String>) {
        self.events += 1;
        self.stored_bytes += u64::try_from(event.state.len()).unwrap_or(u64::MAX);
        self.last_position = event.id;
        match opened {
            Ok(opened) => self.class_versions.extend(opened.class_version()),
            Err(_) => self.unreadable += 1,
        }
    }
}

fn table(topics: &BTreeMap<String, Topic>) -> Vec<String> {
    let has_unreadable = topics.values().any(|topic| topic.unreadable > 0);
    let mut headings = vec!["topic", "events", "bytes", "bytes/event", "versions", "first", "last"];
    headings.extend(has_unreadable.then_some("unreadable"));
    let mut table = Columns::new(&headings, 1);
    for topic in topics.values() {
        let versions: Vec<String> = topic.class_versions.iter().map(u64::to_string).collect();
        let mut row = vec![
            Safe(&topic.topic).to_string(),
            grouped(topic.events),
            grouped(topic.stored_bytes),
            grouped(topic.stored_bytes / topic.events.max(1)),
            versions.join(","),
            topic.first_position.to_string(),
            topic.last_position.to_string(),
        ];
        row.extend(has_unreadable.then(|| grouped(topic.unreadable)));
        table.row(row);
    }
    table.lines()
}
