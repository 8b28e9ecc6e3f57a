//! What a command of an aggregate did.

use std::fmt::Debug;

use super::event_state::{EventState, Events, Unlocated};
use super::story::Story;
use super::{Clock, assertions, replay};
use crate::domain::Aggregate;

/// The result of a command: its events, the returned value, and the aggregate after it.
///
/// Each assertion returns the outcome, so that another can follow.
#[derive(Debug)]
pub struct Outcome<A, R> {
    /// The aggregate; none if its creation was refused.
    pub(super) aggregate: Option<A>,
    pub(super) returned: R,
    /// The events before the command.
    pub(super) before: Vec<EventState>,
    pub(super) recorded: Vec<EventState>,
    pub(super) story: Story,
}

impl<A: Aggregate, R: Debug> Outcome<A, R> {
    /// Asserts that the command recorded exactly these events, in this order, and returned no error.
    ///
    /// # Panics
    /// If it did not. The message shows the difference.
    #[track_caller]
    pub fn then<Kind>(self, events: impl Events<Kind>) -> Self {
        // the time counts only for domain events, which have their own
        let expected = events.states(Unlocated { time: Clock::START });
        assertions::events(&self.story, &expected, &self.recorded);
        self
    }

    /// Asserts that the command recorded no event, and returned no error.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        self.then(())
    }

    /// Asserts that the command returned this value. The two are compared by what `Debug` shows.
    ///
    /// # Panics
    /// If it returned another value.
    #[track_caller]
    pub fn then_returned(self, value: R) -> Self {
        assertions::same(&self.story, "value was returned", &value, &self.returned);
        self
    }

    /// Looks at the aggregate after the command, such as with `assert_eq!`.
    ///
    /// # Panics
    /// If the aggregate was not created, and where `look` panics.
    #[track_caller]
    pub fn then_state(self, look: impl FnOnce(&A)) -> Self {
        look(self.aggregate());
        self
    }

    /// Asserts that the aggregate is the same after a replay of its events: see [`replays`](super::replays).
    ///
    /// # Panics
    /// If it is not. The message shows the difference.
    #[track_caller]
    pub fn then_replays(self) -> Self
    where
        A: Debug,
    {
        let history: Vec<EventState> = self.before.iter().chain(&self.recorded).cloned().collect();
        let live = self.aggregate();
        let again = replay::replayed_like(live, None, &history, "");
        replay::same(live, &again, A::NAME, "");
        self
    }

    #[track_caller]
    fn aggregate(&self) -> &A {
        match &self.aggregate {
            Some(aggregate) => aggregate,
            None => panic!("{}there is no aggregate, because its creation was refused", self.story),
        }
    }
}

impl<A: Aggregate, T: Debug, E: Debug> Outcome<A, Result<T, E>> {
    /// Asserts that the command was refused with this error, and recorded nothing. Errors are compared by what `Debug` shows.
    ///
    /// # Panics
    /// If it was not refused, if the error is another one, or if an event was recorded.
    #[track_caller]
    pub fn then_error(self, error: E) -> Self {
        let found = assertions::refused(&self.story, &self.returned, &self.recorded);
        assertions::same(&self.story, "error was returned", &error, found);
        self
    }

    /// Asserts that the command was refused with an error of which this is true, and recorded nothing.
    ///
    /// # Panics
    /// If it was not refused, if it is not true of the error, or if an event was recorded.
    #[track_caller]
    pub fn then_error_that(self, is: impl FnOnce(&E) -> bool) -> Self {
        let found = assertions::refused(&self.story, &self.returned, &self.recorded);
        assert!(is(found), "{}that is not the error that was expected", self.story);
        self
    }
}
