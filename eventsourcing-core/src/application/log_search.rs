//! A search of the log, before it is awaited, and what it has found.

use std::future::{Future, IntoFuture};
use std::ops::{ControlFlow, RangeInclusive};
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use super::NotificationLog;
use crate::recording::{
    Notification, NotificationFilter, NotificationRef, Recorder, RecorderError, SearchQuery, TopicPattern,
};
use crate::{Error, Result};

/// How many positions a search looks at unless it is told otherwise.
const SCANNED: u64 = 10_000;

/// The number of bytes of states after which a search ends, unless it is told otherwise.
const BYTES: usize = 64 * 1024 * 1024;

/// A search of the log, before it is awaited: [`NotificationLog::search`].
#[derive(Clone, Debug)]
#[must_use = "a search does nothing until it is awaited"]
pub struct LogSearch {
    recorder: Arc<dyn Recorder>,
    query: SearchQuery,
    max_bytes: usize,
}

/// What a search of the log has found, and how far it has looked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchedLog {
    /// The notifications, in the direction of the search.
    pub notifications: Vec<Notification>,
    /// The lowest and the highest position that were looked at; `None` if there was no position to look at.
    pub looked_at: Option<RangeInclusive<u64>>,
    /// The last position of the log when the search began; 0 if the log was empty.
    pub newest: u64,
}

impl LogSearch {
    pub(super) fn new(recorder: Arc<dyn Recorder>, limit: usize) -> Self {
        Self { recorder, query: SearchQuery::newest_first(limit).scan_at_most(SCANNED), max_bytes: BYTES }
    }

    /// Finds only these topics, or those that begin with a text: [`TopicPattern`]. All topics if none are given.
    pub fn topics<T: Into<TopicPattern>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.query.filter = self.query.filter.topics(topics);
        self
    }

    /// Finds none of these topics.
    pub fn except<T: Into<TopicPattern>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.query.filter = self.query.filter.except(topics);
        self
    }

    /// Finds only events of this aggregate.
    pub fn of(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.query.filter = self.query.filter.originator(id);
        self
    }

    /// Finds only what this filter selects, in place of what was set before.
    pub fn filter(mut self, filter: NotificationFilter) -> Self {
        self.query.filter = filter;
        self
    }

    /// Begins at the newest position below this one, and goes back.
    pub fn before(mut self, position: u64) -> Self {
        (self.query.after, self.query.up_to, self.query.descending) = (0, Some(position.saturating_sub(1)), true);
        self
    }

    /// Begins at the oldest position above this one, and goes forward.
    pub fn after(mut self, position: u64) -> Self {
        (self.query.after, self.query.up_to, self.query.descending) = (position, None, false);
        self
    }

    /// Ends once the states that were found have this number of bytes: 64 MiB by default. At least one event is found, if there is one.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Looks at no more than this number of positions: 10,000 by default.
    ///
    /// The events of one aggregate are found by an index in the databases: unless there are very many, the whole log counts as looked at.
    pub fn scan_at_most(mut self, positions: u64) -> Self {
        self.query.scan_at_most = positions;
        self
    }
}

impl SearchedLog {
    /// How many positions were looked at.
    pub fn looked(&self) -> u64 {
        self.looked_at.as_ref().map_or(0, |looked_at| (looked_at.end() - looked_at.start()).saturating_add(1))
    }

    /// The position [before](LogSearch::before) which there are positions that were not looked at; `None` at the beginning of the log.
    pub fn older(&self) -> Option<u64> {
        self.looked_at.as_ref().map(|looked_at| *looked_at.start()).filter(|lowest| *lowest > 1)
    }

    /// The position [after](LogSearch::after) which there are positions that were not looked at; `None` at the end of the log.
    pub fn newer(&self) -> Option<u64> {
        self.looked_at.as_ref().map(|looked_at| *looked_at.end()).filter(|highest| *highest < self.newest)
    }
}

impl IntoFuture for LogSearch {
    type Output = Result<SearchedLog>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { recorder, query, max_bytes } = self;
        Box::pin(async move {
            if query.limit > NotificationLog::MAX_LIMIT {
                return Err(Error::LimitTooLarge { limit: query.limit, max: NotificationLog::MAX_LIMIT });
            }
            let newest = recorder.max_notification_id().await?.unwrap_or(0);
            // what is recorded meanwhile is not looked at
            let query = SearchQuery { up_to: Some(query.up_to.map_or(newest, |up_to| up_to.min(newest))), ..query };
            let begin = query.range(newest).map(|range| if query.descending { *range.end() } else { *range.start() });
            let (notifications, looked_to) = collect(&*recorder, query, max_bytes).await?;
            let ends = begin.zip(looked_to).map(|(begin, end)| begin.min(end)..=begin.max(end));
            Ok(SearchedLog { notifications, looked_at: ends, newest })
        })
    }
}

/// Collects what a search finds, in its direction, until the states have a number of bytes.
pub(super) async fn collect(
    recorder: &dyn Recorder,
    query: SearchQuery,
    max_bytes: usize,
) -> Result<(Vec<Notification>, Option<u64>), RecorderError> {
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    let mut visit = |notification: NotificationRef<'_>| {
        bytes = bytes.saturating_add(notification.state.len());
        found.push(notification.to_owned());
        if bytes >= max_bytes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let looked_to = recorder.search_notifications(query, &mut visit).await?;
    Ok((found, looked_to))
}
