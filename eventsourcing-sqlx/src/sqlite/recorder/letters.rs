//! The dead letters of the application: read here, and changed by appends.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{LetterChanges, LetterQuery, StoredLetter};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::Inner;
use super::columns::uuid;
use super::error::StatementError;
use super::select::Slice;
use crate::rows;

/// How many letters are read before other tasks get the thread.
const PAGE: usize = 256;

impl Inner {
    pub(super) async fn select_letters(&self, mut query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        let statements = &self.sql.common;
        let statement = if query.originator_id.is_some() { &statements.letters_of } else { &statements.letters };
        let mut letters = Vec::new();
        self.read("select dead letters", |connection| {
            let mut select = connection.prepare_cached(statement.as_str())?;
            let page = query.limit.min(PAGE);
            let (after, up_to) = (rows::to_bound(query.after), rows::to_up_to(query.up_to));
            let mut found = match &query.originator_id {
                None => select.query(params![query.upstream, after, up_to, rows::to_count(page)])?,
                Some(id) => {
                    let id = id.as_bytes().as_slice();
                    select.query(params![query.upstream, after, up_to, rows::to_count(page), id])?
                }
            };
            let mut count = 0;
            while let Some(row) = found.next()? {
                let letter = letter(row)?;
                // so that the next page, or the next attempt, continues from here
                query.after = letter.notification_id;
                query.limit -= 1;
                count += 1;
                letters.push(letter);
            }
            Ok(if count == PAGE && query.limit > 0 { Slice::More } else { Slice::Last })
        })
        .await?;
        Ok(letters)
    }

    pub(super) async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        let mut count = 0_i64;
        self.read("count dead letters", |connection| {
            let mut select = connection.prepare_cached(self.sql.common.count_letters.as_str())?;
            count = select.query_row([upstream], |row| row.get(0))?;
            Ok(Slice::Last)
        })
        .await?;
        Ok(count.unsigned_abs())
    }

    pub(super) async fn with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        let (mut found, mut looked) = (Vec::new(), 0);
        self.read("look up dead letters", |connection| {
            let page = originators.iter().skip(looked).take(PAGE);
            for id in page {
                if self.has_letters(connection, upstream, *id)? {
                    found.push(*id);
                }
                looked += 1;
            }
            Ok(if looked < originators.len() { Slice::More } else { Slice::Last })
        })
        .await?;
        Ok(found)
    }

    fn has_letters(&self, connection: &Connection, upstream: &str, id: Uuid) -> Result<bool, rusqlite::Error> {
        let mut select = connection.prepare_cached(self.sql.common.with_letters.as_str())?;
        select.query_row(params![upstream, id.as_bytes().as_slice()], |row| row.get(0))
    }

    /// The stored letters among those that these changes take out or store.
    pub(super) fn letters_there(
        &self,
        connection: &Connection,
        changes: &LetterChanges,
    ) -> Result<Vec<StoredLetter>, StatementError> {
        let LetterChanges { upstream, taken, parked, .. } = changes;
        let mut select = connection.prepare_cached(self.sql.common.letters.as_str())?;
        let mut there = Vec::new();
        for id in taken.iter().copied().chain(parked.iter().map(|letter| letter.notification_id)) {
            let before = rows::to_bound(id).saturating_sub(1);
            let mut found = select.query(params![upstream, before, rows::to_bound(id), 1])?;
            if let Some(row) = found.next()? {
                there.push(letter(row)?);
            }
        }
        Ok(there)
    }

    /// Changes letters in the transaction of their append. If it fails, the caller undoes the changes.
    pub(super) fn change_letters(
        &self,
        connection: &Connection,
        changes: &LetterChanges,
    ) -> Result<(), StatementError> {
        let LetterChanges { upstream, behind, taken, parked, .. } = changes;
        for id in behind {
            if !self.has_letters(connection, upstream, *id)? {
                return Err(changes.refused().into());
            }
        }
        let mut take_out = connection.prepare_cached(self.sql.take_out.as_str())?;
        for id in taken {
            if take_out.execute(params![upstream, rows::to_bound(*id)])? != 1 {
                return Err(changes.refused().into());
            }
        }
        let mut park = connection.prepare_cached(self.sql.park.as_str())?;
        for StoredLetter { notification_id, originator_id, state, checksum, .. } in parked {
            let (id, originator) = (rows::to_bound(*notification_id), originator_id.as_bytes().as_slice());
            park.execute(params![upstream, id, originator, state, rows::to_checksum(*checksum)])?;
        }
        Ok(())
    }
}

fn letter(row: &Row<'_>) -> Result<StoredLetter, StatementError> {
    let letter = StoredLetter::new(rows::from_id(row.get(0)?)?, uuid(row, 1)?, row.get::<_, Vec<u8>>(2)?);
    Ok(letter.with_checksum(rows::from_checksum(row.get(3)?)?))
}
