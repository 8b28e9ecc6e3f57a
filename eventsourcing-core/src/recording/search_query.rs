//! A search of the log: which notifications it finds, in which direction, and how far it looks.

use std::ops::RangeInclusive;

use uuid::Uuid;

/// Topics to compare with: one topic, or all that begin with a text.
// exhaustive: a recorder that ignored a pattern would find what it must not
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TopicPattern {
    /// This topic.
    Is(String),
    /// All topics that begin with this text, such as `Order.`.
    BeginsWith(String),
}

/// Which notifications of the log are found. By default, all are.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::{NotificationFilter, TopicPattern};
///
/// let orders = NotificationFilter::new()
///     .topics([TopicPattern::BeginsWith("Order.".to_owned())])
///     .except(["Order.Viewed"]);
/// assert!(orders.has_topic("Order.Placed"));
/// assert!(!orders.has_topic("Order.Viewed") && !orders.has_topic("OrderLine.Added"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NotificationFilter {
    /// Only these topics; all topics if empty.
    pub topics: Vec<TopicPattern>,
    /// None of these topics.
    pub except: Vec<TopicPattern>,
    /// Only events of this aggregate.
    pub originator_id: Option<Uuid>,
}

/// A query that searches the log from its end or from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchQuery {
    /// Only notification ids greater than this one.
    pub after: u64,
    /// Only notification ids up to and including this one.
    pub up_to: Option<u64>,
    /// Whether the last notification is passed first.
    pub descending: bool,
    /// Which notifications are found.
    pub filter: NotificationFilter,
    /// The maximum number of notifications.
    pub limit: usize,
    /// The maximum number of positions that are looked at.
    pub scan_at_most: u64,
}

impl TopicPattern {
    /// Whether a topic is one of these.
    pub fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Is(wanted) => topic == wanted,
            Self::BeginsWith(beginning) => topic.starts_with(beginning.as_str()),
        }
    }
}

impl From<&str> for TopicPattern {
    fn from(topic: &str) -> Self {
        Self::Is(topic.to_owned())
    }
}

impl From<String> for TopicPattern {
    fn from(topic: String) -> Self {
        Self::Is(topic)
    }
}

impl NotificationFilter {
    /// A filter that selects all notifications.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects only these topics; all topics if empty.
    #[must_use]
    pub fn topics<T: Into<TopicPattern>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Selects none of these topics, whatever [`topics`](Self::topics) selects.
    #[must_use]
    pub fn except<T: Into<TopicPattern>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.except = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Selects only events of this aggregate.
    #[must_use]
    pub fn originator(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.originator_id = id.into();
        self
    }

    /// Whether all notifications are selected.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.except.is_empty() && self.originator_id.is_none()
    }

    /// Whether events with this topic are selected, of the aggregates that are.
    pub fn has_topic(&self, topic: &str) -> bool {
        let is = |pattern: &TopicPattern| pattern.matches(topic);
        (self.topics.is_empty() || self.topics.iter().any(is)) && !self.except.iter().any(is)
    }

    /// Whether an event of this aggregate with this topic is selected.
    pub fn selects(&self, originator_id: Uuid, topic: &str) -> bool {
        self.originator_id.is_none_or(|wanted| wanted == originator_id) && self.has_topic(topic)
    }
}

impl SearchQuery {
    /// Searches the log from its end, and finds at most this number of notifications.
    pub fn newest_first(limit: usize) -> Self {
        let filter = NotificationFilter::new();
        Self { after: 0, up_to: None, descending: true, filter, limit, scan_at_most: u64::MAX }
    }

    /// Searches the log from its beginning, and finds at most this number of notifications.
    pub fn oldest_first(limit: usize) -> Self {
        Self { descending: false, ..Self::newest_first(limit) }
    }

    /// Looks only at notification ids greater than this one.
    #[must_use]
    pub fn after(mut self, id: u64) -> Self {
        self.after = id;
        self
    }

    /// Looks only at notification ids up to and including this one.
    #[must_use]
    pub fn up_to(mut self, id: impl Into<Option<u64>>) -> Self {
        self.up_to = id.into();
        self
    }

    /// Finds only the notifications that a filter selects.
    #[must_use]
    pub fn filter(mut self, filter: NotificationFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Looks at no more than this number of positions, from where the search begins.
    #[must_use]
    pub fn scan_at_most(mut self, positions: u64) -> Self {
        self.scan_at_most = positions;
        self
    }

    /// The positions that the search looks at, lowest first, if `last` is the last notification id; none if there are none.
    ///
    /// It is for recorders.
    pub fn range(&self, last: u64) -> Option<RangeInclusive<u64>> {
        let low = self.after.checked_add(1)?;
        let high = self.up_to.map_or(last, |up_to| last.min(up_to));
        let more = self.scan_at_most.checked_sub(1)?;
        if low > high || self.limit == 0 {
            return None;
        }
        Some(if self.descending {
            low.max(high.saturating_sub(more))..=high
        } else {
            low..=high.min(low.saturating_add(more))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_at_no_more_positions_than_it_may() {
        let newest = SearchQuery::newest_first(5);
        assert_eq!(newest.range(0), None);
        assert_eq!(newest.range(10), Some(1..=10));
        assert_eq!(newest.clone().scan_at_most(3).range(10), Some(8..=10));
        assert_eq!(newest.clone().after(9).scan_at_most(3).up_to(20).range(10), Some(10..=10));
        assert_eq!(newest.clone().after(10).range(10), None);
        assert_eq!(newest.clone().scan_at_most(0).range(10), None);
        assert_eq!(newest.after(u64::MAX).range(u64::MAX), None);
        let oldest = SearchQuery::oldest_first(5);
        assert_eq!(oldest.clone().after(4).scan_at_most(3).range(10), Some(5..=7));
        assert_eq!(oldest.clone().after(4).scan_at_most(u64::MAX).range(10), Some(5..=10));
        assert_eq!(SearchQuery { limit: 0, ..oldest }.range(10), None);
    }
}
