//! Dead letters in PostgreSQL.

use eventsourcing_core::{DeadLetter, ViewError};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::error::view_error;
use super::letters::{LetterRow, Owner, letter, letters};
use crate::condition::postgres as condition;
use crate::rows;
use crate::sql::letters::POSTGRES;

pub(super) async fn list(pool: &PgPool, owner: &Owner, after: u64, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
    let list = sqlx::query_as(POSTGRES.list).bind(&owner.projection).bind(&owner.upstream);
    let list = list.bind(rows::to_bound(after)).bind(rows::to_count(limit));
    let rows: Vec<LetterRow> =
        list.fetch_all(pool).await.map_err(|error| view_error(condition::of(&error), error, "list dead letters"))?;
    letters(rows)
}

pub(super) async fn count(pool: &PgPool, owner: &Owner) -> Result<u64, ViewError> {
    let count = sqlx::query_scalar(POSTGRES.count).bind(&owner.projection).bind(&owner.upstream);
    let count: i64 =
        count.fetch_one(pool).await.map_err(|error| view_error(condition::of(&error), error, "count dead letters"))?;
    Ok(count.unsigned_abs())
}

pub(super) async fn parked(
    connection: &mut PgConnection,
    owner: &Owner,
    originators: &[Uuid],
) -> Result<Vec<Uuid>, ViewError> {
    let parked = sqlx::query_scalar(POSTGRES.parked).bind(&owner.projection).bind(&owner.upstream);
    let parked = parked.bind(originators).fetch_all(connection).await;
    parked.map_err(|error| view_error(condition::of(&error), error, "look up dead letters"))
}

pub(super) async fn park(
    connection: &mut PgConnection,
    owner: &Owner,
    letters: &[DeadLetter],
) -> Result<(), ViewError> {
    let ids: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.notification_id)).collect();
    let originators: Vec<_> = letters.iter().map(|letter| letter.originator_id).collect();
    let versions: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.originator_version)).collect();
    let topics: Vec<_> = letters.iter().map(|letter| letter.topic.as_str()).collect();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_deref()).collect();
    let times: Vec<_> = letters.iter().map(|letter| letter.parked_at.as_microsecond()).collect();
    let park = sqlx::query(POSTGRES.park).bind(&owner.projection).bind(&owner.upstream).bind(ids).bind(originators);
    let park = park.bind(versions).bind(topics).bind(reasons).bind(times);
    park.execute(connection).await.map_err(|error| view_error(condition::of(&error), error, "put events aside"))?;
    Ok(())
}

pub(super) async fn unpark(
    connection: &mut PgConnection,
    owner: &Owner,
    originator_id: Uuid,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let unpark = sqlx::query_as(POSTGRES.unpark).bind(&owner.projection).bind(&owner.upstream);
    let unpark = unpark.bind(originator_id).bind(rows::to_count(limit));
    let rows: Vec<LetterRow> = unpark
        .fetch_all(connection)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "take out dead letters"))?;
    letters(rows)
}

pub(super) async fn discard(
    connection: &mut PgConnection,
    owner: &Owner,
    notification_id: u64,
) -> Result<Option<DeadLetter>, ViewError> {
    let discard = sqlx::query_as(POSTGRES.discard).bind(&owner.projection).bind(&owner.upstream);
    let discard = discard.bind(rows::to_bound(notification_id));
    let row: Option<LetterRow> = discard
        .fetch_optional(connection)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "take out a dead letter"))?;
    row.map(letter).transpose()
}
