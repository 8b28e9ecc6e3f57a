//! What a path asks for.

use eventsourcing_core::Uuid;

use super::{Act, Watched};
use crate::assets::{self, Asset};
use crate::failure::Failure;

/// HTML, or the same as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Html,
    Json,
}

/// What a path asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Route<'p> {
    /// The mount itself, which leads to the overview.
    Root,
    SignIn,
    SignOut,
    Asset(&'static Asset),
    Act(Act, Form),
    Page(Page<'p>, Form),
}

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page<'p> {
    Overview,
    /// A page for operators.
    Watched(Watched),
    /// A page of an application, by its name.
    Of(&'p str, Wanted),
}

/// What is wanted of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Log,
    /// New events, as a stream.
    Tail,
    Event(u64),
    Aggregate(Uuid),
    /// The list of aggregates.
    Aggregates,
    /// The event types.
    Types,
    /// The trace of the event at a position.
    Trace(u64),
    /// A search, which leads to another page.
    Search,
}

/// A position in a path. One that the databases cannot have does not exist.
fn position_of(text: &str) -> Result<u64, Failure> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let position = text.parse::<u64>().ok().filter(|position| is_number && i64::try_from(*position).is_ok());
    position.ok_or(Failure::NotFound("There is no event at this position."))
}

impl<'p> Route<'p> {
    /// Reads a path below the mount.
    pub(crate) fn read(path: &'p str) -> Result<Self, Failure> {
        const NO_PAGE: Failure = Failure::NotFound("There is no page at this address.");
        let path = path.strip_prefix('/').unwrap_or(path);
        match path {
            "" => return Ok(Self::Root),
            "login" => return Ok(Self::SignIn),
            "logout" => return Ok(Self::SignOut),
            _ => {}
        }
        if let Some(name) = path.strip_prefix("assets/") {
            return assets::named(name).map(Self::Asset).ok_or(NO_PAGE);
        }
        let (path, form) = path.strip_suffix(".json").map_or((path, Form::Html), |path| (path, Form::Json));
        if path == "overview" {
            return Ok(Self::Page(Page::Overview, form));
        }
        if let Some(watched) = Watched::read(path) {
            return Ok(Self::Page(Page::Watched(watched), form));
        }
        if let Some(act) = Act::read(path) {
            return Ok(Self::Act(act, form));
        }
        let (application, rest) = path.split_once('/').ok_or(NO_PAGE)?;
        let wanted = match rest.split_once('/') {
            None if rest == "log" => Wanted::Log,
            None if rest == "aggregates" => Wanted::Aggregates,
            None if rest == "types" => Wanted::Types,
            None if rest == "tail" && form == Form::Html => Wanted::Tail,
            None if rest == "search" && form == Form::Html => Wanted::Search,
            Some(("events", position)) => Wanted::Event(position_of(position)?),
            Some(("traces", position)) => Wanted::Trace(position_of(position)?),
            Some(("aggregates", id)) => Wanted::Aggregate(
                Uuid::try_parse(id).map_err(|_| Failure::NotFound("This is not the id of an aggregate."))?,
            ),
            _ => return Err(NO_PAGE),
        };
        Ok(Self::Page(Page::Of(application, wanted), form))
    }

    /// The methods of the path.
    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::SignIn => "GET, HEAD, POST",
            Self::SignOut | Self::Act(..) => "POST",
            Self::Root | Self::Asset(_) | Self::Page(..) => "GET, HEAD",
        }
    }
}
