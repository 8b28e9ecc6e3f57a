//! The position of a projection in PostgreSQL, moved by one statement.

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{Tracking, ViewError};

use super::session::Session;
use crate::rows;
use crate::sql::projections::positions::{POSTGRES, POSTGRES_ONLY};
use crate::sql::projections::versions;
use crate::views::{PositionKey, Versions, failed, has_begun, hold, lock, look_up, recorded};

/// What operation failed, in errors.
const OPERATION: &str = "look up or move a position";

/// A position that was moved, in the transaction that moved it.
pub(super) struct Moved {
    pub(super) has_letters: bool,
    /// The id of the transaction.
    pub(super) id: i64,
}

/// Moves the position from where the tracking begins to where it ends. From then on statements have the handlers' settings.
///
/// Transactions that move it are serialized, in the order in which they came.
///
/// # Errors
/// [`ViewError::AlreadyProcessed`] if the position is elsewhere, after the transactions that came first have ended;
/// [`ViewError::VersionNotLive`] and [`ViewError::RebuildEnded`] if this version may not be changed.
pub(super) async fn advance(
    session: &mut Session,
    key: ProjectionKey<'_>,
    position: &PositionKey,
    tracking: &Tracking,
) -> Result<Moved, ViewError> {
    let limit = session.limit();
    if key.is_rebuilt {
        let asynchronous = sqlx::query(versions::POSTGRES_ONLY.asynchronous);
        let set = limit.on(asynchronous.execute(&mut **session)).await;
        set.map_err(failed::<Session>("begin a transaction on a view"))?;
    }
    // a row of positions exists only while its version may be changed; without a row the version has to be looked up
    if tracking.after == 0 {
        hold(session, key).await?;
    }
    let mut found = 0;
    // moved away and back while this waited, the position is there after all, in a row that only a second statement sees
    for _ in 0..2 {
        if let Some(moved) = try_advance(session, position, tracking).await? {
            return Ok(moved);
        }
        check_version(session, key).await?;
        found = recorded(session, position).await?.id;
        if found != tracking.after {
            break;
        }
    }
    Err(tracking.already_processed(found).into())
}

async fn try_advance(
    session: &mut Session,
    position: &PositionKey,
    tracking: &Tracking,
) -> Result<Option<Moved>, ViewError> {
    let (limit, PositionKey { projection, upstream }) = (session.limit(), position);
    let to = rows::to_bound(tracking.position);
    // in both cases the last column restores the settings of handlers
    let moved: sqlx::Result<Option<(bool, i64, String)>> = if tracking.after == 0 {
        // there is no row whose deletion could show that another transaction came first
        lock(session, position).await?;
        let insert = sqlx::query_as(POSTGRES.insert).bind(projection).bind(upstream).bind(to);
        limit.on(insert.bind(tracking.anchor).fetch_optional(&mut **session)).await
    } else {
        let advance = sqlx::query_as(POSTGRES_ONLY.advance).bind(projection).bind(upstream).bind(to);
        let advance = advance.bind(rows::to_bound(tracking.after)).bind(tracking.anchor);
        limit.on(advance.fetch_optional(&mut **session)).await
    };
    let moved = moved.map_err(failed::<Session>(OPERATION))?;
    Ok(moved.map(|(has_letters, id, _)| Moved { has_letters, id }))
}

/// Checks that this version may be changed now.
///
/// It waits for no other transaction: a switch locks the versions first and then waits for the lock on the position, which may be
/// held here.
async fn check_version(session: &mut Session, key: ProjectionKey<'_>) -> Result<(), ViewError> {
    let failed = failed::<Session>(OPERATION);
    let versions = look_up(session, versions::POSTGRES_ONLY.versions, key.name).await.map_err(failed)?;
    match versions {
        Some(versions) => versions.check(key),
        None if key.is_rebuilt || has_begun(session, key.name).await.map_err(failed)? => Versions::FIRST.check(key),
        None => Ok(()),
    }
}
