//! The row of a command: which events its append recorded, in a form that needs no id that the database has yet to issue.
//!
//! The ids of one append are consecutive, except for events that an earlier try of it recorded. So a row has the first of the new ids, the
//! number of all events, and the places and ids of those recorded earlier, which are usually none.

use eventsourcing_core::recording::{CommandContent, NewCommand, RecordedCommand};
use eventsourcing_core::{CommandId, LogPosition, RecorderError, Timestamp, Uuid};

use crate::rows;

/// The bytes of one event that was recorded earlier: its place as `u32`, and its id as `u64`.
const EARLIER: usize = 12;

/// A command of a statement, as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct CommandRow<'s> {
    pub(crate) command: &'s NewCommand,
    /// How many new events come before those of this command; none if it has no new ones.
    pub(crate) offset: Option<u64>,
    /// The number of all events of the command.
    pub(crate) events: usize,
    /// The events that an earlier try recorded.
    pub(crate) earlier: Option<Vec<u8>>,
}

impl<'s> CommandRow<'s> {
    /// The row of a command with this number of events, of which some are recorded at these positions. New ones follow `offset` others.
    pub(crate) fn new(command: &'s NewCommand, events: usize, known: &[Option<LogPosition>], offset: u64) -> Self {
        let recorded = known.iter().zip(0_u32..).filter_map(|(position, place)| Some((place, position.as_ref()?.id)));
        let earlier: Vec<u8> =
            recorded.flat_map(|(place, id)| [&place.to_be_bytes()[..], &id.to_be_bytes()].concat()).collect();
        let is_new = earlier.len() / EARLIER < events;
        let earlier = Some(earlier).filter(|earlier| !earlier.is_empty());
        Self { command, offset: is_new.then_some(offset), events, earlier }
    }

    pub(crate) fn recorded_at(&self) -> i64 {
        to_time(self.command.recorded_at)
    }
}

/// A command's row as it is read: id, first new id, number of events, events that were recorded earlier, content, checksum, time.
pub(crate) type StoredRow = (Uuid, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>, i64);

/// The command of a row.
pub(crate) fn from_row(row: StoredRow) -> Result<RecordedCommand, RecorderError> {
    let (id, first, events, earlier, content, checksum, recorded_at) = row;
    let id = CommandId::new(id);
    let Some(ids) = ids(first, events, earlier.as_deref().unwrap_or_default()) else {
        return Err(RecorderError::Corrupt { found: format!("the command {id} with events that no append has") });
    };
    // the first and the last time have no exact number of microseconds
    let beyond = if recorded_at < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let time = Timestamp::from_microsecond(recorded_at).unwrap_or(beyond);
    let checksum = rows::from_checksum(checksum)?;
    let content = content.map(|state| CommandContent::new(state).with_checksum(checksum));
    Ok(NewCommand::new(id, time).content(content).recorded(ids))
}

/// A time as it is stored: microseconds since 1970.
pub(crate) fn to_time(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// The notification ids of the events, in order; none if the row contradicts itself.
fn ids(first: i64, events: i64, earlier: &[u8]) -> Option<Vec<u64>> {
    let (mut next, events) = (u64::try_from(first).ok()?, usize::try_from(events).ok()?);
    let (earlier, rest) = earlier.as_chunks::<EARLIER>();
    let mut earlier = earlier.iter().map(|bytes| {
        let (place, id) = bytes.split_at(4);
        Some((u32::from_be_bytes(place.try_into().ok()?), u64::from_be_bytes(id.try_into().ok()?)))
    });
    // not allocated at once: the number is that of a row, which may be damaged
    let (mut ids, mut following) = (Vec::new(), earlier.next());
    for place in 0..events {
        match following {
            Some(Some((at, id))) if usize::try_from(at) == Ok(place) => {
                ids.push(id);
                following = earlier.next();
            }
            _ if next == 0 => return None,
            _ => {
                ids.push(next);
                next = next.checked_add(1)?;
            }
        }
    }
    (rest.is_empty() && following.is_none()).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of a command's events, whose first new one gets this id.
    fn read_back(known: &[Option<u64>], events: usize, first: i64) -> Option<Vec<u64>> {
        let known: Vec<_> = known.iter().map(|id| id.map(LogPosition::from)).collect();
        let command = NewCommand::new(CommandId::named("a"), Timestamp::UNIX_EPOCH);
        let row = CommandRow::new(&command, events, &known, 0);
        let first = if row.offset.is_some() { first } else { 0 };
        ids(first, rows::to_count(row.events), row.earlier.as_deref().unwrap_or_default())
    }

    #[test]
    fn the_ids_of_a_command_are_those_of_its_events_in_their_order() {
        assert_eq!(read_back(&[], 0, 9), Some(vec![]));
        assert_eq!(read_back(&[], 3, 9), Some(vec![9, 10, 11]));
        assert_eq!(read_back(&[Some(4), None, Some(5), None], 4, 9), Some(vec![4, 9, 5, 10]));
        assert_eq!(read_back(&[Some(7), Some(4)], 2, 9), Some(vec![7, 4]));
    }

    #[test]
    fn a_row_that_no_append_has_is_refused() {
        for (first, events, earlier) in
            [(0, 1, &[][..]), (-1, 1, &[]), (1, -1, &[]), (1, 1, &[0; 11]), (1, 0, &[0; 12])]
        {
            assert_eq!(ids(first, events, earlier), None, "{first} {events} {earlier:?}");
        }
    }
}
