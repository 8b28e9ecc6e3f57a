//! NOTIFY: other processes are notified of new events.
//!
//! It is never part of an append: in the whole server, PostgreSQL commits transactions with notifications one at a time.
//! A transaction with nothing but a notification writes nothing to disk, and holds that lock for microseconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, fault};
use crate::rows;

/// The shortest time between two notifications. Listeners fetch all new events at each one, so more would not help them.
const PAUSE: Duration = Duration::from_millis(10);

/// Notifies of recorded events: immediately, and then as often as the pause allows.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// A task is running, and will see later news.
    is_running: bool,
    /// Events were recorded since the last notification.
    is_news: bool,
}

impl Notifier {
    /// Notes that there are new events. Returns whether a task must be started.
    fn has_news(&self) -> bool {
        self.with(|state| {
            state.is_news = true;
            !std::mem::replace(&mut state.is_running, true)
        })
    }

    /// Whether there are new events; the task ends otherwise.
    fn next(&self) -> bool {
        self.with(|state| {
            state.is_running = std::mem::take(&mut state.is_news);
            state.is_running
        })
    }

    fn with<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A task that notifies. If its runtime is shut down, the next event starts another.
struct Running {
    inner: Arc<Inner>,
    ended: bool,
}

impl Running {
    async fn run(mut self) {
        while self.inner.notifier.next() {
            if let Err(reason) = self.inner.try_to_notify().await {
                // notifications are hints: consumers also poll
                tracing::debug!(reason, "consumers were not notified of new events");
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.ended = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.inner.notifier.with(|state| state.is_running = false);
        }
    }
}

impl Inner {
    /// Notifies other processes that events were recorded, in the background.
    pub(super) fn notify(self: &Arc<Self>) {
        if !self.config.notify || !self.notifier.has_news() {
            return;
        }
        tokio::spawn(Running { inner: Arc::clone(self), ended: false }.run());
    }

    async fn try_to_notify(&self) -> Result<(), String> {
        let mut connection = self.acquire().await.map_err(|error| error.to_string())?;
        let announced = async {
            self.keep_session(&mut connection).await?;
            let announce = sqlx::query(self.sql.announce.text()).bind(rows::to_bound(self.watermark.last()));
            announce.persistent(self.is_persistent()).execute(&mut *connection).await?;
            self.leave_session(&mut connection, true).await
        };
        let announced = within(answer_timeout::limit(&self.config), announced).await;
        match &announced {
            Err(error)
                if matches!(fault(error, &self.name), Fault::Lost | Fault::StaleConnection | Fault::NotPrimary) => {}
            Err(_) if self.config.transaction_pooling => {}
            _ => connection.mark_clean(),
        }
        announced.map_err(|error| error.to_string())
    }
}
