//! A log page by page: what is there already, and then whatever comes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::application::{Shared, Topics};
use crate::persistence::{LogPosition, Mapper, MapperError, NotificationQuery, NotificationRef, RecorderError};
use crate::{Error, Result};

/// The bytes of states after which a page ends, however few notifications it has: what a slow follower keeps in memory.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// How a type of events says that topics are its own.
pub(super) type Claim = fn(&Topics) -> Result<()>;

/// How a notification is decoded where it stands.
pub(super) type Decode<T> = fn(&Mapper, NotificationRef<'_>) -> Result<T, MapperError>;

/// A part of a log.
pub(super) struct Page<T> {
    /// What it has of the topics that are followed; it may have nothing.
    pub(super) items: Vec<(LogPosition, T)>,
    /// Where it ends: all up to this position is among the items, or has other topics.
    pub(super) up_to: LogPosition,
    /// The bytes of the states of its items.
    bytes: usize,
}

/// Reads pages.
pub(super) struct Pages<T> {
    shared: Arc<Shared>,
    /// The next page; all up to its `after` was read.
    query: NotificationQuery,
    claim: Claim,
    decode: Decode<T>,
    has_begun: bool,
    /// Whether there was nothing new when it was last told that there is, so that being told is not to be relied on.
    was_told_in_vain: bool,
    /// Whether there was nothing new after the last wait either.
    is_idle: bool,
    poll_interval: Duration,
}

impl<T: Send> Pages<T> {
    pub(super) fn new(
        shared: Arc<Shared>,
        query: NotificationQuery,
        poll_interval: Duration,
        claim: Claim,
        decode: Decode<T>,
    ) -> Self {
        // so long as it is not known how large events are, and where they are large, the recorder is told how many bytes are wanted;
        // a page of small ones is read without, because a database has to add up the sizes of its rows for that
        let query = query.max_bytes(PAGE_BYTES);
        Self { shared, query, claim, decode, has_begun: false, was_told_in_vain: false, is_idle: false, poll_interval }
    }

    /// Begins again, after another position.
    pub(super) fn go_to(&mut self, position: LogPosition) {
        self.query.go_on_after(position);
        self.has_begun = false;
    }

    /// Where the next page begins.
    pub(super) fn position(&self) -> LogPosition {
        self.query.position()
    }

    /// The next page; waits until there is one. Dropped before it is there, it is the next one again.
    pub(super) async fn next(&mut self) -> Result<Page<T>> {
        loop {
            if let Some(page) = self.next_if_any().await? {
                (self.was_told_in_vain, self.is_idle) = (false, false);
                return Ok(page);
            }
            self.wait().await;
        }
    }

    /// The next page, if there is one already.
    pub(super) async fn next_if_any(&mut self) -> Result<Option<Page<T>>> {
        if !self.has_begun {
            self.check().await?;
        }
        let Some(page) = self.read().await? else { return Ok(None) };
        let Page { items, up_to, .. } = &page;
        tracing::trace!(application = %self.shared.name, after = self.query.after, up_to = up_to.id, items = items.len(), "a page was read");
        self.query.go_on_after(page.up_to);
        if let Some(mean) = page.bytes.checked_div(items.len()) {
            let expected = mean.saturating_mul(self.query.limit);
            self.query.max_bytes = (expected > PAGE_BYTES / 4).then_some(PAGE_BYTES);
        }
        Ok(Some(page))
    }

    /// Makes sure that the log reaches to where this is to begin, and is the one that the position is of.
    ///
    /// A position without an anchor, such as one that an earlier version of this library kept, is taken for one of this log, and
    /// anchored: what follows is checked.
    pub(super) async fn check(&mut self) -> Result<()> {
        (self.claim)(&self.shared.topics)?;
        let position = self.query.position();
        let last = self.shared.last_id().await?;
        if position.id > last {
            return Err(self.ahead(position, last));
        }
        if position.id > 0 {
            let found = self.shared.recorder.position_at(position.id).await?;
            match (position.anchor, found) {
                (Some(_), Some(found)) if found == position => {}
                (None, Some(found)) => self.query.go_on_after(found),
                (None, None) => return Err(missing(position.id, last)),
                (Some(_), found) => return Err(changed(position, found)),
            }
        }
        self.has_begun = true;
        Ok(())
    }

    /// The log does not reach to a position: it is not the one that the position is of.
    fn ahead(&self, position: LogPosition, last: u64) -> Error {
        match position.anchor {
            Some(_) => changed(position, None),
            None => Error::PositionAheadOfLog { application: self.shared.name.clone(), position: position.id, last },
        }
    }

    /// How far the log can be passed where it has other topics; none if it has nothing new.
    ///
    /// It is looked at before the log is read: what is recorded meanwhile may be of the topics.
    async fn end(&self) -> Result<Option<LogPosition>> {
        let (position, last) = (self.query.position(), self.shared.recorder.last_position().await?);
        if last.id > position.id {
            return Ok(Some(last));
        }
        // a log does not become shorter, unless it is another
        if last.id < position.id {
            return Err(self.ahead(position, last.id));
        }
        match (position.anchor, last.anchor) {
            (Some(before), Some(now)) if before != now => Err(changed(position, Some(last))),
            _ => Ok(None),
        }
    }

    /// Reads a page, if there is more, and decodes it where it stands.
    async fn read(&mut self) -> Result<Option<Page<T>>> {
        let last = if self.query.topics.is_empty() {
            None
        } else {
            let Some(last) = self.end().await? else { return Ok(None) };
            Some(last)
        };
        let mut loaded = None;
        loop {
            match self.read_page(last).await {
                // it was made after this application opened: once it is loaded, the same event can be read
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn read_page(&self, last: Option<LogPosition>) -> Result<Option<Page<T>>> {
        let Self { shared, query, decode, .. } = self;
        let mut items: Vec<(LogPosition, T)> = Vec::new();
        let mut bytes = 0;
        let mut outcome = Ok(());
        let mut is_full = false;
        let mut visit = |notification: NotificationRef<'_>| match decode(&shared.mapper, notification) {
            Ok(item) => {
                bytes += notification.state.len();
                items.push((LogPosition::anchored(notification.id, notification.append_id), item));
                is_full = bytes >= PAGE_BYTES || items.len() >= query.limit;
                if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Err(error) => {
                outcome = Err(error);
                ControlFlow::Break(())
            }
        };
        let read = shared.recorder.read_notifications(query.clone().up_to(last.map(|last| last.id)), &mut visit).await;
        let outcome = outcome.map_err(Error::from).and(read.map_err(Error::from));
        let up_to = match (items.last(), outcome) {
            (None, Err(error)) => return Err(error),
            // what came before it is handed out first, and then it is read again
            (Some((position, _)), Err(_)) => Some(*position),
            (Some((position, _)), Ok(())) if is_full || last.is_none() => Some(*position),
            (_, Ok(())) => last,
        };
        Ok(up_to.map(|up_to| Page { items, up_to, bytes }))
    }

    /// Waits until there may be more.
    async fn wait(&mut self) {
        let told = self.shared.recorder.recorded_after(self.query.after);
        // without a runtime there are no clocks, and no database that others write to
        if Handle::try_current().is_err() {
            return told.await;
        }
        // who has found a time of its own keeps it
        let longest = if self.is_idle { self.poll_interval } else { jittered(self.poll_interval) };
        self.is_idle = true;
        if self.was_told_in_vain {
            sleep(longest).await;
            self.was_told_in_vain = false;
        } else {
            self.was_told_in_vain = timeout(longest, told).await.is_ok();
        }
    }
}

fn changed(position: LogPosition, found: Option<LogPosition>) -> Error {
    Error::LogChanged { position, found: found.and_then(|found| found.anchor) }
}

fn missing(id: u64, last: u64) -> Error {
    let found = format!("notification ids up to {last}, and no notification id {id}");
    Error::Recorder(RecorderError::Corrupt { found })
}

/// A little less than the interval, each time differently: followers that were told together do not ask together for ever.
fn jittered(interval: Duration) -> Duration {
    let [random, ..] = Uuid::new_v4().into_bytes();
    // in whole numbers, which cannot come to more than the longest there is
    interval - interval / 1024 * u32::from(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_interval_is_made_a_little_shorter_and_no_longer() {
        for interval in [Duration::ZERO, Duration::from_millis(2), Duration::from_secs(1), Duration::MAX] {
            // often enough for each of the random bytes to come
            for _ in 0..5_000 {
                let jittered = jittered(interval);
                assert!(jittered <= interval && jittered >= interval / 4 * 3, "{jittered:?} of {interval:?}");
            }
        }
    }
}
