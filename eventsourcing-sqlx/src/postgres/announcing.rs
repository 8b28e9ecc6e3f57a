//! Telling other processes that there are new events, by NOTIFY.
//!
//! It is never part of an append: PostgreSQL lets one transaction at a time commit that has notifications, in the whole server.
//! A transaction that has nothing else writes nothing to disk, and so holds that lock for microseconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Inner;
use super::answer::{self, within};
use super::error::{Fault, fault};
use crate::rows;

/// The shortest time between two announcements. Those who listen ask for all that is new at each, so more would not help them.
const PAUSE: Duration = Duration::from_millis(10);

/// Announces what is recorded: at once, and after that as often as the pause allows.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// A task is at it, and will see what is news.
    is_running: bool,
    /// Something was recorded since the last announcement.
    is_news: bool,
}

impl Announcer {
    /// Whether a task must be started, now that there is news.
    fn has_news(&self) -> bool {
        self.with(|state| {
            state.is_news = true;
            !std::mem::replace(&mut state.is_running, true)
        })
    }

    /// Whether there is something to announce; the task ends otherwise.
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

/// A task that announces. If its runtime is shut down, the next news starts another.
struct Running {
    inner: Arc<Inner>,
    ended: bool,
}

impl Running {
    async fn run(mut self) {
        while self.inner.announcer.next() {
            if let Err(reason) = self.inner.try_to_announce().await {
                // it is a hint: those who wait for it ask by themselves a little later
                tracing::debug!(reason, "new events were not announced");
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.ended = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.inner.announcer.with(|state| state.is_running = false);
        }
    }
}

impl Inner {
    /// Lets others know that events were recorded, without waiting for it.
    pub(super) fn announce(self: &Arc<Self>) {
        if !self.config.notify || !self.announcer.has_news() {
            return;
        }
        tokio::spawn(Running { inner: Arc::clone(self), ended: false }.run());
    }

    async fn try_to_announce(&self) -> Result<(), String> {
        let mut connection = self.acquire().await.map_err(|error| error.to_string())?;
        let announced = async {
            self.keep_session(&mut connection).await?;
            let announce = sqlx::query(self.sql.announce.text()).bind(rows::to_bound(self.watermark.last()));
            announce.persistent(self.is_persistent()).execute(&mut *connection).await?;
            self.leave_session(&mut connection, true).await
        };
        let announced = within(answer::limit(&self.config), announced).await;
        match &announced {
            Err(error)
                if matches!(fault(error, &self.name), Fault::Lost | Fault::StaleConnection | Fault::NotPrimary) => {}
            Err(_) if self.config.transaction_pooling => {}
            _ => connection.mark_clean(),
        }
        announced.map_err(|error| error.to_string())
    }
}
