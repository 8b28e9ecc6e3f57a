//! Dead letters in PostgreSQL, as arrays: looked up and stored, any number in one statement.

use eventsourcing_core::DeadLetter;
use uuid::Uuid;

use super::session::Session;
use crate::rows;
use crate::sql::projections::dead_letters::POSTGRES;
use crate::views::PositionKey;

pub(super) async fn parked(session: &mut Session, key: &PositionKey, originators: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    let parked = sqlx::query_scalar(POSTGRES.parked).bind(&key.projection).bind(&key.upstream);
    session.limit().on(parked.bind(originators).fetch_all(&mut **session)).await
}

pub(super) async fn park(session: &mut Session, key: &PositionKey, letters: &[DeadLetter]) -> sqlx::Result<()> {
    let ids: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.notification_id)).collect();
    let originators: Vec<_> = letters.iter().map(|letter| letter.originator_id).collect();
    let versions: Vec<_> = letters.iter().map(|letter| rows::to_bound(letter.originator_version)).collect();
    let topics: Vec<_> = letters.iter().map(|letter| letter.topic.as_str()).collect();
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_deref()).collect();
    let times: Vec<_> = letters.iter().map(|letter| letter.parked_at.as_microsecond()).collect();
    let attempts: Vec<_> = letters.iter().map(|letter| i64::from(letter.attempts)).collect();
    let tried: Vec<_> = letters.iter().map(|letter| letter.tried_at.map(|time| time.as_microsecond())).collect();
    let first: Vec<_> = letters.iter().map(|letter| letter.first_reason.as_deref()).collect();
    let park = sqlx::query(POSTGRES.park).bind(&key.projection).bind(&key.upstream).bind(ids).bind(originators);
    let park = park.bind(versions).bind(topics).bind(reasons).bind(times).bind(attempts);
    let park = park.bind(tried).bind(first);
    session.limit().on(park.execute(&mut **session)).await.map(drop)
}
