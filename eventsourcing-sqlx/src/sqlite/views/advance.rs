//! The position of a projection in SQLite, moved under the write lock.

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{Tracking, ViewError};

use super::session::Session;
use crate::rows;
use crate::sql::projections::positions::{SQLITE, SQLITE_ONLY};
use crate::views::{PositionKey, failed, hold};

/// Moves the position from where the tracking begins to where it ends. Returns whether there are dead letters.
///
/// # Errors
/// [`ViewError::AlreadyProcessed`] if it is elsewhere; [`ViewError::VersionNotLive`] and [`ViewError::RebuildEnded`] if this version
/// may not be changed.
pub(super) async fn advance(
    session: &mut Session,
    key: ProjectionKey<'_>,
    position: &PositionKey,
    tracking: &Tracking,
) -> Result<bool, ViewError> {
    let failed = failed::<Session>("begin a transaction on a view");
    let PositionKey { projection, upstream } = position;
    // the write lock keeps the position where it is
    let look = sqlx::query_as(SQLITE_ONLY.look).bind(projection).bind(upstream);
    let (recorded, has_letters): (i64, bool) = look.fetch_one(&mut **session).await.map_err(failed)?;
    let recorded = rows::from_position(recorded)?;
    // a row of positions exists only while its version may be changed; without a row the version has to be looked up
    if recorded == 0 {
        hold(session, key).await?;
    }
    if recorded != tracking.after {
        return Err(tracking.already_processed(recorded).into());
    }
    let moved = sqlx::query(SQLITE.insert).bind(projection).bind(upstream);
    let moved = moved.bind(rows::to_bound(tracking.position)).bind(tracking.anchor);
    moved.execute(&mut **session).await.map_err(failed)?;
    Ok(has_letters)
}
