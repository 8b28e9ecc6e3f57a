//! Compares the events of a save with those that its command recorded the first time.

use std::collections::HashMap;

use uuid::Uuid;

use crate::Result;
use crate::codec::Mapper;
use crate::domain::{AggregateEvent, DomainEvent};
use crate::recording::Notification;

/// The events that a command recorded, while those of a save are compared with them in order.
///
/// Two events are the same if they have the same fields in their newest shape. Their times, metadata and versions do not count, nor do the ids of
/// aggregates that the save creates: a repeated command has others.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    /// The recorded events; none where one was deleted, which is the same as any.
    recorded: &'a [Option<Notification>],
    compared: usize,
    /// The ids of created aggregates, with those of the aggregates that were created the first time.
    created: HashMap<Uuid, Uuid>,
    difference: Option<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn with(recorded: &'a [Option<Notification>]) -> Self {
        Self { recorded, compared: 0, created: HashMap::new(), difference: None }
    }

    /// Compares the next events.
    ///
    /// # Errors
    /// [`Error::Mapper`](crate::Error::Mapper) if a recorded event of a known topic cannot be read.
    pub(super) fn compare<E: AggregateEvent>(&mut self, mapper: &Mapper, events: &[DomainEvent<E>]) -> Result<()> {
        for event in events {
            let recorded = self.recorded.get(self.compared).and_then(Option::as_ref);
            self.compared += 1;
            if self.difference.is_none()
                && let Some(recorded) = recorded
            {
                self.difference = self.difference_of(mapper, event, recorded)?;
            }
        }
        Ok(())
    }

    fn difference_of<E: AggregateEvent>(
        &mut self,
        mapper: &Mapper,
        event: &DomainEvent<E>,
        recorded: &Notification,
    ) -> Result<Option<String>> {
        let (number, topic) = (self.compared, event.event.topic());
        let other_topic = |found: &str| Some(format!("its event {number} was `{found}` and is `{topic}` now"));
        let found = recorded.topic.as_ref();
        if !E::TOPICS.contains(&found) && !E::OLD_TOPICS.contains(&found) {
            return Ok(other_topic(found));
        }
        let (id, recorded_id) = (event.originator_id, recorded.originator_id);
        let is_creation = event.originator_version == 1;
        if is_creation && recorded.originator_version == 1 {
            self.created.insert(id, recorded_id);
        }
        if is_creation != (recorded.originator_version == 1) || *self.created.get(&id).unwrap_or(&id) != recorded_id {
            return Ok(Some(format!("its event {number}, `{topic}`, was one of another aggregate, {recorded_id}")));
        }
        let recorded = mapper.to_notified_event::<E>(recorded)?.event;
        if recorded.topic() != topic {
            return Ok(other_topic(recorded.topic()));
        }
        let path = mapper.first_difference(&recorded, &event.event);
        Ok(path.map(|path| format!("its event {number}, `{topic}`, differs at `{path}`")))
    }

    /// Returns how the save differs, once all of its events are compared.
    pub(super) fn finish(self) -> Option<String> {
        let (recorded, now) = (self.recorded.len(), self.compared);
        self.difference.or_else(|| (recorded != now).then(|| format!("it had {recorded} events and has {now} now")))
    }
}
