//! Dead letters as recorders keep them: what an application put aside of the logs that it follows.

use std::sync::Arc;

use uuid::Uuid;

use super::{RecorderError, check_name};

/// A dead letter as it is stored: an event of an upstream's log that was put aside.
///
/// What it says about the event, such as why it was put aside, is in its state, which the [`Mapper`](super::Mapper) writes and
/// reads. A recorder sees bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLetter {
    /// The place of the event in the upstream's log: 1 to `i64::MAX`. There is one letter for each.
    pub notification_id: u64,
    /// The id of the event's aggregate.
    pub originator_id: Uuid,
    /// What is known about the event; compressed and encrypted if the application does that.
    pub state: Arc<[u8]>,
    /// A checksum of the state, unless a cipher protects it.
    pub checksum: Option<u32>,
}

/// How an append changes the dead letters of one upstream.
///
/// A recorder checks [`behind`](Self::behind) first, then takes letters out, then puts letters in. It refuses the append with
/// [`LettersChanged`](RecorderError::LettersChanged) if somebody else changed what the append relies on, and records nothing then.
/// An append that is given again is found by its events or by the letters that it parks: see [`Recorder::append`](super::Recorder::append).
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Uuid;
/// use eventsourcing_core::persistence::{Append, LetterChanges, LetterQuery, MemoryRecorder, StoredLetter};
/// use eventsourcing_core::{Recorder, RecorderError, Tracking};
/// # futures::executor::block_on(async {
/// let recorder = MemoryRecorder::new();
/// let state = b"{}".as_slice().into();
/// let letter = StoredLetter { notification_id: 1, originator_id: Uuid::new_v4(), state, checksum: None };
/// let park = LetterChanges { parked: vec![letter.clone()], ..LetterChanges::of("Orders") };
/// recorder.append(Append::new(vec![]).tracked(Tracking::new("Orders", 0, 1)).changing(park)).await?;
/// assert_eq!(recorder.select_letters(LetterQuery::of("Orders")).await?, [letter]);
///
/// let take_out = LetterChanges { taken: vec![1], ..LetterChanges::of("Orders") };
/// recorder.append(Append::new(vec![]).changing(take_out.clone())).await?;
/// let again = recorder.append(Append::new(vec![]).changing(take_out)).await;
/// assert!(matches!(again, Err(RecorderError::LettersChanged { .. })));
/// # Ok::<(), RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterChanges {
    /// The application whose log the letters are of, in upper and lower case as it is.
    pub upstream: String,
    /// Aggregates of which there must be letters already: their later events are put aside because of those.
    pub behind: Vec<Uuid>,
    /// The ids of letters that are taken out. Each must be there.
    pub taken: Vec<u64>,
    /// Letters that are put in. If there is a letter of the same id already, that one stays.
    pub parked: Vec<StoredLetter>,
}

impl LetterChanges {
    /// No changes of the letters of this upstream yet.
    pub fn of(upstream: impl Into<String>) -> Self {
        Self { upstream: upstream.into(), behind: Vec::new(), taken: Vec::new(), parked: Vec::new() }
    }

    /// Whether there is nothing to check and nothing to change.
    pub fn is_empty(&self) -> bool {
        self.behind.is_empty() && self.taken.is_empty() && self.parked.is_empty()
    }

    /// Checks what each recorder has to refuse, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream's name cannot be that of an application, [`RecorderError::OutOfRange`] if the
    /// id of a letter is larger than `i64::MAX`.
    pub fn check(&self) -> Result<(), RecorderError> {
        check_name(&self.upstream)?;
        let max = i64::MAX.unsigned_abs();
        let mut ids = self.taken.iter().copied().chain(self.parked.iter().map(|letter| letter.notification_id));
        match ids.find(|id| *id > max) {
            Some(value) => Err(RecorderError::OutOfRange { what: "notification id of a dead letter", value, max }),
            None => Ok(()),
        }
    }

    /// The refusal of these changes.
    pub fn refused(&self) -> RecorderError {
        RecorderError::LettersChanged { upstream: self.upstream.clone() }
    }
}

/// Which dead letters to select: those of one upstream, by notification id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LetterQuery {
    /// The application whose log the letters are of.
    pub upstream: String,
    /// Only letters of this aggregate.
    pub originator_id: Option<Uuid>,
    /// Only ids greater than this one.
    pub after: u64,
    /// Only ids up to this one, included.
    pub up_to: Option<u64>,
    /// No more than this many.
    pub limit: usize,
}

impl LetterQuery {
    /// All letters of an upstream.
    pub fn of(upstream: impl Into<String>) -> Self {
        Self { upstream: upstream.into(), originator_id: None, after: 0, up_to: None, limit: usize::MAX }
    }

    /// Only letters of this aggregate.
    #[must_use]
    pub fn originator(mut self, id: Uuid) -> Self {
        self.originator_id = Some(id);
        self
    }

    /// Only ids greater than this one.
    #[must_use]
    pub fn after(mut self, id: u64) -> Self {
        self.after = id;
        self
    }

    /// Only ids up to this one, included.
    #[must_use]
    pub fn up_to(mut self, id: u64) -> Self {
        self.up_to = Some(id);
        self
    }

    /// No more than this many.
    #[must_use]
    pub fn limit(mut self, letters: usize) -> Self {
        self.limit = letters;
        self
    }
}
