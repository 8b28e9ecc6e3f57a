//! Dead letters as rows.

use eventsourcing_core::{DeadLetter, Timestamp, ViewError};
use uuid::Uuid;

use crate::rows;

/// Whose dead letters: a projection's, of one upstream.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) projection: String,
    pub(super) upstream: String,
}

impl Owner {
    pub(super) fn new(projection: &str, upstream: &str) -> Self {
        Self { projection: projection.to_owned(), upstream: upstream.to_owned() }
    }
}

/// Id, originator id, version, topic, reason, microseconds since 1970.
pub(super) type LetterRow = (i64, Uuid, i64, String, Option<String>, i64);

/// The letters of rows, by id: what is deleted comes in any order.
pub(super) fn letters(rows: Vec<LetterRow>) -> Result<Vec<DeadLetter>, ViewError> {
    let mut letters = rows.into_iter().map(letter).collect::<Result<Vec<_>, _>>()?;
    letters.sort_unstable_by_key(|letter| letter.notification_id);
    Ok(letters)
}

pub(super) fn letter(row: LetterRow) -> Result<DeadLetter, ViewError> {
    let (id, originator_id, version, topic, reason, microseconds) = row;
    let impossible =
        |_| ViewError::Corrupt { found: format!("a dead letter of {microseconds} microseconds since 1970") };
    Ok(DeadLetter {
        notification_id: rows::from_id(id)?,
        originator_id,
        originator_version: rows::from_version(version)?,
        topic,
        reason,
        parked_at: Timestamp::from_microsecond(microseconds).map_err(impossible)?,
    })
}
