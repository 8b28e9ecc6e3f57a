//! A retried command with an id: it is not executed if it was recorded before.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::future::Retry;
use crate::application::command::Command;
use crate::application::executed::Executed;
use crate::{Error, Result};

/// A retried command with an id: the future of [`Retry::command`].
#[must_use = "a command runs once its future is awaited"]
pub struct RetryCommand<'a, S, D, F> {
    retry: Retry<'a, S, D, F>,
}

impl<'a, S, D, F> Retry<'a, S, D, F> {
    /// Executes the command once: its id is recorded together with its events.
    ///
    /// The id is looked up before the command runs. If it is recorded, the command does not run, and the outcome is
    /// [`Executed::Before`] with the events of the first time. So it is if somebody else records it while the command runs, also if the command
    /// refuses because of what they recorded.
    ///
    /// The events are not compared, because they depend on the state that the command finds. [`Command::content`] is, if it was given both
    /// times. A command that refuses records nothing, and is executed again if it comes again. One that succeeds without an event is recorded without events.
    ///
    /// # Errors
    /// Those of the retried command, and of [`Save::command`](crate::application::Save::command).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Counted {}
    /// # impl AggregateEvent for Counted {
    /// #     const TOPICS: &'static [&'static str] = &["Counter.Counted"];
    /// #     fn topic(&self) -> &'static str { "Counter.Counted" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "Counter.Counted" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # #[derive(Debug)]
    /// # struct Counter { total: u64, root: Root<Counter> }
    /// # impl Aggregate for Counter {
    /// #     type Event = Counted;
    /// #     const NAME: &'static str = "Counter";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(_: Counted) -> Result<Self, ApplyError> { Ok(Counter { total: 1, root: Root::default() }) }
    /// #     fn apply(&mut self, _: Counted) -> Result<(), ApplyError> { self.total += 1; Ok(()) }
    /// # }
    /// use eventsourcing::{Application, Error, Executed, Uuid};
    /// # futures::executor::block_on(async {
    /// let counters = Application::builder("Counters").open()?;
    /// # let mut counter = Counter::create_from(Uuid::new_v4(), Counted {})?;
    /// # counters.save(&mut counter).await?;
    /// # let id = counter.id();
    /// let count = |counter: &mut Counter| counter.trigger(Counted {});
    ///
    /// let first = counters.retry(id, count).command("request-1").await?;
    /// assert!(matches!(first, Executed::Now(Ok(()))));
    /// let again = counters.retry(id, count).command("request-1").await?;
    /// assert!(matches!(again, Executed::Before(events) if events.len() == 1));
    /// assert_eq!(counters.repository().get::<Counter>(id).await?.total, 2);
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn command(mut self, command: impl Into<Command>) -> RetryCommand<'a, S, D, F> {
        self.give(command.into());
        RetryCommand { retry: self }
    }
}

impl<S, D, F> Future for RetryCommand<'_, S, D, F> {
    type Output = Result<Executed<D>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.get_mut().retry).poll(context).map(|ended| match ended {
            Ok(outcome) => Ok(Executed::Now(outcome)),
            Err(Error::CommandRecorded { notifications, .. }) => Ok(Executed::Before(notifications)),
            Err(error) => Err(error),
        })
    }
}

impl<S, D, F> fmt::Debug for RetryCommand<'_, S, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryCommand").finish_non_exhaustive()
    }
}
