//! Verifies a part of the log: that no position is missing, and that each event opens.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{Bound, ControlFlow, RangeBounds, RangeInclusive};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::task::yield_now;

use super::Application;
use super::log_search::collect;
use crate::Result;
use crate::codec::MapperError;
use crate::recording::{LogPosition, Notification, RecorderError, SearchQuery};

/// The most events that are read at a time, and the number of bytes of states after which no more are.
const PAGE: usize = 1_000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What was found at a position, or at several that follow each other: [`Application::verify`] shows each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerifiedPosition<'l> {
    /// An event that opens.
    Sound {
        /// The event.
        event: &'l Notification,
        /// Its state, decrypted and decompressed.
        json: &'l [u8],
    },
    /// An event whose state does not open, or is not one of an event.
    Unreadable {
        /// The event.
        event: &'l Notification,
        /// What is wrong with it.
        fault: StateFault,
    },
    /// Positions without an event. A log has none: events were deleted.
    Missing {
        /// The positions.
        positions: RangeInclusive<u64>,
    },
    /// A row that the recorder cannot read. The rest of the log is not verified.
    Broken {
        /// The first position that was not read.
        position: u64,
        /// Why it cannot be read.
        error: RecorderError,
    },
}

/// What is wrong with the state of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateFault {
    /// It does not open: it was altered or moved, or needs another key.
    #[error("{}", _0.failure)]
    Sealed(MapperError),
    /// It opens, and is no JSON object.
    #[error("its state is no JSON object")]
    NotAnObject,
    /// It opens, and has no time.
    #[error("its state has no valid timestamp")]
    NoTimestamp,
}

/// What a verification of a log has found: [`Application::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedLog {
    /// The positions that were to be verified: the range, as far as the log reached when the verification began; `None` if there were none.
    pub range: Option<RangeInclusive<u64>>,
    /// The last position that was verified; `None` if none was.
    pub verified_to: Option<u64>,
    /// The number of events that were read.
    pub events: u64,
    /// The number of positions without an event.
    pub missing: u64,
    /// The number of events whose state does not open, or is not one of an event.
    pub unreadable: u64,
}

impl VerifiedLog {
    /// Whether the whole range was verified, rather than stopped before its end, by the caller or by a row that cannot be read.
    pub fn is_complete(&self) -> bool {
        self.verified_to == self.range.as_ref().map(|range| *range.end())
    }

    /// Whether the whole range was verified, and nothing is wrong with it.
    pub fn is_sound(&self) -> bool {
        self.is_complete() && self.missing == 0 && self.unreadable == 0
    }
}

impl Application {
    /// Verifies a part of the log, and shows what it finds at each position to a function, which returns whether to continue.
    ///
    /// It verifies that no position is missing, that each state is as it was recorded, in its place (by its checksum or its cipher), that it
    /// decompresses, and that it is a JSON object with a time. No Rust type is needed;
    /// [`audit_log`](Application::audit_log) checks that the program's types can read the events. It is a snapshot of the
    /// log's end: what is recorded meanwhile is not verified. Events are read page by page, each continuing from the last event of the page
    /// before, and no connection is held between two pages.
    ///
    /// # Errors
    /// [`Error::LogChanged`](crate::Error::LogChanged) if the log is rolled back meanwhile, [`Error::Recorder`](crate::Error::Recorder) if the
    /// database fails. A row that contains invalid data is
    /// no error, but the last thing that is shown: [`VerifiedPosition::Broken`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use std::ops::ControlFlow;
    ///
    /// use eventsourcing::application::VerifiedPosition;
    /// # use eventsourcing::{Application, StoredEvent, Uuid};
    /// # futures::executor::block_on(async {
    /// # let application = Application::builder("Universe").open()?;
    /// # let event = |id| StoredEvent::new(Uuid::from_u128(id), 1, "World.Started", *b"{}", Uuid::new_v4());
    /// # application.recorder().insert_events((1..=3).map(event).collect()).await?;
    /// let verified = application
    ///     .verify(1.., |position| {
    ///         if let VerifiedPosition::Unreadable { event, fault } = position {
    ///             println!("position {}: {fault}", event.id);
    ///         }
    ///         ControlFlow::Continue(())
    ///     })
    ///     .await?;
    /// assert!(verified.is_complete() && !verified.is_sound());
    /// // these events have neither a checksum nor a time
    /// assert_eq!((verified.events, verified.unreadable), (3, 3));
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn verify(
        &self,
        range: impl RangeBounds<u64>,
        mut show: impl FnMut(VerifiedPosition<'_>) -> ControlFlow<()> + Send,
    ) -> Result<VerifiedLog> {
        let range = bounds(&range);
        let last = self.recorder().max_notification_id().await?.unwrap_or(0);
        let range = range.and_then(|(first, end)| (first <= end.min(last)).then(|| first..=end.min(last)));
        let mut verified =
            VerifiedLog { range: range.clone(), verified_to: None, events: 0, missing: 0, unreadable: 0 };
        let Some(range) = range else { return Ok(verified) };
        let (mut before, end) = (*range.start() - 1, *range.end());
        let mut continues_from: Option<LogPosition> = None;
        while before < end {
            // unlike other reads, a search does not end at positions without an event
            let query = SearchQuery::oldest_first(PAGE).after(before).up_to(end);
            let page = match collect(&**self.recorder(), query, PAGE_BYTES).await {
                Err(error @ RecorderError::Corrupt { .. }) => {
                    let _ = show(VerifiedPosition::Broken { position: before + 1, error });
                    return Ok(verified);
                }
                page => page?.0,
            };
            if let Some(position) = continues_from {
                self.check_continues(position).await?;
            }
            for event in &page {
                if verified.skip(before, event.id, &mut show).is_break() {
                    return Ok(verified);
                }
                before = event.id;
                if self.verify_event(event, &mut verified, &mut show).await?.is_break() {
                    return Ok(verified);
                }
            }
            let Some(last) = page.last() else {
                let _ = verified.skip(before, end.saturating_add(1), &mut show);
                return Ok(verified);
            };
            continues_from = Some(last.position());
            // other tasks of the program come first
            yield_now().await;
        }
        Ok(verified)
    }

    /// Checks that the event of the page before is still there: the log may have been rolled back, and have grown again.
    async fn check_continues(&self, position: LogPosition) -> Result<()> {
        let found = self.recorder().position_at(position.id).await?;
        let found = found.and_then(|found| found.anchor);
        if found == position.anchor { Ok(()) } else { Err(RecorderError::LogChanged { position, found }.into()) }
    }

    async fn verify_event(
        &self,
        event: &Notification,
        verified: &mut VerifiedLog,
        show: &mut (impl FnMut(VerifiedPosition<'_>) -> ControlFlow<()> + Send),
    ) -> Result<ControlFlow<()>> {
        let open = || self.mapper().open(&event.location(), &event.state, event.checksum);
        let mut opened = open();
        if opened.as_ref().is_err_and(|error| error.unknown_dictionary().is_some()) {
            // another process stored the dictionary after this one loaded them
            self.load_dictionaries().await?;
            opened = open();
        }
        let found = match &opened {
            Ok(json) => match fault_of(json) {
                None => VerifiedPosition::Sound { event, json },
                Some(fault) => VerifiedPosition::Unreadable { event, fault },
            },
            Err(error) => VerifiedPosition::Unreadable { event, fault: StateFault::Sealed(error.clone()) },
        };
        verified.verified_to = Some(event.id);
        verified.events += 1;
        verified.unreadable += u64::from(matches!(found, VerifiedPosition::Unreadable { .. }));
        Ok(show(found))
    }
}

impl VerifiedLog {
    /// Counts the positions between two events.
    fn skip(
        &mut self,
        before: u64,
        next: u64,
        show: &mut (impl FnMut(VerifiedPosition<'_>) -> ControlFlow<()> + Send),
    ) -> ControlFlow<()> {
        let positions = before + 1..=next - 1;
        if positions.is_empty() {
            return ControlFlow::Continue(());
        }
        self.verified_to = Some(next - 1);
        self.missing += next - 1 - before;
        show(VerifiedPosition::Missing { positions })
    }
}

/// What is wrong with a state that opens.
fn fault_of(json: &[u8]) -> Option<StateFault> {
    #[derive(Deserialize)]
    struct Timed {
        #[serde(rename = "timestamp")]
        _timestamp: Timestamp,
    }
    if serde_json::from_slice::<Timed>(json).is_ok() && json.trim_ascii_start().first() == Some(&b'{') {
        return None;
    }
    let is_object = serde_json::from_slice::<HashMap<Cow<'_, str>, IgnoredAny>>(json).is_ok();
    Some(if is_object { StateFault::NoTimestamp } else { StateFault::NotAnObject })
}

/// The first and the last position of a range; none if it is empty. Positions begin at 1.
fn bounds(range: &impl RangeBounds<u64>) -> Option<(u64, u64)> {
    let first = match range.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(before) => before.checked_add(1)?,
        Bound::Unbounded => 1,
    };
    let end = match range.end_bound() {
        Bound::Included(end) => *end,
        Bound::Excluded(after) => after.checked_sub(1)?,
        Bound::Unbounded => u64::MAX,
    };
    let first = first.max(1);
    (first <= end).then_some((first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_all_kinds_are_positions() {
        assert_eq!(bounds(&..), Some((1, u64::MAX)));
        assert_eq!(bounds(&(0..=5)), Some((1, 5)));
        assert_eq!(bounds(&(3..5)), Some((3, 4)));
        assert_eq!(bounds(&(7..)), Some((7, u64::MAX)));
        assert_eq!(bounds(&(5..5)), None);
        assert_eq!(bounds(&(..0)), None);
        assert_eq!(bounds(&(..=0)), None);
    }

    #[test]
    fn a_state_must_be_an_object_with_a_time() {
        assert_eq!(fault_of(br#"{"a":[1],"timestamp":"2026-11-23T04:11:04Z"}"#), None);
        assert_eq!(fault_of(br#"{"timestamp":"yesterday"}"#), Some(StateFault::NoTimestamp));
        assert_eq!(fault_of(b"{}"), Some(StateFault::NoTimestamp));
        for text in [&b"[]"[..], b"", b"7", br#"{"timestamp""#, br#"["2026-11-23T04:11:04Z"]"#] {
            assert_eq!(fault_of(text), Some(StateFault::NotAnObject), "{}", String::from_utf8_lossy(text));
        }
    }
}
