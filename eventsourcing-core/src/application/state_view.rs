//! How the states of an aggregate type are shown to tools that do not know the type.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;

use super::diff::fields;
use crate::Result;
use crate::domain::Aggregate;

/// How the states of an aggregate type are shown: as JSON, as `Debug` text, or not at all.
///
/// `#[application(aggregates(…))]` chooses JSON for a type that is `Serialize`, the text for one that is only `Debug`, and neither for others:
/// it requires nothing of a type. In code, [`ApplicationBuilder::aggregate_with`](super::ApplicationBuilder::aggregate_with) takes one.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::application::StateView;
///
/// let view: StateView<String> = StateView::hidden().debug();
/// assert_eq!(format!("{view:?}"), "StateView(Debug)");
/// ```
pub struct StateView<A> {
    json: Option<Json<A>>,
    debug: Option<fn(&A) -> String>,
}

/// Returns a state as JSON, without the field of its root.
pub(super) type Json<A> = fn(&A) -> Result<Value>;

/// A state as it is shown.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ShownState {
    /// The state as JSON, without the field of the aggregate's root: its version and its times would differ between any two versions.
    Json(Value),
    /// The `Debug` text of the aggregate, over several lines, with the field of its root.
    Debug(String),
    /// The type has neither, or was registered without it.
    Hidden,
}

impl<A> StateView<A> {
    /// Shows nothing of a state.
    pub const fn hidden() -> Self {
        Self { json: None, debug: None }
    }

    /// Shows states as JSON.
    #[must_use]
    pub const fn json(self) -> Self
    where
        A: Aggregate + Serialize,
    {
        Self { json: Some(fields::<A>), ..self }
    }

    /// Shows states as `Debug` text, unless they are shown as JSON.
    #[must_use]
    pub const fn debug(self) -> Self
    where
        A: Debug,
    {
        Self { debug: Some(text::<A>), ..self }
    }

    /// Shows states as the other view does where this one shows nothing.
    #[doc(hidden)]
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            json: if self.json.is_some() { self.json } else { other.json },
            debug: if self.debug.is_some() { self.debug } else { other.debug },
        }
    }

    /// Whether it shows anything.
    pub(super) fn shows(&self) -> bool {
        self.json.is_some() || self.debug.is_some()
    }

    /// Returns the function that shows states as JSON, if they are shown as JSON.
    pub(super) fn as_json(&self) -> Option<Json<A>> {
        self.json
    }

    pub(super) fn show(&self, aggregate: &A) -> Result<ShownState> {
        match (self.json, self.debug) {
            (Some(json), _) => json(aggregate).map(ShownState::Json),
            (None, Some(debug)) => Ok(ShownState::Debug(debug(aggregate))),
            (None, None) => Ok(ShownState::Hidden),
        }
    }
}

fn text<A: Debug>(aggregate: &A) -> String {
    format!("{aggregate:#?}")
}

/// Selects whether states are shown as JSON, as generated code does: only if the aggregate is `Serialize`.
///
/// A macro does not see whether a type is `Serialize`. An associated constant of this type, which exists only then, takes precedence over that
/// of [`NoJson`]. It is the same for the text and [`NoText`].
#[derive(Debug)]
pub struct AsJson<A>(PhantomData<A>);

impl<A: Aggregate + Serialize> AsJson<A> {
    /// Shows states as JSON.
    pub const VIEW: StateView<A> = StateView::hidden().json();
}

/// What applies to an aggregate that is not `Serialize`.
pub trait NoJson<A> {
    /// Shows nothing as JSON.
    const VIEW: StateView<A> = StateView::hidden();
}

impl<A> NoJson<A> for AsJson<A> {}

/// Selects whether states are shown as text: only if the aggregate is `Debug`.
#[derive(Debug)]
pub struct AsText<A>(PhantomData<A>);

impl<A: Debug> AsText<A> {
    /// Shows states as text.
    pub const VIEW: StateView<A> = StateView::hidden().debug();
}

/// What applies to an aggregate that is not `Debug`.
pub trait NoText<A> {
    /// Shows nothing as text.
    const VIEW: StateView<A> = StateView::hidden();
}

impl<A> NoText<A> for AsText<A> {}

// not derived: derived impls would require the same of `A`

impl<A> Clone for StateView<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for StateView<A> {}

impl<A> Debug for StateView<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.json, self.debug) {
            (Some(_), _) => "StateView(Json)",
            (None, Some(_)) => "StateView(Debug)",
            (None, None) => "StateView(Hidden)",
        })
    }
}
