//! Dead letters in PostgreSQL.

use eventsourcing_core::{DeadLetter, ViewError};
use uuid::Uuid;

use super::error::view_error;
use super::letters::{LetterRow, Owner, letter, letters};
use super::postgres::PostgresViews;
use super::postgres_session::Session;
use crate::condition::postgres as condition;
use crate::rows;
use crate::sql::letters::POSTGRES;

fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> ViewError {
    move |error| view_error(condition::of(&error), error, operation)
}

pub(super) async fn list(
    views: &PostgresViews,
    owner: &Owner,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let failed = failed("list dead letters");
    let mut session = views.reading("list dead letters").await?;
    let list = sqlx::query_as(POSTGRES.list).bind(&owner.projection).bind(&owner.upstream);
    let list = list.bind(rows::to_bound(after)).bind(rows::to_count(limit));
    let rows: Vec<LetterRow> = session.limit().on(list.fetch_all(&mut *session)).await.map_err(&failed)?;
    session.done().await.map_err(&failed)?;
    letters(rows)
}

pub(super) async fn count(views: &PostgresViews, owner: &Owner) -> Result<u64, ViewError> {
    let failed = failed("count dead letters");
    let mut session = views.reading("count dead letters").await?;
    let count = sqlx::query_scalar(POSTGRES.count).bind(&owner.projection).bind(&owner.upstream);
    let count: i64 = session.limit().on(count.fetch_one(&mut *session)).await.map_err(&failed)?;
    session.done().await.map_err(&failed)?;
    Ok(count.unsigned_abs())
}

pub(super) async fn parked(session: &mut Session, owner: &Owner, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
    let parked = sqlx::query_scalar(POSTGRES.parked).bind(&owner.projection).bind(&owner.upstream);
    let parked = session.limit().on(parked.bind(originators).fetch_all(&mut **session)).await;
    parked.map_err(failed("look up dead letters"))
}

pub(super) async fn park(session: &mut Session, owner: &Owner, letters: &[DeadLetter]) -> Result<(), ViewError> {
    let ids: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.notification_id)).collect();
    let originators: Vec<_> = letters.iter().map(|letter| letter.originator_id).collect();
    let versions: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.originator_version)).collect();
    let topics: Vec<_> = letters.iter().map(|letter| letter.topic.as_str()).collect();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_deref()).collect();
    let times: Vec<_> = letters.iter().map(|letter| letter.parked_at.as_microsecond()).collect();
    let park = sqlx::query(POSTGRES.park).bind(&owner.projection).bind(&owner.upstream).bind(ids).bind(originators);
    let park = park.bind(versions).bind(topics).bind(reasons).bind(times);
    session.limit().on(park.execute(&mut **session)).await.map_err(failed("put events aside"))?;
    Ok(())
}

pub(super) async fn unpark(
    session: &mut Session,
    owner: &Owner,
    originator_id: Uuid,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let unpark = sqlx::query_as(POSTGRES.unpark).bind(&owner.projection).bind(&owner.upstream);
    let unpark = unpark.bind(originator_id).bind(rows::to_count(limit));
    let rows = session.limit().on(unpark.fetch_all(&mut **session)).await;
    let rows: Vec<LetterRow> = rows.map_err(failed("take out dead letters"))?;
    letters(rows)
}

pub(super) async fn discard(
    session: &mut Session,
    owner: &Owner,
    notification_id: u64,
) -> Result<Option<DeadLetter>, ViewError> {
    let discard = sqlx::query_as(POSTGRES.discard).bind(&owner.projection).bind(&owner.upstream);
    let discard = discard.bind(rows::to_bound(notification_id));
    let row = session.limit().on(discard.fetch_optional(&mut **session)).await;
    let row: Option<LetterRow> = row.map_err(failed("take out a dead letter"))?;
    row.map(letter).transpose()
}
