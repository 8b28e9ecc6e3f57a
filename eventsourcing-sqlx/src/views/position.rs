//! The position of a projection in the log of an upstream: looked up, locked and moved.

use eventsourcing_core::{LogPosition, ViewError};
use uuid::Uuid;

use super::position_key::PositionKey;
use super::session::{Session, failed};
use super::statement::{Columns, FromColumns};
use crate::rows;

/// What operation failed, in errors.
const OPERATION: &str = "look up or move a position";

/// A row with a position and its anchor.
struct PositionRow(i64, Option<Uuid>);

impl FromColumns for PositionRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.number(0)?, row.uuid_if_any(1)?))
    }
}

/// The recorded position, without a lock; the start if there is none.
pub(crate) async fn recorded<S: Session>(session: &mut S, key: &PositionKey) -> Result<LogPosition, ViewError> {
    look_up(session, S::POSITIONS.position, key).await
}

/// The position, which no other transaction moves until this one ends; the start if there is none.
pub(crate) async fn locked<S: Session>(session: &mut S, key: &PositionKey) -> Result<LogPosition, ViewError> {
    lock(session, key).await?;
    look_up(session, S::POSITIONS.locked, key).await
}

/// Takes the lock on the position, where the database needs one.
pub(crate) async fn lock<S: Session>(session: &mut S, key: &PositionKey) -> Result<(), ViewError> {
    if let Some(lock) = S::POSITIONS.lock {
        session.execute(lock, &key.values()).await.map_err(failed::<S>(OPERATION))?;
    }
    Ok(())
}

/// Stores a position, unless one is stored, and returns the stored one.
pub(super) async fn initialize_position<S: Session>(
    session: &mut S,
    key: &PositionKey,
    position: LogPosition,
) -> Result<LogPosition, ViewError> {
    lock(session, key).await?;
    let values = key.values_with(rows::to_bound(position.id).into(), position.anchor.into());
    session.execute(S::POSITIONS.initialize_position, &values).await.map_err(failed::<S>(OPERATION))?;
    recorded(session, key).await
}

/// Stores any other position. The lock must be held.
pub(super) async fn put<S: Session>(session: &mut S, key: &PositionKey, to: LogPosition) -> Result<(), ViewError> {
    session.execute(S::POSITIONS.forget, &key.values()).await.map_err(failed::<S>(OPERATION))?;
    // without a row the position is the start
    if to.id > 0 {
        let values = key.values_with(rows::to_bound(to.id).into(), to.anchor.into());
        session.execute(S::POSITIONS.insert, &values).await.map_err(failed::<S>(OPERATION))?;
    }
    Ok(())
}

async fn look_up<S: Session>(
    session: &mut S,
    statement: &'static str,
    key: &PositionKey,
) -> Result<LogPosition, ViewError> {
    let found = session.fetch::<PositionRow>(statement, &key.values()).await.map_err(failed::<S>(OPERATION))?;
    let (position, anchor) = found.first().map_or((0, None), |PositionRow(position, anchor)| (*position, *anchor));
    Ok(rows::log_position(position, anchor)?)
}
