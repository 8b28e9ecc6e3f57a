//! The position of a projection in PostgreSQL: locked, looked up and moved.

use eventsourcing_core::following::ProjectionKey;
use eventsourcing_core::{LogPosition, Tracking, ViewError};
use uuid::Uuid;

use super::error::view_error;
use super::letters::Owner;
use super::postgres_session::Session;
use super::rebuild::in_postgres::{has_begun, look_up};
use super::versions::Versions;
use crate::condition::postgres as condition;
use crate::rows;
use crate::sql::rebuilds::POSTGRES_ONLY;
use crate::sql::views::POSTGRES;

fn failed(error: sqlx::Error) -> ViewError {
    view_error(condition::of(&error), error, "look up or move a position")
}

/// A position that was moved, in the transaction that moved it.
pub(super) struct Moved {
    pub(super) has_letters: bool,
    /// The id of the transaction.
    pub(super) id: i64,
}

/// Moves the position from where the tracking begins to where it ends. Statements have the handlers' settings from then on.
///
/// Transactions that move it take turns, in the order in which they came.
///
/// # Errors
/// [`ViewError::AlreadyProcessed`] if it is elsewhere, after the transactions that were first have ended;
/// [`ViewError::AnotherVersion`] and [`ViewError::RebuildIsOver`] if this version may not be changed.
pub(super) async fn advance(
    session: &mut Session,
    key: ProjectionKey<'_>,
    owner: &Owner,
    tracking: &Tracking,
) -> Result<Moved, ViewError> {
    let mut recorded = 0;
    // moved away and back while this waited, it is there after all, in a row that only a second statement sees
    for _ in 0..2 {
        if let Some(moved) = try_advance(session, owner, tracking).await? {
            return Ok(moved);
        }
        check_version(session, key).await?;
        recorded = look_up_position(session, POSTGRES.position, owner).await?.id;
        if recorded != tracking.after {
            break;
        }
    }
    Err(tracking.already_processed(recorded).into())
}

async fn try_advance(session: &mut Session, owner: &Owner, tracking: &Tracking) -> Result<Option<Moved>, ViewError> {
    let (limit, Owner { projection, upstream }) = (session.limit(), owner);
    let position = rows::to_bound(tracking.position);
    // in both cases the last are the settings, which are those of handlers again
    let moved: sqlx::Result<Option<(bool, i64, String)>> = if tracking.after == 0 {
        // there is no row whose deletion could tell that another transaction was first
        lock(session, owner).await?;
        let insert = sqlx::query_as(POSTGRES.insert).bind(projection).bind(upstream).bind(position);
        limit.on(insert.bind(tracking.anchor).fetch_optional(&mut **session)).await
    } else {
        let advance = sqlx::query_as(POSTGRES.advance).bind(projection).bind(upstream).bind(position);
        let advance = advance.bind(rows::to_bound(tracking.after)).bind(tracking.anchor);
        limit.on(advance.fetch_optional(&mut **session)).await
    };
    Ok(moved.map_err(failed)?.map(|(has_letters, id, _)| Moved { has_letters, id }))
}

/// The position, which nobody else moves until the transaction ends. The start if there is none.
pub(super) async fn locked(session: &mut Session, owner: &Owner) -> Result<LogPosition, ViewError> {
    lock(session, owner).await?;
    look_up_position(session, POSTGRES.locked_position, owner).await
}

/// Stores where it begins, unless a position is stored: the one that is then.
pub(super) async fn begin_at(
    session: &mut Session,
    owner: &Owner,
    position: LogPosition,
) -> Result<LogPosition, ViewError> {
    lock(session, owner).await?;
    let begin = sqlx::query(POSTGRES.begin_at).bind(&owner.projection).bind(&owner.upstream);
    let begin = begin.bind(rows::to_bound(position.id)).bind(position.anchor);
    session.limit().on(begin.execute(&mut **session)).await.map_err(failed)?;
    look_up_position(session, POSTGRES.position, owner).await
}

/// Puts the position, which is locked, anywhere else.
pub(super) async fn put(session: &mut Session, owner: &Owner, to: LogPosition) -> Result<(), ViewError> {
    let (limit, Owner { projection, upstream }) = (session.limit(), owner);
    let forget = sqlx::query(POSTGRES.forget).bind(projection).bind(upstream);
    limit.on(forget.execute(&mut **session)).await.map_err(failed)?;
    // without a row it is at the start
    if to.id > 0 {
        let insert = sqlx::query(POSTGRES.insert).bind(projection).bind(upstream);
        let insert = insert.bind(rows::to_bound(to.id)).bind(to.anchor);
        limit.on(insert.execute(&mut **session)).await.map_err(failed)?;
    }
    Ok(())
}

/// The position that is recorded, outside of the lock.
pub(super) async fn recorded(session: &mut Session, owner: &Owner) -> Result<LogPosition, ViewError> {
    look_up_position(session, POSTGRES.position, owner).await
}

async fn lock(session: &mut Session, owner: &Owner) -> Result<(), ViewError> {
    let lock = sqlx::query(POSTGRES.lock_position).bind(&owner.projection).bind(&owner.upstream);
    session.limit().on(lock.execute(&mut **session)).await.map(drop).map_err(failed)
}

async fn look_up_position(
    session: &mut Session,
    statement: &'static str,
    owner: &Owner,
) -> Result<LogPosition, ViewError> {
    let position = sqlx::query_as(statement).bind(&owner.projection).bind(&owner.upstream);
    let position: Option<(i64, Option<Uuid>)> =
        session.limit().on(position.fetch_optional(&mut **session)).await.map_err(failed)?;
    let (position, anchor) = position.unwrap_or_default();
    Ok(rows::log_position(position, anchor)?)
}

/// Whether this version may be changed, as of now.
///
/// It waits for nobody: a switch holds the versions and waits for the lock on the position, which may be held here.
async fn check_version(session: &mut Session, key: ProjectionKey<'_>) -> Result<(), ViewError> {
    let limit = session.limit();
    let versions = limit.on(look_up(session, POSTGRES_ONLY.versions, key.name)).await.map_err(failed)?;
    match versions {
        Some(versions) => versions.check(key),
        None if key.is_rebuilt || limit.on(has_begun(session, key.name)).await.map_err(failed)? => {
            Versions::FIRST.check(key)
        }
        None => Ok(()),
    }
}
