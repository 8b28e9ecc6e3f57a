//! How much an application stores and how, and whether what it stores is as it was recorded.

use std::ops::ControlFlow;

use eventsourcing_core::codec::{MapperError, StateInfo};
use eventsourcing_core::recording::{NotificationQuery, NotificationRef, TableSize};

use super::opened::{Opened, reason};
use super::reader::Reader;
use super::scan::{Filter, From, MAX_ROWS};
use crate::failure::Failure;

/// The number of positions that one page verifies, and the number of bytes after which it stops.
pub(crate) const VERIFIED: u64 = 5_000;
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The most faults that a page lists.
const MOST_FAULTS: usize = 50;

/// What is known about the storage of an application, without reading its tables.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The last position, which is the number of events.
    pub(crate) events: u64,
    pub(crate) sizes: Vec<TableSize>,
    /// The ids and the sizes of the dictionaries.
    pub(crate) dictionaries: Vec<(u32, usize)>,
    /// How the newest events are stored, with their lengths.
    pub(crate) sample: Vec<StateInfo>,
}

/// What was found by verifying a part of a log.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    /// The positions that were verified, from and to; `None` if there are none.
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) newest: u64,
    pub(crate) events: u64,
    /// Positions without an event.
    pub(crate) missing: u64,
    /// The first states that cannot be opened, with the reason.
    pub(crate) faults: Vec<(u64, &'static str)>,
    pub(crate) unreadable: u64,
}

impl Verified {
    /// Where the next part begins, if there is one.
    pub(crate) fn next(&self) -> Option<u64> {
        let (_, last) = self.range?;
        (last < self.newest).then_some(last + 1)
    }

    /// Whether no fault was found.
    pub(crate) fn is_sound(&self) -> bool {
        self.missing == 0 && self.unreadable == 0
    }

    fn fault(&mut self, position: u64, error: &MapperError) {
        self.unreadable += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push((position, reason(error)));
        }
    }
}

impl Reader {
    /// What is stored, in four statements.
    pub(crate) async fn stored(&self) -> Result<Stored, Failure> {
        let found = self.search(&Filter::default(), From::Newest, MAX_ROWS).await?;
        let sizes = self.application.recorder().table_sizes().await.map_err(|error| self.unread(&error))?;
        let dictionaries = self.application.recorder().select_dictionaries(0).await;
        let dictionaries = dictionaries.map_err(|error| self.unread(&error))?;
        Ok(Stored {
            events: found.newest,
            sizes,
            dictionaries: dictionaries.iter().map(|dictionary| (dictionary.id, dictionary.bytes.len())).collect(),
            sample: found.rows.into_iter().map(|Opened { stored, .. }| stored.info).collect(),
        })
    }

    /// Verifies a part of the log from a position on: no position is missing, and each state opens.
    pub(crate) async fn verify(&self, from: u64) -> Result<Verified, Failure> {
        let newest = self.newest().await?;
        let (first, after) = (from.max(1), from.max(1) - 1);
        let up_to = newest.min(after.saturating_add(VERIFIED));
        let mut verified = Verified { newest, ..Verified::default() };
        if up_to < first {
            return Ok(verified);
        }
        // a state that needs a dictionary of another process is no fault
        if let Err(error) = self.application.load_dictionaries().await {
            self.unread(&error);
        }
        let (mapper, mut last, mut bytes, mut is_cut) = (self.application.mapper(), after, 0, false);
        let mut visit = |row: NotificationRef<'_>| {
            verified.missing += row.id.saturating_sub(last + 1);
            (last, bytes) = (row.id, bytes + row.state.len());
            verified.events += 1;
            if let Err(error) = mapper.open(&row.location(), row.state, row.checksum) {
                verified.fault(row.id, &error);
            }
            is_cut = bytes > MOST_BYTES;
            if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let size = usize::try_from(up_to - after).unwrap_or(usize::MAX);
        let query = NotificationQuery::after(after, size).up_to(up_to);
        let read = self.application.recorder().read_notifications(query, &mut visit).await;
        read.map_err(|error| self.unread(&error))?;
        let end = if is_cut { last } else { up_to };
        verified.missing += end.saturating_sub(last);
        verified.range = Some((first, end));
        Ok(verified)
    }
}
