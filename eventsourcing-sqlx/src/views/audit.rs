//! The audit of what operators do, in the database of views.

use eventsourcing_core::audit::{AuditEntry, AuditRecord};
use eventsourcing_core::{Timestamp, ViewError};

use super::session::{Session, ViewsDatabase, done, failed, reading, writing};
use super::statement::{Columns, FromColumns, Value};
use super::task::uninterrupted;
use crate::rows;

/// What operation failed, in errors.
const OPERATION: &str = "write the audit";

/// The id of an entry.
struct Id(i64);

impl FromColumns for Id {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.number(0)?))
    }
}

/// The columns of an entry; times in microseconds since 1970.
struct EntryRow {
    id: i64,
    at: i64,
    operator: String,
    action: String,
    target: String,
    reason: Option<String>,
    outcome: Option<String>,
    ended_at: Option<i64>,
}

impl FromColumns for EntryRow {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.number(0)?,
            at: row.number(1)?,
            operator: row.text(2)?,
            action: row.text(3)?,
            target: row.text(4)?,
            reason: row.text_if_any(5)?,
            outcome: row.text_if_any(6)?,
            ended_at: row.number_if_any(7)?,
        })
    }
}

/// Stores an entry, and returns its id once it is committed.
pub(crate) async fn begin<D: ViewsDatabase>(views: &D, entry: AuditEntry) -> Result<u64, ViewError> {
    let views = views.clone();
    let begin = async move {
        let AuditEntry { at, operator, action, target, reason, .. } = entry;
        let mut session = writing(&views, OPERATION).await?;
        let values: [Value<'_>; 5] =
            [at.as_microsecond().into(), (&operator).into(), (&action).into(), (&target).into(), (&reason).into()];
        let stored = session.fetch::<Id>(<D::Session as Session>::AUDIT.begin, &values).await;
        let stored = stored.map_err(failed::<D::Session>(OPERATION))?;
        session.commit().await?;
        let id = stored.first().map_or(0, |Id(id)| *id);
        Ok(rows::from_id(id)?)
    };
    uninterrupted(begin).await
}

/// Stores the outcome of an entry that has none.
pub(crate) async fn end<D: ViewsDatabase>(views: &D, id: u64, outcome: String) -> Result<(), ViewError> {
    let views = views.clone();
    let end = async move {
        let mut session = writing(&views, OPERATION).await?;
        let now = Timestamp::now().as_microsecond();
        let values: [Value<'_>; 3] = [rows::to_bound(id).into(), (&outcome).into(), now.into()];
        let stored = session.execute(<D::Session as Session>::AUDIT.end, &values).await;
        stored.map_err(failed::<D::Session>(OPERATION))?;
        session.commit().await
    };
    uninterrupted(end).await
}

/// The entries with ids below this one, the last one first.
pub(crate) async fn entries<D: ViewsDatabase>(
    views: &D,
    before: u64,
    limit: usize,
) -> Result<Vec<AuditRecord>, ViewError> {
    let operation = "read the audit";
    let mut session = reading(views, operation).await?;
    let values: [Value<'_>; 2] = [rows::to_bound(before).into(), rows::to_count(limit).into()];
    let found = session.fetch::<EntryRow>(<D::Session as Session>::AUDIT.entries, &values).await;
    let found = found.map_err(failed::<D::Session>(operation))?;
    done(session, operation).await?;
    found.into_iter().map(record).collect()
}

fn record(row: EntryRow) -> Result<AuditRecord, ViewError> {
    let EntryRow { id, at, operator, action, target, reason, outcome, ended_at } = row;
    let entry = AuditEntry::new(operator, action, target).because(reason).at(time(at)?);
    let outcome = outcome.zip(ended_at.map(time).transpose()?);
    Ok(AuditRecord::new(rows::from_id(id)?, entry).with_outcome(outcome))
}

fn time(microseconds: i64) -> Result<Timestamp, ViewError> {
    let impossible =
        |_| ViewError::Corrupt { found: format!("an audit entry of {microseconds} microseconds since 1970") };
    Timestamp::from_microsecond(microseconds).map_err(impossible)
}
