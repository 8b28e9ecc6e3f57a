//! Subscriptions: recorded notifications page by page, then new ones as they are recorded.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt, iter, unfold};

use super::page::Decode;
use super::pages::{Claim, Pages};
use crate::Result;
use crate::application::{Application, NotificationLog, OpenSubscription, Shared, Topics};
use crate::codec::Mapper;
use crate::domain::{AggregateEvent, CausingEvent, DomainEvent, Metadata};
use crate::recording::{LogPosition, Notification, NotificationQuery, NotificationRef, Tracking};

impl Application {
    /// Subscribes to the log after a position: the recorded events first, then new ones, without end.
    ///
    /// The position is that of the last processed event, such as [`tracked_position`](Self::tracked_position) returns; 0 is the start
    /// of the log. An anchored position is checked: if the log was rolled back by a failover or a restore, the stream returns
    /// [`LogChanged`](crate::Error::LogChanged), even if the log has grown again. A plain number has no anchor, and is not checked.
    ///
    /// Finish with [`events`](Subscribe::events) or [`notifications`](Subscribe::notifications).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// # use eventsourcing::{AggregateEvent, DomainEvent, Uuid, Timestamp};
    /// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
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
    /// # universe.save(DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, event)).await?;
    /// let mut worlds = universe.subscribe(0).events::<WorldEvent>();
    /// while let Some(followed) = worlds.try_next().await? {
    ///     println!("{:?} at {}", followed.item.event, followed.tracking.position);
    ///     # break;
    /// }
    /// # Ok::<(), eventsourcing::Error>(())
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

/// A builder of a [`Subscription`].
#[derive(Clone)]
#[must_use = "a subscription starts with `events` or `notifications`, once the stream is polled"]
pub struct Subscribe {
    shared: Arc<Shared>,
    after: LogPosition,
    topics: Vec<String>,
    page_size: usize,
    poll_interval: Duration,
}

impl Subscribe {
    /// The default number of notifications of a page.
    pub const DEFAULT_PAGE_SIZE: usize = 500;

    /// The default interval at which the log is polled when no wake-up arrives.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);

    /// The shortest poll interval: a timer might not wait for a shorter one.
    pub(crate) const SHORTEST_POLL_INTERVAL: Duration = Duration::from_millis(2);

    /// Selects only these topics. With none, it selects all topics, or those of the event type.
    ///
    /// Other notifications are skipped without being read. They lie between [`Tracking::after`] and [`Tracking::position`] of the next
    /// item.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the number of notifications of a page: 1 to [`NotificationLog::MAX_LIMIT`].
    ///
    /// The subscription keeps one page in memory, and a second one while it catches up.
    pub fn page_size(mut self, notifications: usize) -> Self {
        self.page_size = notifications.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// Sets the interval at which the log is polled when no wake-up arrives: at least 2 ms.
    ///
    /// Saves of this process wake the subscription at once, and in PostgreSQL those of other processes do too. In SQLite, saves of
    /// other processes are found by polling.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Self::SHORTEST_POLL_INTERVAL);
        self
    }

    /// Subscribes to the notifications as recorded, without decoding them.
    pub fn notifications(self) -> Subscription<Notification> {
        Subscription::new(self, |_| Ok(()), |_, notification| Ok(notification.to_owned()))
    }

    /// Subscribes to the domain events of one event type; other events are skipped, and so are retired ones.
    ///
    /// A split event is one item, so that no position lies between its parts, which [`DomainEvent::parts`] returns.
    ///
    /// An event that cannot be decoded is an error each time it is polled: it is never skipped.
    pub fn events<E: AggregateEvent>(mut self) -> Subscription<DomainEvent<E>> {
        if self.topics.is_empty() {
            self = self.topics(E::TOPICS.iter().chain(E::OLD_TOPICS).copied());
        }
        let decode = |mapper: &Mapper, notification: NotificationRef<'_>| {
            mapper.read_event(&notification.location(), notification.state, notification.checksum)
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

/// An item of a subscription, with the tracking of its position.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tracked<T> {
    /// The [`DomainEvent`] or [`Notification`].
    pub item: T,
    /// The positions of the previous item and of this one, for [`Application::save_tracked`].
    ///
    /// For an item without effects save `()`, so that the tracking of the next item continues from it.
    pub tracking: Tracking,
}

impl<T> Tracked<T> {
    /// Creates an item, for instance to test a consumer without a log.
    #[inline]
    pub const fn new(item: T, tracking: Tracking) -> Self {
        Self { item, tracking }
    }
}

impl<E> Tracked<DomainEvent<E>> {
    /// The metadata of what this event causes: the event as its cause, and its correlation id.
    ///
    /// A consumer that saves the effects of an event does so in a [`scope`](Metadata::scope) of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::{DomainEvent, Metadata, Timestamp, Tracked, Tracking, Uuid};
    ///
    /// let placed = DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, "an order")
    ///     .with_metadata(Metadata::new().with_correlation_id("request-1"));
    /// let followed = Tracked::new(placed, Tracking::new("Orders", 6, 7));
    /// assert_eq!(followed.effect_metadata(), Metadata::new().with_cause("Orders", 7).with_correlation_id("request-1"));
    /// ```
    pub fn effect_metadata(&self) -> Metadata {
        let Tracking { upstream, position, .. } = &self.tracking;
        Metadata::of_effects(CausingEvent::new(upstream.as_str(), *position), self.item.metadata().correlation_id())
    }
}

/// An endless stream of what is recorded after a position, in log order.
///
/// It returns the recorded items page by page, and then new items as they are recorded. While it waits, it holds no connection
/// and no transaction. While it catches up, the next page is read ahead in a task, if the runtime has worker threads, while the
/// caller handles the current one. The future of the next item can be dropped and requested again; no item is missed. After an
/// error, the next poll retries from the same position, so a consumer that stops at the first error has skipped nothing. Drop
/// the stream to end it.
///
/// # Errors
/// [`PositionAheadOfLog`](crate::Error::PositionAheadOfLog) if the start position is after the end of the log,
/// [`LogChanged`](crate::Error::LogChanged) if the log was rolled back, also later while it is consumed,
/// [`Mapper`](crate::Error::Mapper) for an event that cannot be decoded, [`TopicTaken`](crate::Error::TopicTaken) if another type
/// records under the events' topics, and [`Recorder`](crate::Error::Recorder) if the database fails.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Application;
/// # use eventsourcing::{StoredEvent, Uuid};
/// # fn opened() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Account.Opened", state, Uuid::new_v4()).checksummed()
/// # }
/// # futures::executor::block_on(async {
/// # let accounts = Application::builder("Accounts").open()?;
/// # accounts.recorder().insert_events(vec![opened(), opened()]).await?;
/// let mut subscription = accounts.subscribe(0).notifications();
/// let first = subscription.try_next().await?.expect("a subscription does not end");
/// assert_eq!((first.tracking.after, first.tracking.position), (0, 1));
///
/// let second = subscription.try_next().await?.expect("a subscription does not end");
/// assert_eq!((second.tracking.after, second.tracking.position), (1, 2));
/// assert_eq!(second.item.topic, "Account.Opened");
/// # Ok::<(), eventsourcing::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a stream does nothing unless it is polled"]
pub struct Subscription<T> {
    stream: BoxStream<'static, Result<Tracked<T>>>,
}

impl<T: Send + 'static> Subscription<T> {
    fn new(subscribe: Subscribe, claim: Claim, decode: Decode<T>) -> Self {
        let Subscribe { shared, after, topics, page_size, poll_interval } = subscribe;
        let query = NotificationQuery::after(after, page_size).topics(topics);
        let upstream = shared.name.clone();
        let open = OpenSubscription::of(Arc::clone(&shared));
        let pages = Pages::new(shared, query, poll_interval, claim, decode);
        let read = async |mut pages: Pages<T>| Some((pages.next().await, pages));
        let pages = unfold(pages, read).inspect_ok(move |page| open.read(page.items.len()));
        let items = pages.map_ok(|page| iter(page.items).map(Ok)).try_flatten();
        let mut tracked = after;
        let follow = move |(position, item)| {
            let tracking = Tracking::new(&upstream, tracked.id, position);
            tracked = position;
            Tracked { item, tracking }
        };
        Self { stream: items.map_ok(follow).boxed() }
    }
}

impl<T> Subscription<T> {
    /// The next item; waits until there is one.
    ///
    /// The stream does not end, so this never returns `None`. It returns an `Option` like every stream.
    pub async fn next(&mut self) -> Option<Result<Tracked<T>>> {
        self.stream.next().await
    }

    /// The next item; waits until there is one.
    ///
    /// # Errors
    /// The errors of [`Subscription`]. The next call retries the same item.
    pub async fn try_next(&mut self) -> Result<Option<Tracked<T>>> {
        self.stream.try_next().await
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<Tracked<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
