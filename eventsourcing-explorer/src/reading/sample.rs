//! A sample of a log: the topics of its newest events, with their numbers, sizes and shapes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use eventsourcing_core::application::TopicKind;
use eventsourcing_core::recording::{NotificationQuery, NotificationRef};

use super::opened::Content;
use super::reader::{Reader, Stored};
use crate::failure::Failure;

/// The number of newest events in a sample, and the bytes of states after which it ends.
const SAMPLE: u64 = 2_000;
const BYTES: usize = 32 * 1024 * 1024;

/// The number of states of each topic that are opened.
const OPENED: usize = 20;

/// What is known of a topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopicSample {
    /// The registered type that it belongs to, whether events are recorded under it, and the newest shape that the program reads.
    pub(crate) known: Option<(&'static str, TopicKind, Option<u32>)>,
    pub(crate) count: usize,
    pub(crate) bytes: usize,
    /// The first and the last position in the sample.
    pub(crate) positions: Option<(u64, u64)>,
    /// The versions of the shape in the states that were opened.
    pub(crate) shapes: BTreeSet<String>,
    pub(crate) opened: usize,
    /// Those of them that cannot be read.
    pub(crate) unreadable: usize,
}

/// The topics of the newest events, and those of all registered types.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) topics: BTreeMap<String, TopicSample>,
    /// The first and the last position that were looked at.
    pub(crate) looked_at: Option<(u64, u64)>,
    pub(crate) newest: u64,
}

impl Reader {
    /// Reads the newest events: two statements.
    pub(crate) async fn sample(&self) -> Result<Sample, Failure> {
        let newest = self.newest().await?;
        let after = newest.saturating_sub(SAMPLE);
        let mut topics = BTreeMap::<String, TopicSample>::new();
        for of_type in self.application.aggregate_types() {
            for topic in of_type.topics() {
                topics.entry(topic.topic.to_owned()).or_default().known =
                    Some((of_type.name(), topic.kind, topic.version));
            }
        }
        let (mapper, mut to_open, mut bytes, mut last) = (self.application.mapper(), Vec::new(), 0, after);
        let mut visit = |row: NotificationRef<'_>| {
            let topic = topics.entry(row.topic.to_owned()).or_default();
            topic.count += 1;
            topic.bytes += row.state.len();
            topic.positions = Some((topic.positions.map_or(row.id, |(first, _)| first), row.id));
            if topic.count <= OPENED {
                to_open.push(Stored::in_list(mapper, &row));
            }
            bytes += row.state.len();
            last = row.id;
            if bytes > BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if newest > 0 {
            let size = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
            let query = NotificationQuery::after(after, size).up_to(newest);
            let read = self.application.recorder().read_notifications(query, &mut visit).await;
            read.map_err(|error| self.failed(&error))?;
        }
        for opened in self.open(to_open).await {
            let Some(topic) = topics.get_mut(&*opened.stored.event.topic) else { continue };
            match opened.content {
                Content::LeftOut => {}
                Content::Unreadable(_) => (topic.opened, topic.unreadable) = (topic.opened + 1, topic.unreadable + 1),
                Content::Json(_) => {
                    topic.opened += 1;
                    topic.shapes.insert(opened.class_version().unwrap_or("1").to_owned());
                }
            }
        }
        Ok(Sample { topics, looked_at: (last > after).then_some((after + 1, last)), newest })
    }
}
