//! The end of a rebuild: switched to, in one transaction, or aborted.

use std::time::Duration;

use eventsourcing_core::ViewError;
use eventsourcing_core::projection::{MAX_SWITCH_HOLD, ProjectionKey, RebuildError, Switched};
use eventsourcing_core::recording::LogPosition;
use tokio::time::{Instant, sleep};

use super::live_version::{look_up, positions};
use super::rebuild_tables::{drop_tables, made, replace_tables};
use super::session::{Session, ViewsDatabase, failed, writing};
use super::statement::Value;
use super::task::uninterrupted_step;
use super::versions::{StoredPosition, has_caught_up, is_lost, rebuild_failed, rebuild_is_over};

/// How long a switch waits before it looks again whether the rebuild has caught up.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) async fn switch<D: ViewsDatabase>(
    views: &D,
    key: ProjectionKey<'_>,
    lost: &[(String, LogPosition)],
) -> Result<Switched, RebuildError> {
    let ProjectionKey { name, version, .. } = key;
    let (on_task, owned, lost) = (views.clone(), name.to_owned(), lost.to_vec());
    let switch = async move {
        let key = ProjectionKey::new(&owned, version).rebuilt();
        match switch_on_task(&on_task, key, &lost).await {
            // the row of versions, which is locked first, waits for that commit and shows its outcome
            Err(RebuildError::View { source: ViewError::OutcomeUnknown { .. }, .. }) => {
                switch_on_task(&on_task, key, &lost).await
            }
            switched => switched,
        }
    };
    uninterrupted_step(name, views.longest_step(), switch).await
}

pub(crate) async fn abort_rebuild<D: ViewsDatabase>(
    views: &D,
    name: &str,
    version: Option<u32>,
) -> Result<Option<u32>, RebuildError> {
    let (on_task, owned) = (views.clone(), name.to_owned());
    let abort = async move { abort_on_task(&on_task, &owned, version).await };
    uninterrupted_step(name, views.longest_step(), abort).await
}

async fn switch_on_task<D: ViewsDatabase>(
    views: &D,
    key: ProjectionKey<'_>,
    lost: &[(String, LogPosition)],
) -> Result<Switched, RebuildError> {
    let operation = "switch to a rebuild";
    let wrong = |error| rebuild_failed(key.name, error);
    let mut session = writing(views, operation).await.map_err(wrong)?;
    match switch_in(&mut session, key, lost, operation).await? {
        Step::Commit => session.commit().await.map(|()| Switched::Done).map_err(wrong),
        Step::NothingToDo => Ok(Switched::Done),
        Step::Behind => {
            session.rollback();
            Ok(Switched::Behind)
        }
    }
}

/// How the transaction of a switch ends.
enum Step {
    Commit,
    /// The version is live already.
    NothingToDo,
    /// The rebuild is behind the live version.
    Behind,
}

async fn switch_in<S: Session>(
    session: &mut S,
    key: ProjectionKey<'_>,
    lost: &[(String, LogPosition)],
    operation: &'static str,
) -> Result<Step, RebuildError> {
    let wrong = |error| rebuild_failed(key.name, failed::<S>(operation)(error));
    session.execute_script(S::VERSIONS.before_dropping.to_owned()).await.map_err(wrong)?;
    let versions = look_up(session, S::VERSIONS.lock, key.name).await.map_err(wrong)?;
    let versions = versions.ok_or_else(|| rebuild_is_over(key))?;
    if !versions.check_switch(key)? {
        return Ok(Step::NothingToDo);
    }
    let live = versions.live().map_err(|error| rebuild_failed(key.name, error))?;
    let (old, new) = (ProjectionKey::new(key.name, live).to_string(), key.live().to_string());
    let rebuilt = key.rebuilt().to_string();
    // from here on the live version does not move
    let mut live = locked_positions(session, &old).await.map_err(wrong)?;
    live.retain(|live| !is_lost(live, lost));
    let deadline = Instant::now() + MAX_SWITCH_HOLD;
    while !has_caught_up(&live, &positions(session, &rebuilt).await.map_err(wrong)?) {
        if !S::VERSIONS.others_move || Instant::now() > deadline {
            return Ok(Step::Behind);
        }
        sleep(PAUSE).await;
    }
    locked_positions(session, &rebuilt).await.map_err(wrong)?;
    replace_tables(session, key).await.map_err(wrong)?;
    let values: [Value<'_>; 2] = [key.name.into(), i64::from(key.version).into()];
    session.execute(S::VERSIONS.set_live, &values).await.map_err(wrong)?;
    for forget in S::VERSIONS.forget {
        session.execute(forget, &[(&old).into()]).await.map_err(wrong)?;
    }
    for rename in S::VERSIONS.rename {
        session.execute(rename, &[(&rebuilt).into(), (&new).into()]).await.map_err(wrong)?;
    }
    Ok(Step::Commit)
}

async fn abort_on_task<D: ViewsDatabase>(
    views: &D,
    name: &str,
    version: Option<u32>,
) -> Result<Option<u32>, RebuildError> {
    let Some((under_way, committed)) = try_to_abort(views, name, version).await? else { return Ok(None) };
    match committed {
        Ok(()) => {}
        Err(ViewError::OutcomeUnknown { source }) => {
            tracing::debug!(%source, "the connection was lost at the commit of an abort; aborting once more");
            // if the first commit was made, there is nothing left to abort
            if let Some((_, committed)) = try_to_abort(views, name, Some(under_way)).await? {
                committed.map_err(|error| rebuild_failed(name, error))?;
            }
        }
        Err(error) => return Err(rebuild_failed(name, error)),
    }
    Ok(Some(under_way))
}

/// Aborts a rebuild. Returns its version and the result of the commit, or none if there is no such rebuild.
async fn try_to_abort<D: ViewsDatabase>(
    views: &D,
    name: &str,
    version: Option<u32>,
) -> Result<Option<(u32, Result<(), ViewError>)>, RebuildError> {
    let operation = "abort a rebuild";
    let mut session = writing(views, operation).await.map_err(|error| rebuild_failed(name, error))?;
    match abort_in(&mut session, name, version, operation).await? {
        Some(under_way) => Ok(Some((under_way, session.commit().await))),
        None => Ok(None),
    }
}

async fn abort_in<S: Session>(
    session: &mut S,
    name: &str,
    version: Option<u32>,
    operation: &'static str,
) -> Result<Option<u32>, RebuildError> {
    let wrong = |error| rebuild_failed(name, failed::<S>(operation)(error));
    let Some(versions) = look_up(session, S::VERSIONS.lock, name).await.map_err(wrong)? else { return Ok(None) };
    let Some(under_way) = versions.rebuilt().map_err(|error| rebuild_failed(name, error))? else { return Ok(None) };
    if version.is_some_and(|version| version != under_way) {
        return Ok(None);
    }
    let key = ProjectionKey::new(name, under_way).rebuilt();
    let positions_of = key.to_string();
    // a transaction whose future was dropped no longer moves the position, and releases the tables
    locked_positions(session, &positions_of).await.map_err(wrong)?;
    session.execute_script(S::VERSIONS.before_dropping.to_owned()).await.map_err(wrong)?;
    let rebuilt = made(session, key).await.map_err(wrong)?;
    drop_tables(session, &rebuilt, S::VERSIONS.after_dropped).await.map_err(wrong)?;
    session.execute(S::VERSIONS.set_rebuilt, &[name.into(), Value::Number(None)]).await.map_err(wrong)?;
    for forget in S::VERSIONS.forget {
        session.execute(forget, &[(&positions_of).into()]).await.map_err(wrong)?;
    }
    Ok(Some(under_way))
}

/// The positions under a key, which no other transaction moves until this one ends.
async fn locked_positions<S: Session>(session: &mut S, key: &str) -> sqlx::Result<Vec<StoredPosition>> {
    if let Some(lock) = S::VERSIONS.lock_positions {
        session.execute(lock, &[key.into()]).await?;
    }
    session.fetch(S::VERSIONS.locked_positions, &[key.into()]).await
}
