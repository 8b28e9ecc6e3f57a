//! Retrying a command after a conflict: get, decide, save.

mod attempts;
mod command;
mod future;

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::Application;
use super::aggregate_set::AggregateSet;
use crate::domain::Aggregate;

use attempts::Attempts;
pub(crate) use attempts::{ATTEMPTS, pause_after};
pub use command::RetryCommand;
pub use future::Retry;
use future::{Load, Loading};

/// The outcome of a command: nothing, or a `Result` whose error refuses the command.
///
/// Other crates cannot implement it.
#[diagnostic::on_unimplemented(
    message = "a command that is retried returns nothing or a `Result`, and not `{Self}`",
    label = "not the outcome of a command",
    note = "wrap another value in `Ok(…)`; a command is not async: await what it needs before `retry`"
)]
pub trait Decision: sealed::Sealed {
    /// Returns whether the command refused, so that nothing is to be recorded.
    fn is_refused(&self) -> bool;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
}

impl Decision for () {
    fn is_refused(&self) -> bool {
        false
    }
}

impl<T, E> Decision for Result<T, E> {
    fn is_refused(&self) -> bool {
        self.is_err()
    }
}

impl Application {
    /// Gets an aggregate, runs a command on it and saves it, and retries after a conflict.
    ///
    /// The command may run several times, each time on the current state of the aggregate, and the events of one run are recorded. It
    /// should have no effects other than triggering events. It returns nothing or a `Result`. Its own error ends the retries, and
    /// nothing is recorded. `retry` returns what the command returned: a `Result` in the `Result` of the application, so that the two
    /// kinds of error stay apart. `??` passes both to the caller.
    ///
    /// After a conflict, calls for the same aggregate on this application (or a clone of it) are serialized in a queue, so any number
    /// of tasks that change one aggregate all succeed. A call inside a command does not queue. Conflicts remain possible with other
    /// processes and with callers that save without `retry`. Between attempts there are pauses of random length, up to 64 ms, which
    /// get longer with the number of attempts. The conflict is returned after the thirtieth attempt. It is returned at once if
    /// another attempt cannot resolve it: if the command replaced the aggregate that it was given by an old copy.
    ///
    /// An [event-sourced log](crate::EventSourcedLog) is opened as by [`log`](crate::Repository::log): without its history, and empty if
    /// nothing is recorded under the id.
    ///
    /// [`Retry::command`] gives the command an id, so that it is executed once, whoever sends it again.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) after the last attempt, and the errors of [`get`](crate::Repository::get) and
    /// [`save`](Self::save), which are not retried: after [`OutcomeUnknown`](crate::RecorderError::OutcomeUnknown) a second run of
    /// the command could be recorded on top of the first.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Aggregate, AggregateError, AggregateEvent, Application, ApplyError, Root, Uuid};
    /// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug)]
    /// # struct Seats { left: u64, root: Root<Seats> }
    /// # #[derive(Clone, Debug, Serialize, Deserialize)]
    /// # struct Opened { seats: u64 }
    /// # #[derive(Clone, Debug, Serialize, Deserialize)]
    /// # struct Taken {}
    /// # #[derive(Clone, Debug)]
    /// # enum SeatsEvent { Opened(Opened), Taken(Taken) }
    /// # impl AggregateEvent for SeatsEvent {
    /// #     const TOPICS: &'static [&'static str] = &["Seats.Opened", "Seats.Taken"];
    /// #     fn topic(&self) -> &'static str { match self { Self::Opened(_) => "Seats.Opened", Self::Taken(_) => "Seats.Taken" } }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
    /// #         match self { Self::Opened(event) => state.write(event), Self::Taken(event) => state.write(event) }
    /// #     }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         match topic {
    /// #             "Seats.Opened" => state.read().map(Self::Opened),
    /// #             "Seats.Taken" => state.read().map(Self::Taken),
    /// #             _ => Err(StateError::UnknownTopic),
    /// #         }
    /// #     }
    /// # }
    /// # impl Aggregate for Seats {
    /// #     type Event = SeatsEvent;
    /// #     const NAME: &'static str = "Seats";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(event: SeatsEvent) -> Result<Self, ApplyError> {
    /// #         match event {
    /// #             SeatsEvent::Opened(Opened { seats }) => Ok(Seats { left: seats, root: Root::default() }),
    /// #             SeatsEvent::Taken(_) => Err(ApplyError::NotACreation),
    /// #         }
    /// #     }
    /// #     fn apply(&mut self, event: SeatsEvent) -> Result<(), ApplyError> {
    /// #         match event {
    /// #             SeatsEvent::Taken(_) => { self.left -= 1; Ok(()) }
    /// #             SeatsEvent::Opened(_) => Err(ApplyError::IsACreation),
    /// #         }
    /// #     }
    /// # }
    /// # impl Seats {
    /// #     fn take(&mut self) -> Result<(), AggregateError> { self.trigger(SeatsEvent::Taken(Taken {})) }
    /// # }
    /// #[derive(Debug, thiserror::Error)]
    /// enum BookingError {
    ///     #[error("no seat is left")]
    ///     SoldOut,
    ///     #[error(transparent)]
    ///     Aggregate(#[from] AggregateError),
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// # let theatre = Application::builder("Theatre").open().unwrap();
    /// # let mut seats = Seats::create_from(Uuid::new_v4(), SeatsEvent::Opened(Opened { seats: 1 })).unwrap();
    /// # theatre.save(&mut seats).await.unwrap();
    /// # let id = seats.id();
    /// let book = |seats: &mut Seats| match seats.left {
    ///     0 => Err(BookingError::SoldOut),
    ///     _ => Ok(seats.take()?),
    /// };
    /// theatre.retry(id, book).await??;
    /// assert!(matches!(theatre.retry(id, book).await?, Err(BookingError::SoldOut)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn retry<'a, A, D, F>(&'a self, id: Uuid, command: F) -> Retry<'a, (A,), D, F>
    where
        A: Aggregate,
        D: Decision,
        F: FnMut(&mut A) -> D,
    {
        let run = |command: &mut F, (aggregate,): &mut (A,)| command(aggregate);
        Retry::new(self, vec![id], load_all((id,)), command, run, D::is_refused)
    }

    /// Like [`retry`](Self::retry), with several aggregates that are saved together.
    ///
    /// The ids are a tuple, and the command gets a tuple of the aggregates; or they are a `Vec` of ids, and it gets a `Vec` of aggregates of one
    /// type. The command may change any of them. Each id should be given once: of an aggregate that is given twice, only one copy can be
    /// saved.
    ///
    /// # Errors
    /// Those of [`retry`](Self::retry); [`Error::SavedTwice`](crate::Error::SavedTwice) if the command changed two copies of one aggregate.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Aggregate, AggregateEvent, ApplyError, Root};
    /// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Opened { seats: u64 }
    /// # impl AggregateEvent for Opened {
    /// #     const TOPICS: &'static [&'static str] = &["Seats.Opened"];
    /// #     fn topic(&self) -> &'static str { "Seats.Opened" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "Seats.Opened" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # #[derive(Debug)]
    /// # struct Seats { left: u64, root: Root<Seats> }
    /// # impl Aggregate for Seats {
    /// #     type Event = Opened;
    /// #     const NAME: &'static str = "Seats";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(event: Opened) -> Result<Self, ApplyError> { Ok(Seats { left: event.seats, root: Root::default() }) }
    /// #     fn apply(&mut self, _: Opened) -> Result<(), ApplyError> { Err(ApplyError::IsACreation) }
    /// # }
    /// use eventsourcing::{Application, Error, Uuid};
    /// # futures::executor::block_on(async {
    /// let theatre = Application::builder("Theatre").open()?;
    /// let mut stalls = Seats::create_from(Uuid::new_v4(), Opened { seats: 120 })?;
    /// let mut circle = Seats::create_from(Uuid::new_v4(), Opened { seats: 80 })?;
    /// theatre.save((&mut stalls, &mut circle)).await?;
    ///
    /// let ids = (stalls.id(), circle.id());
    /// let left = |(stalls, circle): &mut (Seats, Seats)| Ok::<_, Error>(stalls.left + circle.left);
    /// assert_eq!(theatre.retry_all(ids, left).await??, 200);
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn retry_all<'a, S, D, F>(&'a self, ids: S::Ids, command: F) -> Retry<'a, S, D, F>
    where
        S: AggregateSet,
        D: Decision,
        F: FnMut(&mut S) -> D,
    {
        let run = |command: &mut F, aggregates: &mut S| command(aggregates);
        Retry::new(self, S::list(&ids), load_all(ids), command, run, D::is_refused)
    }

    /// Like [`retry`](Self::retry), and creates the aggregate if none is recorded under the id.
    ///
    /// `create` makes the aggregate under this id, with an event that has `id = …`. If another caller records one first, the command runs on
    /// that one.
    ///
    /// # Errors
    /// [`Error::CreatedWithOtherId`](crate::Error::CreatedWithOtherId) if `create` makes an aggregate with another id, and the errors of [`retry`](Self::retry) except
    /// [`Error::AggregateNotFound`](crate::Error::AggregateNotFound).
    pub fn retry_or_create<'a, A, D, C, F>(&'a self, id: Uuid, create: C, command: F) -> Retry<'a, (A,), D, F>
    where
        A: Aggregate,
        D: Decision,
        C: FnMut() -> A + Send + 'a,
        F: FnMut(&mut A) -> D,
    {
        let run = |command: &mut F, (aggregate,): &mut (A,)| command(aggregate);
        Retry::new(self, vec![id], load_or_create(id, create), command, run, D::is_refused)
    }
}

/// Loads the aggregates of each attempt.
fn load_all<'a, S: AggregateSet>(ids: S::Ids) -> Load<'a, S> {
    let ids = Arc::new(ids);
    Box::new(move |mut attempts: Attempts<'a>| -> Loading<'a, S> {
        let ids = Arc::clone(&ids);
        Box::pin(async move {
            attempts.begin().await?;
            let aggregates = S::load(attempts.application, &ids).await?;
            Ok((attempts, aggregates))
        })
    })
}

/// Loads the aggregate of each attempt, or creates it if none is recorded.
fn load_or_create<'a, A: Aggregate>(id: Uuid, create: impl FnMut() -> A + Send + 'a) -> Load<'a, (A,)> {
    let create = Arc::new(Mutex::new(create));
    Box::new(move |mut attempts: Attempts<'a>| -> Loading<'a, (A,)> {
        let create = Arc::clone(&create);
        Box::pin(async move {
            attempts.begin().await?;
            let create = || (create.lock().unwrap_or_else(PoisonError::into_inner))();
            let aggregate = attempts.application.repository().get_or_create(id, create).await?;
            Ok((attempts, (aggregate,)))
        })
    })
}
