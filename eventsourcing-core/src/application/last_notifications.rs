//! The last notifications of a log, before they are awaited.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use super::NotificationLog;
use super::log_search::collect;
use crate::recording::{Notification, NotificationFilter, Recorder, SearchQuery};
use crate::{Error, Result};

/// A selection of the last notifications, before it is awaited: [`NotificationLog::last`].
#[derive(Clone, Debug)]
#[must_use = "a selection does nothing until it is awaited"]
pub struct SelectLast {
    recorder: Arc<dyn Recorder>,
    query: SearchQuery,
}

impl SelectLast {
    pub(super) fn new(recorder: Arc<dyn Recorder>, limit: usize) -> Self {
        Self { recorder, query: SearchQuery::newest_first(limit) }
    }

    /// Selects ids up to and including this one. To turn to the page before, give the first id of this one, less 1.
    pub fn stop(mut self, id: u64) -> Self {
        self.query = self.query.up_to(id);
        self
    }

    /// Selects only these topics, or all topics if none are given.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        let topics = topics.into_iter().map(Into::<String>::into);
        self.query.filter = NotificationFilter::new().topics(topics);
        self
    }
}

impl IntoFuture for SelectLast {
    type Output = Result<Vec<Notification>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { recorder, query } = self;
        Box::pin(async move {
            if query.limit > NotificationLog::MAX_LIMIT {
                return Err(Error::LimitTooLarge { limit: query.limit, max: NotificationLog::MAX_LIMIT });
            }
            let (mut found, _) = collect(&*recorder, query, usize::MAX).await?;
            found.reverse();
            Ok(found)
        })
    }
}
