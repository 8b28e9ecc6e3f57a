//! The search of the log, for recorders that cannot search it themselves.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::Recorder;
use crate::recording::{
    NotificationFilter, NotificationQuery, NotificationRef, NotificationVisitor, RecorderError, SearchQuery,
    TopicPattern,
};

/// The number of positions of the first section that is searched for something, and of the largest one.
const FIRST: u64 = 500;
const LARGEST: u64 = 1 << 16;

/// Searches section by section: the default of [`Recorder::search_notifications`].
///
/// Each section has twice as many positions as the one before it. So the calls are few even if most positions have other topics or no
/// rows, and none of them is long.
pub(super) async fn search<R: Recorder + ?Sized>(
    recorder: &R,
    query: SearchQuery,
    visit: &mut NotificationVisitor<'_>,
) -> Result<Option<u64>, RecorderError> {
    let last = recorder.max_notification_id().await?.unwrap_or(0);
    let Some(range) = query.range(last) else { return Ok(None) };
    let (mut low, mut high) = range.into_inner();
    let mut left = query.limit;
    let limit = u64::try_from(left).unwrap_or(u64::MAX);
    let mut width = if query.filter.is_empty() { limit } else { FIRST.max(limit).min(LARGEST) };
    loop {
        let (first, end) = if query.descending {
            (low.max((high - low).checked_sub(width - 1).map_or(low, |more| low + more)), high)
        } else {
            (low, high.min(low.saturating_add(width - 1)))
        };
        let found = section(recorder, &query, (first, end), left).await?;
        left -= found.len();
        for (place, notification) in found.iter().enumerate() {
            let is_full = left == 0 && place + 1 == found.len();
            if visit(notification.as_ref()).is_break() || is_full {
                return Ok(Some(notification.id));
            }
        }
        if query.descending {
            if first == low {
                return Ok(Some(low));
            }
            high = first - 1;
        } else {
            if end == high {
                return Ok(Some(high));
            }
            low = end + 1;
        }
        width = width.saturating_mul(2).min(LARGEST.max(width));
    }
}

/// At most `limit` notifications between two positions, in the direction of the search.
async fn section<R: Recorder + ?Sized>(
    recorder: &R,
    query: &SearchQuery,
    (first, end): (u64, u64),
    limit: usize,
) -> Result<VecDeque<crate::recording::Notification>, RecorderError> {
    let mut found = VecDeque::new();
    let mut visit = |notification: NotificationRef<'_>| {
        if !query.filter.selects(notification.originator_id, notification.topic) {
            return ControlFlow::Continue(());
        }
        if query.descending {
            found.truncate(limit - 1);
            found.push_front(notification.to_owned());
        } else {
            found.push_back(notification.to_owned());
            if found.len() == limit {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    let section = NotificationQuery::after(first - 1, usize::MAX).up_to(end).topics(exact_topics(&query.filter));
    recorder.read_notifications(section, &mut visit).await?;
    Ok(found)
}

/// The topics that are selected, if they are known by name; none otherwise.
fn exact_topics(filter: &NotificationFilter) -> Vec<String> {
    let exact = |pattern: &TopicPattern| match pattern {
        TopicPattern::Is(topic) => Some(topic.clone()),
        TopicPattern::BeginsWith(_) => None,
    };
    filter.topics.iter().map(exact).collect::<Option<_>>().unwrap_or_default()
}
