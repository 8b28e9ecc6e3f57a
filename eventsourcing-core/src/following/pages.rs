//! A log page by page: what is there already, and then whatever comes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::application::{Shared, Topics};
use crate::persistence::{Mapper, MapperError, NotificationQuery, NotificationRef};
use crate::{Error, Result};

/// The bytes of states after which a page ends, however few notifications it has: what a slow follower keeps in memory.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// How a type of events says that topics are its own.
pub(super) type Claim = fn(&Topics) -> Result<()>;

/// How a notification is decoded where it stands.
pub(super) type Decode<T> = fn(&Mapper, NotificationRef<'_>) -> Result<T, MapperError>;

/// A part of a log.
pub(super) struct Page<T> {
    /// Where it begins: after this id.
    pub(super) after: u64,
    /// What it has of the topics that are followed; it may have nothing.
    pub(super) items: Vec<(u64, T)>,
    /// Where it ends: all up to this id is among the items, or has other topics.
    pub(super) up_to: u64,
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
        Self { shared, query, claim, decode, has_begun: false, was_told_in_vain: false, is_idle: false, poll_interval }
    }

    /// Begins again, after another id.
    pub(super) fn go_to(&mut self, after: u64) {
        self.query.after = after;
        self.has_begun = false;
    }

    /// Where the next page begins.
    pub(super) fn after(&self) -> u64 {
        self.query.after
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
        let page = self.read().await?;
        if page.up_to == page.after {
            return Ok(None);
        }
        tracing::trace!(application = %self.shared.name, after = page.after, up_to = page.up_to, items = page.items.len(), "a page was read");
        self.query.after = page.up_to;
        Ok(Some(page))
    }

    /// Makes sure that the log reaches to where this is to begin.
    pub(super) async fn check(&mut self) -> Result<()> {
        (self.claim)(&self.shared.topics)?;
        let last = self.shared.last_id().await?;
        let position = self.query.after;
        if position > last {
            return Err(Error::PositionAheadOfLog { application: self.shared.name.clone(), position, last });
        }
        self.has_begun = true;
        Ok(())
    }

    /// Reads a page, if there is more, and decodes it where it stands.
    async fn read(&mut self) -> Result<Page<T>> {
        let after = self.query.after;
        // what has other topics can be passed only as far as the log reached before it was looked through
        let last = if self.query.topics.is_empty() { None } else { Some(self.shared.last_id().await?) };
        if last.is_some_and(|last| last <= after) {
            return Ok(Page { after, items: Vec::new(), up_to: after });
        }
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

    async fn read_page(&self, last: Option<u64>) -> Result<Page<T>> {
        let Self { shared, query, decode, .. } = self;
        let mut items: Vec<(u64, T)> = Vec::new();
        let mut bytes = 0;
        let mut outcome = Ok(());
        let mut is_full = false;
        let mut visit = |notification: NotificationRef<'_>| match decode(&shared.mapper, notification) {
            Ok(item) => {
                bytes += notification.state.len();
                items.push((notification.id, item));
                is_full = bytes >= PAGE_BYTES || items.len() >= query.limit;
                if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Err(error) => {
                outcome = Err(error);
                ControlFlow::Break(())
            }
        };
        shared.recorder.read_notifications(query.clone().up_to(last), &mut visit).await?;
        let up_to = match (items.last(), outcome) {
            (None, Err(error)) => return Err(error.into()),
            // what came before it is handed out first, and then it is read again
            (Some((id, _)), Err(_)) => *id,
            (Some((id, _)), Ok(())) if is_full || last.is_none() => *id,
            (_, Ok(())) => last.unwrap_or(query.after),
        };
        Ok(Page { after: query.after, items, up_to })
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
