//! The readiness of an application: whether its database answers, and whether its consumers are up to date.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Application;
use super::consumers::{Consumer, Looked};
use super::handle::Shared;
use crate::recording::NotificationQuery;
use crate::stats::{ConsumerState, ConsumerStats};
use crate::{Error, Result};

impl Application {
    /// Asks the database whether it answers, and how far the consumers of this process are behind.
    ///
    /// The question is of any HTTP framework and of any probe: it takes at most [two seconds](ReadinessCheck::within), and never fails. A lag is
    /// counted only above a limit that is set. A consumer that gave up counts, until it is dropped or started again. Rebuilds do not
    /// count.
    ///
    /// It makes one or two small queries, and one more for each consumer that is behind or has dead letters to be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use std::time::Duration;
    ///
    /// use eventsourcing::Application;
    /// use eventsourcing::application::ReadinessState;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), eventsourcing::Error> {
    /// let orders = Application::builder("Orders").open()?;
    /// let readiness = orders.readiness().within(Duration::from_secs(1)).max_lag_time(Duration::from_secs(30)).await;
    /// assert_eq!(readiness.state, ReadinessState::Ready);
    ///
    /// orders.close().await;
    /// assert_eq!(orders.readiness().await.state, ReadinessState::Unreachable);
    /// # Ok(()) }
    /// ```
    pub fn readiness(&self) -> ReadinessCheck<'_> {
        ReadinessCheck {
            application: self,
            within: ReadinessCheck::DEFAULT_TIME_LIMIT,
            max_lag_events: None,
            max_lag_time: None,
        }
    }
}

/// A question for the readiness of an application: see [`Application::readiness`]. It is asked when it is awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is awaited"]
pub struct ReadinessCheck<'a> {
    application: &'a Application,
    within: Duration,
    max_lag_events: Option<u64>,
    max_lag_time: Option<Duration>,
}

impl<'a> ReadinessCheck<'a> {
    /// How long the question may take unless [`within`](Self::within) says otherwise.
    pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(2);

    /// Sets how long it may take. A database that does not answer in this time counts as unreachable.
    ///
    /// Outside of a Tokio runtime there is no time limit.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Counts the application as lagging if a consumer has more notifications than this to process.
    pub fn max_lag_events(mut self, events: u64) -> Self {
        self.max_lag_events = Some(events);
        self
    }

    /// Counts the application as lagging if the first event that a consumer has not processed is older than this.
    pub fn max_lag_time(mut self, time: Duration) -> Self {
        self.max_lag_time = Some(time);
        self
    }

    async fn check(self) -> Readiness {
        let (shared, begun) = (&self.application.shared, Instant::now());
        let consumers: Vec<Arc<Consumer>> = shared.counters.consumers.all();
        let database = match limited(self.within, shared.look(&consumers)).await {
            Some(Ok(())) => Reachability::Reachable,
            Some(Err(error)) => Reachability::Failed(error),
            None => Reachability::NoAnswer { within: self.within },
        };
        // letters are in the databases of views: those say nothing about this one
        for consumer in &consumers {
            let left = self.within.saturating_sub(begun.elapsed());
            if let Some(dead_letters @ Some(_)) = limited(left, consumer.count_letters()).await {
                consumer.note(Looked { behind_for: None, dead_letters });
            }
        }
        let last_id = shared.counters.last();
        let consumers: Vec<ConsumerStats> = consumers.iter().map(|consumer| consumer.stats(last_id)).collect();
        let state = self.state(&database, &consumers);
        Readiness { application: shared.name.clone(), state, database, last_id, consumers }
    }

    fn state(&self, database: &Reachability, consumers: &[ConsumerStats]) -> ReadinessState {
        let live = || consumers.iter().filter(|consumer| !consumer.is_rebuild);
        let is_late = |consumer: &ConsumerStats| {
            self.max_lag_events.is_some_and(|most| consumer.lag() > most)
                || self.max_lag_time.is_some_and(|longest| consumer.behind_for.is_some_and(|behind| behind > longest))
        };
        if !matches!(database, Reachability::Reachable) {
            ReadinessState::Unreachable
        } else if live().any(|consumer| matches!(consumer.state, ConsumerState::Failed | ConsumerState::Stopped)) {
            ReadinessState::ConsumerFailed
        } else if live().any(is_late) {
            ReadinessState::Lagging
        } else {
            ReadinessState::Ready
        }
    }
}

impl<'a> IntoFuture for ReadinessCheck<'a> {
    type Output = Readiness;
    type IntoFuture = BoxFuture<'a, Readiness>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.check())
    }
}

impl Shared {
    /// Looks up the end of the log, and the first event that each consumer has not processed.
    async fn look(&self, consumers: &[Arc<Consumer>]) -> Result<()> {
        let last = self.last_id().await?;
        self.counters.seen(last);
        for consumer in consumers.iter().filter(|consumer| consumer.position() < last) {
            let query = NotificationQuery::after(consumer.position(), 1);
            let next = self.recorder.select_notifications(query).await?;
            let Some(next) = next.first().map(|next| next.as_ref()) else { continue };
            let Ok(time) = self.mapper.read_timestamp(&next.location(), next.state, next.checksum) else { continue };
            // with a clock that was set back, or that of another machine, an event may seem to be in the future
            let behind_for = Timestamp::now().duration_since(time).try_into().unwrap_or_default();
            consumer.note(Looked { behind_for: Some(behind_for), dead_letters: None });
        }
        Ok(())
    }
}

/// Waits for a question at most for this time.
async fn limited<T>(longest: Duration, question: impl Future<Output = T>) -> Option<T> {
    // without a runtime there is no timer, and no database that takes its time
    if Handle::try_current().is_err() {
        return Some(question.await);
    }
    timeout(longest, question).await.ok()
}

/// The readiness of an application, when it was asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Readiness {
    /// The name of the application.
    pub application: String,
    /// The state, in one word.
    pub state: ReadinessState,
    /// Whether the database answered.
    pub database: Reachability,
    /// The last notification id of the log, as far as this process knows.
    pub last_id: u64,
    /// The consumers of the log in this process.
    pub consumers: Vec<ConsumerStats>,
}

impl Readiness {
    /// Whether the application can serve requests, as a readiness probe asks.
    pub fn is_ready(&self) -> bool {
        self.state == ReadinessState::Ready
    }
}

/// Whether a database answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reachability {
    /// It answered.
    Reachable,
    /// It returned this error.
    Failed(Error),
    /// It did not answer in time.
    NoAnswer {
        /// How long the question waited.
        within: Duration,
    },
}

/// The readiness of an application in one word. Its text is that word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadinessState {
    /// The database answers, and the consumers are within the limits: `ready`.
    Ready,
    /// A consumer lags more than a limit allows: `lagging`.
    Lagging,
    /// A consumer gave up, or its task ended: `failed`.
    ConsumerFailed,
    /// The database returned an error, or did not answer in time: `unreachable`.
    Unreachable,
}

impl fmt::Display for ReadinessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Lagging => "lagging",
            Self::ConsumerFailed => "failed",
            Self::Unreachable => "unreachable",
        })
    }
}
