//! Views that can be rebuilt: a second set of tables beside the one that serves, and a switch from one to the other.

use super::super::{ProjectionKey, Views};
use super::RebuildError;
use crate::persistence::LogPosition;

/// Views of which one can be made anew beside the one that serves, which takes its place in one transaction.
///
/// Of each projection at most one version serves and at most one is rebuilt. The tables of the one that is rebuilt have
/// [`ProjectionKey::prefix`] before their names; positions are kept under its key, and [`Views::begin`] moves them only
/// while the rebuild is under way, as it moves those of a version only while that serves.
pub trait RebuildableViews: Views + Clone {
    /// Whether there are tables, which the projection has to make.
    const HAS_TABLES: bool;

    /// Begins a rebuild, in a transaction in which its tables are to be made, or goes on with it, if there is none.
    ///
    /// # Errors
    /// [`RebuildError::NotNewer`], [`RebuildError::NothingServes`], [`RebuildError::AnotherUnderWay`]; others as the database fails.
    fn begin_rebuild(
        &self,
        key: ProjectionKey<'_>,
    ) -> impl Future<Output = Result<Option<Self::Transaction>, RebuildError>> + Send;

    /// Whether the tables that were made in this transaction are what a rebuild needs.
    ///
    /// # Errors
    /// [`RebuildError::NoPrefix`], [`RebuildError::NameTooLong`]; others as the database fails.
    fn check_tables(
        &self,
        key: ProjectionKey<'_>,
        transaction: &mut Self::Transaction,
    ) -> impl Future<Output = Result<(), RebuildError>> + Send;

    /// How far the version that serves is with each log, by the upstream's name.
    ///
    /// # Errors
    /// As the database fails.
    fn serving_positions(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<(String, LogPosition)>, RebuildError>> + Send;

    /// Lets what was rebuilt serve, in one transaction, if it is as far as what serves now, which cannot move meanwhile. If it
    /// serves already, there is nothing to be done.
    ///
    /// `lost` are positions of the live version that its logs no longer have. The rebuild does not have to reach them. A position of the
    /// live version that is not among them, because it moved meanwhile, has to be reached.
    ///
    /// # Errors
    /// [`RebuildError::IsOver`] if no such rebuild is under way; others as the database fails.
    fn switch(
        &self,
        key: ProjectionKey<'_>,
        lost: &[(String, LogPosition)],
    ) -> impl Future<Output = Result<Switched, RebuildError>> + Send;

    /// Ends the rebuild of this version, or of any if none is given, and undoes what was done of it; which it was, if there was one.
    ///
    /// # Errors
    /// As the database fails.
    fn abort_rebuild(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> impl Future<Output = Result<Option<u32>, RebuildError>> + Send;
}

/// What came of trying to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Switched {
    /// It serves.
    Done,
    /// Nothing was done: it is behind what serves.
    Behind,
}

/// For so long what serves may be held where it is, so that what is rebuilt gets there.
pub const LONGEST_HOLD: std::time::Duration = std::time::Duration::from_secs(1);
