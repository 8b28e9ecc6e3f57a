//! An append: everything that is recorded together or not at all.

use super::{LetterChanges, NewCommand, RecorderError, StoredEvent, Tracking};

/// Events, tracking, dead letters and a command id that are recorded atomically: all of them or none.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::{Append, MemoryRecorder};
/// use eventsourcing::{Recorder, Tracking};
/// # futures::executor::block_on(async {
/// let recorder = MemoryRecorder::new();
/// recorder.append(Append::new(vec![]).tracked(Tracking::new("Orders", 0, 3))).await?;
/// assert_eq!(recorder.tracked_position("Orders").await?.id, 3);
/// # Ok::<(), eventsourcing::RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// The events, in the order in which they get their notification ids.
    pub events: Vec<StoredEvent>,
    /// The tracked position of another application's log, which this append moves.
    pub tracking: Option<Tracking>,
    /// The changes of an upstream application's dead letters.
    pub letters: Option<LetterChanges>,
    /// The command whose outcome this append is.
    ///
    /// It is set only for recorders that [keep commands](super::Recorder::keeps_commands), and never together with dead letters.
    pub command: Option<NewCommand>,
}

impl Append {
    /// Creates an append of these events, without tracking, dead letters and a command.
    pub fn new(events: Vec<StoredEvent>) -> Self {
        Self { events, tracking: None, letters: None, command: None }
    }

    /// Sets the tracking of another application's log, if any.
    #[must_use]
    pub fn tracked(mut self, tracking: impl Into<Option<Tracking>>) -> Self {
        self.tracking = tracking.into();
        self
    }

    /// Sets the changes of an upstream application's dead letters. Empty changes are ignored.
    #[must_use]
    pub fn changing(mut self, letters: LetterChanges) -> Self {
        self.letters = Some(letters).filter(|letters| !letters.is_empty());
        self
    }

    /// Sets the command whose outcome this append is, if any.
    #[must_use]
    pub fn command(mut self, command: impl Into<Option<NewCommand>>) -> Self {
        self.command = command.into();
        self
    }

    /// Returns whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.tracking.is_none() && self.letters.is_none() && self.command.is_none()
    }

    /// Checks the limits that every recorder must enforce, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::OutOfRange`] if the version of an event is greater than `i64::MAX`, [`RecorderError::CommandWithLetters`] if there are
    /// a command and changes of dead letters, and the errors of [`Tracking::check`] and [`LetterChanges::check`].
    pub fn check(&self) -> Result<(), RecorderError> {
        // databases have signed 64-bit integers, and every recorder must accept the same values
        let max = i64::MAX.unsigned_abs();
        let mut versions = self.events.iter().map(|event| event.originator_version);
        if let Some(value) = versions.find(|version| *version > max) {
            return Err(RecorderError::OutOfRange { what: "originator version", value, max });
        }
        if let (Some(command), Some(_)) = (&self.command, &self.letters) {
            return Err(RecorderError::CommandWithLetters { id: command.id });
        }
        self.tracking.as_ref().map_or(Ok(()), Tracking::check)?;
        self.letters.as_ref().map_or(Ok(()), LetterChanges::check)
    }
}
