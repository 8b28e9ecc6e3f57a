//! The projections that views contain, as they are stored: found without the types of the projections.

use super::ProjectionKey;
use crate::recording::LogPosition;

/// A projection as its views store it, whether this program knows its type or not.
///
/// [`Views::projections`](super::Views::projections) lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedProjection {
    /// The name of the projection.
    pub name: String,
    /// The live version.
    pub live: RecordedVersion,
    /// The version that is being rebuilt beside the live one, if any.
    pub rebuilt: Option<RecordedVersion>,
}

/// A version of a projection, with how far it has processed each log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedVersion {
    /// The number of the version, from 1.
    pub version: u32,
    /// The key of the version: the name of the projection for [`Views::position`](super::Views::position),
    /// [`Views::dead_letters`](super::Views::dead_letters) and the other methods of [`Views`](super::Views).
    pub key: String,
    /// The upstream applications whose logs it processes, by name. It is empty if the version has not processed any event.
    pub upstreams: Vec<ConsumedUpstream>,
}

/// How far a version of a projection has processed the log of an upstream application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumedUpstream {
    /// The name of the upstream application.
    pub upstream: String,
    /// The position up to and including which its log is processed, with its anchor.
    pub position: LogPosition,
    /// The number of dead letters; [`MOST_COUNTED`](Self::MOST_COUNTED) if there are that many or more.
    pub dead_letters: u64,
}

impl RecordedProjection {
    /// The projection of a live version, without a rebuild.
    pub fn new(name: impl Into<String>, live: RecordedVersion) -> Self {
        Self { name: name.into(), live, rebuilt: None }
    }

    /// Sets the version that is being rebuilt, if there is one.
    #[must_use]
    pub fn with_rebuilt(mut self, version: impl Into<Option<RecordedVersion>>) -> Self {
        self.rebuilt = version.into();
        self
    }

    /// The versions of the projection: the live one, then the one that is being rebuilt, if any.
    pub fn versions(&self) -> impl Iterator<Item = &RecordedVersion> {
        std::iter::once(&self.live).chain(&self.rebuilt)
    }
}

impl RecordedVersion {
    /// The version of a key.
    pub fn new(key: ProjectionKey<'_>, mut upstreams: Vec<ConsumedUpstream>) -> Self {
        upstreams.sort_unstable_by(|one, other| one.upstream.cmp(&other.upstream));
        Self { version: key.version, key: key.to_string(), upstreams }
    }
}

impl ConsumedUpstream {
    /// The number up to which dead letters are counted for the list of projections, so that it takes no longer with more of them.
    ///
    /// [`Views::count_dead_letters`](super::Views::count_dead_letters) counts all.
    pub const MOST_COUNTED: u64 = 10_000;

    /// How far the log of this application is processed, with the number of dead letters.
    pub fn new(upstream: impl Into<String>, position: LogPosition, dead_letters: u64) -> Self {
        Self { upstream: upstream.into(), position, dead_letters: dead_letters.min(Self::MOST_COUNTED) }
    }
}
