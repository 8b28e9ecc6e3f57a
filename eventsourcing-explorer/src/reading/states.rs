//! The state of an aggregate: replayed by its type, if the application knows the type.

use std::panic::AssertUnwindSafe;

use eventsourcing_core::application::{Blame, ShownState};
use eventsourcing_core::{Error, FieldChange, Uuid};
use futures::FutureExt as _;

use super::reader::Reader;
use crate::failure::Failure;

/// The longest history that is replayed without being asked for.
pub(crate) const REPLAYED: u64 = 10_000;

/// What a panic in the code of an aggregate becomes: it is that of a user, and no fault of a request.
const PANICKED: &str = "The code of its type panicked. The log of the service says where.";

/// The state of an aggregate at a version.
#[derive(Debug)]
pub(crate) enum State {
    /// As JSON, with the event that last changed each field.
    Blamed(Box<Blame>),
    /// As the `Debug` text of its type.
    Text(String),
    /// The type shows nothing.
    Hidden,
    /// No type of the application has the topic.
    UnknownType,
    /// The history is long, and nobody asked for its replay.
    Long,
    /// The events cannot be replayed. The text contains nothing of them.
    Failed(&'static str),
}

impl Reader {
    /// Replays the events up to a version.
    pub(crate) async fn state(
        &self,
        topic: &str,
        id: Uuid,
        version: u64,
        is_asked_for: bool,
    ) -> Result<State, Failure> {
        let Some(of_type) = self.application.aggregate_type_of(topic) else { return Ok(State::UnknownType) };
        if version > REPLAYED && !is_asked_for {
            return Ok(State::Long);
        }
        let replayed = async {
            if of_type.shows_json() {
                let blame = of_type.blame(&self.application, id, version).await?;
                return Ok(blame.map_or(State::Hidden, |blame| State::Blamed(Box::new(blame))));
            }
            Ok(match of_type.load_at(&self.application, id, version).await?.state {
                ShownState::Debug(text) => State::Text(text),
                _ => State::Hidden,
            })
        };
        match AssertUnwindSafe(replayed).catch_unwind().await {
            Ok(Ok(state)) => Ok(state),
            Ok(Err(error)) => self.unreplayed(&error).map(State::Failed),
            Err(_) => Ok(State::Failed(PANICKED)),
        }
    }

    /// What differs between two versions; `None` if the type is not known or does not show its states as JSON.
    pub(crate) async fn diff(
        &self,
        topic: &str,
        id: Uuid,
        (from, to): (u64, u64),
    ) -> Result<Option<Result<Vec<FieldChange>, &'static str>>, Failure> {
        let Some(of_type) = self.application.aggregate_type_of(topic) else { return Ok(None) };
        match AssertUnwindSafe(of_type.diff(&self.application, id, from, to)).catch_unwind().await {
            Ok(Ok(changes)) => Ok(changes.map(Ok)),
            Ok(Err(error)) => self.unreplayed(&error).map(|why| Some(Err(why))),
            Err(_) => Ok(Some(Err(PANICKED))),
        }
    }

    /// Why events cannot be replayed, without anything of them.
    fn unreplayed(&self, error: &Error) -> Result<&'static str, Failure> {
        const NO_VERSION: Failure =
            Failure::NotFound("There is no event of this aggregate, or none with this version.");
        tracing::debug!(application = self.name(), %error, "the explorer could not replay an aggregate");
        Ok(match error {
            Error::Recorder(_) => return Err(self.failed(error)),
            Error::VersionNotFound { .. } | Error::AggregateNotFound { .. } => return Err(NO_VERSION),
            Error::StateNotJson { .. } => "It has a value that JSON cannot represent.",
            Error::WrongAggregate { .. } => "An event of another type is recorded under this id.",
            Error::Mapper(_) => "An event of it cannot be read.",
            _ => "An event of it cannot be applied.",
        })
    }
}
