//! How far an application has processed the log of another.

use uuid::Uuid;

use super::{LogPosition, RecorderError, check_name};

/// How far the log of another application is processed, to be recorded together with what came of its events.
///
/// It says both where the processing began and where it came to. It is recorded only if the log was processed exactly up to
/// [`after`](Self::after) until now, which one of several that process the same log at once can bring about. So each event
/// of the other log takes effect exactly once, however often somebody tries.
///
/// Where the log begins `after` is 0. What a handler passes over, because it is not concerned with it, is between the two.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::persistence::Tracking;
///
/// // events 5, 6 and 7 of Orders were processed
/// let tracking = Tracking::new("Orders", 4, 7);
/// assert!(tracking.check().is_ok());
///
/// let error = Tracking::new("Orders", 7, 7).check().unwrap_err();
/// assert_eq!(error.to_string(), "position 7 of `Orders` does not come after 7, up to which it was processed before; nothing was recorded");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// The name of the application whose log is processed, in upper and lower case as it is.
    pub upstream: String,
    /// The notification id up to which it was processed before; 0 if nothing of it was.
    pub after: u64,
    /// The notification id up to which it is processed now, this one included: 1 to `i64::MAX`.
    pub position: u64,
    /// The `append_id` of the event at [`position`](Self::position): [`LogPosition::anchor`].
    pub anchor: Option<Uuid>,
}

impl Tracking {
    /// The events of `upstream` after the id `after` and up to the id of `position` are processed.
    pub fn new(upstream: impl Into<String>, after: u64, position: impl Into<LogPosition>) -> Self {
        let LogPosition { id, anchor } = position.into();
        Self { upstream: upstream.into(), after, position: id, anchor }
    }

    /// Where the processing comes to.
    pub fn log_position(&self) -> LogPosition {
        LogPosition { id: self.position, anchor: self.anchor }
    }

    /// Checks what each recorder has to refuse, before anything is recorded.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream's name cannot be that of an application, [`RecorderError::OutOfRange`] if the
    /// position is larger than `i64::MAX`, [`RecorderError::TrackingBackwards`] if it does not come after where it began.
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

    /// Checks what each recorder has to refuse before it stores where the processing of an upstream's log begins.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the upstream's name cannot be that of an application, [`RecorderError::OutOfRange`] if the
    /// position is larger than `i64::MAX`.
    pub fn check_beginning(upstream: &str, position: LogPosition) -> Result<(), RecorderError> {
        let (max, value) = (i64::MAX.unsigned_abs(), position.id);
        check_name(upstream)?;
        if value > max {
            return Err(RecorderError::OutOfRange { what: "tracking position", value, max });
        }
        Ok(())
    }

    /// The refusal of this tracking, where the log is processed up to another id than it says.
    pub fn already_processed(&self, recorded: u64) -> RecorderError {
        RecorderError::AlreadyProcessed { upstream: self.upstream.clone(), after: self.after, recorded }
    }
}
