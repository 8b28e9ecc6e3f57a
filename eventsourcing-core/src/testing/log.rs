//! The log of an application, given event by event, for what reads it: decisions, policies and projections.

use std::collections::HashMap;
use std::fmt::Debug;

use uuid::Uuid;

use super::event_state::{EventState, Events, Unlocated};
use super::place::Place;
use super::projected::{self, Projected};
use super::story::Story;
use super::{Clock, LogOutcome};
use crate::application::{Application, ApplicationStruct};
use crate::process::ProcessApplication;
use crate::projection::{MemoryViews, Projection, RunnerError, Stepper, Views};
use crate::recording::StoredEvent;

/// The name of the application that recorded the events, unless a test says another.
const UPSTREAM: &str = "Upstream";

/// Begins a test with the events of several aggregates, in the order of the log: `given_log().of(id(1), …).of(id(2), …)`.
///
/// Use it for decisions over several aggregates, for policies and for projections. An application is opened in memory for each test.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::MemoryViews;
/// use eventsourcing::testing::{given_log, id};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// # futures::executor::block_on(async {
/// let (stalls, circle) = (id(101), id(102));
/// given_log()
///     .of(stalls, Opened { seats: 2 })
///     .of(circle, Opened { seats: 1 })
///     .when(async |theatre: &Theatre| theatre.take_both(stalls, circle).await)
///     .await
///     .then_of(stalls, Taken {})
///     .then_of(circle, Taken {});
///
/// given_log()
///     .of(stalls, (Opened { seats: 2 }, Taken {}))
///     .when_projected(SeatsTaken, MemoryViews::new(0))
///     .await
///     .then_view(|taken| assert_eq!(*taken, 1));
/// # });
/// ```
pub fn given_log() -> Log {
    Log {
        name: UPSTREAM.into(),
        events: Vec::new(),
        versions: HashMap::new(),
        downstream: None,
        clock: Clock::current().unwrap_or_default(),
    }
}

/// The events of several aggregates that are recorded already, from [`given_log`].
#[derive(Clone, Debug)]
#[must_use = "nothing is tested before `when`"]
pub struct Log {
    name: String,
    events: Vec<EventState>,
    /// The last versions of the aggregates.
    versions: HashMap<Uuid, u64>,
    downstream: Option<Box<Log>>,
    clock: Clock,
}

impl Log {
    /// Adds events of the aggregate with this id, after those that it has. [`DomainEvent`](crate::DomainEvent)s keep their own ids.
    pub fn of<Kind>(mut self, id: Uuid, events: impl Events<Kind>) -> Self {
        for event in events.states(Unlocated { time: self.clock.now() }) {
            let last = self.versions.entry(event.location.map_or(id, |(id, ..)| id)).or_default();
            let location = event.location.unwrap_or((id, *last + 1, self.clock.now()));
            *last = location.1;
            self.events.push(event.at(Some(location)));
        }
        self
    }

    /// Sets the name of the application that recorded the events, which handlers see as [`EventContext::upstream`]. It is `Upstream` by
    /// default, and that of the application in [`when`](Self::when).
    ///
    /// [`EventContext::upstream`]: crate::EventContext::upstream
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets what the process application of [`when_followed_by`](Self::when_followed_by) has recorded itself.
    pub fn given_downstream(self, log: Log) -> Self {
        Self { downstream: Some(Box::new(log)), ..self }
    }

    /// Opens the application in memory with these events, and runs a decision: `.when(async |bank: &Bank| bank.transfer(…).await)`.
    ///
    /// # Panics
    /// If the events cannot be recorded.
    #[track_caller]
    pub fn when<T, R>(self, decide: impl AsyncFnOnce(&T) -> R) -> impl Future<Output = LogOutcome<R>>
    where
        T: ApplicationStruct,
        R: Debug,
    {
        let place = Place::caller();
        async move {
            let application = self.open(T::NAME, place).await;
            let decision = T::from(application.clone());
            let returned = self.clock.scope(decide(&decision)).await;
            let story = Story::new(&self.events, "the application", &returned);
            LogOutcome::new(application, returned, self.events.len(), story, place).await
        }
    }

    /// Lets the policy of a process application handle the events, step by step, with both applications in memory.
    ///
    /// The outcome is about the events of the process application. It is an error if a handler fails, and then later events are not handled.
    ///
    /// # Panics
    /// If the events cannot be recorded.
    #[track_caller]
    pub fn when_followed_by<P: ProcessApplication>(self) -> impl Future<Output = LogOutcome<Result<(), RunnerError>>> {
        let place = Place::caller();
        async move {
            let upstream = self.open(&self.name, place).await;
            let own = self.downstream.as_deref();
            let application = match own {
                Some(log) => log.open(<P as ApplicationStruct>::NAME, place).await,
                None => open(<P as ApplicationStruct>::NAME, &self.clock, place),
            };
            let policy = P::from(application.clone());
            let handle = async {
                let mut stepper = Stepper::new(policy.follow(&upstream)).await?;
                while stepper.step().await?.is_some() {}
                Ok(())
            };
            let returned = self.clock.scope(handle).await;
            let story = Story::new(&self.events, "the policy", &returned);
            let before = own.map_or(0, |log| log.events.len());
            LogOutcome::new(application, returned, before, story, place).await
        }
    }

    /// Lets a projection handle the events, one by one, and returns its views.
    ///
    /// The views are in memory, [`MemoryViews::new`] of the first state, or those of a database. Tables are created as on the first start.
    ///
    /// # Panics
    /// If the events cannot be recorded, or if a handler fails.
    #[track_caller]
    pub fn when_projected<P, V>(self, projection: P, views: V) -> impl Future<Output = Projected<V>>
    where
        P: Projection,
        V: Views<View = P::View> + Clone,
    {
        let place = Place::caller();
        async move {
            let application = self.open(&self.name, place).await;
            self.clock.scope(projected::once(&application, projection, views, place)).await
        }
    }

    /// Lets a projection handle each event twice, and asserts that the second time changes nothing.
    ///
    /// The library handles an event once. A handler that is idempotent may also be called by what delivers at-least-once, or have its position
    /// moved back.
    ///
    /// # Panics
    /// If an event changes the view when it is handled again. The message names it and shows the difference. Otherwise like
    /// [`when_projected`](Self::when_projected).
    #[track_caller]
    pub fn then_idempotent<P, S>(self, projection: P, views: MemoryViews<S>) -> impl Future<Output = ()>
    where
        P: Projection<View = S>,
        S: Clone + Debug + Send + Sync + 'static,
    {
        self.then_idempotent_by(projection, views, async |views: &MemoryViews<S>| views.read(S::clone))
    }

    /// Like [`then_idempotent`](Self::then_idempotent) with any views, such as those of a database, of which `read` returns what is compared.
    ///
    /// # Panics
    /// Like [`then_idempotent`](Self::then_idempotent); also if the views cannot move a position.
    #[track_caller]
    pub fn then_idempotent_by<P, V, T>(
        self,
        projection: P,
        views: V,
        read: impl AsyncFn(&V) -> T,
    ) -> impl Future<Output = ()>
    where
        P: Projection,
        V: Views<View = P::View> + Clone,
        T: Debug,
    {
        let place = Place::caller();
        async move {
            let application = self.open(&self.name, place).await;
            self.clock.scope(projected::twice(&application, projection, views, read, place)).await;
        }
    }

    /// Opens an application that has recorded these events.
    async fn open(&self, name: &str, place: Place) -> Application {
        let application = open(name, &self.clock, place);
        let stored: Vec<StoredEvent> = self.events.iter().map(stored).collect();
        if !stored.is_empty()
            && let Err(error) = application.recorder().insert_events(stored).await
        {
            place.panic(format_args!("the events that were given cannot be recorded: {error:?}"));
        }
        application
    }
}

fn open(name: &str, clock: &Clock, place: Place) -> Application {
    match Application::builder(name).clock(clock).open() {
        Ok(application) => application,
        Err(error) => {
            place.panic(format_args!("the application `{name}` cannot be opened in memory: {error:?}"));
        }
    }
}

fn stored(event: &EventState) -> StoredEvent {
    let EventState { topic, json, location, .. } = event;
    let (id, version, _) = location.unwrap_or_default();
    StoredEvent::new(id, version, topic.clone(), json.as_slice(), Uuid::new_v4()).checksummed()
}
