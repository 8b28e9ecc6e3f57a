//! The in-memory recorder: the reference for other recorders, and useful for development and tests.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use self::commands::Commands;
use self::id_hash::IdHashing;
use self::letters::Letters;
use self::snapshots::Snapshots;
use super::{
    Append, CommandId, EventPlace, EventQuery, EventVisitor, LetterQuery, LogPosition, Notification, NotificationQuery,
    NotificationVisitor, OriginatorIdQuery, OriginatorQuery, OriginatorSummary, OutdatedCommands, RecordedCommand,
    RecordedOriginator, RecordedTime, Recorder, RecorderError, ReplayItem, ReplayQuery, ReplayVisitor,
    StoredDictionary, StoredEvent, StoredLetter, StoredSnapshot, TrackedPosition, Tracking, Watermark,
};
use crate::stats::RecorderStats;

mod append;
mod commands;
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
    /// When each event was recorded.
    times: Vec<Timestamp>,
    /// The versions of each aggregate with their indexes in `events`, lowest version first.
    aggregates: HashMap<Uuid, Vec<(u64, usize)>, IdHashing>,
    dictionaries: BTreeMap<u32, StoredDictionary>,
    /// The tracked positions of other applications' logs.
    tracking: HashMap<String, LogPosition>,
    letters: Letters,
    snapshots: Snapshots,
    commands: Commands,
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

    fn stats(&self) -> RecorderStats {
        RecorderStats { system: "memory", ..RecorderStats::default() }
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        snapshot.check()?;
        self.write(|log| {
            if log.closed {
                return Err(RecorderError::Closed);
            }
            let last = log.aggregates.get(&snapshot.originator_id).and_then(|places| places.last());
            let last = last.map(|(version, _)| *version);
            Ok(log.snapshots.insert(snapshot, keep, last))
        })
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

    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        self.read(|log| log.select_originators_by_id(&query))
    }

    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        self.read(|log| log.select_recorded_times(ids))
    }

    async fn select_event_places(&self, id: Uuid, versions: &[u64]) -> Result<Vec<EventPlace>, RecorderError> {
        self.read(|log| log.select_event_places(id, versions))
    }

    fn keeps_commands(&self) -> bool {
        true
    }

    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        self.read(|log| log.commands.find(id).cloned())
    }

    async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        self.write(|log| if log.closed { Err(RecorderError::Closed) } else { Ok(log.commands.delete(outdated, limit)) })
    }

    async fn recorded_after(&self, after: u64) {
        self.watermark.passed(after).await;
    }

    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        Ok(Some(format!("memory at {:p}", Arc::as_ptr(&self.log))))
    }

    async fn is_writable(&self) -> Result<Option<bool>, RecorderError> {
        self.read(|_| Some(true))
    }

    /// Closes all clones. The events are lost when the last clone is dropped.
    async fn close(&self) {
        self.write(|log| log.closed = true);
        self.watermark.raise(u64::MAX);
    }
}
