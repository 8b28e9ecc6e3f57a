//! Dead letters in SQLite: looked up by a list of ids in one blob, and stored one by one.

use eventsourcing_core::DeadLetter;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::rows;
use crate::sql::projections::dead_letters::SQLITE;
use crate::views::PositionKey;

pub(super) async fn parked(
    connection: &mut SqliteConnection,
    key: &PositionKey,
    originators: &[Uuid],
) -> sqlx::Result<Vec<Uuid>> {
    let parked = sqlx::query_scalar(SQLITE.parked).bind(&key.projection).bind(&key.upstream);
    // a list of parameters would be another statement for each number of them
    let ids: Vec<u8> = originators.iter().flat_map(|id| *id.as_bytes()).collect();
    parked.bind(ids).fetch_all(connection).await
}

pub(super) async fn park(
    connection: &mut SqliteConnection,
    key: &PositionKey,
    letters: &[DeadLetter],
) -> sqlx::Result<()> {
    for letter in letters {
        let park = sqlx::query(SQLITE.park).bind(&key.projection).bind(&key.upstream);
        let park = park.bind(rows::to_bound(letter.notification_id)).bind(letter.originator_id);
        let park = park.bind(rows::to_bound(letter.originator_version)).bind(&letter.topic).bind(&letter.reason);
        let park = park.bind(letter.parked_at.as_microsecond()).bind(i64::from(letter.attempts));
        let park = park.bind(letter.tried_at.map(|time| time.as_microsecond())).bind(&letter.first_reason);
        park.execute(&mut *connection).await?;
    }
    Ok(())
}
