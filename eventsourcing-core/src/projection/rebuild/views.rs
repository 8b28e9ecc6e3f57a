//! Views that can be rebuilt: a second set of tables beside the live ones, and a switch between them.

use super::RebuildError;
use crate::projection::{ProjectionKey, Views};
use crate::recording::LogPosition;

/// Views that can be rebuilt beside the live version and switched to in one transaction.
///
/// Each projection has at most one live version and at most one that is being rebuilt. The tables of the rebuilt version have the
/// prefix [`ProjectionKey::prefix`]. Its positions are stored under its key, and [`Views::begin`] moves them only while the rebuild
/// is in progress, just as it moves the positions of a version only while that version is live.
///
/// Any crate that implements [`Views`] may implement this trait too. A later version of this library may add methods, each with a default.
pub trait RebuildableViews: Views + Clone {
    /// Whether the view has tables, which the projection has to create.
    const HAS_TABLES: bool;

    /// Begins a rebuild in the returned transaction, in which its tables are to be created; none if the rebuild continues.
    ///
    /// # Errors
    /// [`RebuildError::NotNewer`], [`RebuildError::NoLiveVersion`], [`RebuildError::RebuildUnderWay`]; others if the database fails.
    fn begin_rebuild(
        &self,
        key: ProjectionKey<'_>,
    ) -> impl Future<Output = Result<Option<Self::Transaction>, RebuildError>> + Send;

    /// Checks that the tables created in this transaction are as a rebuild needs them.
    ///
    /// # Errors
    /// [`RebuildError::NoPrefix`], [`RebuildError::NameTooLong`]; others if the database fails.
    fn check_tables(
        &self,
        key: ProjectionKey<'_>,
        transaction: &mut Self::Transaction,
    ) -> impl Future<Output = Result<(), RebuildError>> + Send;

    /// The positions of the live version, by upstream application.
    ///
    /// # Errors
    /// If the database fails.
    fn live_positions(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<(String, LogPosition)>, RebuildError>> + Send;

    /// Makes the rebuilt version live, in one transaction, if it has reached the live version, which cannot move meanwhile.
    ///
    /// If it is live already, nothing is done.
    ///
    /// `lost` contains the positions of the live version that its logs no longer have. The rebuild does not have to reach them. A
    /// position of the live version that is not among them, because it moved meanwhile, has to be reached.
    ///
    /// # Errors
    /// [`RebuildError::Ended`] if no such rebuild is in progress; others if the database fails.
    fn switch(
        &self,
        key: ProjectionKey<'_>,
        lost: &[(String, LogPosition)],
    ) -> impl Future<Output = Result<Switched, RebuildError>> + Send;

    /// Aborts the rebuild of this version, or of any version if none is given, and removes what it created.
    ///
    /// Returns the version that was being rebuilt; none if there was no rebuild.
    ///
    /// # Errors
    /// If the database fails.
    fn abort_rebuild(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> impl Future<Output = Result<Option<u32>, RebuildError>> + Send;
}

/// The result of an attempt to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Switched {
    /// The rebuilt version is live.
    Done,
    /// Nothing was done: the rebuild is behind the live version.
    Behind,
}

/// The longest time for which a switch may hold the live version's position while the rebuild catches up.
pub const MAX_SWITCH_HOLD: std::time::Duration = std::time::Duration::from_secs(1);
