//! Which rows in memory a query selects. Readers clone them, which share the states, and use them without the lock.

use uuid::Uuid;

use super::Log;
use crate::recording::{
    EventPlace, EventQuery, NotificationQuery, OriginatorIdQuery, OriginatorQuery, OriginatorSummary,
    RecordedOriginator, RecordedTime, RecorderError, ReplayQuery, StoredEvent, StoredSnapshot,
};

impl Log {
    pub(super) fn select_originators(&self, query: &OriginatorQuery) -> Vec<RecordedOriginator> {
        let after = usize::try_from(query.after).unwrap_or(usize::MAX);
        let recorded = self.events.iter().enumerate().skip(after);
        let is_wanted = |event: &StoredEvent| {
            event.originator_version == 1 && query.topics.iter().any(|topic| *topic == *event.topic)
        };
        let listed = recorded.filter(|(_, event)| is_wanted(event));
        listed
            .map(|(place, event)| RecordedOriginator::new(place as u64 + 1, event.originator_id))
            .take(query.limit)
            .collect()
    }

    pub(super) fn select_originators_by_id(&self, query: &OriginatorIdQuery) -> Vec<OriginatorSummary> {
        let in_range = self.aggregates.iter().filter(|(id, _)| (query.first..=query.last).contains(*id));
        let mut found: Vec<_> = in_range.collect();
        found.sort_unstable_by_key(|(id, _)| **id);
        let summary = |(id, places): (&Uuid, &Vec<(u64, usize)>)| {
            let ((_, first), (last, _)) = places.first().zip(places.last())?;
            Some(OriginatorSummary::new(*id, *last, &*self.events.get(*first)?.topic))
        };
        found.into_iter().filter_map(summary).take(query.limit).collect()
    }

    pub(super) fn select_recorded_times(&self, ids: &[u64]) -> Vec<RecordedTime> {
        let time = |id: &u64| {
            let place = usize::try_from(id.checked_sub(1)?).ok()?;
            Some(RecordedTime::new(*id, *self.times.get(place)?))
        };
        ids.iter().filter_map(time).collect()
    }

    pub(super) fn select_event_places(&self, originator_id: Uuid, versions: &[u64]) -> Vec<EventPlace> {
        let Some(places) = self.aggregates.get(&originator_id) else { return Vec::new() };
        let place = |version: &u64| {
            let found = places.binary_search_by_key(version, |(version, _)| *version).ok()?;
            let (_, index) = *places.get(found)?;
            Some(EventPlace::new(*version, index as u64 + 1, self.times.get(index).copied()))
        };
        versions.iter().filter_map(place).collect()
    }

    pub(super) fn select_events(&self, query: &EventQuery) -> Vec<StoredEvent> {
        let Some(places) = self.aggregates.get(&query.originator_id) else { return Vec::new() };
        let first = query.after.map_or(0, |after| places.partition_point(|(version, _)| *version <= after));
        let end = query.up_to.map_or(places.len(), |up_to| places.partition_point(|(version, _)| *version <= up_to));
        let wanted = places.get(first..end).unwrap_or_default();
        let limit = query.limit.unwrap_or(usize::MAX);
        let event = |(_, place): &(u64, usize)| self.events[*place].clone();
        if query.descending {
            wanted.iter().rev().take(limit).map(event).collect()
        } else {
            wanted.iter().take(limit).map(event).collect()
        }
    }

    /// The last snapshot, or one with another fingerprint, and the events that follow.
    pub(super) fn select_replay(&self, query: &ReplayQuery) -> (Option<StoredSnapshot>, Vec<StoredEvent>) {
        let up_to = query.up_to.unwrap_or(u64::MAX);
        let snapshot = self.snapshots.last(query.originator_id, query.fingerprint, up_to);
        let fits = |snapshot: &&StoredSnapshot| snapshot.fingerprint == query.fingerprint;
        let first = snapshot.as_ref().filter(fits).map_or(0, |snapshot| snapshot.originator_version);
        let events = self.select_events(&query.events_from(first));
        (snapshot, events)
    }

    pub(super) fn select_notifications(
        &self,
        query: &NotificationQuery,
    ) -> Result<Vec<(u64, StoredEvent)>, RecorderError> {
        if query.anchor.is_some() {
            let place = query.after.checked_sub(1).and_then(|place| usize::try_from(place).ok());
            let found = place.and_then(|place| self.events.get(place)).map(|event| event.append_id);
            if found != query.anchor {
                return Err(RecorderError::LogChanged { position: query.position(), found });
            }
        }
        let skip = usize::try_from(query.after).unwrap_or(usize::MAX);
        let numbered = (1_u64..).zip(&self.events).skip(skip);
        Ok(numbered
            .take_while(|(id, _)| query.up_to.is_none_or(|up_to| *id <= up_to))
            .filter(|(_, event)| query.topics.is_empty() || query.topics.iter().any(|topic| *topic == event.topic))
            .take(query.limit)
            .map(|(id, event)| (id, event.clone()))
            .collect())
    }
}
