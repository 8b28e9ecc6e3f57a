//! The test kit: given these events, when this command runs, then these events are recorded.
//!
//! | what is tested | begins with | then |
//! |---|---|---|
//! | a command of an aggregate | [`given`] | [`Outcome`] |
//! | a creation of an aggregate | [`when_created`] | [`Outcome`] |
//! | a decision over several aggregates, with an application in memory | [`given_log`], [`Log::when`] | [`LogOutcome`] |
//! | a policy | [`given_log`], [`Log::when_followed_by`] | [`LogOutcome`] |
//! | a projection | [`given_log`], [`Log::when_projected`] | [`Projected`] |
//! | that handling an event twice changes nothing | [`given_log`], [`Log::then_idempotent`] | |
//! | that the state of an aggregate is that of its events | [`replays`], [`replays_after`] | |
//!
//! An assertion that fails panics at the line of the test. An async one cannot: its message ends with that line instead. The message shows
//! the difference, coloured on a terminal unless `NO_COLOR` is set.
//!
//! Events are given as values of their structs, of the enum of an aggregate, or as [`DomainEvent`](crate::DomainEvent)s: see [`Events`].
//! They are compared by topic and by the JSON that they are recorded as, so that they need no `PartialEq`. Of a `DomainEvent`, the
//! aggregate id, the version and the time are compared too.
//!
//! Commands run in the scope of a [`Clock`]: the time stands still, and ids are [`id(1)`](id), `id(2)` and so on. It is the clock of the
//! test's own scope, if there is one, and a new one otherwise.

mod aggregate;
mod assertions;
mod difference;
mod event_state;
mod log;
mod log_outcome;
mod outcome;
mod place;
mod projected;
mod replay;
mod story;

pub use aggregate::{Creation, Given, given, when_created};
pub use event_state::{Event, EventState, Events, kind};
pub use log::{Log, given_log};
pub use log_outcome::LogOutcome;
pub use outcome::Outcome;
pub use projected::Projected;
pub use replay::{replays, replays_after, replays_by};

pub use crate::domain::fixed_clock::{Clock, ClockGuard, ClockScope, id};
