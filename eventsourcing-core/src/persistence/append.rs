//! An append: what is recorded together or not at all.

use super::{LetterChanges, RecorderError, StoredEvent, Tracking};

/// What one append records: all of it or nothing.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::persistence::{Append, MemoryRecorder};
/// use eventsourcing_core::{Recorder, Tracking};
/// # futures::executor::block_on(async {
/// let recorder = MemoryRecorder::new();
/// recorder.append(Append::new(vec![]).tracked(Tracking::new("Orders", 0, 3))).await?;
/// assert_eq!(recorder.tracked_position("Orders").await?.id, 3);
/// # Ok::<(), eventsourcing_core::RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// The events, in the order in which they take their places in the log.
    pub events: Vec<StoredEvent>,
    /// How far the log of another application is processed by that.
    pub tracking: Option<Tracking>,
    /// How the dead letters of an upstream change.
    pub letters: Option<LetterChanges>,
}

impl Append {
    /// These events, and nothing else yet.
    pub fn new(events: Vec<StoredEvent>) -> Self {
        Self { events, tracking: None, letters: None }
    }

    /// With how far the log of another application is processed, if it is.
    #[must_use]
    pub fn tracked(mut self, tracking: impl Into<Option<Tracking>>) -> Self {
        self.tracking = tracking.into();
        self
    }

    /// With changes of an upstream's dead letters. Changes that are empty are left out.
    #[must_use]
    pub fn changing(mut self, letters: LetterChanges) -> Self {
        self.letters = Some(letters).filter(|letters| !letters.is_empty());
        self
    }

    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.tracking.is_none() && self.letters.is_none()
    }

    /// Checks what each recorder has to refuse, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::OutOfRange`] if the version of an event is larger than `i64::MAX`, and what [`Tracking::check`] and
    /// [`LetterChanges::check`] return.
    pub fn check(&self) -> Result<(), RecorderError> {
        // databases count with 63 bits, and what one recorder keeps another must be able to
        let max = i64::MAX.unsigned_abs();
        let mut versions = self.events.iter().map(|event| event.originator_version);
        if let Some(value) = versions.find(|version| *version > max) {
            return Err(RecorderError::OutOfRange { what: "originator version", value, max });
        }
        self.tracking.as_ref().map_or(Ok(()), Tracking::check)?;
        self.letters.as_ref().map_or(Ok(()), LetterChanges::check)
    }
}
