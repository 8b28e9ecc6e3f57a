//! Following a log: what is recorded already, page by page, and then whatever comes.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, unfold};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::core::Shared;
use super::topics::Topics;
use super::{Application, NotificationLog};
use crate::domain::{AggregateEvent, DomainEvent};
use crate::persistence::{Mapper, MapperError, Notification, NotificationQuery, NotificationRef, Tracking};
use crate::{Error, Result};

/// The bytes of states after which a page ends, however few notifications it has: what a slow follower keeps in memory.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

impl Application {
    /// Follows the log after a position: what is there already, and then what comes, without an end.
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
    pub fn subscribe(&self, after: u64) -> Subscribe {
        Subscribe {
            shared: Arc::clone(&self.shared),
            after,
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
    after: u64,
    topics: Vec<String>,
    page_size: usize,
    poll_interval: Duration,
}

impl Subscribe {
    /// How many notifications are read at a time unless said otherwise.
    pub const DEFAULT_PAGE_SIZE: usize = 500;

    /// After how long the log is looked at although nobody told of anything new, unless said otherwise.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);

    /// Only these topics; all, or all of the events' type, if there are none.
    ///
    /// What is left out is passed without being read, and is between [`Tracking::after`] and [`Tracking::position`] of the next.
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Reads, and keeps in memory, at most this many notifications at a time: 1 to [`NotificationLog::MAX_LIMIT`].
    pub fn page_size(mut self, notifications: usize) -> Self {
        self.page_size = notifications.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// Looks at the log after this time at the latest, also if nobody told of anything new.
    ///
    /// Saves of this process, and in PostgreSQL those of others, are told of at once. In SQLite those of others are found by looking.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
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
/// Between two pages, and while it waits for more, it holds no connection and no transaction. A future of its next item can be
/// dropped and asked for again; nothing is missed. After an error the next item is tried again from the same place: whoever
/// stops at the first error has not passed anything that was not seen. It ends by being dropped.
///
/// Errors are [`Error::PositionAheadOfLog`] if the log does not reach to where it is to begin, [`Error::Mapper`] for an event
/// that cannot be decoded, [`Error::TopicTaken`] if another type records under the events' topics, and [`Error::Recorder`] as
/// the database fails.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Subscription<T> {
    stream: BoxStream<'static, Result<Followed<T>>>,
}

impl<T: Send + 'static> Subscription<T> {
    fn new(subscribe: Subscribe, claim: Claim, decode: Decode<T>) -> Self {
        let Subscribe { shared, after, topics, page_size, poll_interval } = subscribe;
        let follow = Follow {
            shared,
            query: NotificationQuery::after(after, page_size).topics(topics),
            tracked: after,
            page: VecDeque::new(),
            claim,
            decode,
            has_begun: false,
            was_told_in_vain: false,
            poll_interval,
        };
        let next = async |mut follow: Follow<T>| Some((follow.next().await, follow));
        Self { stream: unfold(follow, next).boxed() }
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

type Claim = fn(&Topics) -> Result<()>;
type Decode<T> = fn(&Mapper, NotificationRef<'_>) -> Result<T, MapperError>;

/// Where a subscription is.
struct Follow<T> {
    shared: Arc<Shared>,
    /// The next page; all up to its `after` was read, or passed because it has other topics.
    query: NotificationQuery,
    /// The id of the last item that was handed out.
    tracked: u64,
    /// What was read and not handed out.
    page: VecDeque<(u64, T)>,
    claim: Claim,
    decode: Decode<T>,
    has_begun: bool,
    /// Whether there was nothing new when it was last told that there is, so that being told is not to be relied on.
    was_told_in_vain: bool,
    poll_interval: Duration,
}

impl<T: Send> Follow<T> {
    async fn next(&mut self) -> Result<Followed<T>> {
        if !self.has_begun {
            self.begin().await?;
            self.has_begun = true;
        }
        loop {
            if let Some((id, item)) = self.page.pop_front() {
                let tracking = Tracking::new(self.shared.name.as_str(), self.tracked, id);
                self.tracked = id;
                return Ok(Followed { item, tracking });
            }
            let before = self.query.after;
            self.read().await?;
            if self.query.after == before {
                self.wait().await;
            } else {
                self.was_told_in_vain = false;
            }
        }
    }

    async fn begin(&mut self) -> Result<()> {
        (self.claim)(&self.shared.topics)?;
        let last = last(&self.shared).await?;
        let position = self.query.after;
        if position > last {
            return Err(Error::PositionAheadOfLog { application: self.shared.name.clone(), position, last });
        }
        Ok(())
    }

    /// Reads a page, if there is more, and decodes it where it stands.
    async fn read(&mut self) -> Result<()> {
        // what has other topics can be passed only as far as the log reached before it was looked through
        let last = if self.query.topics.is_empty() { None } else { Some(last(&self.shared).await?) };
        if last.is_some_and(|last| last <= self.query.after) {
            return Ok(());
        }
        let mut loaded = None;
        loop {
            match self.read_page(last).await {
                // it was made after this application opened: once it is loaded, the same event can be read
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn read_page(&mut self, last: Option<u64>) -> Result<()> {
        let Self { shared, query, page, decode, .. } = self;
        let mut bytes = 0;
        let mut outcome = Ok(());
        let mut is_full = false;
        let mut visit = |notification: NotificationRef<'_>| match decode(&shared.mapper, notification) {
            Ok(item) => {
                bytes += notification.state.len();
                page.push_back((notification.id, item));
                is_full = bytes >= PAGE_BYTES || page.len() >= query.limit;
                if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Err(error) => {
                outcome = Err(error);
                ControlFlow::Break(())
            }
        };
        shared.recorder.read_notifications(query.clone().up_to(last), &mut visit).await?;
        match (page.back(), outcome) {
            // what came before it is handed out first, and then it is read again
            (Some((id, _)), Err(_)) => query.after = *id,
            (None, Err(error)) => return Err(error.into()),
            (Some((id, _)), Ok(())) if is_full || last.is_none() => query.after = *id,
            (_, Ok(())) => query.after = last.unwrap_or(query.after),
        }
        Ok(())
    }

    /// Waits until there may be more.
    async fn wait(&mut self) {
        let told = self.shared.recorder.recorded_after(self.query.after);
        // without a runtime there are no clocks, and no database that others write to
        if Handle::try_current().is_err() {
            return told.await;
        }
        let longest = jittered(self.poll_interval);
        if self.was_told_in_vain {
            sleep(longest).await;
            self.was_told_in_vain = false;
        } else {
            self.was_told_in_vain = timeout(longest, told).await.is_ok();
        }
    }
}

/// The last notification id; 0 if there is none.
async fn last(shared: &Shared) -> Result<u64> {
    Ok(shared.recorder.max_notification_id().await?.unwrap_or_default())
}

/// A little less than the interval, each time differently: followers that began together do not ask together for ever.
fn jittered(interval: Duration) -> Duration {
    let [random, ..] = Uuid::new_v4().into_bytes();
    interval.mul_f64(1.0 - f64::from(random) / 1024.0)
}
