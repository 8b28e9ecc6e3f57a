//! The stored form of dead letters: events of an upstream application's log that were parked.

use std::sync::Arc;

use uuid::Uuid;

use super::{RecorderError, check_name};

/// A dead letter as a recorder stores it: a parked event of an upstream application's log.
///
/// Everything else about the event, such as why it was parked, is in the state, which the [`Mapper`](crate::codec::Mapper) writes
/// and reads. A recorder handles only bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredLetter {
    /// The notification id of the event in the upstream application's log: 1 to `i64::MAX`. Each event has at most one dead letter.
    pub notification_id: u64,
    /// The id of the event's aggregate.
    pub originator_id: Uuid,
    /// The details of the event, compressed and encrypted if configured.
    pub state: Arc<[u8]>,
    /// The checksum of the state; `None` if a cipher protects it.
    pub checksum: Option<u32>,
}

impl StoredLetter {
    /// Creates a dead letter without a checksum.
    #[inline]
    pub fn new(notification_id: u64, originator_id: Uuid, state: impl Into<Arc<[u8]>>) -> Self {
        Self { notification_id, originator_id, state: state.into(), checksum: None }
    }

    /// Sets the checksum, if there is one.
    #[inline]
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }
}

/// The changes that an append makes to the dead letters of one upstream application.
///
/// A recorder checks [`behind`](Self::behind) first, then removes letters, then inserts letters. If another writer changed the letters
/// that the append relies on, the recorder refuses the append with [`LettersChanged`](RecorderError::LettersChanged) and records
/// nothing. A repeated append is recognized by its events or by the letters that it parks: see
/// [`Recorder::append`](crate::recording::Recorder::append).
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Uuid;
/// use eventsourcing::recording::{Append, LetterChanges, LetterQuery, MemoryRecorder, StoredLetter};
/// use eventsourcing::{Recorder, RecorderError, Tracking};
/// # futures::executor::block_on(async {
/// let recorder = MemoryRecorder::new();
/// let letter = StoredLetter::new(1, Uuid::new_v4(), *b"{}");
/// let park = LetterChanges::of("Orders").parked([letter.clone()]);
/// recorder.append(Append::new(vec![]).tracked(Tracking::new("Orders", 0, 1)).changing(park)).await?;
/// assert_eq!(recorder.select_letters(LetterQuery::of("Orders")).await?, [letter]);
///
/// let take_out = LetterChanges::of("Orders").taken([1]);
/// recorder.append(Append::new(vec![]).changing(take_out.clone())).await?;
/// let again = recorder.append(Append::new(vec![]).changing(take_out)).await;
/// assert!(matches!(again, Err(RecorderError::LettersChanged { .. })));
/// # Ok::<(), RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LetterChanges {
    /// The upstream application whose log contains the events. Upper and lower case are distinguished.
    pub upstream: String,
    /// Aggregates that must have dead letters already, because their later events are parked behind those.
    pub behind: Vec<Uuid>,
    /// The notification ids of the letters to remove. Each letter must exist.
    pub taken: Vec<u64>,
    /// The letters to insert. If there is a letter with the same notification id already, that one is kept.
    pub parked: Vec<StoredLetter>,
}

impl LetterChanges {
    /// Creates changes of this upstream application's letters that are empty at first.
    pub fn of(upstream: impl Into<String>) -> Self {
        Self { upstream: upstream.into(), behind: Vec::new(), taken: Vec::new(), parked: Vec::new() }
    }

    /// Sets the aggregates that must have dead letters already.
    #[inline]
    #[must_use]
    pub fn behind(mut self, originators: impl Into<Vec<Uuid>>) -> Self {
        self.behind = originators.into();
        self
    }

    /// Sets the notification ids of the letters to remove.
    #[inline]
    #[must_use]
    pub fn taken(mut self, notification_ids: impl Into<Vec<u64>>) -> Self {
        self.taken = notification_ids.into();
        self
    }

    /// Sets the letters to insert.
    #[inline]
    #[must_use]
    pub fn parked(mut self, letters: impl Into<Vec<StoredLetter>>) -> Self {
        self.parked = letters.into();
        self
    }

    /// Returns whether there is nothing to check and nothing to change.
    pub fn is_empty(&self) -> bool {
        self.behind.is_empty() && self.taken.is_empty() && self.parked.is_empty()
    }

    /// Checks the limits that every recorder must enforce, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream application's name is not valid, [`RecorderError::OutOfRange`] if the notification
    /// id of a letter is greater than `i64::MAX`.
    pub fn check(&self) -> Result<(), RecorderError> {
        check_name(&self.upstream)?;
        let max = i64::MAX.unsigned_abs();
        let mut ids = self.taken.iter().copied().chain(self.parked.iter().map(|letter| letter.notification_id));
        match ids.find(|id| *id > max) {
            Some(value) => Err(RecorderError::OutOfRange { what: "notification id of a dead letter", value, max }),
            None => Ok(()),
        }
    }

    /// Returns the error of refusing these changes.
    pub fn refused(&self) -> RecorderError {
        RecorderError::LettersChanged { upstream: self.upstream.clone() }
    }
}

/// A query for dead letters of one upstream application, in the order of their notification ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LetterQuery {
    /// The upstream application whose log contains the events.
    pub upstream: String,
    /// Only letters of this aggregate.
    pub originator_id: Option<Uuid>,
    /// Only notification ids greater than this one.
    pub after: u64,
    /// Only notification ids up to and including this one.
    pub up_to: Option<u64>,
    /// The maximum number of letters.
    pub limit: usize,
}

impl LetterQuery {
    /// Selects all dead letters of an upstream application.
    pub fn of(upstream: impl Into<String>) -> Self {
        Self { upstream: upstream.into(), originator_id: None, after: 0, up_to: None, limit: usize::MAX }
    }

    /// Selects only letters of this aggregate.
    #[must_use]
    pub fn originator(mut self, id: Uuid) -> Self {
        self.originator_id = Some(id);
        self
    }

    /// Selects only notification ids greater than this one.
    #[must_use]
    pub fn after(mut self, id: u64) -> Self {
        self.after = id;
        self
    }

    /// Selects only notification ids up to and including this one.
    #[must_use]
    pub fn up_to(mut self, id: u64) -> Self {
        self.up_to = Some(id);
        self
    }

    /// Sets the maximum number of letters.
    #[must_use]
    pub fn limit(mut self, letters: usize) -> Self {
        self.limit = letters;
        self
    }
}
