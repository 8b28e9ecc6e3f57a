//! The last notifications of a log.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::{Notification, NotificationQuery, NotificationRef, Recorder, RecorderError};

/// A query for the last notifications of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastQuery {
    /// The maximum number of notifications.
    pub limit: usize,
    /// Only notification ids up to and including this one.
    pub up_to: Option<u64>,
    /// Only these topics; all topics if empty.
    pub topics: Vec<String>,
}

impl LastQuery {
    /// Selects at most this number of notifications from the end of the log.
    pub fn of(limit: usize) -> Self {
        Self { limit, up_to: None, topics: Vec::new() }
    }

    /// Selects only notification ids up to and including this one.
    #[must_use]
    pub fn up_to(mut self, id: impl Into<Option<u64>>) -> Self {
        self.up_to = id.into();
        self
    }

    /// Selects only these topics; all topics if empty.
    #[must_use]
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }
}

/// Selects the last notifications by reading sections of the log, from its end on: the default of
/// [`Recorder::select_last_notifications`].
///
/// Each section has twice as many ids as the one after it. So the calls are few even if most ids have other topics or no rows.
pub(super) async fn by_sections<R: Recorder + ?Sized>(
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
