//! The live version of a projection: looked up, and held while its view changes.

use eventsourcing_core::ViewError;
use eventsourcing_core::projection::ProjectionKey;

use super::session::{Session, ViewsDatabase, done, failed, reading};
use super::statement::{Columns, FromColumns, Value};
use super::versions::{StoredPosition, Versions};
use crate::rows;

/// What operation failed, in errors.
const OPERATION: &str = "look up the live version";

/// A number, if there is one.
struct NumberIfAny(Option<i64>);

impl FromColumns for NumberIfAny {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.number_if_any(0)?))
    }
}

/// The live version, if there is one.
pub(super) async fn live_version<D: ViewsDatabase>(views: &D, name: &str) -> Result<Option<u32>, ViewError> {
    let mut session = reading(views, OPERATION).await?;
    let found = session.fetch::<NumberIfAny>(<D::Session as Session>::VERSIONS.live, &[name.into()]).await;
    let found = found.map_err(failed::<D::Session>(OPERATION))?;
    done(session, OPERATION).await?;
    let live = found.first().and_then(|NumberIfAny(live)| *live);
    Ok(live.map(rows::from_projection_version).transpose()?)
}

/// Whether the version of a key is live. It is not if none is.
///
/// # Errors
/// [`ViewError::VersionNotLive`] if another version is live.
pub(super) async fn is_live<D: ViewsDatabase>(views: &D, key: ProjectionKey<'_>) -> Result<bool, ViewError> {
    let Some(live) = live_version(views, key.name).await? else { return Ok(false) };
    Versions { live: live.into(), rebuilt: None }.check(key)?;
    Ok(true)
}

/// Makes the version of a key live if none is. Returns whether it begins now.
///
/// # Errors
/// [`ViewError::VersionNotLive`] if another version is live.
pub(super) async fn make_live<S: Session>(session: &mut S, key: ProjectionKey<'_>) -> Result<bool, ViewError> {
    let failed = failed::<S>(OPERATION);
    if !insert_live(session, key.name, key.version).await.map_err(failed)? {
        let versions = look_up(session, S::VERSIONS.hold, key.name).await.map_err(failed)?;
        versions.unwrap_or(Versions::FIRST).check(key)?;
        return Ok(false);
    }
    if !has_begun(session, key.name).await.map_err(failed)? {
        return Ok(true);
    }
    Versions::FIRST.check(key)?;
    Ok(false)
}

/// Makes sure that the version of a key may be changed until the transaction ends.
///
/// # Errors
/// [`ViewError::VersionNotLive`] if another version is live, [`ViewError::RebuildEnded`] if a rebuilt version is not being rebuilt.
pub(crate) async fn hold<S: Session>(session: &mut S, key: ProjectionKey<'_>) -> Result<(), ViewError> {
    if !key.is_rebuilt {
        return make_live(session, key).await.map(drop);
    }
    let versions = look_up(session, S::VERSIONS.hold, key.name).await;
    let versions = versions.map_err(failed::<S>("look up the version that is rebuilt"))?;
    versions.unwrap_or(Versions::FIRST).check(key)
}

/// Stores which version is live, unless one is stored. Returns whether it was stored now.
pub(super) async fn insert_live<S: Session>(session: &mut S, name: &str, version: u32) -> sqlx::Result<bool> {
    let values: [Value<'_>; 2] = [name.into(), i64::from(version).into()];
    Ok(session.execute(S::VERSIONS.insert_live, &values).await? > 0)
}

/// The stored versions of a projection, by a statement that may lock them.
pub(crate) async fn look_up<S: Session>(
    session: &mut S,
    statement: &'static str,
    name: &str,
) -> sqlx::Result<Option<Versions>> {
    Ok(session.fetch::<Versions>(statement, &[name.into()]).await?.pop())
}

/// Whether the first version began before versions were stored.
pub(crate) async fn has_begun<S: Session>(session: &mut S, name: &str) -> sqlx::Result<bool> {
    Ok(!positions(session, name).await?.is_empty())
}

/// The positions under a key.
pub(super) async fn positions<S: Session>(session: &mut S, key: &str) -> sqlx::Result<Vec<StoredPosition>> {
    session.fetch(S::VERSIONS.positions, &[key.into()]).await
}
