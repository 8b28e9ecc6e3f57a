//! Tracking: how far an application has processed the log of another application.

use uuid::Uuid;

use super::{LogPosition, RecorderError, check_name};

/// The progress of processing another application's log, recorded together with the effects of its events.
///
/// It contains both the position where the processing began and the one it reached. It is recorded only if the log was processed
/// exactly up to [`after`](Self::after) before; of several writers that process the same log concurrently, only one can succeed. So
/// the effects of each event of the other log are recorded exactly once, however often processing is attempted.
///
/// At the start of the log, `after` is 0. Events that a handler skips, because it does not handle them, are between the two positions.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::Tracking;
///
/// // events 5, 6 and 7 of Orders were processed
/// let tracking = Tracking::new("Orders", 4, 7);
/// assert!(tracking.check().is_ok());
///
/// let error = Tracking::new("Orders", 7, 7).check().unwrap_err();
/// assert_eq!(error.to_string(), "position 7 of `Orders` is not after 7, up to which it was processed before; nothing was recorded");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tracking {
    /// The name of the application whose log is processed. Upper and lower case are distinguished.
    pub upstream: String,
    /// The notification id up to which the log was processed before; 0 if nothing was processed.
    pub after: u64,
    /// The notification id up to and including which the log is processed now: 1 to `i64::MAX`.
    pub position: u64,
    /// The `append_id` of the event at [`position`](Self::position): [`LogPosition::anchor`].
    pub anchor: Option<Uuid>,
}

impl Tracking {
    /// Creates a tracking of the events of `upstream` after the id `after`, up to and including the id of `position`.
    pub fn new(upstream: impl Into<String>, after: u64, position: impl Into<LogPosition>) -> Self {
        let LogPosition { id, anchor } = position.into();
        Self { upstream: upstream.into(), after, position: id, anchor }
    }

    /// Returns the position that the processing reached.
    pub fn log_position(&self) -> LogPosition {
        LogPosition { id: self.position, anchor: self.anchor }
    }

    /// Checks the limits that every recorder must enforce, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream application's name is not valid, [`RecorderError::OutOfRange`] if the
    /// position is greater than `i64::MAX`, [`RecorderError::TrackingBackwards`] if it is not after the position where processing began.
    pub fn check(&self) -> Result<(), RecorderError> {
        let (max, value) = (i64::MAX.unsigned_abs(), self.position);
        check_name(&self.upstream)?;
        if value > max {
            return Err(RecorderError::OutOfRange { what: "tracking position", value, max });
        }
        if self.position <= self.after {
            let Self { upstream, after, position, .. } = self.clone();
            return Err(RecorderError::TrackingBackwards { upstream, after, position });
        }
        Ok(())
    }

    /// Checks the limits that every recorder must enforce before it stores where the processing of an upstream log begins.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream application's name is not valid, [`RecorderError::OutOfRange`] if the
    /// position is greater than `i64::MAX`.
    pub fn check_beginning(upstream: &str, position: LogPosition) -> Result<(), RecorderError> {
        let (max, value) = (i64::MAX.unsigned_abs(), position.id);
        check_name(upstream)?;
        if value > max {
            return Err(RecorderError::OutOfRange { what: "tracking position", value, max });
        }
        Ok(())
    }

    /// Returns the error of refusing this tracking, because the log is processed up to another id than it expects.
    pub fn already_processed(&self, recorded: u64) -> RecorderError {
        RecorderError::AlreadyProcessed { upstream: self.upstream.clone(), after: self.after, recorded }
    }
}

/// How far the log of an upstream application is processed: an entry of [`Recorder::tracked_positions`](super::Recorder::tracked_positions).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackedPosition {
    /// The name of the upstream application. Upper and lower case are distinguished.
    pub upstream: String,
    /// The position up to and including which its log is processed; the start if processing has begun and nothing is processed yet.
    pub position: LogPosition,
}

impl TrackedPosition {
    /// Creates an entry, for instance from a row of its store.
    pub fn new(upstream: impl Into<String>, position: impl Into<LogPosition>) -> Self {
        Self { upstream: upstream.into(), position: position.into() }
    }
}
