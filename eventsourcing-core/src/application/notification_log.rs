//! The notification log: all that an application recorded, in the order of commits, for others to read.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use crate::persistence::{LogPosition, Notification, NotificationQuery, Recorder};
use crate::read_ahead::ReadAhead;
use crate::{Error, Result};

/// The log of an application: notifications with ids from 1, without gaps, in the order of commits.
///
/// Who has read up to an id never meets a new notification at or below it.
#[derive(Clone, Debug)]
pub struct NotificationLog {
    recorder: Arc<dyn Recorder>,
    section_size: usize,
}

/// A part of the log, with the ids of this part and the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The first and the last id of the items, such as `1,10`; none if there are no items.
    pub id: Option<String>,
    /// The notifications.
    pub items: Vec<Notification>,
    /// The id to ask for next, if this section is full.
    pub next_id: Option<String>,
}

impl NotificationLog {
    /// The most notifications that one selection may hold.
    pub const MAX_LIMIT: usize = 10_000;

    /// The log that a recorder keeps, in sections of at most this many notifications.
    pub fn new(recorder: Arc<dyn Recorder>, section_size: usize) -> Self {
        Self { recorder, section_size: section_size.max(1) }
    }

    /// The section of an id: `"1,10"` asks for the notifications 1 to 10, of which it holds as many as exist.
    ///
    /// A section holds at most as many as the application's section size; a first id below 1 counts as 1.
    ///
    /// # Errors
    /// [`Error::SectionId`] for anything but two numbers with a comma between them.
    pub async fn section(&self, id: &str) -> Result<Section> {
        let (first, last) = parse_section_id(id)?;
        let first = first.max(1);
        let wanted = last.checked_sub(first).map_or(0, |more| more.saturating_add(1));
        let limit = usize::try_from(wanted).unwrap_or(usize::MAX).min(self.section_size);
        let items = if limit == 0 {
            Vec::new()
        } else {
            self.recorder.select_notifications(NotificationQuery::after(first - 1, limit)).await?
        };
        let ends = items.first().zip(items.last()).map(|(first, last)| (first.id, last.id));
        Ok(Section {
            id: ends.map(|(first, last)| format!("{first},{last}")),
            next_id: ends
                .filter(|_| items.len() == limit)
                .and_then(|(_, last)| Some((last.checked_add(1)?, last.checked_add(limit as u64)?)))
                .map(|(first, last)| format!("{first},{last}")),
            items,
        })
    }

    /// At most `limit` notifications from an id on.
    ///
    /// Await it as it is, or say more first: [`stop`](Select::stop), [`topics`](Select::topics),
    /// [`exclusive`](Select::exclusive).
    ///
    /// # Errors
    /// When awaited: [`Error::LimitTooLarge`] for more than [`MAX_LIMIT`](Self::MAX_LIMIT).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core::Application;
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// let started = application.log().select(1, 100).stop(50).topics(["World.Started"]).await?;
    /// # assert!(started.is_empty());
    /// # Ok::<(), eventsourcing_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn select(&self, start: u64, limit: usize) -> Select {
        Select {
            recorder: Arc::clone(&self.recorder),
            start,
            query: NotificationQuery::after(start.saturating_sub(1), limit),
        }
    }

    /// At most `limit` notifications after a position.
    ///
    /// From an anchored position, such as [`Notification::position`] of the last one that was read, it goes on only in the same
    /// log: see [`LogPosition`].
    ///
    /// # Errors
    /// When awaited: [`Error::LogChanged`] if another event stands at the position, or none; [`Error::LimitTooLarge`] for more
    /// than [`MAX_LIMIT`](Self::MAX_LIMIT).
    pub fn select_after(&self, position: impl Into<LogPosition>, limit: usize) -> Select {
        let position = position.into();
        Select {
            recorder: Arc::clone(&self.recorder),
            start: position.id,
            query: NotificationQuery::after(position, limit),
        }
    }

    /// The id of the last notification, if there is one.
    ///
    /// # Errors
    /// [`Error::Recorder`] as the database fails.
    pub async fn max_id(&self) -> Result<Option<u64>> {
        Ok(self.recorder.max_notification_id().await?)
    }

    /// The position of the last notification; the start of the log if there is none.
    ///
    /// # Errors
    /// [`Error::Recorder`] as the database fails.
    pub async fn last_position(&self) -> Result<LogPosition> {
        Ok(self.recorder.last_position().await?)
    }
}

/// A selection from the log, before it is awaited.
#[derive(Clone, Debug)]
#[must_use = "a selection does nothing until it is awaited"]
pub struct Select {
    recorder: Arc<dyn Recorder>,
    start: u64,
    query: NotificationQuery,
}

impl Select {
    /// Only ids up to this one, included.
    pub fn stop(mut self, id: u64) -> Self {
        self.query = self.query.up_to(id);
        self
    }

    /// Only these topics; all if there are none.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.query = self.query.topics(topics);
        self
    }

    /// Begins after the first id rather than at it.
    pub fn exclusive(mut self) -> Self {
        self.query.after = self.start;
        self
    }
}

impl IntoFuture for Select {
    type Output = Result<Vec<Notification>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { recorder, start: _, query } = self;
        Box::pin(async move {
            if query.limit > NotificationLog::MAX_LIMIT {
                return Err(Error::LimitTooLarge { limit: query.limit, max: NotificationLog::MAX_LIMIT });
            }
            Ok(recorder.select_notifications(query).await?)
        })
    }
}

/// Reads a log to its end, page by page.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::{Application, NotificationLogReader};
/// use futures::TryStreamExt;
/// # futures::executor::block_on(async {
/// # let application = Application::builder("Universe").open()?;
/// let reader = NotificationLogReader::new(application.log());
/// let all: Vec<_> = reader.read(1).try_collect().await?;
/// # assert!(all.is_empty());
/// # Ok::<(), eventsourcing_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct NotificationLogReader {
    log: NotificationLog,
    page_size: usize,
}

impl NotificationLogReader {
    /// How many notifications are read at a time unless said otherwise.
    pub const DEFAULT_PAGE_SIZE: usize = 1_000;

    /// A reader of a log.
    pub fn new(log: NotificationLog) -> Self {
        Self { log, page_size: Self::DEFAULT_PAGE_SIZE }
    }

    /// Reads this many notifications at a time: 1 to [`NotificationLog::MAX_LIMIT`].
    #[must_use]
    pub fn page_size(mut self, notifications: usize) -> Self {
        self.page_size = notifications.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// The notifications from an id on, to the end of the log as it is when the end is reached.
    ///
    /// Each page is a call of its own: no connection waits for the caller. From the third page on, the next one is read while the
    /// caller is busy with the one before, in a task of the runtime if that has threads of its own.
    pub fn read(&self, start: u64) -> BoxStream<'static, Result<Notification>> {
        self.pages(start, Vec::new())
    }

    /// As [`read`](Self::read), of these topics only.
    pub fn read_topics<T: Into<String>>(
        &self,
        start: u64,
        topics: impl IntoIterator<Item = T>,
    ) -> BoxStream<'static, Result<Notification>> {
        self.pages(start, topics.into_iter().map(Into::into).collect())
    }

    fn pages(&self, start: u64, topics: Vec<String>) -> BoxStream<'static, Result<Notification>> {
        let Self { log, page_size } = self.clone();
        let after = LogPosition::from(start.saturating_sub(1));
        let pages = Pages { log, topics, page_size, after: Some(after), ahead: None, was_full: false };
        stream::try_unfold(pages, |mut pages| async move {
            let page = pages.next().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.into_iter().map(Ok)), pages)))
        })
        .try_flatten()
        .boxed()
    }
}

/// The pages of a reader.
struct Pages {
    log: NotificationLog,
    topics: Vec<String>,
    page_size: usize,
    /// Where the next page begins; none at the end of the log.
    after: Option<LogPosition>,
    /// The next page, if it is being read while the caller is busy with the one before.
    ahead: Option<ReadAhead<Result<Vec<Notification>>>>,
    was_full: bool,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Vec<Notification>>> {
        let Some(after) = self.after else { return Ok(None) };
        let ahead = match self.ahead.take() {
            Some(ahead) => ahead.outcome().await.and_then(Result::ok),
            None => None,
        };
        // where the log ended some time ago it may have grown, and an error may be over
        let page = match ahead.filter(|page| page.len() == self.page_size) {
            Some(page) => page,
            None => self.read(after).await?,
        };
        self.after = page.last().filter(|_| page.len() == self.page_size).map(Notification::position);
        if let Some(after) = self.after.filter(|_| self.was_full) {
            self.ahead = ReadAhead::begin(self.read(after));
        }
        self.was_full = self.after.is_some();
        Ok(Some(page))
    }

    fn read(&self, after: LogPosition) -> <Select as IntoFuture>::IntoFuture {
        self.log.select_after(after, self.page_size).topics(self.topics.clone()).into_future()
    }
}

fn parse_section_id(id: &str) -> Result<(u64, u64)> {
    let error = || Error::SectionId { id: id.to_owned() };
    let (first, last) = id.split_once(',').ok_or_else(error)?;
    // digits only: `u64::from_str` would take `+1` too
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| u64::from_str(text).ok()).flatten();
    let first = match first.strip_prefix('-') {
        // what is below 1 begins at 1
        Some(below) => number(below).map(|_| 0),
        None => number(first),
    };
    first.zip(number(last)).ok_or_else(error)
}
