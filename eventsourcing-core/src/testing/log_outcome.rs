//! What an application recorded: a decision of its own, or the reaction of its policy.

use std::fmt::Debug;

use uuid::Uuid;

use super::event_state::{EventState, Events, Unlocated};
use super::place::Place;
use super::story::Story;
use super::{Clock, assertions};
use crate::application::{Application, NotificationLogReader};
use crate::domain::{Aggregate, Metadata};

/// The result of a decision or a policy: the events that the application recorded, and the returned value.
///
/// Each assertion returns the outcome, so that another can follow.
#[derive(Debug)]
pub struct LogOutcome<R> {
    application: Application,
    returned: R,
    recorded: Vec<EventState>,
    story: Story,
}

impl<R: Debug> LogOutcome<R> {
    /// The outcome of what was recorded after the first events.
    pub(super) async fn new(application: Application, returned: R, before: usize, story: Story, place: Place) -> Self {
        let after = u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1);
        let recorded = NotificationLogReader::new(application.log()).read(after);
        let recorded: Vec<_> = match recorded.try_collect().await {
            Ok(recorded) => recorded,
            Err(error) => {
                place.panic(format_args!("the log of `{}` cannot be read: {error}", application.name()));
            }
        };
        let recorded = recorded.iter().map(EventState::of_notification).collect();
        Self { application, returned, recorded, story }
    }

    /// Asserts that exactly these events were recorded, of any aggregates, in the order of the log, and that no error was returned.
    ///
    /// # Panics
    /// If not. The message shows the difference.
    #[track_caller]
    pub fn then<Kind>(self, events: impl Events<Kind>) -> Self {
        assertions::events(&self.story, &events.states(unlocated()), &self.recorded);
        self
    }

    /// Asserts that exactly these events were recorded of the aggregate with this id, and that no error was returned.
    ///
    /// # Panics
    /// If not. The message shows the difference.
    #[track_caller]
    pub fn then_of<Kind>(self, id: Uuid, events: impl Events<Kind>) -> Self {
        let is_its = |event: &&EventState| event.location.is_some_and(|(of, ..)| of == id);
        let recorded: Vec<EventState> = self.recorded.iter().filter(is_its).cloned().collect();
        assertions::events(&self.story, &events.states(unlocated()), &recorded);
        self
    }

    /// Asserts that no event was recorded, and that no error was returned.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        self.then(())
    }

    /// Asserts that this value was returned. The two are compared by what `Debug` shows.
    ///
    /// # Panics
    /// If another value was returned.
    #[track_caller]
    pub fn then_returned(self, value: R) -> Self {
        assertions::same(&self.story, "value was returned", &value, &self.returned);
        self
    }

    /// Looks at an aggregate of the application afterwards, such as with `assert_eq!`.
    ///
    /// # Panics
    /// If there is no such aggregate, and where `look` panics.
    #[track_caller]
    pub fn then_state<A: Aggregate>(self, id: Uuid, look: impl FnOnce(&A)) -> impl Future<Output = Self> {
        let place = Place::caller();
        async move {
            match self.application.repository().get(id).await {
                Ok(aggregate) => look(&aggregate),
                Err(error) => {
                    place.panic(format_args!("{}the {} {id} cannot be loaded: {error}", self.story, A::NAME));
                }
            }
            self
        }
    }

    /// Looks at the metadata of each recorded event, in the order of the log, such as with `assert_eq!`.
    ///
    /// # Panics
    /// If no event was recorded, and where `look` panics.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::testing::given_log;
    /// use eventsourcing::{Application, Metadata};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/testing/example.rs")); }
    /// # use example::*;
    ///
    /// # futures::executor::block_on(async {
    /// given_log()
    ///     .when(async |theatre: &Theatre| {
    ///         theatre.save(&mut Seats::open(2)).metadata(Metadata::new().with_actor("ada")).await.is_ok()
    ///     })
    ///     .await
    ///     .then(Opened { seats: 2 })
    ///     .then_metadata(|metadata| assert_eq!(metadata.actor(), Some("ada")));
    /// # });
    /// ```
    #[track_caller]
    pub fn then_metadata(self, mut look: impl FnMut(&Metadata)) -> Self {
        assert!(!self.recorded.is_empty(), "{}no event was recorded, so there is no metadata", self.story);
        self.recorded.iter().for_each(|event| look(&event.metadata()));
        self
    }

    /// Returns the application, for what no assertion here asks.
    pub fn application(&self) -> &Application {
        &self.application
    }
}

impl<T: Debug, E: Debug> LogOutcome<Result<T, E>> {
    /// Asserts that this error was returned, and no event recorded. Errors are compared by what `Debug` shows.
    ///
    /// # Panics
    /// If no error or another one was returned, or an event was recorded.
    #[track_caller]
    pub fn then_error(self, error: E) -> Self {
        let found = assertions::refused(&self.story, &self.returned, &self.recorded);
        assertions::same(&self.story, "error was returned", &error, found);
        self
    }

    /// Asserts that an error was returned of which this is true, and no event recorded.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn then_error_that(self, is: impl FnOnce(&E) -> bool) -> Self {
        let found = assertions::refused(&self.story, &self.returned, &self.recorded);
        assert!(is(found), "{}that is not the error that was expected", self.story);
        self
    }
}

/// The time counts only for domain events, which have their own.
fn unlocated() -> Unlocated {
    Unlocated { time: Clock::START }
}
