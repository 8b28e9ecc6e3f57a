//! Rebuilds: a second set of tables beside the live ones.

use eventsourcing_core::projection::{ProjectionKey, RebuildError};
use eventsourcing_core::recording::LogPosition;

use super::calls::beginning;
use super::live_version::{has_begun, insert_live, live_version, look_up, positions};
use super::rebuild_tables::tables;
use super::session::{Session, ViewsDatabase, done, failed, reading, writing};
use super::statement::Value;
use super::task::uninterrupted_step;
use super::transaction::Transaction;
use super::versions::{RebuildStart, StoredPosition, rebuild_failed};
use crate::rows;

pub(crate) async fn begin_rebuild<D: ViewsDatabase>(
    views: &D,
    key: ProjectionKey<'_>,
) -> Result<Option<Transaction<D::Session>>, RebuildError> {
    let ProjectionKey { name, version, .. } = key;
    let (on_task, owned) = (views.clone(), name.to_owned());
    let begin = async move { begin_on_task(&on_task, ProjectionKey::new(&owned, version).rebuilt()).await };
    uninterrupted_step(name, views.longest_step(), begin).await
}

pub(crate) async fn check_tables<S: Session>(
    key: ProjectionKey<'_>,
    transaction: &mut Transaction<S>,
) -> Result<(), RebuildError> {
    let wrong = |operation| move |error| rebuild_failed(key.name, failed::<S>(operation)(error));
    let prefix = key.prefix();
    let made = tables(&mut transaction.session, &prefix).await.map_err(wrong("look for tables"))?;
    if made.is_empty() {
        return Err(RebuildError::NoPrefix { name: key.name.to_owned(), prefix });
    }
    let longest = S::VERSIONS.longest_name;
    if let Some(table) = made.iter().find(|table| table.len() > longest) {
        return Err(RebuildError::NameTooLong { table: table.clone(), longest });
    }
    let names = made.join("\n");
    let values: [Value<'_>; 2] = [key.name.into(), (&names).into()];
    let stored = transaction.session.execute(S::VERSIONS.set_tables, &values).await;
    stored.map(drop).map_err(wrong("store the names of the tables"))
}

pub(crate) async fn live_positions<D: ViewsDatabase>(
    views: &D,
    name: &str,
) -> Result<Vec<(String, LogPosition)>, RebuildError> {
    let operation = "look up the live positions";
    let wrong = |error| rebuild_failed(name, error);
    let live = live_version(views, name).await.map_err(wrong)?;
    let key = ProjectionKey::new(name, live.unwrap_or(1)).to_string();
    let mut session = reading(views, operation).await.map_err(wrong)?;
    let found = positions(&mut session, &key).await;
    let found = found.map_err(|error| wrong(failed::<D::Session>(operation)(error)))?;
    done(session, operation).await.map_err(wrong)?;
    let position = |StoredPosition { upstream, position, anchor }| {
        rows::log_position(position, anchor).map(|position| (upstream, position))
    };
    found.into_iter().map(position).collect::<Result<_, _>>().map_err(|error| wrong(error.into()))
}

async fn begin_on_task<D: ViewsDatabase>(
    views: &D,
    key: ProjectionKey<'_>,
) -> Result<Option<Transaction<D::Session>>, RebuildError> {
    let operation = "begin a rebuild";
    let wrong = |error| rebuild_failed(key.name, error);
    let wrong_statement = |error| wrong(failed::<D::Session>(operation)(error));
    let mut session = writing(views, operation).await.map_err(wrong)?;
    if has_begun(&mut session, key.name).await.map_err(wrong_statement)? {
        // unless it is stored already
        insert_live(&mut session, key.name, 1).await.map_err(wrong_statement)?;
    }
    let versions = look_up(&mut session, <D::Session as Session>::VERSIONS.lock, key.name).await;
    let Some(versions) = versions.map_err(wrong_statement)? else {
        return Err(RebuildError::NoLiveVersion { name: key.name.to_owned() });
    };
    if versions.check_rebuild(key)? == RebuildStart::Resumed {
        return Ok(None);
    }
    if let Some(table) = tables(&mut session, &key.prefix()).await.map_err(wrong_statement)?.pop() {
        return Err(RebuildError::TableExists { table });
    }
    let values: [Value<'_>; 2] = [key.name.into(), i64::from(key.version).into()];
    session.execute(<D::Session as Session>::VERSIONS.set_rebuilt, &values).await.map_err(wrong_statement)?;
    beginning(session, key).await.map(Some).map_err(wrong)
}
