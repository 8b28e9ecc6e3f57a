//! Selects by reading: copies of the events that a recorder passes to a visitor.

use std::ops::ControlFlow;

use eventsourcing_core::recording::{EventQuery, NotificationQuery, NotificationRef, StoredEventRef};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent};

/// Copies of the events of a query.
pub(crate) async fn events(recorder: &impl Recorder, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
    let mut events = Vec::new();
    let mut visit = |event: StoredEventRef<'_>| {
        events.push(event.to_owned());
        ControlFlow::Continue(())
    };
    recorder.read_events(query, &mut visit).await?;
    Ok(events)
}

/// Copies of the notifications of a query.
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
