//! The recorder: the trait that stores events, and the contract of every implementation.

mod defaults;
mod log_search;
mod time_search;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Append, CommandId, EventPlace, EventQuery, EventVisitor, LetterQuery, LogPosition, Notification, NotificationQuery,
    NotificationVisitor, OriginatorIdQuery, OriginatorQuery, OriginatorSummary, OutdatedCommands, RecordedCommand,
    RecordedOriginator, RecordedTime, RecorderError, ReplayItem, ReplayQuery, ReplayVisitor, SearchQuery,
    StoredDictionary, StoredEvent, StoredLetter, StoredSnapshot, TrackedPosition, Tracking,
};

/// A store of the events of one application.
///
/// The contract, which the conformance suite tests rule by rule:
///
/// 1. An insert records all of its events or none, also as seen by readers.
/// 2. For each `(originator_id, originator_version)`, one event is recorded, ever. A second one is a
///    [`Conflict`](RecorderError::Conflict), unless it belongs to the attempt that recorded the first
///    ([`is_same_attempt`](crate::recording::is_same_attempt)), which then counts as recorded. The versions of an aggregate have no
///    gaps: an event with a version above 1 is a conflict unless the version before it is recorded, or precedes it in the insert.
/// 3. Notification ids start at 1 and have no gaps. They increase in the order of commits: a reader that has seen an id never
///    finds a new event at or below it. The ids of one insert are consecutive, in the order given.
/// 4. An insert that is dropped before it completes is recorded or not recorded, and leaves nothing behind that blocks the next.
/// 5. Acknowledged events are durable.
/// 6. For each id one dictionary is stored, if the recorder stores dictionaries: the first one, permanently.
/// 7. The events and the tracking of one insert are recorded together or not at all, and only if the log of the other
///    application was processed exactly up to the position from which the insert continues.
/// 8. A read of the log that starts from an [anchored position](LogPosition) returns nothing and fails with
///    [`LogChanged`](RecorderError::LogChanged) unless the event at that position is the anchored one. The anchor and the returned rows
///    are read at the same point in time.
/// 9. Dead letters, if the recorder stores them, change together with the events and the tracking of their append or not at all,
///    and only if the letters that the append relies on exist.
/// 10. Snapshots, if the recorder stores them, change nothing else: they have no place in the log, and each can be deleted.
/// 11. A command id, if the recorder stores them, is recorded together with the events of its append or not at all, and once, ever, unless it is
///     deleted. Another append with the id records nothing.
///
/// # Implementing it
///
/// Any crate may implement this trait, for a store that the library does not know. An implementation has the attribute
/// `#[async_trait::async_trait]` of the crate `async-trait`. Four methods are required. A recorder that can show rows without copying
/// each also implements [`read_events`](Self::read_events) and [`read_notifications`](Self::read_notifications), which are used for all
/// reads of aggregates and of the log. A recorder that wraps another one forwards every method, because a default would hide what the
/// other one can do.
///
/// The rules of the module `conformance` (feature `conformance`) say what a recorder must hold.
///
/// # How it may grow
///
/// - A later version of this library may add methods. Each comes with a default that is correct, if slower, or that returns an error
///   which says that the recorder does not support it, as [`NoTracking`](RecorderError::NoTracking) does.
/// - A later version may add fields to [`Append`], [`StoredEvent`] and the queries. A field that a recorder must not ignore is set only
///   for recorders that say, by a new method, that they support it. So a recorder of an earlier version loses nothing.
/// - A later version may add conformance rules: for new methods, or for what the contract says already.
#[async_trait]
pub trait Recorder: Debug + Send + Sync {
    /// Records the events, all or none, and returns them with their notification ids, in the order given.
    ///
    /// # Errors
    /// [`RecorderError::Conflict`] if a version is taken, or the version before it is missing; other variants if the storage fails.
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError>;

    /// Returns the events of an aggregate, in the order of their versions.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError>;

    /// Returns events of all aggregates, in the order of their notification ids.
    ///
    /// # Errors
    /// [`RecorderError::LogChanged`] if the query has an anchor, but another event or no event is at that position; other variants if
    /// the storage fails.
    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError>;

    /// Returns the last notification id, if there are any events.
    ///
    /// # Errors
    /// If the storage fails.
    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError>;

    /// Passes the events of an aggregate to a visitor, in the order of their versions, until the visitor stops.
    ///
    /// The events are those of [`select_events`](Self::select_events); while others record, later ones may be included. No event is
    /// passed twice or left out. The visitor runs on the reading thread, between two rows, and should be fast.
    ///
    /// # Errors
    /// If the storage fails, possibly after some events have been passed.
    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        defaults::read_events(self, query, visit).await
    }

    /// Passes events of all aggregates to a visitor, in the order of their notification ids, until the visitor stops.
    ///
    /// It works like [`read_events`](Self::read_events), with the events of [`select_notifications`](Self::select_notifications).
    ///
    /// # Errors
    /// If the query has an anchor that does not match, or if the storage fails, possibly after some notifications have been passed.
    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        defaults::read_notifications(self, query, visit).await
    }

    /// Records events together with the tracking of another application's log: all of it or none.
    ///
    /// There may be no events, if processing the log had no effects. An insert that was recorded already, with the same `append_id`s,
    /// counts as recorded; one without events cannot be distinguished from another writer's.
    ///
    /// # Errors
    /// [`RecorderError::AlreadyProcessed`] if the log is processed up to another id than [`Tracking::after`], even if there is a conflict
    /// as well; the errors of [`Tracking::check`]; [`RecorderError::NoTracking`] unless the recorder stores tracking; other
    /// variants as for [`insert_events`](Self::insert_events).
    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        drop(events);
        Err(RecorderError::NoTracking { upstream: tracking.upstream })
    }

    /// Records events, tracking and changes of dead letters: all of it or none.
    ///
    /// For events alone it is equivalent to [`insert_events`](Self::insert_events), and with tracking to
    /// [`insert_tracked`](Self::insert_tracked). An append that was recorded already, with the same `append_id`s, counts as recorded
    /// together with its dead letters. An append without events that parks letters counts as recorded if each of these letters is stored
    /// byte for byte, the letters that it removes are gone, and the log is processed exactly up to its tracking, if it has any. An append
    /// that parks no letters cannot be distinguished from another writer's. If a recorder loses the database's response and sends such an
    /// append again, it assumes that the append is recorded if the letters to remove are gone: the caller gets no
    /// [`LettersChanged`](RecorderError::LettersChanged) for its own change.
    ///
    /// An append with a command that was recorded already, with the same `append_id`s, counts as recorded. Its command is recorded now if it
    /// was not before.
    ///
    /// # Errors
    /// [`RecorderError::CommandRecorded`] if the id of the command is recorded, whatever else is wrong with the append;
    /// [`RecorderError::NoCommands`] if there is a command and the recorder stores none.
    /// The errors of [`insert_tracked`](Self::insert_tracked), which take precedence over letters; then [`RecorderError::LettersChanged`] if letters
    /// that the append relies on do not exist, and the errors of [`LetterChanges::check`](crate::recording::LetterChanges::check).
    /// [`RecorderError::NoDeadLetters`] if there are changes of letters and the recorder stores no letters.
    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        match append {
            Append { command: Some(_), .. } => Err(RecorderError::NoCommands),
            Append { letters: Some(letters), .. } => Err(RecorderError::NoDeadLetters { upstream: letters.upstream }),
            Append { events, tracking: Some(tracking), .. } => self.insert_tracked(events, tracking).await,
            Append { events, .. } => self.insert_events(events).await,
        }
    }

    /// Returns the dead letters that a query selects, by notification id; none if the recorder stores no letters.
    ///
    /// If the query names an aggregate, letters of other aggregates are not read.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        let _ = query;
        Ok(Vec::new())
    }

    /// Returns the number of dead letters of an upstream application; 0 if the recorder stores no letters.
    ///
    /// The default implementation reads the letters with [`select_letters`](Self::select_letters), a page at a time.
    ///
    /// # Errors
    /// If the storage fails.
    async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        defaults::count_letters(self, upstream).await
    }

    /// Returns those of the given aggregates that have dead letters, in any order; none if the recorder stores no letters.
    ///
    /// It is called for each batch of events that an application handles: it looks up each aggregate by index, and reads no letters of
    /// other aggregates. The default implementation calls [`select_letters`](Self::select_letters) for the first letter of each
    /// aggregate.
    ///
    /// # Errors
    /// If the storage fails.
    async fn originators_with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        defaults::originators_with_letters(self, upstream, originators).await
    }

    /// Searches the log in one direction, passes what it finds to a visitor until the visitor stops, and returns how far it has looked.
    ///
    /// The result is the last position that was looked at: all matching notifications from the beginning of the search up to it were passed.
    /// It is that of the last notification passed, if the visitor stopped or the limit is reached, and otherwise the end of
    /// [`SearchQuery::range`]. It is `None` if there was no position to look at. A search never takes one long statement: it looks at a part
    /// of the log at a time. A recorder that finds the events of an aggregate by an index may ignore
    /// [`scan_at_most`](SearchQuery::scan_at_most) for them, and has then looked at all positions.
    ///
    /// Whether rows between them are missing is not checked, so that an operator sees what there is. The default implementation reads sections
    /// of the log, and compares each notification.
    ///
    /// # Errors
    /// If the storage fails, possibly after some notifications have been passed.
    async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        log_search::search(self, query, visit).await
    }

    /// Returns the position of the event with this notification id; `None` if no event has it.
    ///
    /// # Errors
    /// If the storage fails.
    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let Some(after) = notification_id.checked_sub(1) else { return Ok(None) };
        let found = self.select_notifications(NotificationQuery::after(after, 1).up_to(notification_id)).await?;
        Ok(found.first().map(Notification::position))
    }

    /// Returns the position of the last event; the start if there are no events.
    ///
    /// # Errors
    /// If the storage fails.
    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        let Some(last) = self.max_notification_id().await? else { return Ok(LogPosition::START) };
        Ok(self.position_at(last).await?.unwrap_or(last.into()))
    }

    /// Returns the position up to which the log of another application is processed; the start if nothing is processed.
    ///
    /// # Errors
    /// [`RecorderError::NoTracking`] unless the recorder stores tracking; other variants if the storage fails.
    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        Err(RecorderError::NoTracking { upstream: upstream.to_owned() })
    }

    /// Returns how far the logs of all upstream applications are processed, by the names of the applications.
    ///
    /// An upstream application is in it once its position is stored: by an insert, or as the beginning. One whose position was moved back to the
    /// start may be missing. Positions are read at one point in time. The number of upstream applications is small, so there are no pages.
    ///
    /// # Errors
    /// [`RecorderError::CannotListUpstreams`] unless the recorder stores tracking and can list it, which the default implementation
    /// cannot: it would not be correct to return none; other variants if the storage fails.
    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        Err(RecorderError::CannotListUpstreams)
    }

    /// Stores the position where processing another application's log begins, unless one is stored already, and returns the stored one.
    ///
    /// The start is a valid position: stored for an empty log, it means that every event comes after the beginning. The next
    /// tracking continues from it, with 0 as [`Tracking::after`]. The default implementation cannot store the start, and stores any other
    /// position with [`insert_tracked`](Self::insert_tracked).
    ///
    /// # Errors
    /// The errors of [`Tracking::check_beginning`]; [`RecorderError::NoTracking`] unless the recorder can store the position; other
    /// variants if the storage fails.
    async fn initialize_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        defaults::initialize_tracking(self, upstream, position).await
    }

    /// Moves the position up to which another application's log is processed, to any other position, back or forth.
    ///
    /// If the position is `to` already, nothing is done. It is meant for a log that was replaced by another: the effects of the events
    /// that are missing from the log stay as they are.
    ///
    /// # Errors
    /// [`RecorderError::AlreadyProcessed`] if the position is not exactly `from`, including its anchor; [`RecorderError::CannotMovePosition`] unless
    /// the recorder can move positions; other variants if the storage fails.
    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        Err(RecorderError::CannotMovePosition { upstream: upstream.to_owned(), from, to })
    }

    /// Stores a dictionary, unless one with that id exists: the first is permanent and never replaced.
    ///
    /// Returns whether the given dictionary was stored. If a recorder stores no dictionaries, its application compresses without them.
    ///
    /// # Errors
    /// [`RecorderError::NoDictionaries`] unless the recorder stores dictionaries; other variants if the storage fails.
    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let _ = dictionary;
        Err(RecorderError::NoDictionaries)
    }

    /// Returns the dictionaries with ids greater than `after`, by id; none if the recorder stores no dictionaries.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        let _ = after;
        Ok(Vec::new())
    }

    /// Returns aggregates whose first event, version 1, has one of these topics, in the order of their first events.
    ///
    /// A recorder that benefits from an index of first events implements it. The default implementation searches the log.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_originators(&self, query: OriginatorQuery) -> Result<Vec<RecordedOriginator>, RecorderError> {
        defaults::select_originators(self, query).await
    }

    /// Returns the number of aggregates whose first event has one of these topics.
    ///
    /// The default implementation lists them with [`select_originators`](Self::select_originators), a page at a time.
    ///
    /// # Errors
    /// If the storage fails.
    async fn count_originators(&self, topics: &[String]) -> Result<u64, RecorderError> {
        defaults::count_originators(self, topics).await
    }

    /// Returns aggregates whose ids are in a range, in the order of their ids.
    ///
    /// A recorder that benefits from an index of versions implements it, and reads no other aggregates. The default implementation reads the
    /// whole log.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        defaults::select_originators_by_id(self, query).await
    }

    /// Returns the times at which events were recorded, of those among the given ids whose times are known, in any order.
    ///
    /// A time is unknown if there is no event with the id, if the event was recorded before the recorder stored times, or if the recorder stores
    /// none, as by default. From one notification id to the next, times never decrease. An event that was recorded already, and is sent again,
    /// keeps its time.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        let _ = ids;
        Ok(Vec::new())
    }

    /// Returns the last notification id whose event was recorded before a time; 0 if there is none.
    ///
    /// Events without a known time count as recorded before those after them. The default implementation searches with
    /// [`select_recorded_times`](Self::select_recorded_times), which it calls about seven times for a log of ten million events.
    ///
    /// # Errors
    /// If the storage fails.
    async fn last_id_before(&self, time: Timestamp) -> Result<u64, RecorderError> {
        time_search::last_id_before(self, time).await
    }

    /// Returns where events of an aggregate are in the log, of those among the given versions whose places are known, in any order.
    ///
    /// A place is unknown if there is no event with the version, or if the recorder does not look for places, as by default.
    ///
    /// # Errors
    /// If the storage fails.
    async fn select_event_places(
        &self,
        originator_id: Uuid,
        versions: &[u64],
    ) -> Result<Vec<EventPlace>, RecorderError> {
        let _ = (originator_id, versions);
        Ok(Vec::new())
    }

    /// Whether the recorder stores snapshots. It does not by default, and the other methods for snapshots are not called then.
    fn keeps_snapshots(&self) -> bool {
        false
    }

    /// Stores a snapshot, in place of one with the same aggregate, version and fingerprint, and deletes older ones, atomically.
    ///
    /// Of the aggregate's snapshots with this fingerprint, the `keep` last ones stay, and of those with other fingerprints together, the
    /// `keep` last ones: a program of another version that runs beside this one keeps its own. While others store snapshots of the
    /// aggregate, some more may stay until the next call.
    ///
    /// A snapshot after the last event of its aggregate is deleted too, whatever its fingerprint: it is of a log that was rolled back. Which
    /// event is the last one is found out in the same step. Snapshots of an aggregate without events stay. Returns whether the given one
    /// stays.
    ///
    /// # Errors
    /// [`RecorderError::NoSnapshots`] unless the recorder stores snapshots; the errors of [`StoredSnapshot::check`]; other variants if the
    /// storage fails.
    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        let _ = (snapshot, keep);
        Err(RecorderError::NoSnapshots)
    }

    /// Deletes all snapshots of an aggregate, as a part of erasing it.
    ///
    /// # Errors
    /// [`RecorderError::NoSnapshots`] unless the recorder stores snapshots; other variants if the storage fails.
    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        let _ = originator_id;
        Err(RecorderError::NoSnapshots)
    }

    /// Passes the last snapshot of an aggregate to a visitor, and the events from its version on, until the visitor stops.
    ///
    /// The event of the snapshot's version is included, because it proves that the snapshot belongs to this history. Without a snapshot
    /// with the fingerprint, all events are passed, as [`read_events`](Self::read_events) does. [`ReplayItem`] says in which order. The
    /// default implementation passes all events.
    ///
    /// # Errors
    /// If the storage fails, possibly after some items have been passed.
    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.read_events(query.events_from(0), &mut |event| visit(ReplayItem::Event(event))).await
    }

    /// Whether the recorder stores command ids. It does not by default, and no append has a command then.
    fn keeps_commands(&self) -> bool {
        false
    }

    /// Returns a recorded command; `None` if it is not recorded, or no longer.
    ///
    /// A command that is returned is durable, as that of an acknowledged append.
    ///
    /// # Errors
    /// If the storage fails.
    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        let _ = id;
        Ok(None)
    }

    /// Deletes some of the outdated commands, the first ones first, and returns how many.
    ///
    /// It deletes at most `limit` commands, and returns fewer only if no more are outdated. Their events stay. It finds them in the order
    /// in which they were recorded, and need not find one that is outdated behind `limit` others that are not: the clocks of two programs differ.
    ///
    /// # Errors
    /// [`RecorderError::NoCommands`] unless the recorder stores command ids; other variants if the storage fails.
    async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        let _ = (outdated, limit);
        Err(RecorderError::NoCommands)
    }

    /// Waits until notifications with ids greater than `after` are known to exist.
    ///
    /// It is a hint for consumers of the log, which reduces polling. It may come after the consumer has seen the notifications, or late.
    /// It may never come for events of other writers, or if the recorder has no way to know. So consumers poll at intervals as well.
    /// Waiting uses neither a transaction nor a connection that reads and writes need. The wait ends when the recorder is closed.
    async fn recorded_after(&self, after: u64) {
        let _ = after;
        std::future::pending().await
    }

    /// Returns a text that identifies this log; `None` if the recorder cannot identify it.
    ///
    /// Two recorders of one process return the same text if, and only if, one reads what the other records. The text is valid while both
    /// are open, and must not be stored.
    ///
    /// # Errors
    /// If the storage fails.
    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        Ok(None)
    }

    /// Returns whether the store accepts events from this recorder now; `None` if the recorder cannot know without writing, as by default.
    ///
    /// It is for health checks: it writes nothing, and waits for no lock.
    ///
    /// # Errors
    /// If the storage fails.
    async fn is_writable(&self) -> Result<Option<bool>, RecorderError> {
        Ok(None)
    }

    /// Closes connections and files once running calls have completed. Later calls fail with [`RecorderError::Closed`].
    ///
    /// A recorder that has neither does nothing.
    async fn close(&self) {}
}
