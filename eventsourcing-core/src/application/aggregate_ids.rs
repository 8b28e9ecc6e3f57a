//! The ids of all aggregates of a type, page by page, as one stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use crate::recording::{OriginatorQuery, RecordedOriginator, Recorder};
use crate::{Error, Result};

/// The default number of ids of a page.
const PAGE: usize = 1_000;

/// The ids of all aggregates of a type, in the order in which they were created: [`Repository::ids`](super::Repository::ids) and
/// [`NotificationLog::aggregates_of`](super::NotificationLog::aggregates_of).
///
/// It implements [`Stream`]. Its own methods are those that most callers need, so that they need no import. The stream ends where the log
/// ends. Each page is a separate call, so no connection is held while the caller handles a page.
#[must_use = "a stream does nothing unless it is polled"]
pub struct AggregateIds {
    recorder: Arc<dyn Recorder>,
    query: OriginatorQuery,
    page_size: usize,
    /// The pages, once the first one is asked for.
    stream: Option<BoxStream<'static, Result<RecordedAggregate>>>,
}

/// An aggregate in a list: its id, and where it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RecordedAggregate {
    /// The id of the aggregate.
    pub id: Uuid,
    /// The notification id of its first event: [`AggregateIds::after`] continues a list from here.
    pub position: u64,
}

impl AggregateIds {
    pub(super) fn new<T: Into<String>>(recorder: Arc<dyn Recorder>, topics: impl IntoIterator<Item = T>) -> Self {
        Self { recorder, query: OriginatorQuery::of(topics), page_size: PAGE, stream: None }
    }

    /// Lists only aggregates that were created after this position, that of the last one that was listed before.
    pub fn after(mut self, position: u64) -> Self {
        self.query.after = position;
        self
    }

    /// Sets the number of ids that are read at a time: at least 1, 1,000 by default.
    pub fn page_size(mut self, ids: usize) -> Self {
        self.page_size = ids.max(1);
        self
    }

    /// The next aggregate; none at the end.
    pub async fn next(&mut self) -> Option<Result<RecordedAggregate>> {
        self.stream().next().await
    }

    /// The next aggregate; none at the end.
    ///
    /// # Errors
    /// The errors of the recorder. The stream ends after the first one.
    pub async fn try_next(&mut self) -> Result<Option<RecordedAggregate>> {
        self.stream().try_next().await
    }

    /// Collects all remaining aggregates.
    ///
    /// # Errors
    /// The first error of the recorder.
    pub async fn try_collect<C: Default + Extend<RecordedAggregate>>(mut self) -> Result<C> {
        let _ = self.stream();
        match self.stream {
            Some(stream) => stream.try_collect().await,
            None => Ok(C::default()),
        }
    }

    /// Reads one page of at most this number of aggregates, for a list that a person turns over.
    ///
    /// # Errors
    /// The errors of the recorder.
    pub async fn page(self, limit: usize) -> Result<Vec<RecordedAggregate>> {
        let listed = self.recorder.select_originators(self.query.limit(limit)).await?;
        Ok(listed.into_iter().map(RecordedAggregate::from).collect())
    }

    fn stream(&mut self) -> &mut BoxStream<'static, Result<RecordedAggregate>> {
        let Self { recorder, query, page_size, stream } = self;
        stream.get_or_insert_with(|| pages(Arc::clone(recorder), query.clone().limit(*page_size)))
    }
}

/// The pages as one stream. A page that is not full is the last one.
fn pages(recorder: Arc<dyn Recorder>, query: OriginatorQuery) -> BoxStream<'static, Result<RecordedAggregate>> {
    let pages = stream::try_unfold(Some(query), move |query| {
        let recorder = Arc::clone(&recorder);
        async move {
            let Some(query) = query else { return Ok(None) };
            let page = recorder.select_originators(query.clone()).await?;
            let last = page.last().filter(|_| page.len() >= query.limit).map(|last| last.notification_id);
            let next = last.map(|last| query.after(last));
            Ok::<_, Error>(Some((stream::iter(page.into_iter().map(|one| Ok(RecordedAggregate::from(one)))), next)))
        }
    });
    pages.try_flatten().boxed()
}

impl From<RecordedOriginator> for RecordedAggregate {
    fn from(recorded: RecordedOriginator) -> Self {
        Self { id: recorded.originator_id, position: recorded.notification_id }
    }
}

impl Stream for AggregateIds {
    type Item = Result<RecordedAggregate>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream().poll_next_unpin(context)
    }
}

impl fmt::Debug for AggregateIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateIds").field("query", &self.query).finish_non_exhaustive()
    }
}
