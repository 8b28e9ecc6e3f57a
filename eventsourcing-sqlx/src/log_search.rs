//! What a search of the log has still to look at, and which statement looks at it.

use std::ops::ControlFlow;

use eventsourcing_core::recording::{
    NotificationFilter, NotificationRef, NotificationVisitor, SearchQuery, TopicPattern,
};

use crate::sql::{Sql, Statements};

/// An aggregate with more events than this is searched by positions, as all aggregates together are.
pub(crate) const FOUND_BY_KEY: u64 = 10_000;

/// A search of the log, in either direction.
#[derive(Debug)]
pub(crate) struct LogSearch {
    descending: bool,
    /// Whether the events of one aggregate are found by their versions.
    by_key: bool,
    /// The first and the last position that are still to be looked at; none at the end.
    left: Option<(u64, u64)>,
    /// The number of notifications that are still wanted.
    limit: usize,
    /// The position at which the search ends, unless enough is found before.
    end: u64,
    /// The position of the notification that ended the search.
    stopped_at: Option<u64>,
}

/// The texts of a filter, as statements take them.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilterTexts {
    pub(crate) topics: Vec<String>,
    pub(crate) beginnings: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) except_beginnings: Vec<String>,
}

impl LogSearch {
    /// A search of a log that ends at `last`; none if there is nothing to look at.
    pub(crate) fn new(query: &SearchQuery, last: u64, by_key: bool) -> Option<Self> {
        let range = match by_key {
            true => query.clone().scan_at_most(u64::MAX).range(last)?,
            false => query.range(last)?,
        };
        let (low, high) = range.into_inner();
        Some(Self {
            descending: query.descending,
            by_key,
            left: Some((low, high)),
            limit: query.limit,
            end: if query.descending { low } else { high },
            stopped_at: None,
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left.is_none()
    }

    /// The number of notifications that are still wanted.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The next positions to look at: after the first number, up to the second one. All if they are found by their versions.
    pub(crate) fn window(&self, width: u64) -> (u64, u64) {
        let Some((low, high)) = self.left else { return (0, 0) };
        let before = low.saturating_sub(1);
        match self.descending {
            _ if self.by_key => (before, high),
            true => (before.max(high.saturating_sub(width)), high),
            false => (before, high.min(before.saturating_add(width))),
        }
    }

    pub(crate) fn statement<'s>(&self, statements: &'s Statements) -> &'s Sql {
        match (self.by_key, self.descending) {
            (false, true) => &statements.search_back,
            (false, false) => &statements.search,
            (true, true) => &statements.search_aggregate_back,
            (true, false) => &statements.search_aggregate,
        }
    }

    /// Passes a notification on. If the rest is read again, it begins after it.
    pub(crate) fn take(
        &mut self,
        notification: NotificationRef<'_>,
        visit: &mut NotificationVisitor<'_>,
    ) -> ControlFlow<()> {
        let id = notification.id;
        self.limit = self.limit.saturating_sub(1);
        self.left = self.beyond(id);
        let outcome = visit(notification);
        if outcome.is_break() || self.limit == 0 {
            (self.left, self.stopped_at) = (None, Some(id));
            return ControlFlow::Break(());
        }
        outcome
    }

    /// Notes that the whole window was looked at.
    pub(crate) fn pass(&mut self, (after, up_to): (u64, u64)) {
        if self.left.is_some() {
            self.left = if self.descending { self.beyond(after.saturating_add(1)) } else { self.beyond(up_to) };
        }
    }

    /// How far the search has looked.
    pub(crate) fn looked_to(&self) -> u64 {
        self.stopped_at.unwrap_or(self.end)
    }

    /// What is left beyond a position.
    fn beyond(&self, id: u64) -> Option<(u64, u64)> {
        let (low, high) = self.left?;
        let (low, high) = if self.descending { (low, id.checked_sub(1)?) } else { (id.checked_add(1)?, high) };
        (low <= high).then_some((low, high))
    }
}

impl FilterTexts {
    pub(crate) fn of(filter: &NotificationFilter) -> Self {
        let mut texts = Self::default();
        for (patterns, is, begins) in [
            (&filter.topics, &mut texts.topics, &mut texts.beginnings),
            (&filter.except, &mut texts.except, &mut texts.except_beginnings),
        ] {
            for pattern in patterns {
                match pattern {
                    TopicPattern::Is(topic) => is.push(topic.clone()),
                    TopicPattern::BeginsWith(beginning) => begins.push(beginning.clone()),
                }
            }
        }
        texts
    }
}
