//! Dead letters in SQLite.

use eventsourcing_core::{DeadLetter, ViewError};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::error::view_error;
use super::letters::{LetterRow, Owner, letter, letters};
use super::sqlite::SqliteViews;
use crate::condition::sqlite as condition;
use crate::rows;
use crate::sql::letters::SQLITE;

pub(super) async fn list(
    views: &SqliteViews,
    owner: &Owner,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let list = sqlx::query_as(SQLITE.list).bind(&owner.projection).bind(&owner.upstream);
    let list = list.bind(rows::to_bound(after)).bind(rows::to_count(limit));
    let rows: Vec<LetterRow> = list
        .fetch_all(&mut *views.reading("list dead letters").await?)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "list dead letters"))?;
    letters(rows)
}

pub(super) async fn count(views: &SqliteViews, owner: &Owner) -> Result<u64, ViewError> {
    let count = sqlx::query_scalar(SQLITE.count).bind(&owner.projection).bind(&owner.upstream);
    let count: i64 = count
        .fetch_one(&mut *views.reading("count dead letters").await?)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "count dead letters"))?;
    Ok(count.unsigned_abs())
}

pub(super) async fn parked(
    connection: &mut SqliteConnection,
    owner: &Owner,
    originators: &[Uuid],
) -> Result<Vec<Uuid>, ViewError> {
    let parked = sqlx::query_scalar(SQLITE.parked).bind(&owner.projection).bind(&owner.upstream);
    // a list of parameters would be another statement for each number of them
    let ids: Vec<u8> = originators.iter().flat_map(|id| *id.as_bytes()).collect();
    let parked = parked.bind(ids).fetch_all(connection).await;
    parked.map_err(|error| view_error(condition::of(&error), error, "look up dead letters"))
}

pub(super) async fn park(
    connection: &mut SqliteConnection,
    owner: &Owner,
    letters: &[DeadLetter],
) -> Result<(), ViewError> {
    for letter in letters {
        let park = sqlx::query(SQLITE.park).bind(&owner.projection).bind(&owner.upstream);
        let park = park.bind(rows::to_bound(letter.notification_id)).bind(letter.originator_id);
        let park = park.bind(rows::to_bound(letter.originator_version)).bind(&letter.topic).bind(&letter.reason);
        let park = park.bind(letter.parked_at.as_microsecond()).execute(&mut *connection).await;
        park.map_err(|error| view_error(condition::of(&error), error, "put an event aside"))?;
    }
    Ok(())
}

pub(super) async fn unpark(
    connection: &mut SqliteConnection,
    owner: &Owner,
    originator_id: Uuid,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let unpark = sqlx::query_as(SQLITE.unpark).bind(&owner.projection).bind(&owner.upstream);
    let unpark = unpark.bind(originator_id).bind(rows::to_count(limit));
    let rows: Vec<LetterRow> = unpark
        .fetch_all(connection)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "take out dead letters"))?;
    letters(rows)
}

pub(super) async fn discard(
    connection: &mut SqliteConnection,
    owner: &Owner,
    notification_id: u64,
) -> Result<Option<DeadLetter>, ViewError> {
    let discard = sqlx::query_as(SQLITE.discard).bind(&owner.projection).bind(&owner.upstream);
    let discard = discard.bind(rows::to_bound(notification_id));
    let row: Option<LetterRow> = discard
        .fetch_optional(connection)
        .await
        .map_err(|error| view_error(condition::of(&error), error, "take out a dead letter"))?;
    row.map(letter).transpose()
}
