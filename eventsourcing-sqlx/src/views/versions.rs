//! The versions of a projection: which may be changed, rebuilt and switched to.

use eventsourcing_core::ViewError;
use eventsourcing_core::projection::{ProjectionKey, RebuildError};
use eventsourcing_core::recording::LogPosition;
use uuid::Uuid;

use super::statement::{Columns, FromColumns};
use crate::rows;

/// The versions of a projection, as they are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    pub(super) live: i64,
    pub(super) rebuilt: Option<i64>,
}

impl FromColumns for Versions {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self { live: row.number(0)?, rebuilt: row.number_if_any(1)? })
    }
}

impl Versions {
    /// The versions before any are stored: the first is live.
    pub(crate) const FIRST: Self = Self { live: 1, rebuilt: None };

    pub(super) fn live(self) -> Result<u32, ViewError> {
        Ok(rows::from_projection_version(self.live)?)
    }

    pub(super) fn rebuilt(self) -> Result<Option<u32>, ViewError> {
        Ok(self.rebuilt.map(rows::from_projection_version).transpose()?)
    }

    /// Checks that the version of a key may be changed.
    pub(crate) fn check(self, key: ProjectionKey<'_>) -> Result<(), ViewError> {
        let ProjectionKey { name, version, is_rebuilt, .. } = key;
        if is_rebuilt {
            return match self.rebuilt()? {
                Some(rebuilt) if rebuilt == version => Ok(()),
                _ => Err(ViewError::RebuildEnded { projection: name.to_owned(), version }),
            };
        }
        match self.live()? {
            live if live == version => Ok(()),
            live => Err(ViewError::VersionNotLive { projection: name.to_owned(), version, live }),
        }
    }

    /// Checks that a rebuild of this version may begin, or go on if it has begun.
    pub(super) fn check_rebuild(self, key: ProjectionKey<'_>) -> Result<RebuildStart, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        let failed = |source| rebuild_failed(name, source);
        let live = self.live().map_err(failed)?;
        if version <= live {
            return Err(RebuildError::NotNewer { name: name.to_owned(), version, live });
        }
        match self.rebuilt().map_err(failed)? {
            None => Ok(RebuildStart::New),
            Some(rebuilt) if rebuilt == version => Ok(RebuildStart::Resumed),
            Some(under_way) => Err(RebuildError::RebuildUnderWay { name: name.to_owned(), version, under_way }),
        }
    }

    /// Whether there is a switch to be made: not if the version is live already.
    pub(super) fn check_switch(self, key: ProjectionKey<'_>) -> Result<bool, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        let failed = |source| rebuild_failed(name, source);
        if self.live().map_err(failed)? == version {
            return Ok(false);
        }
        match self.rebuilt().map_err(failed)? {
            Some(rebuilt) if rebuilt == version => Ok(true),
            _ => Err(rebuild_is_over(key)),
        }
    }
}

/// How a rebuild starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RebuildStart {
    /// It begins now.
    New,
    /// It began before, and goes on.
    Resumed,
}

/// The error of a rebuild that was switched to or aborted.
pub(super) fn rebuild_is_over(key: ProjectionKey<'_>) -> RebuildError {
    RebuildError::Ended { name: key.name.to_owned(), version: key.version }
}

/// The error of a rebuild whose view failed.
pub(super) fn rebuild_failed(name: &str, source: ViewError) -> RebuildError {
    RebuildError::View { name: name.to_owned(), source }
}

/// A position of a projection, as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredPosition {
    pub(super) upstream: String,
    pub(super) position: i64,
    pub(super) anchor: Option<Uuid>,
}

impl FromColumns for StoredPosition {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self { upstream: row.text(0)?, position: row.number(1)?, anchor: row.uuid_if_any(2)? })
    }
}

/// Whether a rebuild has reached the live version, with each upstream.
pub(super) fn has_caught_up(live: &[StoredPosition], rebuilt: &[StoredPosition]) -> bool {
    live.iter().all(|live| {
        let reached = |rebuilt: &StoredPosition| rebuilt.upstream == live.upstream && rebuilt.position >= live.position;
        live.position == 0 || rebuilt.iter().any(reached)
    })
}

/// Whether a position of the live version is one of those that the logs no longer have.
pub(super) fn is_lost(live: &StoredPosition, lost: &[(String, LogPosition)]) -> bool {
    let is_same = |lost: &LogPosition| rows::to_bound(lost.id) == live.position && lost.anchor == live.anchor;
    lost.iter().any(|(upstream, lost)| *upstream == live.upstream && is_same(lost))
}
