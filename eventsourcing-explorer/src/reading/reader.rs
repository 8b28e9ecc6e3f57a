//! The reader of an application. It has no method that writes, and gives nobody the application.

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::codec::{Mapper, StateInfo};
use eventsourcing_core::recording::{NotificationQuery, NotificationRef, SearchQuery, is_same_attempt};
use eventsourcing_core::{Application, Notification, StoredEvent, Timestamp};

use super::opened::Opened;
use crate::failure::Failure;

/// The number of bytes of states after which a search ends.
const MAX_WINDOW: usize = 32 * 1024 * 1024;

/// How far on each side of an event its save is looked for.
const NEIGHBOURHOOD: u64 = 32;

/// The largest state that a list opens, in bytes.
pub(super) const LARGEST_IN_LIST: usize = 64 * 1024;

/// Reads one application.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(super) application: Application,
}

/// An event as it is recorded. A list does not have the states that are too large for it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The position in the log, if it is known.
    pub(crate) position: Option<u64>,
    /// When the event was recorded, if it is known and was looked for.
    pub(crate) recorded: Option<Timestamp>,
    pub(crate) event: StoredEvent,
    /// Whether the state is there.
    pub(crate) is_whole: bool,
    pub(crate) len: usize,
    /// How the state is stored.
    pub(crate) info: StateInfo,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("application", &self.name()).finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn new(application: &Application) -> Self {
        Self { application: application.clone() }
    }

    pub(crate) fn name(&self) -> &str {
        self.application.name()
    }

    /// Whether the values in this log are hidden from an operator without the scope for them.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.application.mapper().has_cipher()
    }

    /// The last position; 0 if the log is empty.
    pub(crate) async fn newest(&self) -> Result<u64, Failure> {
        Ok(self.application.recorder().max_notification_id().await.map_err(|error| self.failed(&error))?.unwrap_or(0))
    }

    /// Searches the log, and returns what it finds, in its direction, and how far it has looked. It ends early if the states are too large.
    pub(super) async fn find(&self, query: SearchQuery) -> Result<(Vec<Stored>, Option<u64>), Failure> {
        let (mapper, mut rows, mut bytes) = (self.application.mapper(), Vec::new(), 0);
        let mut visit = |row: NotificationRef<'_>| {
            bytes += row.state.len();
            rows.push(Stored::in_list(mapper, &row));
            if bytes > MAX_WINDOW { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let looked_to = self.application.recorder().search_notifications(query, &mut visit).await;
        let looked_to = looked_to.map_err(|error| self.failed(&error))?;
        Ok((rows, looked_to))
    }

    /// The event at a position, and the other events of its save, in one statement. The neighbours have no states.
    ///
    /// The second value says whether the save may have further events, beyond the part of the log that was read.
    pub(crate) async fn event(&self, position: u64) -> Result<Option<(Stored, Vec<Stored>, bool)>, Failure> {
        let Some(first) = position.checked_sub(1) else { return Ok(None) };
        let after = first.saturating_sub(NEIGHBOURHOOD);
        let up_to = position.saturating_add(NEIGHBOURHOOD);
        let (mapper, mut rows, mut event) = (self.application.mapper(), Vec::new(), None);
        let mut visit = |row: NotificationRef<'_>| {
            if row.id == position {
                event = Some(Stored::whole(mapper, row.to_owned()));
            } else {
                rows.push(Stored::head(mapper, &row));
            }
            ControlFlow::Continue(())
        };
        let size = usize::try_from(up_to - after).unwrap_or(usize::MAX);
        let query = NotificationQuery::after(after, size).up_to(up_to);
        let read = self.application.recorder().read_notifications(query, &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        let Some(event) = event else { return Ok(None) };
        let ends = [after + 1, up_to];
        rows.retain(|row| is_same_attempt(row.event.append_id, event.event.append_id));
        let goes_on = rows.iter().any(|row| row.position.is_some_and(|at| at > 1 && ends.contains(&at)));
        Ok(Some((event, rows, goes_on)))
    }

    /// Waits until there may be events after a position, and at most for a time.
    pub(crate) async fn wait_after(&self, position: u64, at_most: Duration) {
        // a timeout is no failure: events of another process may only be found by looking
        let _ = tokio::time::timeout(at_most, self.application.recorder().recorded_after(position)).await;
    }

    /// Opens events. If one needs a dictionary that is not loaded yet, the dictionaries are loaded once.
    pub(crate) async fn open(&self, rows: Vec<Stored>) -> Vec<Opened> {
        let mapper = self.application.mapper();
        let opened: Vec<Opened> = rows.into_iter().map(|row| Opened::open(mapper, row)).collect();
        if !opened.iter().any(|opened| opened.lacks_dictionary) {
            return opened;
        }
        if let Err(error) = self.application.load_dictionaries().await {
            // the events that need one say that they cannot be read
            tracing::warn!(application = self.name(), %error, "the explorer could not load the dictionaries");
        }
        let again = |opened: Opened| match opened.lacks_dictionary {
            true => Opened::open(mapper, opened.stored),
            false => opened,
        };
        opened.into_iter().map(again).collect()
    }

    /// The failure of a read. What happened is in the log of the service, and not on the page.
    pub(super) fn failed(&self, error: &dyn std::error::Error) -> Failure {
        tracing::warn!(application = self.name(), %error, "the explorer could not read");
        Failure::Unavailable
    }
}

impl Stored {
    fn of(mapper: &Mapper, row: &NotificationRef<'_>, state: &[u8]) -> Self {
        let NotificationRef { originator_id, originator_version, topic, checksum, append_id, .. } = *row;
        let event = StoredEvent::new(originator_id, originator_version, topic.to_owned(), state, append_id);
        let len = row.state.len();
        Self {
            position: Some(row.id),
            recorded: None,
            event: event.with_checksum(checksum),
            is_whole: state.len() == len,
            len,
            info: mapper.inspect(row.state, checksum),
        }
    }

    pub(super) fn in_list(mapper: &Mapper, row: &NotificationRef<'_>) -> Self {
        Self::of(mapper, row, if row.state.len() <= LARGEST_IN_LIST { row.state } else { &[] })
    }

    fn head(mapper: &Mapper, row: &NotificationRef<'_>) -> Self {
        Self::of(mapper, row, &[])
    }

    fn whole(mapper: &Mapper, notification: Notification) -> Self {
        let (id, len) = (notification.id, notification.state.len());
        let info = mapper.inspect(&notification.state, notification.checksum);
        Self { position: Some(id), recorded: None, event: notification.into_stored_event(), is_whole: true, len, info }
    }
}
