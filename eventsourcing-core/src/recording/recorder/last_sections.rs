//! The last notifications of a log, for recorders that cannot read backwards.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::Recorder;
use crate::recording::{LastQuery, Notification, NotificationQuery, NotificationRef, RecorderError};

/// Selects the last notifications by reading sections of the log, from its end on: the default of
/// [`Recorder::select_last_notifications`].
///
/// Each section has twice as many ids as the one after it. So the calls are few even if most ids have other topics or no rows.
pub(super) async fn last_by_sections<R: Recorder + ?Sized>(
    recorder: &R,
    query: LastQuery,
) -> Result<Vec<Notification>, RecorderError> {
    let LastQuery { limit, up_to, topics } = query;
    let last = recorder.max_notification_id().await?.unwrap_or(0);
    let mut end = last.min(up_to.unwrap_or(u64::MAX));
    let mut width = u64::try_from(limit).unwrap_or(u64::MAX);
    let mut found = VecDeque::new();
    while found.len() < limit && end > 0 {
        let after = end.saturating_sub(width);
        let wanted = limit - found.len();
        let mut section = VecDeque::new();
        let mut visit = |notification: NotificationRef<'_>| {
            if section.len() == wanted {
                section.pop_front();
            }
            section.push_back(notification.to_owned());
            ControlFlow::Continue(())
        };
        let query = NotificationQuery::after(after, usize::MAX).up_to(end).topics(topics.iter().cloned());
        recorder.read_notifications(query, &mut visit).await?;
        section.append(&mut found);
        found = section;
        end = after;
        width = width.saturating_mul(2);
    }
    Ok(found.into())
}
