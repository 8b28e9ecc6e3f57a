//! The last notifications of a plain recorder, and the faults of selecting them.

use eventsourcing_core::Notification;
use eventsourcing_core::recording::LastQuery;

use super::{Fault, PlainRecorder};

impl PlainRecorder {
    pub(super) fn last(&self, query: &LastQuery) -> Vec<Notification> {
        let state = self.state();
        let numbered = state.rows.iter().map(|(id, event)| event.clone().into_notification(*id));
        let mut found: Vec<Notification> =
            numbered.filter(|found| query.up_to.is_none_or(|up_to| found.id <= up_to)).collect();
        let cut = |found: &mut Vec<Notification>| {
            found.drain(..found.len().saturating_sub(query.limit));
        };
        match self.fault {
            Fault::ComparesTopicsOfTheLast => cut(&mut found),
            Fault::LeavesOutTheLast => drop(found.pop()),
            _ => {}
        }
        found.retain(|found| query.topics.is_empty() || query.topics.iter().any(|topic| *topic == found.topic));
        match self.fault {
            Fault::SelectsTheFirstAsTheLast => found.truncate(query.limit),
            _ => cut(&mut found),
        }
        if self.fault == Fault::ReturnsTheLastBackwards {
            found.reverse();
        }
        found
    }
}
