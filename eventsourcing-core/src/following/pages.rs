//! A log page by page: what is there already, and then whatever comes.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::page::{Decode, PAGE_BYTES, Page, Reading, changed};
use crate::application::{Shared, Topics};
use crate::persistence::{LogPosition, NotificationQuery, RecorderError};
use crate::read_ahead::ReadAhead;
use crate::{Error, Result};

/// How a type of events says that topics are its own.
pub(super) type Claim = fn(&Topics) -> Result<()>;

/// Reads pages.
pub(super) struct Pages<T> {
    /// The next page; all up to the `after` of its query was read.
    reading: Reading<T>,
    claim: Claim,
    has_begun: bool,
    /// The next page, if it is being read while the one before is handled.
    ahead: Option<ReadAhead<Result<Option<Page<T>>>>>,
    /// Whether the page before was full, so that there is more.
    was_full: bool,
    /// Whether there was nothing new when it was last told that there is, so that being told is not to be relied on.
    was_told_in_vain: bool,
    /// Whether there was nothing new after the last wait either.
    is_idle: bool,
    poll_interval: Duration,
}

impl<T: Send + 'static> Pages<T> {
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
        Self {
            reading: Reading { shared, query, decode },
            claim,
            has_begun: false,
            ahead: None,
            was_full: false,
            was_told_in_vain: false,
            is_idle: false,
            poll_interval,
        }
    }

    /// Begins again, after another position.
    pub(super) fn go_to(&mut self, position: LogPosition) {
        self.reading.query.go_on_after(position);
        (self.has_begun, self.was_full, self.ahead) = (false, false, None);
    }

    /// Where the next page begins.
    pub(super) fn position(&self) -> LogPosition {
        self.reading.query.position()
    }

    /// The next page; waits until there is one. Dropped before it is there, it is the next one again.
    ///
    /// While there is more than two pages, the next one is read while the caller is busy with this one.
    pub(super) async fn next(&mut self) -> Result<Page<T>> {
        loop {
            if let Some(page) = self.next_of_ahead().await? {
                (self.was_told_in_vain, self.is_idle) = (false, false);
                if page.is_full && self.was_full {
                    let reading = self.reading.clone();
                    self.ahead = ReadAhead::begin(async move { reading.page().await });
                }
                self.was_full = page.is_full;
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
        let page = self.reading.page().await?;
        Ok(page.map(|page| self.go_on_after(page)))
    }

    async fn next_of_ahead(&mut self) -> Result<Option<Page<T>>> {
        if let Some(ahead) = self.ahead.take() {
            // an error may be long over, and there may be more than there was
            if let Some(Ok(Some(page))) = ahead.outcome().await {
                return Ok(Some(self.go_on_after(page)));
            }
        }
        self.next_if_any().await
    }

    fn go_on_after(&mut self, page: Page<T>) -> Page<T> {
        let query = &mut self.reading.query;
        tracing::trace!(application = %self.reading.shared.name, after = query.after, up_to = page.up_to.id, items = page.items.len(), "a page was read");
        query.go_on_after(page.up_to);
        if let Some(mean) = page.bytes.checked_div(page.items.len()) {
            let expected = mean.saturating_mul(query.limit);
            query.max_bytes = (expected > PAGE_BYTES / 4).then_some(PAGE_BYTES);
        }
        page
    }

    /// Makes sure that the log reaches to where this is to begin, and is the one that the position is of.
    ///
    /// A position without an anchor, such as one that an earlier version of this library kept, is taken for one of this log, and
    /// anchored: what follows is checked.
    pub(super) async fn check(&mut self) -> Result<()> {
        (self.claim)(&self.reading.shared.topics)?;
        let position = self.reading.query.position();
        let last = self.reading.shared.last_id().await?;
        if position.id > last {
            return Err(self.reading.ahead(position, last));
        }
        if position.id > 0 {
            let found = self.reading.shared.recorder.position_at(position.id).await?;
            match (position.anchor, found) {
                (Some(_), Some(found)) if found == position => {}
                (None, Some(found)) => self.reading.query.go_on_after(found),
                (None, None) => return Err(missing(position.id, last)),
                (Some(_), found) => return Err(changed(position, found)),
            }
        }
        self.has_begun = true;
        Ok(())
    }

    /// Waits until there may be more.
    async fn wait(&mut self) {
        let told = self.reading.shared.recorder.recorded_after(self.reading.query.after);
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
