//! Dead letters of a projection: listed, counted and taken out.

use eventsourcing_core::{DeadLetter, Timestamp, ViewError};
use uuid::Uuid;

use super::position_key::PositionKey;
use super::session::{Session, ViewsDatabase, done, failed, reading};
use super::statement::{Columns, FromColumns, Value};
use crate::rows;

/// The columns of a dead letter.
struct LetterRow {
    notification_id: i64,
    originator_id: Uuid,
    originator_version: i64,
    topic: String,
    reason: Option<String>,
    /// Microseconds since 1970.
    parked_at: i64,
}

impl FromColumns for LetterRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self {
            notification_id: row.number(0)?,
            originator_id: row.uuid(1)?,
            originator_version: row.number(2)?,
            topic: row.text(3)?,
            reason: row.text_if_any(4)?,
            parked_at: row.number(5)?,
        })
    }
}

/// A count of rows.
struct Count(i64);

impl FromColumns for Count {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.number(0)?))
    }
}

/// The dead letters with ids after this one, by id.
pub(crate) async fn list<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let operation = "list dead letters";
    let mut session = reading(views, operation).await?;
    let values: [Value<'_>; 4] =
        [projection.into(), upstream.into(), rows::to_bound(after).into(), rows::to_count(limit).into()];
    let found = session.fetch::<LetterRow>(<D::Session as Session>::LETTERS.list, &values).await;
    let found = found.map_err(failed::<D::Session>(operation))?;
    done(session, operation).await?;
    letters(found)
}

/// How many dead letters there are.
pub(crate) async fn count<D: ViewsDatabase>(views: &D, projection: &str, upstream: &str) -> Result<u64, ViewError> {
    let operation = "count dead letters";
    let mut session = reading(views, operation).await?;
    let values: [Value<'_>; 2] = [projection.into(), upstream.into()];
    let count = session.fetch::<Count>(<D::Session as Session>::LETTERS.count, &values).await;
    let count = count.map_err(failed::<D::Session>(operation))?;
    done(session, operation).await?;
    Ok(count.first().map_or(0, |Count(count)| count.unsigned_abs()))
}

/// Takes out the first dead letters of an aggregate and returns them by id.
pub(super) async fn unpark<S: Session>(
    session: &mut S,
    key: &PositionKey,
    originator_id: Uuid,
    limit: usize,
) -> Result<Vec<DeadLetter>, ViewError> {
    let values = key.values_with(Some(originator_id).into(), rows::to_count(limit).into());
    let found = session.fetch::<LetterRow>(S::LETTERS.unpark, &values).await;
    letters(found.map_err(failed::<S>("take out dead letters"))?)
}

/// Takes out the dead letter of this event, if there is one.
pub(super) async fn discard<S: Session>(
    session: &mut S,
    key: &PositionKey,
    notification_id: u64,
) -> Result<Option<DeadLetter>, ViewError> {
    let values: [Value<'_>; 3] =
        [(&key.projection).into(), (&key.upstream).into(), rows::to_bound(notification_id).into()];
    let found = session.fetch::<LetterRow>(S::LETTERS.discard, &values).await;
    Ok(letters(found.map_err(failed::<S>("take out a dead letter"))?)?.pop())
}

/// The dead letters of rows, by id: deleted rows are returned in any order.
fn letters(rows: Vec<LetterRow>) -> Result<Vec<DeadLetter>, ViewError> {
    let mut letters = rows.into_iter().map(letter).collect::<Result<Vec<_>, _>>()?;
    letters.sort_unstable_by_key(|letter| letter.notification_id);
    Ok(letters)
}

fn letter(row: LetterRow) -> Result<DeadLetter, ViewError> {
    let LetterRow { notification_id, originator_id, originator_version, topic, reason, parked_at } = row;
    let impossible = |_| ViewError::Corrupt { found: format!("a dead letter of {parked_at} microseconds since 1970") };
    let (notification_id, version) = (rows::from_id(notification_id)?, rows::from_version(originator_version)?);
    let parked_at = Timestamp::from_microsecond(parked_at).map_err(impossible)?;
    Ok(DeadLetter::new(notification_id, originator_id, version, topic, parked_at).with_reason(reason))
}
