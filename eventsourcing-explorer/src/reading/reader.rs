//! The reader of an application. It has no method that writes, and gives nobody the application.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::codec::{Mapper, StateInfo};
use eventsourcing_core::recording::{EventQuery, NotificationQuery, NotificationRef, StoredEventRef, is_same_attempt};
use eventsourcing_core::{Application, Notification, RecorderError, StoredEvent, Uuid};

use super::opened::Opened;
use crate::failure::Failure;

/// The number of bytes of states after which a window is read no further.
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
    /// The position in the log; `None` if the event was read as a version of its aggregate.
    pub(crate) position: Option<u64>,
    pub(crate) event: StoredEvent,
    /// Whether the state is there.
    pub(crate) is_whole: bool,
    pub(crate) len: usize,
    /// How the state is stored.
    pub(crate) info: StateInfo,
}

/// What a read of a window has found.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The last matches, oldest first.
    pub(super) rows: VecDeque<Stored>,
    /// Whether earlier matches were dropped, because there were more than asked for.
    pub(super) has_more: bool,
    /// The last position that was read.
    pub(super) last: u64,
    /// The number of positions that were read.
    pub(super) seen: u64,
    /// Whether the window was left early, because its states are too large.
    pub(super) is_cut: bool,
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

    /// Reads positions `after + 1` to `up_to`, in one statement, and returns the last `limit` events that `keep` selects.
    pub(super) async fn window(
        &self,
        (after, up_to): (u64, u64),
        limit: usize,
        is_first: bool,
        keep: &(dyn Fn(&NotificationRef<'_>) -> bool + Sync),
    ) -> Result<Window, Failure> {
        let size = usize::try_from(up_to.saturating_sub(after)).unwrap_or(usize::MAX);
        let mut window = Window { last: after, ..Window::default() };
        let (mapper, mut bytes) = (self.application.mapper(), 0);
        let mut visit = |row: NotificationRef<'_>| {
            window.seen += 1;
            window.last = row.id;
            bytes += row.state.len();
            if keep(&row) {
                if window.rows.len() == limit {
                    window.rows.pop_front();
                    window.has_more = true;
                }
                window.rows.push_back(Stored::in_list(mapper, &row));
                if is_first && window.rows.len() == limit {
                    return ControlFlow::Break(());
                }
            }
            if bytes > MAX_WINDOW && row.id < up_to {
                window.is_cut = true;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let query = NotificationQuery::after(after, size).up_to(up_to);
        let read = self.application.recorder().read_notifications(query, &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        Ok(window)
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

    /// At most `limit` versions of an aggregate up to a version, the last one first. States in the list may be left out.
    pub(crate) async fn versions(&self, id: Uuid, up_to: Option<u64>, limit: usize) -> Result<Vec<Stored>, Failure> {
        let (mapper, mut versions) = (self.application.mapper(), Vec::new());
        let mut visit = |row: StoredEventRef<'_>| {
            versions.push(Stored::in_list(mapper, &row.notification(0)));
            ControlFlow::Continue(())
        };
        let query = EventQuery::of(id).up_to(up_to).descending().limit(limit);
        let read = self.application.recorder().read_events(query, &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        for version in &mut versions {
            version.position = None;
        }
        Ok(versions)
    }

    /// One version of an aggregate, with its state.
    pub(crate) async fn version(&self, id: Uuid, version: u64) -> Result<Option<Stored>, Failure> {
        let query = EventQuery::of(id).after(version.checked_sub(1)).up_to(version).limit(1);
        let read = self.application.recorder().select_events(query).await;
        let events = read.map_err(|error| self.failed(&error))?;
        let event = events.into_iter().find(|event| event.originator_version == version);
        Ok(event.map(|event| Stored {
            position: None,
            ..Stored::whole(self.application.mapper(), event.into_notification(0))
        }))
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
    fn failed(&self, error: &RecorderError) -> Failure {
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
            event: event.with_checksum(checksum),
            is_whole: state.len() == len,
            len,
            info: mapper.inspect(row.state, checksum),
        }
    }

    fn in_list(mapper: &Mapper, row: &NotificationRef<'_>) -> Self {
        Self::of(mapper, row, if row.state.len() <= LARGEST_IN_LIST { row.state } else { &[] })
    }

    fn head(mapper: &Mapper, row: &NotificationRef<'_>) -> Self {
        Self::of(mapper, row, &[])
    }

    fn whole(mapper: &Mapper, notification: Notification) -> Self {
        let (id, len) = (notification.id, notification.state.len());
        let info = mapper.inspect(&notification.state, notification.checksum);
        Self { position: Some(id), event: notification.into_stored_event(), is_whole: true, len, info }
    }
}
