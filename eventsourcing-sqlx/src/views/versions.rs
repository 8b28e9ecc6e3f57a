//! What the row of a projection's versions means: who may change which view.

use eventsourcing_core::ViewError;
use eventsourcing_core::following::{ProjectionKey, RebuildError};
use eventsourcing_core::persistence::LogPosition;
use uuid::Uuid;

use crate::rows;

/// The versions of a projection, as they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    pub(super) serving: i64,
    pub(super) rebuilt: Option<i64>,
}

impl Versions {
    /// What is there before anything is kept of versions: the first.
    pub(super) const FIRST: Self = Self { serving: 1, rebuilt: None };

    pub(super) fn serving(self) -> Result<u32, ViewError> {
        Ok(rows::from_projection_version(self.serving)?)
    }

    pub(super) fn rebuilt(self) -> Result<Option<u32>, ViewError> {
        Ok(self.rebuilt.map(rows::from_projection_version).transpose()?)
    }

    /// Whether the version that a key names may be changed.
    pub(super) fn check(self, key: ProjectionKey<'_>) -> Result<(), ViewError> {
        let ProjectionKey { name, version, is_rebuilt } = key;
        if is_rebuilt {
            return match self.rebuilt()? {
                Some(rebuilt) if rebuilt == version => Ok(()),
                _ => Err(rebuild_is_over(key)),
            };
        }
        match self.serving()? {
            serving if serving == version => Ok(()),
            serving => Err(ViewError::AnotherVersion { projection: name.to_owned(), version, serving }),
        }
    }

    /// Whether a rebuild of this version may go on, or may begin if it has not.
    pub(super) fn check_rebuild(self, key: ProjectionKey<'_>) -> Result<Rebuild, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        let failed = |source| failed(name, source);
        let serving = self.serving().map_err(failed)?;
        if version <= serving {
            return Err(RebuildError::NotNewer { name: name.to_owned(), version, serving });
        }
        match self.rebuilt().map_err(failed)? {
            None => Ok(Rebuild::Begins),
            Some(rebuilt) if rebuilt == version => Ok(Rebuild::GoesOn),
            Some(under_way) => Err(RebuildError::AnotherUnderWay { name: name.to_owned(), version, under_way }),
        }
    }

    /// Whether a rebuild can be switched to; not if it serves already.
    pub(super) fn check_switch(self, key: ProjectionKey<'_>) -> Result<bool, RebuildError> {
        let ProjectionKey { name, version, .. } = key;
        let failed = |source| failed(name, source);
        if self.serving().map_err(failed)? == version {
            return Ok(false);
        }
        match self.rebuilt().map_err(failed)? {
            Some(rebuilt) if rebuilt == version => Ok(true),
            _ => Err(is_over(key)),
        }
    }
}

/// How a rebuild starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebuild {
    Begins,
    GoesOn,
}

pub(super) fn rebuild_is_over(key: ProjectionKey<'_>) -> ViewError {
    ViewError::RebuildIsOver { projection: key.name.to_owned(), version: key.version }
}

pub(super) fn is_over(key: ProjectionKey<'_>) -> RebuildError {
    RebuildError::IsOver { name: key.name.to_owned(), version: key.version }
}

/// The error of the view of this projection.
pub(super) fn failed(name: &str, source: ViewError) -> RebuildError {
    RebuildError::View { name: name.to_owned(), source }
}

/// A row of the positions: the upstream, the id, and the anchor.
pub(super) type StoredPosition = (String, i64, Option<Uuid>);

/// Whether what is rebuilt is as far as what serves, with each log.
pub(super) fn is_there(serving: &[StoredPosition], rebuilt: &[StoredPosition]) -> bool {
    serving.iter().all(|(upstream, position, _)| {
        rebuilt.iter().any(|(rebuilt, reached, _)| rebuilt == upstream && reached >= position) || *position == 0
    })
}

/// Whether a position of the live version is one of those that the logs no longer have.
pub(super) fn is_lost((upstream, id, anchor): &StoredPosition, lost: &[(String, LogPosition)]) -> bool {
    lost.iter().any(|(of, lost)| of == upstream && rows::to_bound(lost.id) == *id && lost.anchor == *anchor)
}

/// A name as a part of a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
