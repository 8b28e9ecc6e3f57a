//! The pages of a log: recorded notifications first, then new ones as they are recorded.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::page::{Decode, PAGE_BYTES, Page, Reading, changed};
use crate::application::{Shared, Topics};
use crate::read_ahead::ReadAhead;
use crate::recording::{LogPosition, NotificationQuery, RecorderError};
use crate::{Error, Result};

/// Claims the topics of an event type.
pub(crate) type Claim = fn(&Topics) -> Result<()>;

/// A reader of pages.
pub(crate) struct Pages<T> {
    /// The next page. All notifications up to `after` of its query are read.
    reading: Reading<T>,
    claim: Claim,
    has_begun: bool,
    ahead: ReadAhead<Option<Page<T>>>,
    /// Whether the last wake-up found nothing new, so that the next wait polls instead of relying on wake-ups.
    was_told_in_vain: bool,
    /// Whether the last wait also found nothing new.
    is_idle: bool,
    poll_interval: Duration,
}

impl<T: Send + 'static> Pages<T> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        query: NotificationQuery,
        poll_interval: Duration,
        claim: Claim,
        decode: Decode<T>,
    ) -> Self {
        // while the size of events is unknown, and if they are large, the recorder is given a limit in bytes; pages of small events are
        // read without one, because a database has to add up the sizes of its rows for it
        let query = query.max_bytes(PAGE_BYTES);
        Self {
            reading: Reading { shared, query, decode },
            claim,
            has_begun: false,
            ahead: ReadAhead::default(),
            was_told_in_vain: false,
            is_idle: false,
            poll_interval,
        }
    }

    /// Starts again after another position.
    pub(crate) fn go_to(&mut self, position: LogPosition) {
        self.reading.query.advance_after(position);
        (self.has_begun, self.ahead) = (false, ReadAhead::default());
    }

    /// The position after which the next page begins.
    pub(crate) fn position(&self) -> LogPosition {
        self.reading.query.position()
    }

    /// The next page; waits until there is one. If the future is dropped, the same page is returned by the next call.
    ///
    /// While more than two pages follow, the next page is read ahead while the caller handles the current one.
    pub(crate) async fn next(&mut self) -> Result<Page<T>> {
        loop {
            if let Some(page) = self.next_of_ahead().await? {
                (self.was_told_in_vain, self.is_idle) = (false, false);
                let reading = &self.reading;
                self.ahead.after_page(page.is_full, || {
                    let reading = reading.clone();
                    async move { reading.page().await }
                });
                return Ok(page);
            }
            self.wait().await;
        }
    }

    /// The next page, if the log has one already.
    pub(crate) async fn next_if_any(&mut self) -> Result<Option<Page<T>>> {
        if !self.has_begun {
            self.check().await?;
        }
        let page = self.reading.page().await?;
        Ok(page.map(|page| self.go_on_after(page)))
    }

    async fn next_of_ahead(&mut self) -> Result<Option<Page<T>>> {
        // the log may have grown since nothing was found: read again
        match self.ahead.take().await.flatten() {
            Some(page) => Ok(Some(self.go_on_after(page))),
            None => self.next_if_any().await,
        }
    }

    fn go_on_after(&mut self, page: Page<T>) -> Page<T> {
        let query = &mut self.reading.query;
        tracing::trace!(application = %self.reading.shared.name, after = query.after, up_to = page.up_to.id, items = page.items.len(), "a page was read");
        query.advance_after(page.up_to);
        if let Some(mean) = page.bytes.checked_div(page.items.len()) {
            let expected = mean.saturating_mul(query.limit);
            query.max_bytes = (expected > PAGE_BYTES / 4).then_some(PAGE_BYTES);
        }
        page
    }

    /// Checks that the log reaches the start position, and that it is the log that the position was taken from.
    ///
    /// A position without an anchor, such as one stored by an earlier version of this library, is assumed to be of this log, and gets
    /// its anchor here. From then on the log is checked.
    pub(crate) async fn check(&mut self) -> Result<()> {
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
                (None, Some(found)) => self.reading.query.advance_after(found),
                (None, None) => return Err(missing(position.id, last)),
                (Some(_), found) => return Err(changed(position, found)),
            }
        }
        self.has_begun = true;
        Ok(())
    }

    /// Waits until the log may have more.
    async fn wait(&mut self) {
        let told = self.reading.shared.recorder.recorded_after(self.reading.query.after);
        // without a runtime there is no timer, and no database that other processes write to
        if Handle::try_current().is_err() {
            return told.await;
        }
        // idle consumers that already wait at different times keep their interval
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

/// A randomly shortened interval, at least three quarters of it, so that consumers that were woken together do not poll together.
fn jittered(interval: Duration) -> Duration {
    let [random, ..] = Uuid::new_v4().into_bytes();
    // integer arithmetic, which cannot exceed the longest duration
    interval - interval / 1024 * u32::from(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_interval_is_made_a_little_shorter_and_no_longer() {
        for interval in [Duration::ZERO, Duration::from_millis(2), Duration::from_secs(1), Duration::MAX] {
            // enough rounds for each value of the random byte to occur
            for _ in 0..5_000 {
                let jittered = jittered(interval);
                assert!(jittered <= interval && jittered >= interval / 4 * 3, "{jittered:?} of {interval:?}");
            }
        }
    }
}
