//! A command of one aggregate: given its events, when the command runs.

use std::convert::Infallible;
use std::fmt::Debug;

use jiff::Timestamp;
use uuid::Uuid;

use super::event_state::{EventState, Events, Unlocated};
use super::story::Story;
use super::{Clock, Outcome};
use crate::codec::Mapper;
use crate::domain::Aggregate;

/// Begins a test of a command with the events of its aggregate that are recorded already.
///
/// Without such events there is no aggregate; [`when_created`] tests the command that creates one. An event-sourced log may be empty:
/// `given(())`.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::given;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// given(Opened { seats: 2 })
///     .when(|seats: &mut Seats| seats.take())
///     .then(Taken {})
///     .then_state(|seats| assert_eq!(seats.left, 1));
/// ```
pub fn given<Kind>(events: impl Events<Kind>) -> Given {
    let clock = Clock::current().unwrap_or_default();
    Given { events: events.states(Unlocated { time: clock.now() }), id: None, clock }
}

/// The events of an aggregate that are recorded already, from [`given`].
#[derive(Debug)]
#[must_use = "nothing is tested before `when`"]
pub struct Given {
    events: Vec<EventState>,
    id: Option<Uuid>,
    clock: Clock,
}

impl Given {
    /// Sets the id of the aggregate. The default is the next id of the clock, which is [`id(1)`](super::id) of a new clock.
    pub fn with_id(self, id: Uuid) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Replays the events, and runs a command of the aggregate: `.when(|account: &mut Account| account.close())`.
    ///
    /// The command returns anything that is `Debug`. What it returns is shown if an assertion fails.
    ///
    /// # Panics
    /// If there is no event, if one of them does not belong to the aggregate or does not apply to it, or if the aggregate could not be saved
    /// after the command.
    #[track_caller]
    pub fn when<A: Aggregate, R: Debug>(self, command: impl FnOnce(&mut A) -> R) -> Outcome<A, R> {
        let Self { events, id, clock } = self;
        let id = id.unwrap_or_else(|| clock.next_id());
        let mut aggregate: A = match replayed(A::EMPTY_LOG.map(|empty| empty(id)), &events, id, clock.now()) {
            Some(aggregate) => aggregate,
            None => panic!("no event was given, so there is no {}; `when_created` tests what creates one", A::NAME),
        };
        let returned = clock.run(|| command(&mut aggregate));
        let recorded = pending(&aggregate, 0);
        let story = Story::new(&events, "the command", &returned);
        // as a replay sees them: with their versions
        let before = located(events, id, clock.now());
        Outcome { aggregate: Some(aggregate), returned, before, recorded, story }
    }
}

/// Tests a command that creates an aggregate: `when_created(|| Account::open("Ada"))`.
///
/// It returns the aggregate, or a `Result` of it.
///
/// # Panics
/// If the aggregate could not be saved.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::testing::when_created;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
/// # use example::*;
///
/// when_created(|| Seats::open(2)).then(Opened { seats: 2 });
/// ```
#[track_caller]
pub fn when_created<C: Creation>(create: impl FnOnce() -> C) -> Outcome<C::Aggregate, Result<(), C::Error>> {
    let clock = Clock::current().unwrap_or_default();
    let (aggregate, returned) = match clock.run(create).into_result() {
        Ok(aggregate) => (Some(aggregate), Ok(())),
        Err(error) => (None, Err(error)),
    };
    let recorded = aggregate.as_ref().map(|aggregate| pending(aggregate, 0)).unwrap_or_default();
    let story = Story::new(&[], "the creation", &returned);
    Outcome { aggregate, returned, before: Vec::new(), recorded, story }
}

/// What a creation returns: an aggregate, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a creation returns",
    label = "not an aggregate, and not a `Result` of one",
    note = "give a function that creates the aggregate: `when_created(|| Account::open(…))`"
)]
pub trait Creation {
    /// The aggregate.
    type Aggregate: Aggregate;
    /// Why it was not created.
    type Error: Debug;

    /// Returns the aggregate, or why there is none.
    ///
    /// # Errors
    /// The error that refused the creation.
    fn into_result(self) -> Result<Self::Aggregate, Self::Error>;
}

impl<A: Aggregate> Creation for A {
    type Aggregate = A;
    type Error = Infallible;

    fn into_result(self) -> Result<A, Infallible> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, E: Debug> Creation for Result<A, E> {
    type Aggregate = A;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// The aggregate after these events, or none if there is none before and no event.
#[track_caller]
pub(super) fn replayed<A: Aggregate>(
    mut aggregate: Option<A>,
    events: &[EventState],
    id: Uuid,
    time: Timestamp,
) -> Option<A> {
    for event in events {
        let version = aggregate.as_ref().map_or(0, Aggregate::version) + 1;
        let id = aggregate.as_ref().map_or(id, Aggregate::id);
        match event.domain_event::<A>((id, version, time)).replay(aggregate) {
            Ok(replayed) => aggregate = Some(replayed),
            Err(error) => panic!("the events that were given are not the history of one {}: {error}", A::NAME),
        }
    }
    aggregate
}

/// The events that the aggregate would record, without the first ones, checked as a save checks them.
#[track_caller]
pub(super) fn pending<A: Aggregate>(aggregate: &A, without: usize) -> Vec<EventState> {
    if let Err(error) = aggregate.root().check() {
        panic!("the aggregate could not be saved: {error}");
    }
    let events = aggregate.pending_events().get(without..).unwrap_or_default();
    match Mapper::new("testing").to_stored_events(events, Uuid::nil()) {
        Ok(stored) => stored.iter().map(EventState::of_stored).collect(),
        Err(error) => panic!("the events could not be saved: {error}"),
    }
}

/// The same events with their locations, from version 1.
fn located(events: Vec<EventState>, id: Uuid, time: Timestamp) -> Vec<EventState> {
    let locate = |(version, event): (u64, EventState)| {
        let location = event.location.or(Some((id, version, time)));
        event.at(location)
    };
    (1..).zip(events).map(locate).collect()
}
