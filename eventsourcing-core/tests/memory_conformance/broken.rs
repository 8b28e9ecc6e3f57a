//! A recorder as plain as can be, and the same with one thing wrong: what the rules of the contract are there to find.

#[path = "dictionaries.rs"]
mod dictionaries;
#[path = "letters.rs"]
mod letters;
#[path = "tracking.rs"]
mod tracking;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use async_trait::async_trait;
use eventsourcing_core::persistence::conformance::Fixture;
use eventsourcing_core::persistence::{
    Append, EventQuery, LetterQuery, LogPosition, NotificationQuery, StoredDictionary, StoredLetter, Tracking,
};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, Uuid};
use tokio::sync::Mutex;
use tokio::task::yield_now;

/// What is wrong with a recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: it holds the contract.
    None,
    /// Ids are drawn under the lock and rows published later, without it: those of others overtake.
    PublishesWithoutTheLock,
    /// Ids come from a sequence, and those of a refused insert are lost.
    DrawsIdsFromASequence,
    /// Ids come from a sequence of which two connections hold a part each.
    DrawsIdsInBlocks,
    /// Each event is checked and written on its own.
    WritesRowByRow,
    /// What is taken is checked first, and written without another look.
    ChecksWithoutTheLock,
    /// An event of a version that is taken takes its place.
    LastWriteWins,
    /// An event of a version that is taken is dropped, and the insert succeeds.
    DropsConflicts,
    /// A conflict tells the version tried as the version recorded.
    TellsTheVersionTried,
    /// An append that is repeated is taken for another.
    IgnoresTheAppendId,
    /// Two events of an append are taken for one that is repeated.
    RecognisesItsOwnEvents,
    /// The lock is one of the recorder's own, of which those of others on the same store know nothing.
    LocksOnlyItself,
    /// An insert that is dropped half way keeps the lock.
    KeepsTheLockWhenDropped,
    /// The events of an insert are sorted first.
    SortsInserts,
    /// Events are selected in the order of the bytes of their topics.
    SelectsByTopic,
    /// The version before an event need not be recorded.
    AcceptsGaps,
    /// The version before an event may be one that comes after it in the insert.
    AcceptsAnyOrder,
    /// No answer has more than a thousand rows.
    CutsAnswers,
    /// The first row is that of the bound which should be left out.
    IncludesAfter,
    /// A limit of zero is taken for none.
    TakesZeroForNoLimit,
    /// Topics are patterns, as in `LIKE`, and case does not count.
    MatchesTopics,
    /// Reads of the log ignore where they are anchored.
    IgnoresAnchors,
    /// A position counts as found if an event anywhere has its append id.
    FindsAnchorsAnywhere,
    /// A position that no event has counts as one that is not anchored.
    TakesAMissingAnchor,
    /// The anchor is checked only if there is something to show.
    ChecksAnchorsOfWhatItShows,
    /// The event at the anchored position is shown as well.
    ShowsTheAnchoredEvent,
    /// An append id is looked up by the insert, of which each event has the position of the first.
    FindsPositionsByInsert,
    /// Versions are not looked at.
    TakesAnyVersion,
    /// Versions count from one.
    RefusesVersionZero,
    /// Checksums are kept in 31 bits.
    CutsChecksums,
    /// The last id is the one that this recorder gave, whatever others on the same store gave since.
    RemembersTheLastId,
    /// A dictionary of an id that is taken takes its place.
    ReplacesDictionaries,
    /// A dictionary is said to be kept whether it is or not.
    SaysThatDictionariesAreKept,
    /// Whether the id of a dictionary is taken is looked up first, and the dictionary kept later.
    ChecksDictionariesWithoutTheLock,
    /// Dictionaries are selected as they were kept, whatever their ids, and with the one that should be left out.
    SelectsDictionariesAsKept,
    /// The bytes of a dictionary are kept as far as their first zero.
    CutsDictionaries,
    /// A dictionary takes a place in the log.
    CountsDictionaries,
    /// Dictionaries are those of this recorder, whatever others on the same store keep.
    KeepsDictionariesToItself,
    /// Events are recorded, and the tracking a little later, whatever was tracked meanwhile.
    TracksLater,
    /// The tracking is recorded, and the events a little later, if they can be.
    TracksFirst,
    /// How far the upstream is processed is checked first, and moved without another look.
    ChecksTrackingWithoutTheLock,
    /// A conflict is told before what was processed.
    ChecksVersionsFirst,
    /// Any position after the last is taken, wherever the processing began.
    TakesAnyLaterPosition,
    /// Tracking is recorded without a look at what was.
    ForgetsTheUpstream,
    /// A tracked append that is repeated is taken for another's.
    ForgetsWhoTracked,
    /// Positions and names are not looked at.
    TakesAnyTracking,
    /// Tracking takes a place in the log.
    CountsTracking,
    /// Names of upstreams are the same in upper and lower case.
    FoldsUpstreams,
    /// A position is moved from wherever it is.
    MovesFromAnywhere,
    /// A position is moved from its id, whatever its anchor.
    MovesFromTheId,
    /// A position is moved forth only.
    MovesForthOnly,
    /// Positions are kept without their anchors.
    ForgetsAnchors,
    /// Positions are those of this recorder, whatever others on the same store processed.
    KeepsTrackingToItself,
    /// Events and tracking are recorded, and dead letters changed a little later, if they can be.
    ChangesLettersLater,
    /// The letters that an append relies on are looked up first, and the append is said to be done whatever became of them.
    ChecksLettersWithoutTheLock,
    /// Letters are looked at before the events and the tracking are.
    ChecksLettersFirst,
    /// That processing begins at the start is not stored.
    ForgetsTheStart,
    /// Where processing begins is moved by whoever begins later.
    BeginsAgain,
    /// An append that parks letters is not found again if it has no events.
    RepeatsParking,
    /// An append that parks letters is found by the letters alone, however far the log is processed.
    ForgetsWhereItParked,
    /// The letters of an append that is repeated are changed again.
    RepeatsLetters,
    /// A letter that is not there counts as taken out.
    ForgetsWhatIsTaken,
    /// Whether there are letters to wait behind is not looked at.
    ForgetsWhoWaits,
    /// A letter of an event that has one takes its place.
    ReplacesLetters,
    /// The state of a letter is kept as far as its first zero.
    CutsLetters,
    /// Letters are selected in the order in which they were put in.
    SelectsLettersAsParked,
    /// Letters of upstreams that differ in upper and lower case are the same.
    FoldsUpstreamsOfLetters,
    /// Letters are those of this recorder, whatever others on the same store put in.
    KeepsLettersToItself,
}

/// A store in memory, which recorders with a fault open.
pub(crate) struct Plain {
    fault: Fault,
    state: Arc<std::sync::Mutex<State>>,
}

impl Plain {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, state: Arc::default() }
    }
}

#[async_trait]
impl Fixture for Plain {
    async fn open(&self) -> Arc<dyn Recorder> {
        let state = Arc::clone(&self.state);
        Arc::new(PlainRecorder {
            fault: self.fault,
            state,
            own_lock: Mutex::default(),
            own_last: AtomicU64::default(),
            own_dictionaries: std::sync::Mutex::default(),
            own_positions: std::sync::Mutex::default(),
            own_letters: std::sync::Mutex::default(),
        })
    }
}

#[derive(Debug)]
struct PlainRecorder {
    fault: Fault,
    state: Arc<std::sync::Mutex<State>>,
    own_lock: Mutex<()>,
    own_last: AtomicU64,
    own_dictionaries: std::sync::Mutex<Vec<StoredDictionary>>,
    own_positions: std::sync::Mutex<HashMap<String, LogPosition>>,
    own_letters: std::sync::Mutex<Vec<letters::Letter>>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<u64, StoredEvent>,
    taken: HashMap<(Uuid, u64), (u64, Uuid)>,
    drawn: u64,
    inserts: u64,
    is_locked: bool,
    last_seen: u64,
    dictionaries: Vec<StoredDictionary>,
    positions: HashMap<String, LogPosition>,
    letters: Vec<letters::Letter>,
}

impl PlainRecorder {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ids of those events that are recorded already, if all others can be.
    fn check(&self, state: &State, events: &[StoredEvent]) -> Result<Vec<Option<u64>>, RecorderError> {
        let mut new = HashSet::new();
        let mut ids = Vec::new();
        for event in events {
            let place = place(event);
            let taken = state.taken.get(&place);
            let own =
                taken.filter(|(_, append_id)| *append_id == event.append_id && self.fault != Fault::IgnoresTheAppendId);
            let (id, version) = place;
            let follows = version <= 1
                || own.is_some()
                || new.contains(&(id, version - 1))
                || state.taken.contains_key(&(id, version - 1))
                || self.fault == Fault::AcceptsGaps
                || (self.fault == Fault::AcceptsAnyOrder
                    && events.iter().any(|event| self::place(event) == (id, version - 1)));
            let is_second = !new.insert(place) && self.fault != Fault::RecognisesItsOwnEvents;
            if is_second || taken.is_some() != own.is_some() || !follows {
                let versions =
                    state.taken.keys().filter(|(id, _)| *id == event.originator_id).map(|(_, version)| *version);
                let recorded = versions.max().unwrap_or(0);
                let tried = event.originator_version;
                let recorded = if self.fault == Fault::TellsTheVersionTried { tried } else { recorded };
                return Err(RecorderError::Conflict { originator_id: event.originator_id, tried, recorded });
            }
            ids.push(own.map(|(id, _)| *id));
        }
        Ok(ids)
    }

    fn check_range(&self, events: &[StoredEvent]) -> Result<(), RecorderError> {
        let max = i64::MAX.unsigned_abs();
        let is_refused = |version: &u64| match self.fault {
            Fault::TakesAnyVersion => false,
            Fault::RefusesVersionZero => *version == 0 || *version > max,
            _ => *version > max,
        };
        match events.iter().map(|event| event.originator_version).find(is_refused) {
            Some(value) => Err(RecorderError::OutOfRange { what: "originator version", value, max }),
            None => Ok(()),
        }
    }

    /// Gives ids to those events that have none, and takes their versions.
    fn draw(&self, state: &mut State, events: &[StoredEvent], ids: Vec<Option<u64>>) -> Vec<u64> {
        state.inserts += 1;
        // the second connection's part of the sequence is far behind the first's
        let part = if self.fault == Fault::DrawsIdsInBlocks && state.inserts.is_multiple_of(2) { 1_000 } else { 0 };
        let mut drawn = Vec::new();
        for (event, id) in events.iter().zip(ids) {
            let id = id.unwrap_or_else(|| {
                state.drawn += 1;
                state.drawn + part
            });
            state.taken.insert(place(event), (id, event.append_id));
            drawn.push(id);
        }
        drawn
    }

    fn publish(&self, state: &mut State, events: Vec<StoredEvent>, ids: Vec<u64>) -> Vec<Notification> {
        let mut notifications = Vec::new();
        for (mut event, id) in events.into_iter().zip(ids) {
            if self.fault == Fault::CutsChecksums {
                event.checksum = event.checksum.map(|checksum| checksum & i32::MAX.unsigned_abs());
            }
            notifications.push(event.clone().into_notification(id));
            state.rows.insert(id, event);
            self.own_last.store(id, Ordering::Relaxed);
        }
        notifications
    }

    /// Checks, draws and publishes while it holds the lock: the right way.
    fn insert(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let state = &mut *self.state();
        let ids = self.check(state, &events)?;
        let ids = self.draw(state, &events, ids);
        Ok(self.publish(state, events, ids))
    }

    async fn insert_without_the_lock(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let ids = {
            let state = &mut *self.state();
            let ids = self.check(state, &events)?;
            self.draw(state, &events, ids)
        };
        // every fifth or so is slower than a reader
        if let Some(first) = ids.first().filter(|id| *id % 5 == 0) {
            self.until(|state| state.last_seen > *first).await;
        }
        Ok(self.publish(&mut self.state(), events, ids))
    }

    async fn insert_row_by_row(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let mut notifications = Vec::new();
        let middle = events.len() / 2;
        for (place, event) in events.into_iter().enumerate() {
            notifications.extend(self.insert(vec![event])?);
            yield_now().await;
            // a long insert is slower than a reader
            if place == middle && middle > 10 {
                let last = self.state().drawn;
                self.until(|state| state.last_seen >= last).await;
            }
        }
        Ok(notifications)
    }

    /// Lets others go on until this is so, or for long enough.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        for _ in 0..100_000 {
            if is_so(&self.state()) {
                break;
            }
            yield_now().await;
        }
    }

    async fn check_and_insert(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let ids = self.check(&self.state(), &events)?;
        yield_now().await;
        let state = &mut *self.state();
        let ids = self.draw(state, &events, ids);
        Ok(self.publish(state, events, ids))
    }

    async fn insert_and_unlock(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if std::mem::replace(&mut self.state().is_locked, true) {
            let waited = "no time at all".to_owned();
            return Err(RecorderError::Busy { waited, setting: "PATIENCE", source: "somebody has the lock".into() });
        }
        yield_now().await;
        let outcome = self.insert(events);
        self.state().is_locked = false;
        outcome
    }
}

fn place(event: &StoredEvent) -> (Uuid, u64) {
    (event.originator_id, event.originator_version)
}

#[async_trait]
impl Recorder for PlainRecorder {
    async fn insert_events(&self, mut events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if self.fault == Fault::WritesRowByRow {
            return self.insert_row_by_row(events).await;
        }
        self.check_range(&events)?;
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
        state.last_seen = state.last_seen.max(notifications.last().map_or(0, |last| last.id));
        Ok(notifications)
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
        let mut state = self.state();
        state.last_seen = state.last_seen.max(state.rows.keys().next_back().copied().unwrap_or(0));
        match self.fault {
            Fault::RemembersTheLastId => Ok(Some(self.own_last.load(Ordering::Relaxed)).filter(|last| *last > 0)),
            _ => Ok(state.rows.keys().next_back().copied()),
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
        Ok(self.position(upstream))
    }

    async fn begin_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        self.begin_at(upstream, position)
    }

    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        self.move_to(upstream, from, to)
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        self.append_all(append).await
    }

    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        Ok(self.letters(&query))
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
