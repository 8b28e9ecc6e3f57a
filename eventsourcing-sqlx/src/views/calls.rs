//! The calls of [`Views`](eventsourcing_core::projection::Views), for both databases.

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{LogPosition, Tracking, ViewError};

use super::live_version::{hold, is_live, make_live};
use super::position;
use super::position_key::PositionKey;
use super::session::{Session, ViewsDatabase, done, reading, writing};
use super::task::uninterrupted;
use super::transaction::Transaction;
use crate::rows;

/// The operation of a transaction of handlers, in errors.
const BEGIN: &str = "begin a transaction on a view";

pub(crate) async fn position<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
) -> Result<LogPosition, ViewError> {
    let operation = "look up a position";
    let mut session = reading(views, operation).await?;
    let position = position::recorded(&mut session, &PositionKey::new(projection, upstream)).await?;
    done(session, operation).await?;
    Ok(position)
}

pub(crate) async fn ensure_live<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    has_tables: bool,
) -> Result<Option<Transaction<D::Session>>, ViewError> {
    if is_live(views, ProjectionKey::parse(projection)).await? || !has_tables {
        return Ok(None);
    }
    let (on_task, projection) = (views.clone(), projection.to_owned());
    let begun = uninterrupted(async move { begin_first(&on_task, &projection).await }).await?;
    Ok(begun.map(|begun| received(views, begun)))
}

pub(crate) async fn begin<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    tracking: &Tracking,
) -> Result<Transaction<D::Session>, ViewError> {
    tracking.check()?;
    let (on_task, projection, tracking) = (views.clone(), projection.to_owned(), tracking.clone());
    let begun = uninterrupted(async move { begin_to_process(&on_task, &projection, &tracking).await }).await?;
    Ok(received(views, begun))
}

pub(crate) async fn initialize_position<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
    position: LogPosition,
) -> Result<LogPosition, ViewError> {
    let (views, key) = (views.clone(), PositionKey::new(projection, upstream));
    uninterrupted(async move { store_beginning(&views, &key, position).await }).await
}

pub(crate) async fn move_position<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
    from: LogPosition,
    to: LogPosition,
) -> Result<(), ViewError> {
    let (views, key) = (views.clone(), PositionKey::new(projection, upstream));
    uninterrupted(async move { move_from(&views, &key, from, to).await }).await
}

pub(crate) async fn begin_without_advance<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
) -> Result<Transaction<D::Session>, ViewError> {
    let (on_task, key) = (views.clone(), PositionKey::new(projection, upstream));
    let begun = uninterrupted(async move { begin_without_moving(&on_task, key).await }).await?;
    Ok(received(views, begun))
}

/// A transaction in which tables are made, of no upstream.
pub(super) async fn beginning<S: Session>(mut session: S, key: ProjectionKey<'_>) -> Result<Transaction<S>, ViewError> {
    session.hand_over(key).await?;
    Ok(Transaction::new(session, PositionKey::new(&key.to_string(), ""), false))
}

fn received<D: ViewsDatabase>(views: &D, mut transaction: Transaction<D::Session>) -> Transaction<D::Session> {
    views.received(&mut transaction.session);
    transaction
}

async fn begin_first<D: ViewsDatabase>(
    views: &D,
    projection: &str,
) -> Result<Option<Transaction<D::Session>>, ViewError> {
    let key = ProjectionKey::parse(projection);
    let mut session = writing(views, "begin a projection").await?;
    if make_live(&mut session, key).await? {
        return Ok(Some(beginning(session, key).await?));
    }
    session.commit().await?;
    Ok(None)
}

async fn begin_to_process<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    tracking: &Tracking,
) -> Result<Transaction<D::Session>, ViewError> {
    let mut session = writing(views, BEGIN).await?;
    let key = PositionKey::new(projection, &tracking.upstream);
    match session.advance(ProjectionKey::parse(projection), &key, tracking).await {
        Ok(has_letters) => Ok(Transaction::new(session, key, has_letters)),
        Err(error @ ViewError::AlreadyProcessed { .. }) => {
            session.rollback();
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn store_beginning<D: ViewsDatabase>(
    views: &D,
    key: &PositionKey,
    position: LogPosition,
) -> Result<LogPosition, ViewError> {
    let mut session = writing(views, "store where a projection begins").await?;
    hold(&mut session, ProjectionKey::parse(&key.projection)).await?;
    let stored = position::initialize_position(&mut session, key, position).await?;
    session.commit().await?;
    Ok(stored)
}

async fn move_from<D: ViewsDatabase>(
    views: &D,
    key: &PositionKey,
    from: LogPosition,
    to: LogPosition,
) -> Result<(), ViewError> {
    let mut session = writing(views, "move a position").await?;
    hold(&mut session, ProjectionKey::parse(&key.projection)).await?;
    let recorded = position::locked(&mut session, key).await?;
    if recorded != from {
        session.rollback();
        return Ok(rows::moved(&key.upstream, from, to, recorded)?);
    }
    position::put(&mut session, key, to).await?;
    session.commit().await
}

async fn begin_without_moving<D: ViewsDatabase>(
    views: &D,
    key: PositionKey,
) -> Result<Transaction<D::Session>, ViewError> {
    let mut session = writing(views, BEGIN).await?;
    let version = ProjectionKey::parse(&key.projection);
    hold(&mut session, version).await?;
    // where the position needs no lock, the transaction has the write lock, which serializes all of them
    if <D::Session as Session>::POSITIONS.lock.is_some() {
        // at the start no event was processed, so that no event can have been parked
        position::locked(&mut session, &key).await?;
    }
    session.hand_over(version).await?;
    Ok(Transaction::new(session, key, true))
}
