//! Retrying a command after a conflict: get, decide, save.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use uuid::Uuid;

use super::Application;
use super::aggregate_set::AggregateSet;
use super::turns::{Turn, deciding};
use crate::domain::Aggregate;
use crate::{Error, Result};

/// The number of attempts before the last conflict is returned.
pub(crate) const ATTEMPTS: u32 = 30;

/// The longest pause before an attempt. The second attempt follows the first without a pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

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
    /// # Errors
    /// [`Error::Conflict`] after the last attempt, and the errors of [`get`](crate::Repository::get) and
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
    pub async fn retry<A, D>(&self, id: Uuid, mut command: impl FnMut(&mut A) -> D) -> Result<D>
    where
        A: Aggregate,
        D: Decision,
    {
        self.retry_all((id,), |(aggregate,): &mut (A,)| command(aggregate)).await
    }

    /// Like [`retry`](Self::retry), with several aggregates that are saved together.
    ///
    /// The ids are a tuple, and the command gets a tuple of the aggregates; or they are a `Vec` of ids, and it gets a `Vec` of aggregates of one
    /// type. The command may change any of them. Each id should be given once: of an aggregate that is given twice, only one copy can be
    /// saved.
    ///
    /// # Errors
    /// Those of [`retry`](Self::retry); [`Error::SavedTwice`] if the command changed two copies of one aggregate.
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
    pub async fn retry_all<S, D>(&self, ids: S::Ids, mut command: impl FnMut(&mut S) -> D) -> Result<D>
    where
        S: AggregateSet,
        D: Decision,
    {
        let mut attempts = Attempts::new(self, S::list(&ids))?;
        loop {
            attempts.begin().await;
            let mut aggregates = S::load(self, &ids).await?;
            let loaded = aggregates.versions();
            let outcome = deciding(|| self.shared.clock.run(|| command(&mut aggregates)));
            if outcome.is_refused() {
                return Ok(outcome);
            }
            match self.save(aggregates.saveable()).await {
                Ok(_) => return Ok(outcome),
                Err(error) => attempts.after(error, &loaded).await?,
            }
        }
    }

    /// Like [`retry`](Self::retry), and creates the aggregate if none is recorded under the id.
    ///
    /// `create` makes the aggregate under this id, with an event that has `id = …`. If another caller records one first, the command runs on
    /// that one.
    ///
    /// # Errors
    /// [`Error::CreatedWithOtherId`] if `create` makes an aggregate with another id, and the errors of [`retry`](Self::retry) except
    /// [`Error::AggregateNotFound`].
    pub async fn retry_or_create<A, D>(
        &self,
        id: Uuid,
        mut create: impl FnMut() -> A + Send,
        mut command: impl FnMut(&mut A) -> D,
    ) -> Result<D>
    where
        A: Aggregate,
        D: Decision,
    {
        let mut attempts = Attempts::new(self, vec![id])?;
        loop {
            attempts.begin().await;
            let mut aggregate: A = self.repository().get_or_create(id, &mut create).await?;
            // a new aggregate has its creation event pending, which is not recorded
            let recorded = aggregate.version() - aggregate.pending_events().len() as u64;
            let loaded = [(id, recorded)];
            let outcome = deciding(|| self.shared.clock.run(|| command(&mut aggregate)));
            if outcome.is_refused() {
                return Ok(outcome);
            }
            match self.save(&mut aggregate).await {
                Ok(_) => return Ok(outcome),
                Err(error) => attempts.after(error, &loaded).await?,
            }
        }
    }
}

/// The attempts of one command.
struct Attempts<'a> {
    application: &'a Application,
    /// The aggregates, each once and in order: callers that need the same ones queue for them in the same order.
    ids: Vec<Uuid>,
    attempt: u32,
    turns: Vec<Turn>,
}

impl<'a> Attempts<'a> {
    fn new(application: &'a Application, mut ids: Vec<Uuid>) -> Result<Self> {
        application.check_not_in_policy()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Self { application, ids, attempt: 1, turns: Vec::new() })
    }

    /// Queues for the aggregates after a conflict, or if other callers queue for one of them.
    async fn begin(&mut self) {
        let turns = &self.application.shared.turns;
        if self.turns.is_empty() && (self.attempt > 1 || self.ids.iter().any(|id| turns.are_taken(*id))) {
            for id in &self.ids {
                self.turns.extend(turns.take(*id).await);
            }
        }
    }

    /// Returns the error unless it is a conflict that another attempt may resolve; in that case it pauses.
    async fn after(&mut self, error: Error, loaded: &[(Uuid, u64)]) -> Result<()> {
        let conflict = match error {
            Error::Conflict { originator_id, tried, .. } => Some((originator_id, tried)),
            Error::AlreadyExists { originator_id, .. } => Some((originator_id, 1)),
            _ => None,
        };
        // a conflict about a version that was recorded before the command ran repeats on each attempt: the command replaced an
        // aggregate that it was given by another one, or by an old copy
        let may_pass = |(id, tried)| loaded.iter().any(|(known, version)| *known == id && tried > *version);
        if self.attempt >= ATTEMPTS || !conflict.is_some_and(may_pass) {
            return Err(error);
        }
        let (application, attempt) = (self.application.name(), self.attempt);
        tracing::debug!(application, ids = ?self.ids, attempt, %error, "retrying a command after a conflict");
        pause_after(attempt).await;
        self.attempt += 1;
        Ok(())
    }
}

/// Pauses for a random time, so that callers that were in conflict do not retry at the same time.
pub(crate) async fn pause_after(attempt: u32) {
    let longest = LONGEST_PAUSE.min(Duration::from_millis(1).saturating_mul(2_u32.saturating_pow(attempt - 1)));
    let [random, ..] = Uuid::new_v4().into_bytes();
    // without a runtime there is no timer, and no other task that runs meanwhile
    if attempt > 1 && Handle::try_current().is_ok() {
        sleep(longest.mul_f64(f64::from(random) / 255.0)).await;
    }
}
