//! The recorder: what keeps events, and the contract that every one of them holds.

use std::fmt::Debug;
use std::ops::ControlFlow;

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Append, LetterQuery, LogPosition, Notification, NotificationRef, RecorderError, StoredDictionary, StoredEvent,
    StoredEventRef, StoredLetter, Tracking,
};

/// Keeps the events of one application.
///
/// The contract, which the conformance suite tests rule by rule:
///
/// 1. An insert records all of its events or none, also to readers.
/// 2. Of each `(originator_id, originator_version)` one event is recorded, ever. A second one is a
///    [`Conflict`](RecorderError::Conflict), unless it is of the attempt that recorded the first
///    ([`is_same_attempt`](super::is_same_attempt)), which then counts as done. The versions of an aggregate have no gaps: an
///    event at a version above 1 is a conflict unless the version before it is recorded, or comes before it in the insert.
/// 3. Notification ids start at 1 and have no gaps. They grow in the order of commits: a reader that has seen an id never
///    meets a new event at or below it. Those of one insert follow one another, in the order given.
/// 4. An insert that is dropped half way is done or not done, and leaves nothing behind that hinders the next.
/// 5. What was acknowledged is durable.
/// 6. Of each id one dictionary is kept, if any are: the first, for ever.
/// 7. Events and the tracking of one insert are recorded together or not at all, and only where the log of the other
///    application was processed exactly up to where the insert goes on from.
/// 8. A read of the log that starts from an [anchored position](LogPosition) shows nothing and fails with
///    [`LogChanged`](RecorderError::LogChanged) unless the event at that position is the one that was there before. The rows that
///    are shown are of the same moment as that look.
/// 9. Dead letters, where a recorder keeps any, change together with the events and the tracking of their append or not at all,
///    and only if the letters that the append relies on are there.
///
/// An impl stands under `#[async_trait::async_trait]`, of the crate of that name. Four methods make a recorder; one that can
/// show rows where they stand, without a copy of each, also has [`read_events`](Self::read_events) and
/// [`read_notifications`](Self::read_notifications), which all reading of aggregates and of the log goes through.
#[async_trait]
pub trait Recorder: Debug + Send + Sync {
    /// Records the events, all or none, and returns them with their places in the log, in the order given.
    ///
    /// # Errors
    /// [`RecorderError::Conflict`] if a version is taken, or the one before it is missing; other variants as the storage fails.
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError>;

    /// The events of an aggregate, by version.
    ///
    /// # Errors
    /// As the storage fails.
    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError>;

    /// Events of all aggregates, by their place in the log.
    ///
    /// # Errors
    /// [`RecorderError::LogChanged`] if the query has an anchor, and another event or none is there; other variants as the
    /// storage fails.
    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError>;

    /// The last place in the log that is taken, if any.
    ///
    /// # Errors
    /// As the storage fails.
    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError>;

    /// Shows the events of an aggregate to a visitor, by version, until it has seen enough.
    ///
    /// What is shown is what [`select_events`](Self::select_events) gives, or, while others record, that and what came after
    /// it: no event is shown twice or left out. The visitor runs on the thread that reads, between two rows: it should be quick.
    ///
    /// # Errors
    /// As the storage fails, also after some events have been shown.
    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        let (mut query, mut left) = (query.clone(), query.limit.unwrap_or(usize::MAX));
        loop {
            query.limit = Some(left.min(PAGE));
            let page = self.select_events(query.clone()).await?;
            for event in &page {
                if visit(event.as_ref()).is_break() {
                    return Ok(());
                }
            }
            left -= page.len().min(left);
            match page.last() {
                Some(last) if page.len() >= PAGE && left > 0 => query.go_on_after(last.originator_version),
                _ => return Ok(()),
            }
        }
    }

    /// Shows events of all aggregates to a visitor, by their place in the log, until it has seen enough.
    ///
    /// As [`read_events`](Self::read_events) for what [`select_notifications`](Self::select_notifications) gives.
    ///
    /// # Errors
    /// As the storage fails, also after some notifications have been shown.
    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let (mut query, mut left) = (query.clone(), query.limit);
        loop {
            query.limit = left.min(PAGE);
            let page = self.select_notifications(query.clone()).await?;
            for notification in &page {
                if visit(notification.as_ref()).is_break() {
                    return Ok(());
                }
            }
            left -= page.len().min(left);
            match page.last() {
                Some(last) if page.len() >= PAGE && left > 0 => query.go_on_after(last.position()),
                _ => return Ok(()),
            }
        }
    }

    /// Records the events, and how far they bring the processing of another application's log: all of it or none.
    ///
    /// There may be no events: the log was processed, and nothing came of it. An insert that was recorded already, with the
    /// same `append_id`s, counts as done; one without events cannot be told from another's.
    ///
    /// # Errors
    /// [`RecorderError::AlreadyProcessed`] if the log is processed up to another id than [`Tracking::after`], be there a conflict
    /// as well or not; what [`Tracking::check`] returns; [`RecorderError::NoTracking`] unless the recorder keeps it; other
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
    /// For events alone it is [`insert_events`](Self::insert_events), and with tracking [`insert_tracked`](Self::insert_tracked).
    /// An append that was recorded already, with the same `append_id`s, counts as done together with its dead letters. An append
    /// without events that parks letters counts as done if each of these letters is stored byte for byte, the letters that it
    /// takes out are gone, and the log is processed exactly up to its tracking, if it has any. One that parks none cannot be told
    /// from another's. A recorder that loses the answer of the database and sends such an append again takes it for done if the
    /// letters that it takes out are gone: the caller gets no [`LettersChanged`](RecorderError::LettersChanged) for its own change.
    ///
    /// # Errors
    /// Those of [`insert_tracked`](Self::insert_tracked), which come first; then [`RecorderError::LettersChanged`] if letters that
    /// the append relies on are not there, and what [`LetterChanges::check`](super::LetterChanges::check) returns.
    /// [`RecorderError::NoDeadLetters`] if there are changes of letters and the recorder keeps none.
    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        match append {
            Append { letters: Some(letters), .. } => Err(RecorderError::NoDeadLetters { upstream: letters.upstream }),
            Append { events, tracking: Some(tracking), .. } => self.insert_tracked(events, tracking).await,
            Append { events, .. } => self.insert_events(events).await,
        }
    }

    /// The dead letters that a query selects, by notification id; none if the recorder keeps none.
    ///
    /// Where the query names an aggregate, letters of others are not read.
    ///
    /// # Errors
    /// As the storage fails.
    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        let _ = query;
        Ok(Vec::new())
    }

    /// How many dead letters of an upstream there are; 0 if the recorder keeps none.
    ///
    /// Unless the recorder implements it, the letters are read by [`select_letters`](Self::select_letters), a page at a time.
    ///
    /// # Errors
    /// As the storage fails.
    async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        let (mut count, mut query) = (0, LetterQuery::of(upstream).limit(PAGE));
        loop {
            let page = self.select_letters(query.clone()).await?;
            count += page.len() as u64;
            match page.last() {
                Some(last) if page.len() >= PAGE => query.after = last.notification_id,
                _ => return Ok(count),
            }
        }
    }

    /// Those of these aggregates of which there are dead letters, in any order; none if the recorder keeps none.
    ///
    /// It is asked with each batch of events that an application handles: it looks each aggregate up by index, and reads no
    /// letters of others. Unless the recorder implements it, [`select_letters`](Self::select_letters) is asked for the first letter of
    /// each aggregate.
    ///
    /// # Errors
    /// As the storage fails.
    async fn originators_with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        let mut found = Vec::new();
        for id in originators {
            let first = LetterQuery::of(upstream).originator(*id).limit(1);
            if !self.select_letters(first).await?.is_empty() {
                found.push(*id);
            }
        }
        Ok(found)
    }

    /// The position of the event that has this notification id; none if no event has it.
    ///
    /// # Errors
    /// As the storage fails.
    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let Some(after) = notification_id.checked_sub(1) else { return Ok(None) };
        let found = self.select_notifications(NotificationQuery::after(after, 1).up_to(notification_id)).await?;
        Ok(found.first().map(Notification::position))
    }

    /// The position of the last event; the start if there are no events.
    ///
    /// # Errors
    /// As the storage fails.
    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        let Some(last) = self.max_notification_id().await? else { return Ok(LogPosition::START) };
        Ok(self.position_at(last).await?.unwrap_or(last.into()))
    }

    /// Up to which position the log of another application is processed; the start if nothing of it is.
    ///
    /// # Errors
    /// [`RecorderError::NoTracking`] unless the recorder keeps it; other variants as the storage fails.
    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        Err(RecorderError::NoTracking { upstream: upstream.to_owned() })
    }

    /// Stores where the processing of another application's log begins, unless a position is stored already, and returns the stored one.
    ///
    /// The start is a position as any other: stored for an empty log, it tells that every event comes after the beginning. The next
    /// tracking goes on from it, with 0 for [`Tracking::after`]. Unless the recorder implements it, the start cannot be stored, and
    /// any other position is by [`insert_tracked`](Self::insert_tracked).
    ///
    /// # Errors
    /// What [`Tracking::check_beginning`] returns; [`RecorderError::NoTracking`] unless the recorder can do it; other variants as the
    /// storage fails.
    async fn begin_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        if position.id == 0 {
            return Err(RecorderError::NoTracking { upstream: upstream.to_owned() });
        }
        match self.insert_tracked(Vec::new(), Tracking::new(upstream, 0, position)).await {
            // others who begin were quicker
            Ok(_) | Err(RecorderError::AlreadyProcessed { .. }) => self.tracked_position(upstream).await,
            Err(error) => Err(error),
        }
    }

    /// Moves the position up to which the log of another application is processed, from here to any other place, back or forth.
    ///
    /// If the position is `to` already, nothing is done. It is for a log that is not the one that was processed: the effects of the events that it lost stay as they are.
    ///
    /// # Errors
    /// [`RecorderError::AlreadyProcessed`] if the position is not exactly `from`, with its anchor; [`RecorderError::NoMove`] unless
    /// the recorder can do it; other variants as the storage fails.
    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        Err(RecorderError::NoMove { upstream: upstream.to_owned(), from, to })
    }

    /// Keeps a dictionary, unless there is one of that id already: the first stays, and nothing ever takes its place.
    ///
    /// Says whether it is kept now. A recorder that keeps no dictionaries says so, and its application compresses without one.
    ///
    /// # Errors
    /// [`RecorderError::NoDictionaries`] unless the recorder keeps them; other variants as the storage fails.
    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let _ = dictionary;
        Err(RecorderError::NoDictionaries)
    }

    /// The dictionaries with ids greater than `after`, by id; none if the recorder keeps none.
    ///
    /// # Errors
    /// As the storage fails.
    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        let _ = after;
        Ok(Vec::new())
    }

    /// Waits until it is known that there are notifications with ids greater than `after`.
    ///
    /// A hint for those who follow the log, so that they need not ask all the time. It may come when they have seen them, or late, or
    /// not at all where others record, or where a recorder has no way to tell: who waits asks again from time to time all the
    /// same. Waiting takes no connection of those that read and write, and no transaction. When the recorder is closed it ends.
    async fn recorded_after(&self, after: u64) {
        let _ = after;
        std::future::pending().await
    }

    /// What tells this log from all others; none if the recorder has no way to tell.
    ///
    /// Two recorders of one process give the same text if, and only if, what one records the other reads. It is of use while both are
    /// open, and not to be stored.
    ///
    /// # Errors
    /// As the storage fails.
    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        Ok(None)
    }

    /// Closes connections and files once running calls are done; calls made later are [`RecorderError::Closed`].
    ///
    /// A recorder that has neither does nothing.
    async fn close(&self) {}
}

/// What sees events one after the other, borrowed from wherever they stand, and says whether to go on.
pub type EventVisitor<'v> = dyn FnMut(StoredEventRef<'_>) -> ControlFlow<()> + Send + 'v;

/// What sees notifications one after the other, borrowed from wherever they stand, and says whether to go on.
pub type NotificationVisitor<'v> = dyn FnMut(NotificationRef<'_>) -> ControlFlow<()> + Send + 'v;

/// How many rows a recorder is asked for at a time that cannot show them one by one.
const PAGE: usize = 1_000;

/// Which events of an aggregate to select.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventQuery {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// Only versions greater than this one.
    pub after: Option<u64>,
    /// Only versions up to this one, included.
    pub up_to: Option<u64>,
    /// The last version first.
    pub descending: bool,
    /// No more events than this.
    pub limit: Option<usize>,
}

impl EventQuery {
    /// All events of an aggregate.
    pub fn of(originator_id: Uuid) -> Self {
        Self { originator_id, after: None, up_to: None, descending: false, limit: None }
    }

    /// Only versions greater than this one.
    #[must_use]
    pub fn after(mut self, version: impl Into<Option<u64>>) -> Self {
        self.after = version.into();
        self
    }

    /// Only versions up to this one, included.
    #[must_use]
    pub fn up_to(mut self, version: impl Into<Option<u64>>) -> Self {
        self.up_to = version.into();
        self
    }

    /// The last version first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// No more events than this.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Leaves out what was selected already: all up to this version, or, descending, all from it on.
    pub fn go_on_after(&mut self, version: u64) {
        if !self.descending {
            self.after = Some(version);
        } else if let Some(below) = version.checked_sub(1) {
            self.up_to = Some(below);
        } else {
            self.limit = Some(0);
        }
    }
}

/// Which part of the log to select.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotificationQuery {
    /// Only ids greater than this one.
    pub after: u64,
    /// What the event with the id `after` must have for its `append_id`; none if that is not to be checked.
    pub anchor: Option<Uuid>,
    /// Only ids up to this one, included.
    pub up_to: Option<u64>,
    /// Only these topics; all if there are none.
    pub topics: Vec<String>,
    /// No more notifications than this.
    pub limit: usize,
    /// After how many bytes of states no more are wanted.
    ///
    /// It is a hint: a recorder for which that saves something ends once the states shown come to this many, and not before. Others
    /// show what there is.
    pub max_bytes: Option<usize>,
}

impl NotificationQuery {
    /// At most `limit` notifications after a position.
    pub fn after(position: impl Into<LogPosition>, limit: usize) -> Self {
        let LogPosition { id, anchor } = position.into();
        Self { after: id, anchor, up_to: None, topics: Vec::new(), limit, max_bytes: None }
    }

    /// Says that no more are wanted once the states come to this many bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.max_bytes = bytes.into();
        self
    }

    /// The position after which the notifications are.
    pub fn position(&self) -> LogPosition {
        LogPosition { id: self.after, anchor: self.anchor }
    }

    /// Leaves out what was selected already: all up to this position.
    pub fn go_on_after(&mut self, position: impl Into<LogPosition>) {
        LogPosition { id: self.after, anchor: self.anchor } = position.into();
    }

    /// Only ids up to this one, included.
    #[must_use]
    pub fn up_to(mut self, id: impl Into<Option<u64>>) -> Self {
        self.up_to = id.into();
        self
    }

    /// Only these topics; all if there are none.
    #[must_use]
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }
}
