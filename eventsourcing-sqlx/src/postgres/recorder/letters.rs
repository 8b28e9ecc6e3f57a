//! The dead letters of the application: read here, and changed by appends.

use std::collections::HashSet;
use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{LetterChanges, LetterQuery, StoredLetter};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::Inner;
use super::error::StatementError;
use super::select::ShownRow;
use crate::append::Found;
use crate::rows;

impl Inner {
    pub(super) async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        let statements = &self.sql.common;
        let LetterQuery { upstream, originator_id, after, up_to, limit, .. } = query;
        let mut found: Vec<StoredLetter> = Vec::new();
        // if the connection breaks, the retry continues after the last received letter
        let select = |found: &mut &mut Vec<StoredLetter>| {
            let after = found.last().map_or(after, |last| last.notification_id);
            let statement = if originator_id.is_some() { &statements.letters_of } else { &statements.letters };
            let select = sqlx::query(statement.text())
                .bind(upstream.as_str())
                .bind(rows::to_bound(after))
                .bind(rows::to_up_to(up_to))
                .bind(rows::to_count(limit.saturating_sub(found.len())));
            match originator_id {
                Some(id) => select.bind(id),
                None => select,
            }
        };
        let show = |found: &mut &mut Vec<StoredLetter>, row: ShownRow<'_>| {
            found.push(letter(&row)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("select dead letters", &mut found, select, show).await?;
        Ok(found)
    }

    pub(super) async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        let mut count = 0_i64;
        let select = |_: &mut &mut i64| sqlx::query(self.sql.common.count_letters.text()).bind(upstream);
        let show = |count: &mut &mut i64, row: ShownRow<'_>| {
            **count = row.try_get(0)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("count dead letters", &mut count, select, show).await?;
        Ok(count.unsigned_abs())
    }

    pub(super) async fn with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        let mut found = Vec::new();
        let select =
            |_: &mut &mut Vec<Uuid>| sqlx::query(self.sql.common.with_letters.text()).bind(upstream).bind(originators);
        let show = |found: &mut &mut Vec<Uuid>, row: ShownRow<'_>| {
            let id = row.try_get(0)?;
            // some may have been received before the connection broke
            if !found.contains(&id) {
                found.push(id);
            }
            Ok(ControlFlow::Continue(()))
        };
        self.read("look up dead letters", &mut found, select, show).await?;
        Ok(found)
    }

    /// Looks up the letters that these changes rely on, and those that they store.
    pub(super) async fn look_up_letters(
        &self,
        connection: &mut PgConnection,
        changes: &LetterChanges,
        found: &mut Found,
    ) -> Result<(), StatementError> {
        let LetterChanges { upstream, behind, taken, parked, .. } = changes;
        let waiting: Vec<Uuid> = sqlx::query_scalar(self.sql.common.with_letters.text())
            .persistent(self.is_persistent())
            .bind(upstream)
            .bind(behind)
            .fetch_all(&mut *connection)
            .await?;
        let ids: HashSet<i64> = taken
            .iter()
            .copied()
            .chain(parked.iter().map(|letter| letter.notification_id))
            .map(rows::to_bound)
            .collect();
        let there = sqlx::query(self.sql.letters_there.text())
            .persistent(self.is_persistent())
            .bind(upstream)
            .bind(Vec::from_iter(ids))
            .fetch_all(connection)
            .await?;
        found.add_waiting(upstream, waiting);
        found.add_letters(upstream, there.iter().map(letter).collect::<Result<Vec<_>, _>>()?);
        Ok(())
    }
}

fn letter(row: &PgRow) -> Result<StoredLetter, StatementError> {
    let letter = StoredLetter::new(rows::from_id(row.try_get(0)?)?, row.try_get(1)?, row.try_get::<&[u8], _>(2)?);
    Ok(letter.with_checksum(rows::from_checksum(row.try_get(3)?)?))
}
