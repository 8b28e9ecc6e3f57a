//! A page of a log, read and decoded from the recorder's rows.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::application::Shared;
use crate::codec::{Mapper, MapperError};
use crate::recording::{LogPosition, NotificationQuery, NotificationRef};
use crate::{Error, Result};

/// A page ends after this many bytes of states, however few notifications it has: it bounds the memory of a slow consumer.
pub(crate) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Decodes a notification from the recorder's row.
pub(crate) type Decode<T> = fn(&Mapper, NotificationRef<'_>) -> Result<T, MapperError>;

/// A page of a log.
pub(crate) struct Page<T> {
    /// The notifications of the subscribed topics; may be empty.
    pub(crate) items: Vec<(LogPosition, T)>,
    /// The end of the page: each notification up to this position is among the items or has another topic.
    pub(crate) up_to: LogPosition,
    /// The number of bytes of the items' states.
    pub(crate) bytes: usize,
    /// Whether the page has reached its size limit, so that more notifications probably follow.
    pub(crate) is_full: bool,
}

/// What is needed to read a page.
pub(crate) struct Reading<T> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) query: NotificationQuery,
    pub(crate) decode: Decode<T>,
}

// not derived: a derived impl would require `T: Clone`
impl<T> Clone for Reading<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), query: self.query.clone(), decode: self.decode }
    }
}

impl<T: Send> Reading<T> {
    /// The page; none if the log has nothing new.
    pub(crate) async fn page(&self) -> Result<Option<Page<T>>> {
        let last = if self.query.topics.is_empty() {
            None
        } else {
            let Some(last) = self.end().await? else { return Ok(None) };
            Some(last)
        };
        let mut loaded = None;
        loop {
            match self.read(last).await {
                // another process stored the dictionary after this application opened: load it, then read the same event again
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// The position up to which the log can be skipped if it has only other topics; none if it has nothing new.
    ///
    /// It is read before the page: events recorded meanwhile may have the subscribed topics.
    async fn end(&self) -> Result<Option<LogPosition>> {
        let (position, last) = (self.query.position(), self.shared.recorder.last_position().await?);
        if last.id > position.id {
            self.shared.counters.seen(last.id);
            return Ok(Some(last));
        }
        // a log does not get shorter, unless it is another log
        if last.id < position.id {
            return Err(self.ahead(position, last.id));
        }
        match (position.anchor, last.anchor) {
            (Some(before), Some(now)) if before != now => Err(changed(position, Some(last))),
            _ => Ok(None),
        }
    }

    /// The error of a log that ends before a position: it is not the log that the position was taken from.
    pub(crate) fn ahead(&self, position: LogPosition, last: u64) -> Error {
        match position.anchor {
            Some(_) => changed(position, None),
            None => Error::PositionAheadOfLog { application: self.shared.name.clone(), position: position.id, last },
        }
    }

    async fn read(&self, last: Option<LogPosition>) -> Result<Option<Page<T>>> {
        let Self { shared, query, decode } = self;
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
        let timed = shared.counters.begin_page();
        let read = shared.recorder.read_notifications(query.clone().up_to(last.map(|last| last.id)), &mut visit).await;
        shared.counters.end_page(timed);
        let outcome = outcome.map_err(Error::from).and(read.map_err(Error::from));
        let up_to = match (items.last(), outcome) {
            (None, Err(error)) => return Err(error),
            // the items before the failed one are returned first; the failed one is read again with the next page
            (Some((position, _)), Err(_)) => Some(*position),
            (Some((position, _)), Ok(())) if is_full || last.is_none() => Some(*position),
            (_, Ok(())) => last,
        };
        Ok(up_to.map(|up_to| Page { items, up_to, bytes, is_full }))
    }
}

/// The error of a log that is not the one that a position was taken from.
pub(crate) fn changed(position: LogPosition, found: Option<LogPosition>) -> Error {
    Error::LogChanged { position, found: found.and_then(|found| found.anchor) }
}
