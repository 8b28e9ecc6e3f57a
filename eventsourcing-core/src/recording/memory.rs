//! The in-memory recorder: the reference for other recorders, and useful for development and tests.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use uuid::Uuid;

use self::id_hash::IdHashing;
use self::letters::Letters;
use self::snapshots::Snapshots;
use super::{
    Append, EventQuery, EventVisitor, LetterQuery, LogPosition, Notification, NotificationQuery, NotificationVisitor,
    OriginatorQuery, RecordedOriginator, Recorder, RecorderError, ReplayItem, ReplayQuery, ReplayVisitor,
    StoredDictionary, StoredEvent, StoredLetter, StoredSnapshot, TrackedPosition, Tracking, Watermark, is_same_attempt,
};

mod id_hash;
mod letters;
mod select;
mod snapshots;
mod tracking;

/// A recorder that keeps events in memory, until it and all its clones are dropped.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::MemoryRecorder;
/// use eventsourcing::{Recorder, StoredEvent, Uuid};
/// # futures::executor::block_on(async {
/// let recorder = MemoryRecorder::new();
/// let event = StoredEvent::new(Uuid::new_v4(), 1, "World.Started", *b"{}", Uuid::new_v4());
/// let notifications = recorder.insert_events(vec![event]).await?;
/// assert_eq!(notifications[0].id, 1);
/// # Ok::<(), eventsourcing::RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryRecorder {
    log: Arc<RwLock<Log>>,
    watermark: Arc<Watermark>,
}

#[derive(Default)]
struct Log {
    closed: bool,
    /// The notification with the id `n` has the index `n - 1`.
    events: Vec<StoredEvent>,
    /// The versions of each aggregate with their indexes in `events`, lowest version first.
    aggregates: HashMap<Uuid, Vec<(u64, usize)>, IdHashing>,
    dictionaries: BTreeMap<u32, StoredDictionary>,
    /// The tracked positions of other applications' logs.
    tracking: HashMap<String, LogPosition>,
    letters: Letters,
    snapshots: Snapshots,
}

impl MemoryRecorder {
    /// Creates an empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    // a panic while the lock is held leaves no partial change: see `Log::append`
    fn read<T>(&self, read: impl FnOnce(&Log) -> T) -> Result<T, RecorderError> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        if log.closed { Err(RecorderError::Closed) } else { Ok(read(&log)) }
    }

    fn record(
        &self,
        append: impl FnOnce(&mut Log) -> Result<Vec<Notification>, RecorderError>,
    ) -> Result<Vec<Notification>, RecorderError> {
        let recorded = self.write(|log| if log.closed { Err(RecorderError::Closed) } else { append(log) })?;
        if let Some(last) = recorded.last() {
            self.watermark.raise(last.id);
        }
        Ok(recorded)
    }

    fn write<T>(&self, write: impl FnOnce(&mut Log) -> T) -> T {
        write(&mut self.log.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shows the number of events and not the events, which are many and may be confidential.
impl fmt::Debug for MemoryRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRecorder").field("events", &self.read(|log| log.events.len()).ok()).finish()
    }
}

#[async_trait]
impl Recorder for MemoryRecorder {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let append = Append::new(events);
        append.check()?;
        self.record(|log| log.append(append.events))
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.read(|log| log.select_events(&query))
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        let events = self.read(|log| log.select_notifications(&query))??;
        Ok(events.into_iter().map(|(id, event)| event.into_notification(id)).collect())
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        let events = self.read(|log| log.select_events(&query))?;
        let _: ControlFlow<()> = events.iter().try_for_each(|event| visit(event.as_ref()));
        Ok(())
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let events = self.read(|log| log.select_notifications(&query))??;
        let _: ControlFlow<()> = events.iter().try_for_each(|(id, event)| visit(event.as_ref().notification(*id)));
        Ok(())
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.read(|log| Some(log.events.len() as u64).filter(|last| *last > 0))
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.append(Append::new(events).tracked(tracking)).await
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        append.check()?;
        self.record(|log| log.append_all(append))
    }

    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        self.read(|log| log.letters.select(&query))
    }

    async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        self.read(|log| log.letters.count(upstream))
    }

    async fn originators_with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        self.read(|log| log.letters.among(upstream, originators))
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.read(|log| log.position_in(upstream))
    }

    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        self.read(Log::positions)
    }

    async fn initialize_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        Tracking::check_beginning(upstream, position)?;
        self.write(|log| {
            if log.closed {
                return Err(RecorderError::Closed);
            }
            Ok(*log.tracking.entry(upstream.to_owned()).or_insert(position))
        })
    }

    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        self.write(|log| {
            let recorded = log.position_in(upstream);
            if log.closed {
                return Err(RecorderError::Closed);
            }
            if recorded != from && recorded != to {
                let upstream = upstream.to_owned();
                return Err(RecorderError::AlreadyProcessed { upstream, after: from.id, recorded: recorded.id });
            }
            log.tracking.insert(upstream.to_owned(), to);
            Ok(())
        })
    }

    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        self.write(|log| match log.dictionaries.entry(dictionary.id) {
            _ if log.closed => Err(RecorderError::Closed),
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(free) => {
                free.insert(dictionary);
                Ok(true)
            }
        })
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.read(|log| log.dictionaries.values().filter(|dictionary| dictionary.id > after).cloned().collect())
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        snapshot.check()?;
        self.write(|log| if log.closed { Err(RecorderError::Closed) } else { Ok(log.snapshots.insert(snapshot, keep)) })
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.write(|log| {
            log.snapshots.delete(originator_id);
            if log.closed { Err(RecorderError::Closed) } else { Ok(()) }
        })
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        let (snapshot, events) = self.read(|log| log.select_replay(&query))?;
        let fits = |snapshot: &StoredSnapshot| snapshot.fingerprint == query.fingerprint;
        let first = snapshot.as_ref().map(|snapshot| {
            if fits(snapshot) { ReplayItem::Snapshot(snapshot.as_ref()) } else { ReplayItem::OtherSnapshot }
        });
        let mut items = first.into_iter().chain(events.iter().map(|event| ReplayItem::Event(event.as_ref())));
        let _: ControlFlow<()> = items.try_for_each(visit);
        Ok(())
    }

    async fn select_originators(&self, query: OriginatorQuery) -> Result<Vec<RecordedOriginator>, RecorderError> {
        self.read(|log| log.select_originators(&query))
    }

    async fn recorded_after(&self, after: u64) {
        self.watermark.passed(after).await;
    }

    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        Ok(Some(format!("memory at {:p}", Arc::as_ptr(&self.log))))
    }

    /// Closes all clones. The events are lost when the last clone is dropped.
    async fn close(&self) {
        self.write(|log| log.closed = true);
        self.watermark.raise(u64::MAX);
    }
}

impl Log {
    /// Checks all events before anything is changed.
    fn append(&mut self, mut events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if events.len() == 1
            && let Some(event) = events.pop()
        {
            let place = self.append_one(&event)?;
            return Ok(vec![event.into_notification(place as u64 + 1)]);
        }
        let repeats = self.check(&events)?;
        let mut notifications = Vec::with_capacity(events.len());
        for event in events {
            let recorded = if repeats { self.place_of(&event) } else { None };
            let place = recorded.unwrap_or_else(|| self.push(&event));
            notifications.push(event.into_notification(place as u64 + 1));
        }
        Ok(notifications)
    }

    /// Checks the tracking first, then the events as `append` does, then the dead letters.
    fn append_all(&mut self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        let Append { events, tracking, letters } = append;
        let is_ours = |event| self.place_of(event).is_some_and(|place| self.is_again(place, event));
        let is_done = !events.is_empty() && events.iter().all(is_ours);
        // without events, the dead letters tell whether the append is recorded already
        if let (true, Some(letters)) = (events.is_empty(), &letters) {
            let is_processed = |tracking: &Tracking| self.position_in(&tracking.upstream) == tracking.log_position();
            if tracking.as_ref().is_none_or(is_processed) && self.letters.are_parked(letters) {
                return Ok(Vec::new());
            }
        }
        let tracking = match tracking {
            None => None,
            Some(tracking) => match self.position_in(&tracking.upstream).id {
                recorded if recorded == tracking.after => Some(tracking),
                // it was recorded by an earlier attempt, with its dead letters
                _ if is_done => return self.append(events),
                recorded => return Err(tracking.already_processed(recorded)),
            },
        };
        // without tracking, whose position would tell, recorded events mean that the whole append is recorded
        let letters = letters.filter(|_| tracking.is_some() || !is_done);
        if let Some(letters) = &letters {
            self.check(&events)?;
            self.letters.check(letters)?;
        }
        let notifications = self.append(events)?;
        if let Some(tracking) = tracking {
            let position = tracking.log_position();
            self.tracking.insert(tracking.upstream, position);
        }
        if let Some(letters) = letters {
            self.letters.change(letters);
        }
        Ok(notifications)
    }

    /// Appends a single event, with a single lookup of its aggregate.
    fn append_one(&mut self, event: &StoredEvent) -> Result<usize, RecorderError> {
        let places = self.aggregates.entry(event.originator_id).or_default();
        // usually it is the next version
        let found = match places.last() {
            Some((last, _)) if *last >= event.originator_version => {
                places.binary_search_by_key(&event.originator_version, |(version, _)| *version)
            }
            _ => Err(places.len()),
        };
        match found {
            Ok(found) if is_same_attempt(self.events[places[found].1].append_id, event.append_id) => {
                Ok(places[found].1)
            }
            Ok(_) => Err(self.conflict(event)),
            // the first version of an aggregate is 1 at most, and versions have no gaps
            Err(at)
                if event.originator_version > 1
                    && at.checked_sub(1).is_none_or(|at| places[at].0 + 1 != event.originator_version) =>
            {
                Err(self.conflict(event))
            }
            Err(at) => {
                let place = self.events.len();
                places.insert(at, (event.originator_version, place));
                self.events.push(event.clone());
                Ok(place)
            }
        }
    }

    /// Returns whether an earlier attempt recorded some of the events.
    ///
    /// # Errors
    /// A conflict, if another attempt recorded one of them, if a version is missing before one, or if two have the same version.
    fn check(&self, events: &[StoredEvent]) -> Result<bool, RecorderError> {
        let mut new = HashSet::with_capacity(events.len());
        let mut repeats = false;
        for event in events {
            let taken = self.place_of(event);
            let is_ours = taken.is_some_and(|place| self.is_again(place, event));
            let again = !new.insert((event.originator_id, event.originator_version));
            let follows = |before| {
                new.contains(&(event.originator_id, before)) || self.find(event.originator_id, before).is_some()
            };
            let has_gap = event.originator_version > 1 && !is_ours && !follows(event.originator_version - 1);
            if (taken.is_some() && !is_ours) || again || has_gap {
                return Err(self.conflict(event));
            }
            repeats |= is_ours;
        }
        Ok(repeats)
    }

    fn place_of(&self, event: &StoredEvent) -> Option<usize> {
        self.find(event.originator_id, event.originator_version)
    }

    fn find(&self, originator_id: Uuid, version: u64) -> Option<usize> {
        let places = self.aggregates.get(&originator_id)?;
        let found = places.binary_search_by_key(&version, |(version, _)| *version).ok()?;
        Some(places[found].1)
    }

    /// Returns whether the event at this index belongs to the same attempt.
    fn is_again(&self, place: usize, event: &StoredEvent) -> bool {
        is_same_attempt(self.events[place].append_id, event.append_id)
    }

    fn push(&mut self, event: &StoredEvent) -> usize {
        let place = self.events.len();
        self.events.push(event.clone());
        let places = self.aggregates.entry(event.originator_id).or_default();
        // at the end, unless versions come out of order
        let at = places.partition_point(|(version, _)| *version < event.originator_version);
        places.insert(at, (event.originator_version, place));
        place
    }

    fn conflict(&self, event: &StoredEvent) -> RecorderError {
        let last = self.aggregates.get(&event.originator_id).and_then(|places| places.last());
        RecorderError::Conflict {
            originator_id: event.originator_id,
            tried: event.originator_version,
            recorded: last.map_or(0, |(version, _)| *version),
        }
    }
}
