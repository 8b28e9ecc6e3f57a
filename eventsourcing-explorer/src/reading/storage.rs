//! How much an application stores and how, and whether what it stores is as it was recorded.

use std::ops::ControlFlow;

use eventsourcing_core::application::{StateFault, VerifiedPosition};
use eventsourcing_core::codec::StateInfo;
use eventsourcing_core::recording::TableSize;

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

    fn fault(&mut self, position: u64, why: &'static str) {
        self.unreadable += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push((position, why));
        }
    }
}

impl Reader {
    /// What is stored, in four statements.
    pub(crate) async fn stored(&self) -> Result<Stored, Failure> {
        let found = self.search(&Filter::default(), From::Newest, MAX_ROWS).await?;
        let sizes = self.application.recorder().table_sizes().await.map_err(|error| self.failed(&error))?;
        let dictionaries = self.application.recorder().select_dictionaries(0).await;
        let dictionaries = dictionaries.map_err(|error| self.failed(&error))?;
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
        let mut verified = Verified { newest, ..Verified::default() };
        let first = from.max(1);
        let (mut bytes, mut broken) = (0, None);
        let look = |position: VerifiedPosition<'_>| {
            match position {
                VerifiedPosition::Sound { event, .. } => bytes += event.state.len(),
                VerifiedPosition::Unreadable { event, fault } => {
                    bytes += event.state.len();
                    let why = match &fault {
                        StateFault::Sealed(error) => reason(error),
                        _ => "It opens, and is no state of an event.",
                    };
                    verified.fault(event.id, why);
                }
                VerifiedPosition::Broken { position, .. } => {
                    verified.fault(position, "Its row cannot be read.");
                    broken = Some(position);
                }
                _ => {}
            }
            if bytes > MOST_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let part = first..=newest.min(first.saturating_add(VERIFIED - 1));
        let log = self.application.verify(part, look).await.map_err(|error| self.failed(&error))?;
        verified.range = log.range.and_then(|range| Some((*range.start(), broken.or(log.verified_to)?)));
        (verified.events, verified.missing) = (log.events, log.missing);
        Ok(verified)
    }
}
