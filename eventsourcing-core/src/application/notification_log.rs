//! The notification log: all recorded events of an application, in commit order.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use super::aggregate_ids::AggregateIds;
use super::find_aggregates::FindAggregates;
use super::last_notifications::SelectLast;
use super::log_search::LogSearch;
use crate::recording::{LogPosition, Notification, NotificationQuery, RecordedTime, Recorder};
use crate::{Error, Result};

/// The log of an application: notifications with gapless ids from 1, in commit order.
///
/// A reader that has read up to an id never finds a new notification at or below that id.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Application;
/// # futures::executor::block_on(async {
/// let application = Application::builder("Universe").open()?;
/// let log = application.log();
/// assert_eq!(log.max_id().await?, None);
/// assert_eq!(log.last_position().await?, 0);
/// assert!(log.select_after(0, 100).await?.is_empty());
/// # Ok::<(), eventsourcing::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct NotificationLog {
    recorder: Arc<dyn Recorder>,
    section_size: usize,
}

/// A section of the log, with its own id and the id of the next section.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The first and the last id of the items, such as `1,10`; none if there are no items.
    pub id: Option<String>,
    /// The notifications.
    pub items: Vec<Notification>,
    /// The id of the next section, if this section is full.
    pub next_id: Option<String>,
}

impl NotificationLog {
    /// The maximum number of notifications of one selection.
    pub const MAX_LIMIT: usize = 10_000;

    /// A log over this recorder, with sections of at most this many notifications.
    pub fn new(recorder: Arc<dyn Recorder>, section_size: usize) -> Self {
        Self { recorder, section_size: section_size.max(1) }
    }

    /// The section with an id: `"1,10"` requests the notifications 1 to 10, and returns those that exist.
    ///
    /// A section has at most the application's section size of notifications. A first id below 1 counts as 1.
    ///
    /// # Errors
    /// [`Error::SectionId`] for anything but two numbers separated by a comma.
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

    /// At most `limit` notifications, from an id on.
    ///
    /// Await the selection directly, or restrict it first with [`stop`](Select::stop), [`topics`](Select::topics) or
    /// [`exclusive`](Select::exclusive).
    ///
    /// # Errors
    /// When awaited: [`Error::LimitTooLarge`] if `limit` is more than [`MAX_LIMIT`](Self::MAX_LIMIT).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// let started = application.log().select(1, 100).stop(50).topics(["World.Started"]).await?;
    /// # assert!(started.is_empty());
    /// # Ok::<(), eventsourcing::Error>(())
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
    /// An anchored position, such as [`Notification::position`] of the last notification read, is valid only for the log that
    /// it was taken from: see [`LogPosition`].
    ///
    /// # Errors
    /// When awaited: [`Error::LogChanged`] if the log has another event or none at the position; [`Error::LimitTooLarge`] if `limit`
    /// is more than [`MAX_LIMIT`](Self::MAX_LIMIT).
    pub fn select_after(&self, position: impl Into<LogPosition>, limit: usize) -> Select {
        let position = position.into();
        Select {
            recorder: Arc::clone(&self.recorder),
            start: position.id,
            query: NotificationQuery::after(position, limit),
        }
    }

    /// At most `limit` notifications from the end of the log, in the order of their ids.
    ///
    /// Await the selection directly, or restrict it first with [`stop`](SelectLast::stop) or [`topics`](SelectLast::topics). The databases read
    /// no more rows than they return, however long the log is; with topics, they search the log from its end.
    ///
    /// # Errors
    /// When awaited: [`Error::LimitTooLarge`] if `limit` is more than [`MAX_LIMIT`](Self::MAX_LIMIT).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Application, StoredEvent, Uuid};
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// # let event = |id| StoredEvent::new(Uuid::from_u128(id), 1, "World.Started", *b"{}", Uuid::new_v4());
    /// # application.recorder().insert_events((1..=30).map(event).collect()).await?;
    /// let log = application.log();
    /// let last = log.last(10).await?;
    /// assert_eq!(last.iter().map(|notification| notification.id).collect::<Vec<_>>(), (21..=30).collect::<Vec<_>>());
    ///
    /// // the ten before them
    /// let before = log.last(10).stop(last[0].id - 1).await?;
    /// assert_eq!((before[0].id, before[9].id), (11, 20));
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn last(&self, limit: usize) -> SelectLast {
        SelectLast::new(Arc::clone(&self.recorder), limit)
    }

    /// Searches the log from its end, and returns at most `limit` notifications, last one first, with how far it has looked.
    ///
    /// Restrict the search before it is awaited: [`topics`](LogSearch::topics), [`except`](LogSearch::except), [`of`](LogSearch::of) one
    /// aggregate, [`before`](LogSearch::before) or [`after`](LogSearch::after) a position. It looks at 10,000 positions, or as many as
    /// [`scan_at_most`](LogSearch::scan_at_most) says, so that the search for a rare topic does not read the whole log. The next search
    /// continues before [`SearchedLog::older`](super::SearchedLog::older). The selection happens in the database.
    ///
    /// # Errors
    /// When awaited: [`Error::LimitTooLarge`] if `limit` is more than [`MAX_LIMIT`](Self::MAX_LIMIT), [`Error::Recorder`] if the database
    /// fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Application, StoredEvent, Uuid};
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// # let topics = ["World.Started", "World.Seen"];
    /// # let event = |id| StoredEvent::new(Uuid::from_u128(id), 1, topics[usize::from(id > 1)], *b"{}", Uuid::new_v4());
    /// # application.recorder().insert_events((1..=3_000).map(event).collect()).await?;
    /// let log = application.log();
    /// let found = log.search(20).except(["World.Seen"]).scan_at_most(1_000).await?;
    /// assert!(found.notifications.is_empty());
    /// assert_eq!((found.looked_at, found.newest), (Some(2_001..=3_000), 3_000));
    ///
    /// let found = log.search(20).topics(["World.Started"]).before(2_001).await?;
    /// assert_eq!(found.notifications[0].id, 1);
    /// assert_eq!(found.older(), None);
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn search(&self, limit: usize) -> LogSearch {
        LogSearch::new(Arc::clone(&self.recorder), limit)
    }

    /// At most `limit` aggregates whose ids begin with these hexadecimal digits, in the order of their ids; all if there are none.
    ///
    /// Hyphens are ignored. [`after`](FindAggregates::after) continues a list. The databases find them by their index of versions.
    ///
    /// # Errors
    /// When awaited: [`Error::IdBeginning`] for other characters or more than 32 digits, [`Error::LimitTooLarge`] if `limit` is more than
    /// [`MAX_LIMIT`](Self::MAX_LIMIT), [`Error::Recorder`] if the database fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Application, StoredEvent, Uuid};
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// # let id = Uuid::from_u128(0x3fa8_5f64_5717_4562_b3fc_2c96_3f66_afa6);
    /// # let event = StoredEvent::new(id, 1, "World.Started", *b"{}", Uuid::new_v4());
    /// # application.recorder().insert_events(vec![event]).await?;
    /// let found = application.log().find_aggregates("3fa85f64", 10).await?;
    /// assert_eq!((found[0].last_version, &*found[0].first_topic), (1, "World.Started"));
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn find_aggregates(&self, digits: &str, limit: usize) -> FindAggregates {
        FindAggregates::new(Arc::clone(&self.recorder), digits, limit)
    }

    /// The ids of all aggregates whose first event has one of these topics, in the order in which they were created.
    ///
    /// It needs no Rust type: the topics of a type's creations are in
    /// [`aggregate_types`](crate::Application::aggregate_types). With the type, [`Repository::ids`](super::Repository::ids) is the same.
    pub fn aggregates_of<T: Into<String>>(&self, topics: impl IntoIterator<Item = T>) -> AggregateIds {
        AggregateIds::new(Arc::clone(&self.recorder), topics)
    }

    /// The id of the last notification; none if the log is empty.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn max_id(&self) -> Result<Option<u64>> {
        Ok(self.recorder.max_notification_id().await?)
    }

    /// The times at which events were recorded, by their notification ids, as far as they are known.
    ///
    /// They are stored beside the states: they can be read without a key, and never decrease from one id to the next. Unknown are the times of
    /// events that were recorded by a version of the library without times, and of ids without an event.
    ///
    /// # Errors
    /// [`Error::LimitTooLarge`] if there are more than [`MAX_LIMIT`](Self::MAX_LIMIT) ids, [`Error::Recorder`] if the database fails.
    pub async fn recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>> {
        if ids.len() > Self::MAX_LIMIT {
            return Err(Error::LimitTooLarge { limit: ids.len(), max: Self::MAX_LIMIT });
        }
        let mut times = self.recorder.select_recorded_times(ids).await?;
        times.sort_unstable_by_key(|one| one.notification_id);
        times.dedup();
        Ok(times)
    }

    /// The id of the last notification that was recorded before a time; 0 if there is none.
    ///
    /// A subscription or a selection that starts after it begins at that time. A few lookups by id find it, however long the log is. Events
    /// without a known time count as recorded before those after them.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Started {}
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # fn started() -> DomainEvent<Started> { DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Started {}) }
    /// use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// let universe = Application::builder("Universe").open()?;
    /// let midnight = "2026-01-01T00:00:00Z".parse()?;
    /// universe.save(started()).await?;
    ///
    /// let log = universe.log();
    /// assert_eq!(log.last_id_before(midnight).await?, 0);
    /// assert!(log.recorded_times(&[1]).await?[0].time > midnight);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn last_id_before(&self, time: Timestamp) -> Result<u64> {
        Ok(self.recorder.last_id_before(time).await?)
    }

    /// The position of the last notification; the start of the log if it is empty.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn last_position(&self) -> Result<LogPosition> {
        Ok(self.recorder.last_position().await?)
    }
}

/// A selection of notifications, before it is awaited.
#[derive(Clone, Debug)]
#[must_use = "a selection does nothing until it is awaited"]
pub struct Select {
    recorder: Arc<dyn Recorder>,
    start: u64,
    query: NotificationQuery,
}

impl Select {
    /// Selects ids up to and including this one.
    pub fn stop(mut self, id: u64) -> Self {
        self.query = self.query.up_to(id);
        self
    }

    /// Selects only these topics, or all topics if none are given.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.query = self.query.topics(topics);
        self
    }

    /// Excludes the start id from the selection.
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

fn parse_section_id(id: &str) -> Result<(u64, u64)> {
    let error = || Error::SectionId { id: id.to_owned() };
    let (first, last) = id.split_once(',').ok_or_else(error)?;
    // digits only: `u64::from_str` would accept `+1` too
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| u64::from_str(text).ok()).flatten();
    let first = match first.strip_prefix('-') {
        // a first id below 1 counts as 1, and is checked here for digits only
        Some(below) => number(below).map(|_| 0),
        None => number(first),
    };
    first.zip(number(last)).ok_or_else(error)
}
