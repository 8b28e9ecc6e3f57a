//! Following a log: what is recorded already, page by page, and then whatever comes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt, iter, unfold};

use super::page::Decode;
use super::pages::{Claim, Pages};
use crate::Result;
use crate::application::{Application, NotificationLog, Shared, Topics};
use crate::domain::{AggregateEvent, DomainEvent};
use crate::persistence::{LogPosition, Mapper, Notification, NotificationQuery, NotificationRef, Tracking};

impl Application {
    /// Follows the log after a position: what is there already, and then what comes, without an end.
    ///
    /// The position is that of the last event that was processed, such as [`tracked_position`](Self::tracked_position) gives it;
    /// 0 is the start of the log. One that has an anchor is checked: a log that went back, in a failover or a restore, is
    /// [`LogChanged`](crate::Error::LogChanged), however far it has grown again. A number has none, and is taken as it is.
    ///
    /// Finish with [`events`](Subscribe::events) or [`notifications`](Subscribe::notifications).
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::Application;
    /// use futures::TryStreamExt;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Uuid, Timestamp};
    /// # use eventsourcing_core::persistence::{StateError, StateReader, StateWriter};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # struct Started { name: String }
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # type WorldEvent = Started;
    /// # futures::executor::block_on(async {
    /// # let universe = Application::builder("Universe").open()?;
    /// # let event = Started { name: "Earth".to_owned() };
    /// # let (originator_id, timestamp) = (Uuid::new_v4(), Timestamp::UNIX_EPOCH);
    /// # universe.save(DomainEvent { originator_id, originator_version: 1, timestamp, event }).await?;
    /// let mut worlds = universe.subscribe(0).events::<WorldEvent>();
    /// while let Some(followed) = worlds.try_next().await? {
    ///     println!("{:?} at {}", followed.item.event, followed.tracking.position);
    ///     # break;
    /// }
    /// # Ok::<(), eventsourcing_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn subscribe(&self, after: impl Into<LogPosition>) -> Subscribe {
        Subscribe {
            shared: Arc::clone(&self.shared),
            after: after.into(),
            topics: Vec::new(),
            page_size: Subscribe::DEFAULT_PAGE_SIZE,
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
        }
    }
}

/// What to follow, and how.
#[derive(Clone)]
#[must_use = "nothing is followed before `events` or `notifications`, nor before the stream is polled"]
pub struct Subscribe {
    shared: Arc<Shared>,
    after: LogPosition,
    topics: Vec<String>,
    page_size: usize,
    poll_interval: Duration,
}

impl Subscribe {
    /// How many notifications are read at a time unless said otherwise.
    pub const DEFAULT_PAGE_SIZE: usize = 500;

    /// After how long the log is looked at although nobody told of anything new, unless said otherwise.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);

    /// What is shorter a clock might not wait for at all.
    pub(super) const SHORTEST_POLL_INTERVAL: Duration = Duration::from_millis(2);

    /// Only these topics; all, or all of the events' type, if there are none.
    ///
    /// What is left out is passed without being read, and is between [`Tracking::after`] and [`Tracking::position`] of the next.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Reads at most this many notifications at a time: 1 to [`NotificationLog::MAX_LIMIT`]. It keeps a page in memory, and the next
    /// one while it catches up.
    pub fn page_size(mut self, notifications: usize) -> Self {
        self.page_size = notifications.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// Looks at the log after this time at the latest, also if nobody told of anything new; 2 ms is the shortest.
    ///
    /// Saves of this process, and in PostgreSQL those of others, are told of at once. In SQLite those of others are found by looking.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Self::SHORTEST_POLL_INTERVAL);
        self
    }

    /// The notifications as they are recorded, undecoded.
    pub fn notifications(self) -> Subscription<Notification> {
        Subscription::new(self, |_| Ok(()), |_, notification| Ok(notification.to_owned()))
    }

    /// The events of one kind of aggregate; those of others are passed.
    ///
    /// One that cannot be decoded is an error, again and again: it is never left out.
    pub fn events<E: AggregateEvent>(mut self) -> Subscription<DomainEvent<E>> {
        if self.topics.is_empty() {
            self = self.topics(E::TOPICS.iter().copied());
        }
        let decode = |mapper: &Mapper, notification: NotificationRef<'_>| {
            mapper.read_event(&notification.place(), notification.state, notification.checksum)
        };
        Subscription::new(self, Topics::claim::<E>, decode)
    }
}

impl fmt::Debug for Subscribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shared, after, topics, page_size, poll_interval } = self;
        f.debug_struct("Subscribe")
            .field("application", &shared.name)
            .field("after", after)
            .field("topics", topics)
            .field("page_size", page_size)
            .field("poll_interval", poll_interval)
            .finish()
    }
}

/// Something that was recorded, and how far the log is processed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed<T> {
    /// The [`DomainEvent`] or [`Notification`].
    pub item: T,
    /// From where the last item left to this one, both for [`Application::save_tracked`].
    ///
    /// An item of which nothing comes is recorded as well, as `()`, so that the next one's tracking goes on from it.
    pub tracking: Tracking,
}

/// A stream of all that is recorded after a position, in order, without an end: what is there already, page by page, and then what
/// comes.
///
/// While it waits for more it holds no connection and no transaction. While it catches up, the next page is read by a task of the
/// runtime, if that has threads of its own, during the time that the caller handles the one before. A future of its next item can be
/// dropped and asked for again; nothing is missed. After an error the next item is tried again from the same place: whoever
/// stops at the first error has not passed anything that was not seen. It ends by being dropped.
///
/// Errors are [`PositionAheadOfLog`](crate::Error::PositionAheadOfLog) if the log does not reach to where it is to begin,
/// [`LogChanged`](crate::Error::LogChanged) if it went back, also while it is followed, [`Mapper`](crate::Error::Mapper) for an event
/// that cannot be decoded, [`TopicTaken`](crate::Error::TopicTaken) if another type records under the events' topics, and [`Recorder`](crate::Error::Recorder) as
/// the database fails.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Subscription<T> {
    stream: BoxStream<'static, Result<Followed<T>>>,
}

impl<T: Send + 'static> Subscription<T> {
    fn new(subscribe: Subscribe, claim: Claim, decode: Decode<T>) -> Self {
        let Subscribe { shared, after, topics, page_size, poll_interval } = subscribe;
        let query = NotificationQuery::after(after, page_size).topics(topics);
        let upstream = shared.name.clone();
        let pages = Pages::new(shared, query, poll_interval, claim, decode);
        let read = async |mut pages: Pages<T>| Some((pages.next().await, pages));
        let items = unfold(pages, read).map_ok(|page| iter(page.items).map(Ok)).try_flatten();
        let mut tracked = after;
        let follow = move |(position, item)| {
            let tracking = Tracking::new(&upstream, tracked.id, position);
            tracked = position;
            Followed { item, tracking }
        };
        Self { stream: items.map_ok(follow).boxed() }
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<Followed<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
