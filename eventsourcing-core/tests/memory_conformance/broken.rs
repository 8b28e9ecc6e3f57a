//! A plain recorder, and the same recorder with one fault, which the rules of the contract must find.

#[path = "commands.rs"]
mod commands;
#[path = "dictionaries.rs"]
mod dictionaries;
#[path = "fault.rs"]
mod fault;
#[path = "inserting.rs"]
mod inserting;
#[path = "letters.rs"]
mod letters;
#[path = "meeting.rs"]
mod meeting;
#[path = "searching.rs"]
mod searching;
#[path = "snapshots.rs"]
mod snapshots;
#[path = "tracking.rs"]
mod tracking;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use eventsourcing_core::recording::conformance::Fixture;
use eventsourcing_core::recording::{
    Append, EventQuery, LetterQuery, LogPosition, NotificationQuery, NotificationVisitor, OriginatorIdQuery,
    OriginatorSummary, OutdatedCommands, RecordedCommand, ReplayQuery, ReplayVisitor, SearchQuery, StoredDictionary,
    StoredLetter, StoredSnapshot, TrackedPosition, Tracking,
};
use eventsourcing_core::{CommandId, Notification, Recorder, RecorderError, StoredEvent, Uuid};
use tokio::sync::Mutex;

pub(crate) use fault::Fault;
use inserting::place;

/// A store in memory, opened by recorders with a fault.
pub(crate) struct Plain {
    fault: Fault,
    waits: bool,
    state: Arc<std::sync::Mutex<State>>,
}

impl Plain {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, waits: false, state: Arc::default() }
    }

    /// For rules with concurrent calls: a fault that shows only if calls meet waits until they do.
    pub(crate) fn with_meetings(fault: Fault) -> Self {
        Self { waits: true, ..Self::new(fault) }
    }
}

#[async_trait]
impl Fixture for Plain {
    async fn open(&self) -> Arc<dyn Recorder> {
        let state = Arc::clone(&self.state);
        Arc::new(PlainRecorder {
            fault: self.fault,
            waits: self.waits,
            state,
            own_lock: Mutex::default(),
            own_last: AtomicU64::default(),
            own_dictionaries: std::sync::Mutex::default(),
            own_positions: std::sync::Mutex::default(),
            own_letters: std::sync::Mutex::default(),
            own_snapshots: std::sync::Mutex::default(),
            own_commands: std::sync::Mutex::default(),
        })
    }
}

#[derive(Debug)]
struct PlainRecorder {
    fault: Fault,
    waits: bool,
    state: Arc<std::sync::Mutex<State>>,
    own_lock: Mutex<()>,
    own_last: AtomicU64,
    own_dictionaries: std::sync::Mutex<Vec<StoredDictionary>>,
    own_positions: std::sync::Mutex<HashMap<String, LogPosition>>,
    own_letters: std::sync::Mutex<Vec<letters::Letter>>,
    own_snapshots: std::sync::Mutex<Vec<StoredSnapshot>>,
    own_commands: std::sync::Mutex<Vec<RecordedCommand>>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<u64, StoredEvent>,
    taken: HashMap<(Uuid, u64), (u64, Uuid)>,
    drawn: u64,
    inserts: u64,
    is_locked: bool,
    met: meeting::Met,
    dictionaries: Vec<StoredDictionary>,
    positions: HashMap<String, LogPosition>,
    letters: Vec<letters::Letter>,
    snapshots: Vec<StoredSnapshot>,
    commands: Vec<RecordedCommand>,
    command_lock: Arc<Mutex<()>>,
}

#[async_trait]
impl Recorder for PlainRecorder {
    async fn insert_events(&self, mut events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if self.fault == Fault::WritesRowByRow {
            return self.insert_row_by_row(events).await;
        }
        self.check_range(&events)?;
        match self.fault {
            Fault::LastWriteWins | Fault::DropsConflicts => self.meet().await,
            _ => {}
        }
        match self.fault {
            Fault::PublishesWithoutTheLock => self.insert_without_the_lock(events).await,
            Fault::ChecksWithoutTheLock => self.check_and_insert(events).await,
            Fault::KeepsTheLockWhenDropped => self.insert_and_unlock(events).await,
            Fault::LocksOnlyItself => {
                let _guard = self.own_lock.lock().await;
                self.check_and_insert(events).await
            }
            Fault::DrawsIdsFromASequence => {
                let outcome = self.insert(events.clone());
                if outcome.is_err() {
                    self.state().drawn += events.len() as u64;
                }
                outcome
            }
            Fault::SortsInserts => {
                events.sort_by_key(place);
                self.insert(events)
            }
            Fault::LastWriteWins => {
                let state = &mut *self.state();
                let ids = events.iter().map(|event| state.taken.get(&place(event)).map(|(id, _)| *id)).collect();
                let ids = self.draw(state, &events, ids);
                Ok(self.publish(state, events, ids))
            }
            Fault::DropsConflicts => {
                events.retain(|event| self.check(&self.state(), std::slice::from_ref(event)).is_ok());
                self.insert(events)
            }
            _ => self.insert(events),
        }
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        let mut events: Vec<_> = self.state().rows.values().cloned().collect();
        events.retain(|event| {
            let version = event.originator_version;
            event.originator_id == query.originator_id
                && query
                    .after
                    .is_none_or(|after| version > after || (version == after && self.fault == Fault::IncludesAfter))
                && query.up_to.is_none_or(|up_to| version <= up_to)
        });
        events.sort_by_key(|event| event.originator_version);
        if self.fault == Fault::SelectsByTopic {
            events.sort_by_key(|event| event.topic.clone());
        }
        if query.descending {
            events.reverse();
        }
        events.truncate(self.limit(query.limit.unwrap_or(usize::MAX)));
        Ok(events)
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        let mut state = self.state();
        let shows_after = match self.fault {
            Fault::IncludesAfter => true,
            Fault::ShowsTheAnchoredEvent => query.anchor.is_some(),
            _ => false,
        };
        let is_selected = |id: u64, event: &StoredEvent| {
            (id > query.after || (id == query.after && shows_after))
                && query.up_to.is_none_or(|up_to| id <= up_to)
                && (query.topics.is_empty() || query.topics.iter().any(|topic| self.is_topic(topic, &event.topic)))
        };
        let selected = state.rows.iter().filter(|(id, event)| is_selected(**id, event)).take(self.limit(query.limit));
        let notifications: Vec<_> = selected.map(|(id, event)| event.clone().into_notification(*id)).collect();
        if self.fault != Fault::ChecksAnchorsOfWhatItShows || !notifications.is_empty() {
            self.check_anchor(&state, &query)?;
        }
        state.met.see(notifications.last().map_or(0, |last| last.id));
        Ok(notifications)
    }

    async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        Ok(self.search(query, visit))
    }

    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        Ok(self.by_id(&query))
    }

    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let state = self.state();
        let Some(event) = state.rows.get(&notification_id) else { return Ok(None) };
        let same = |(id, other): (&u64, &StoredEvent)| (other.append_id == event.append_id).then_some(*id);
        let id = match self.fault {
            Fault::FindsPositionsByInsert => state.rows.iter().find_map(same).unwrap_or(notification_id),
            _ => notification_id,
        };
        Ok(Some(LogPosition::anchored(id, event.append_id)))
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        match self.fault {
            Fault::RemembersTheLastId => Ok(Some(self.own_last.load(Ordering::Relaxed)).filter(|last| *last > 0)),
            _ => Ok(self.state().rows.keys().next_back().copied()),
        }
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.process(events, tracking).await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.state().met.look_up();
        Ok(self.position(upstream))
    }

    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        Ok(self.positions())
    }

    async fn initialize_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        self.initialize_position(upstream, position)
    }

    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        self.move_to(upstream, from, to)
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        self.append_command(append).await
    }

    fn keeps_commands(&self) -> bool {
        true
    }

    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        Ok(self.command(id))
    }

    async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        Ok(self.forget_commands(outdated, limit))
    }

    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        Ok(self.letters(&query))
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        self.keep_snapshot(snapshot, keep)
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.forget_snapshots(originator_id);
        Ok(())
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.replay(query, visit).await
    }

    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        self.keep(dictionary).await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        Ok(self.dictionaries(after))
    }
}

impl PlainRecorder {
    fn check_anchor(&self, state: &State, query: &NotificationQuery) -> Result<(), RecorderError> {
        let found = state.rows.get(&query.after).map(|event| event.append_id);
        let is_anywhere = || state.rows.values().any(|event| Some(event.append_id) == query.anchor);
        let is_taken = match self.fault {
            Fault::IgnoresAnchors => true,
            Fault::FindsAnchorsAnywhere => is_anywhere(),
            Fault::TakesAMissingAnchor => found.is_none(),
            _ => false,
        };
        if query.anchor.is_none() || found == query.anchor || is_taken {
            return Ok(());
        }
        Err(RecorderError::LogChanged { position: query.position(), found })
    }

    fn by_id(&self, query: &OriginatorIdQuery) -> Vec<OriginatorSummary> {
        let mut found: BTreeMap<Uuid, OriginatorSummary> = BTreeMap::new();
        for event in self.state().rows.values().filter(|event| event.originator_id >= query.first) {
            let (id, version) = (event.originator_id, event.originator_version);
            let summary = found.entry(id).or_insert_with(|| OriginatorSummary::new(id, version, &*event.topic));
            summary.last_version = version;
            if self.fault == Fault::NamesTheLastTopic {
                summary.first_topic = (*event.topic).into();
            }
        }
        if self.fault != Fault::ListsIdsToTheEnd {
            found.retain(|id, _| *id <= query.last);
        }
        found.into_values().take(query.limit).collect()
    }

    fn limit(&self, limit: usize) -> usize {
        match (self.fault, limit) {
            (Fault::CutsAnswers, _) => limit.min(1_000),
            (Fault::TakesZeroForNoLimit, 0) => usize::MAX,
            _ => limit,
        }
    }

    fn is_topic(&self, wanted: &str, topic: &str) -> bool {
        match self.fault {
            Fault::MatchesTopics => is_like(wanted.to_lowercase().as_bytes(), topic.to_lowercase().as_bytes()),
            _ => wanted == topic,
        }
    }
}

fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'%', rest)) => (0..=text.len()).any(|start| is_like(rest, &text[start..])),
        Some((first, rest)) => {
            text.split_first().is_some_and(|(byte, text)| (*first == b'_' || first == byte) && is_like(rest, text))
        }
    }
}
