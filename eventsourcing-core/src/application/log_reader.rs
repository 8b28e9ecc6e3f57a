//! A reader of the notification log: page by page, as one stream that ends where the log ends.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use super::NotificationLog;
use super::notification_log::Select;
use crate::read_ahead::ReadAhead;
use crate::recording::{LogPosition, Notification};
use crate::{Error, Result};

/// A reader that reads a log to its end, page by page.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{Application, NotificationLogReader};
/// # futures::executor::block_on(async {
/// # let application = Application::builder("Universe").open()?;
/// let reader = NotificationLogReader::new(application.log());
/// let all: Vec<_> = reader.read(1).try_collect().await?;
/// # assert!(all.is_empty());
/// # Ok::<(), eventsourcing::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct NotificationLogReader {
    log: NotificationLog,
    page_size: usize,
}

impl NotificationLogReader {
    /// The default number of notifications of a page.
    pub const DEFAULT_PAGE_SIZE: usize = 1_000;

    /// A reader of this log.
    pub fn new(log: NotificationLog) -> Self {
        Self { log, page_size: Self::DEFAULT_PAGE_SIZE }
    }

    /// Sets the number of notifications of a page: 1 to [`NotificationLog::MAX_LIMIT`].
    #[must_use]
    pub fn page_size(mut self, notifications: usize) -> Self {
        self.page_size = notifications.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// The notifications from an id on, to the end of the log at the time that the end is reached.
    ///
    /// Each page is a separate call: no connection is held while the caller handles a page. From the third page on, the next page is
    /// read ahead while the caller handles the current one, in a task if the runtime has worker threads.
    pub fn read(&self, start: u64) -> NotificationStream {
        self.pages(start, Vec::new())
    }

    /// Like [`read`](Self::read), for these topics only.
    pub fn read_topics<T: Into<String>>(&self, start: u64, topics: impl IntoIterator<Item = T>) -> NotificationStream {
        self.pages(start, topics.into_iter().map(Into::into).collect())
    }

    fn pages(&self, start: u64, topics: Vec<String>) -> NotificationStream {
        let Self { log, page_size } = self.clone();
        let after = LogPosition::from(start.saturating_sub(1));
        let pages = Pages { log, topics, page_size, after: Some(after), ahead: ReadAhead::default() };
        let notifications = stream::try_unfold(pages, |mut pages| async move {
            let page = pages.next().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.into_iter().map(Ok)), pages)))
        })
        .try_flatten();
        NotificationStream { stream: notifications.boxed() }
    }
}

/// A stream of notifications, in order, which ends where the log ends.
///
/// It implements [`Stream`]. Its own methods are those that most callers need, so that they need no import.
#[must_use = "a stream does nothing unless it is polled"]
pub struct NotificationStream {
    stream: BoxStream<'static, Result<Notification>>,
}

impl NotificationStream {
    /// The next notification; none at the end of the log.
    pub async fn next(&mut self) -> Option<Result<Notification>> {
        self.stream.next().await
    }

    /// The next notification; none at the end of the log.
    ///
    /// # Errors
    /// The errors of the recorder. The stream ends after the first one.
    pub async fn try_next(&mut self) -> Result<Option<Notification>> {
        self.stream.try_next().await
    }

    /// Collects all remaining notifications.
    ///
    /// # Errors
    /// The first error of the recorder.
    pub async fn try_collect<C: Default + Extend<Notification>>(self) -> Result<C> {
        self.stream.try_collect().await
    }
}

impl Stream for NotificationStream {
    type Item = Result<Notification>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl fmt::Debug for NotificationStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationStream").finish_non_exhaustive()
    }
}

/// The pages of a reader.
///
/// They are not the pages of a subscription: those are decoded, limited in bytes too, and wait at the end of the log.
struct Pages {
    log: NotificationLog,
    topics: Vec<String>,
    page_size: usize,
    /// The position after which the next page begins; none at the end of the log.
    after: Option<LogPosition>,
    ahead: ReadAhead<Vec<Notification>>,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Vec<Notification>>> {
        let Some(after) = self.after else { return Ok(None) };
        // the log may have grown since a page that was not full was read: read again
        let page = match self.ahead.take().await.filter(|page| page.len() == self.page_size) {
            Some(page) => page,
            None => self.read(after).await?,
        };
        self.after = page.last().filter(|_| page.len() == self.page_size).map(Notification::position);
        if let Some(after) = self.after {
            let next = self.read(after);
            self.ahead.after_page(true, || next);
        }
        Ok(Some(page))
    }

    fn read(&self, after: LogPosition) -> <Select as IntoFuture>::IntoFuture {
        self.log.select_after(after, self.page_size).topics(self.topics.clone()).into_future()
    }
}
