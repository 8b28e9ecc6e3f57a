//! Dead letters of a projection: listed, counted, taken out, and recorded as resolved.

use eventsourcing_core::projection::{LetterResolution, ResolvedLetter};
use eventsourcing_core::{DeadLetter, Timestamp, ViewError};
use uuid::Uuid;

use super::position_key::PositionKey;
use super::session::{Session, ViewsDatabase, done, failed, reading};
use super::statement::{Columns, FromColumns, Value};
use crate::rows;

/// How a resolution is stored.
const RETRIED: &str = "retried";
const DISCARDED: &str = "discarded";

/// The columns of a dead letter.
struct LetterRow {
    notification_id: i64,
    originator_id: Uuid,
    originator_version: i64,
    topic: String,
    reason: Option<String>,
    /// Microseconds since 1970.
    parked_at: i64,
    attempts: i64,
    tried_at: Option<i64>,
    first_reason: Option<String>,
}

impl LetterRow {
    /// Reads the columns of a letter from this one on.
    fn from(row: &impl Columns, first: usize) -> sqlx::Result<Self> {
        Ok(Self {
            notification_id: row.number(first)?,
            originator_id: row.uuid(first + 1)?,
            originator_version: row.number(first + 2)?,
            topic: row.text(first + 3)?,
            reason: row.text_if_any(first + 4)?,
            parked_at: row.number(first + 5)?,
            attempts: row.number(first + 6)?,
            tried_at: row.number_if_any(first + 7)?,
            first_reason: row.text_if_any(first + 8)?,
        })
    }
}

impl FromColumns for LetterRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Self::from(row, 0)
    }
}

/// The columns of a resolved letter.
struct ResolvedRow {
    resolution: String,
    operator: Option<String>,
    why: Option<String>,
    /// Microseconds since 1970.
    resolved_at: i64,
    letter: LetterRow,
}

impl FromColumns for ResolvedRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self {
            resolution: row.text(0)?,
            operator: row.text_if_any(1)?,
            why: row.text_if_any(2)?,
            resolved_at: row.number(3)?,
            letter: LetterRow::from(row, 4)?,
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
    let LetterRow { notification_id, originator_id, originator_version, topic, reason, parked_at, .. } = row;
    let (notification_id, version) = (rows::from_id(notification_id)?, rows::from_version(originator_version)?);
    let letter = DeadLetter::new(notification_id, originator_id, version, topic, time(parked_at)?);
    let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
    let letter = letter.with_reason(reason).with_attempts(attempts, row.tried_at.map(time).transpose()?);
    Ok(letter.with_first_reason(row.first_reason))
}

fn time(microseconds: i64) -> Result<Timestamp, ViewError> {
    let impossible =
        |_| ViewError::Corrupt { found: format!("a dead letter of {microseconds} microseconds since 1970") };
    Timestamp::from_microsecond(microseconds).map_err(impossible)
}

/// The last letters that were resolved, the last one first.
pub(crate) async fn resolved<D: ViewsDatabase>(
    views: &D,
    projection: &str,
    upstream: &str,
    limit: usize,
) -> Result<Vec<ResolvedLetter>, ViewError> {
    let operation = "list resolved dead letters";
    let mut session = reading(views, operation).await?;
    let values: [Value<'_>; 3] = [projection.into(), upstream.into(), rows::to_count(limit).into()];
    let found = session.fetch::<ResolvedRow>(<D::Session as Session>::LETTERS.resolved, &values).await;
    let found = found.map_err(failed::<D::Session>(operation))?;
    done(session, operation).await?;
    found.into_iter().map(resolved_letter).collect()
}

fn resolved_letter(row: ResolvedRow) -> Result<ResolvedLetter, ViewError> {
    let ResolvedRow { resolution, operator, why, resolved_at, letter: row } = row;
    let resolution = match resolution.as_str() {
        RETRIED => LetterResolution::Retried,
        DISCARDED => LetterResolution::Discarded,
        other => return Err(ViewError::Corrupt { found: format!("a dead letter that was resolved as `{other}`") }),
    };
    Ok(ResolvedLetter::new(letter(row)?, resolution, time(resolved_at)?).with_note(operator, why))
}

/// Records letters that the transaction resolves.
pub(super) async fn record<S: Session>(
    session: &mut S,
    key: &PositionKey,
    records: &[ResolvedLetter],
) -> Result<(), ViewError> {
    for ResolvedLetter { letter, resolution, operator, why, resolved_at, .. } in records {
        let resolution = match resolution {
            LetterResolution::Retried => RETRIED,
            _ => DISCARDED,
        };
        let values: [Value<'_>; 15] = [
            (&key.projection).into(),
            (&key.upstream).into(),
            rows::to_bound(letter.notification_id).into(),
            Some(letter.originator_id).into(),
            rows::to_bound(letter.originator_version).into(),
            (&letter.topic).into(),
            (&letter.reason).into(),
            letter.parked_at.as_microsecond().into(),
            i64::from(letter.attempts).into(),
            letter.tried_at.map(|time| time.as_microsecond()).into(),
            (&letter.first_reason).into(),
            resolution.into(),
            operator.into(),
            why.into(),
            resolved_at.as_microsecond().into(),
        ];
        let recorded = session.execute(S::LETTERS.record, &values).await;
        recorded.map_err(failed::<S>("record a resolved dead letter"))?;
    }
    Ok(())
}
