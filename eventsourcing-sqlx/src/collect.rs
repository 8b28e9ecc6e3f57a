//! Selecting by reading: a list of what a recorder shows.

use std::ops::ControlFlow;

use eventsourcing_core::persistence::{EventQuery, NotificationQuery, NotificationRef, StoredEventRef};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent};

/// Copies of the events that the recorder shows.
pub(crate) async fn events(recorder: &impl Recorder, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
    let mut events = Vec::new();
    let mut visit = |event: StoredEventRef<'_>| {
        events.push(event.to_owned());
        ControlFlow::Continue(())
    };
    recorder.read_events(query, &mut visit).await?;
    Ok(events)
}

/// Copies of the notifications that the recorder shows.
pub(crate) async fn notifications(
    recorder: &impl Recorder,
    query: NotificationQuery,
) -> Result<Vec<Notification>, RecorderError> {
    let mut notifications = Vec::new();
    let mut visit = |notification: NotificationRef<'_>| {
        notifications.push(notification.to_owned());
        ControlFlow::Continue(())
    };
    recorder.read_notifications(query, &mut visit).await?;
    Ok(notifications)
}
