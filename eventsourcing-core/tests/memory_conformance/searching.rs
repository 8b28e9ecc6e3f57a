//! Searches of a plain recorder, and their faults.

use eventsourcing_core::Notification;
use eventsourcing_core::recording::{NotificationVisitor, SearchQuery, TopicPattern};

use super::{Fault, PlainRecorder};

impl PlainRecorder {
    pub(super) fn search(&self, mut query: SearchQuery, visit: &mut NotificationVisitor<'_>) -> Option<u64> {
        let state = self.state();
        let last = state.rows.keys().next_back().copied().unwrap_or(0);
        if self.fault == Fault::SearchesBeyondItsBound {
            query.scan_at_most = u64::MAX;
        }
        if self.fault == Fault::IgnoresBeginningsOfTopics {
            query.filter.topics.retain(|pattern| matches!(pattern, TopicPattern::Is(_)));
        }
        let range = query.range(last)?;
        let end = if query.descending { *range.start() } else { *range.end() };
        let numbered = state.rows.range(range).map(|(id, event)| event.clone().into_notification(*id));
        let mut found: Vec<Notification> = numbered.collect();
        if self.fault == Fault::LeavesOutTheLast && query.descending {
            found.pop();
        }
        if query.descending && self.fault != Fault::SelectsTheFirstAsTheLast {
            found.reverse();
        }
        if self.fault == Fault::ComparesTopicsOfTheLast {
            found.truncate(query.limit);
        }
        found.retain(|found| query.filter.selects(found.originator_id, &found.topic));
        found.truncate(query.limit);
        if self.fault == Fault::ReturnsTheLastBackwards {
            found.reverse();
        }
        for (place, notification) in found.iter().enumerate() {
            if visit(notification.as_ref()).is_break() || place + 1 == query.limit {
                return Some(notification.id);
            }
        }
        match self.fault {
            Fault::SaysItLookedAtWhatItFound => found.last().map(|last| last.id),
            _ => Some(end),
        }
    }
}
