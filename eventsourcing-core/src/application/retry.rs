//! Deciding again: load, decide, save, and from the beginning if somebody else was quicker.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use uuid::Uuid;

use super::Application;
use super::turns::deciding;
use crate::domain::Aggregate;
use crate::{Error, Result};

/// How often a decision is made before the last conflict is returned.
pub(crate) const ATTEMPTS: u32 = 30;

/// The longest pause before another attempt. The first is made at once.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// What a decision comes to: nothing, or a result whose error can also be this library's.
pub trait Decision {
    /// What is returned once it is recorded.
    type Value;
    /// Why it was not made, or not recorded.
    type Error: From<Error>;

    /// The value, if the decision is to be recorded.
    ///
    /// # Errors
    /// The decision's own, if not.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl Decision for () {
    type Value = ();
    type Error = Error;

    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<T, E: From<Error>> Decision for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

impl Application {
    /// Gets an aggregate, lets it decide, and saves it; and all of that again if somebody else saved it meanwhile.
    ///
    /// The decision may be made several times, each time on the aggregate as it then is, and one of them is recorded: it should do
    /// nothing else than trigger events. It returns nothing or a result. Its own error ends it, and nothing is recorded.
    ///
    /// After a conflict, calls for the same aggregate on this application (or a clone of it) take turns, so that however many tasks
    /// change one aggregate, each of them succeeds. A call inside a decision takes no turn. Conflicts are left with other processes and with those who save without `retry`.
    /// Between attempts there are pauses of random length, the longer the more attempts there were, up to 64 ms. After the
    /// thirtieth the conflict is returned, and at once where another attempt cannot end it: if the decision put an old copy in the place of
    /// the aggregate that it was given.
    ///
    /// # Errors
    /// The decision's own; [`Error::Conflict`] after the last attempt; and what [`get`](crate::Repository::get) and
    /// [`save`](Self::save) return, of which nothing else is tried again: after
    /// [`OutcomeUnknown`](crate::RecorderError::OutcomeUnknown) another decision could come on top of the first.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core::{Aggregate, AggregateEvent, Application, ApplyError, Error, Root, Uuid};
    /// # use eventsourcing_core::persistence::{StateError, StateReader, StateWriter};
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
    /// #     fn take(&mut self) -> Result<(), Error> { self.trigger(SeatsEvent::Taken(Taken {})) }
    /// # }
    /// #[derive(Debug, thiserror::Error)]
    /// enum BookingError {
    ///     #[error("no seat is left")]
    ///     SoldOut,
    ///     #[error(transparent)]
    ///     Library(#[from] Error),
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
    /// theatre.retry(id, book).await?;
    /// assert!(matches!(theatre.retry(id, book).await, Err(BookingError::SoldOut)));
    /// # Ok::<(), BookingError>(())
    /// # }).unwrap();
    /// ```
    pub async fn retry<A, D>(&self, id: Uuid, mut decide: impl FnMut(&mut A) -> D) -> Result<D::Value, D::Error>
    where
        A: Aggregate,
        D: Decision,
    {
        self.check_not_in_policy()?;
        let mut attempt = 1;
        let mut turn = None;
        loop {
            if turn.is_none() && (attempt > 1 || self.shared.turns.are_taken(id)) {
                turn = self.shared.turns.take(id).await;
            }
            let mut aggregate: A = self.repository().get(id).await?;
            let loaded = aggregate.version();
            let value = deciding(|| decide(&mut aggregate)).into_result()?;
            match self.save(&mut aggregate).await {
                Ok(_) => return Ok(value),
                Err(error @ Error::Conflict { originator_id, tried, .. })
                    // a version that was recorded before the decision is in conflict each time: the decision put another
                    // aggregate, or an old copy, in the place of what it was given
                    if attempt < ATTEMPTS && originator_id == id && tried > loaded =>
                {
                    tracing::debug!(application = self.name(), %id, attempt, %error, "a decision is made again");
                    pause_after(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Lets others finish first. Those who were in conflict with each other would be so again if they came back at the same time.
pub(crate) async fn pause_after(attempt: u32) {
    let longest = LONGEST_PAUSE.min(Duration::from_millis(1).saturating_mul(2_u32.saturating_pow(attempt - 1)));
    let [random, ..] = Uuid::new_v4().into_bytes();
    // without a runtime there are no clocks, and nobody else who runs meanwhile
    if attempt > 1 && Handle::try_current().is_ok() {
        sleep(longest.mul_f64(f64::from(random) / 255.0)).await;
    }
}
