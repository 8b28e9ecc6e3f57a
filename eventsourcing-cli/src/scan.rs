//! Reads parts of the log, page by page, so that no read is longer than it needs to be.

use eventsourcing::recording::{LogPosition, NotificationQuery};
use eventsourcing::{Notification, Timestamp};

use crate::failure::Failure;
use crate::place::Place;

/// The largest number of events of a page.
const PAGE: usize = 1_000;

/// Times of writers differ: events before the found position may be later than the time that was asked for.
const SLACK: u64 = 1_000;

/// The events of a part of the log, page by page.
pub(crate) struct Pages<'p> {
    place: &'p Place,
    query: NotificationQuery,
}

impl<'p> Pages<'p> {
    /// The events after a position, up to and including another one.
    pub(crate) fn new(place: &'p Place, after: impl Into<LogPosition>, up_to: u64) -> Self {
        Self { place, query: NotificationQuery::after(after, PAGE).up_to(up_to) }
    }

    /// Only these topics; all if there are none.
    pub(crate) fn topics(mut self, topics: &[String]) -> Self {
        self.query = self.query.topics(topics.iter().cloned());
        self
    }

    /// The next events; none at the end.
    ///
    /// Each page continues from the event before it, so a log that is rolled back meanwhile is an error.
    pub(crate) async fn next(&mut self) -> Result<Vec<Notification>, Failure> {
        let page = self.place.page(self.query.clone()).await?;
        if let Some(last) = page.last() {
            self.query.advance_after(last.position());
        }
        Ok(page)
    }
}

/// Returns a position before the first event since a time.
///
/// Events are in the order in which they were recorded, and their times are those of their writers' clocks. So the result is a little
/// earlier than the position that bisection finds, and later events may still be earlier than the time.
pub(crate) async fn position_before(place: &Place, time: Timestamp, last: u64) -> Result<u64, Failure> {
    // all events up to `earlier` are before the time, as far as is known, and the one after `later` is not
    let (mut earlier, mut later) = (0, last);
    while earlier < later {
        let middle = earlier + (later - earlier) / 2;
        // the first event after the middle: events may have been deleted
        let found = place.page(NotificationQuery::after(middle, 1).up_to(later)).await?.into_iter().next();
        let Some(event) = found else {
            later = middle;
            continue;
        };
        let opened = place.open_event(&event).await?.map_err(|reason| unreadable(event.id, reason))?;
        let at = opened.time().ok_or_else(|| unreadable(event.id, "it has no time".to_owned()))?;
        if at < time { earlier = event.id } else { later = middle }
    }
    Ok(earlier.saturating_sub(SLACK))
}

fn unreadable(position: u64, reason: String) -> Failure {
    Failure::NoTime { position, reason }
}
