//! A page of a log: read, and decoded where it stands.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::application::Shared;
use crate::persistence::{LogPosition, Mapper, MapperError, NotificationQuery, NotificationRef};
use crate::{Error, Result};

/// The bytes of states after which a page ends, however few notifications it has: what a slow follower keeps in memory.
pub(super) const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// How a notification is decoded where it stands.
pub(super) type Decode<T> = fn(&Mapper, NotificationRef<'_>) -> Result<T, MapperError>;

/// A part of a log.
pub(super) struct Page<T> {
    /// What it has of the topics that are followed; it may have nothing.
    pub(super) items: Vec<(LogPosition, T)>,
    /// Where it ends: all up to this position is among the items, or has other topics.
    pub(super) up_to: LogPosition,
    /// The bytes of the states of its items.
    pub(super) bytes: usize,
    /// Whether it has as much as it may, so that there is probably more.
    pub(super) is_full: bool,
}

/// What it takes to read a page.
pub(super) struct Reading<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) query: NotificationQuery,
    pub(super) decode: Decode<T>,
}

// by hand: a derived one would ask for items that can be cloned
impl<T> Clone for Reading<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), query: self.query.clone(), decode: self.decode }
    }
}

impl<T: Send> Reading<T> {
    /// The page, if there is more of the log.
    pub(super) async fn page(&self) -> Result<Option<Page<T>>> {
        let last = if self.query.topics.is_empty() {
            None
        } else {
            let Some(last) = self.end().await? else { return Ok(None) };
            Some(last)
        };
        let mut loaded = None;
        loop {
            match self.read(last).await {
                // it was made after this application opened: once it is loaded, the same event can be read
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await?;
                }
                outcome => return outcome,
            }
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

    /// The log does not reach to a position: it is not the one that the position is of.
    pub(super) fn ahead(&self, position: LogPosition, last: u64) -> Error {
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
        let read = shared.recorder.read_notifications(query.clone().up_to(last.map(|last| last.id)), &mut visit).await;
        let outcome = outcome.map_err(Error::from).and(read.map_err(Error::from));
        let up_to = match (items.last(), outcome) {
            (None, Err(error)) => return Err(error),
            // what came before it is handed out first, and then it is read again
            (Some((position, _)), Err(_)) => Some(*position),
            (Some((position, _)), Ok(())) if is_full || last.is_none() => Some(*position),
            (_, Ok(())) => last,
        };
        Ok(up_to.map(|up_to| Page { items, up_to, bytes, is_full }))
    }
}

/// The log is another than the one that a position is of.
pub(super) fn changed(position: LogPosition, found: Option<LogPosition>) -> Error {
    Error::LogChanged { position, found: found.and_then(|found| found.anchor) }
}
