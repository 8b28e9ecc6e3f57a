//! How long command ids are kept, and the task that deletes older ones.
//!
//! The task begins after so many recorded commands, and ends once none is outdated. It keeps the application open only while it deletes.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, yield_now};
use tracing::instrument::WithSubscriber as _;

use super::command_counts::{Counts, count};
use super::handle::{Application, Shared};
use crate::domain::now;
use crate::recording::{OutdatedCommands, RecorderError};
use crate::{Error, Result};

/// After how many recorded commands outdated ones are deleted. The first is one of them, so that a short-lived program deletes some too.
const INTERVAL: u64 = 500;

/// How many commands are deleted at a time.
const CHUNK: usize = 1_000;

/// How long command ids are kept.
///
/// A command whose id is no longer kept may count as new: it does once the id is deleted, and the last id of all is not. So an id has to be kept
/// for longer than its sender may send it again. All programs on a log should set the same: each deletes what it does not keep.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::num::NonZeroU64;
/// use std::time::Duration;
///
/// use eventsourcing::Application;
/// use eventsourcing::application::Retention;
///
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let shop = Application::builder("Shop").keep_commands(month).open()?;
/// let last = NonZeroU64::new(1_000_000).expect("not zero");
/// let shop = Application::builder("Shop").keep_commands(Retention::Last(last)).open()?;
/// # Ok::<(), eventsourcing::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retention {
    /// Each id is kept for this time.
    Time(Duration),
    /// This number of ids is kept: the last ones.
    Last(NonZeroU64),
    /// Each id is kept forever.
    Forever,
}

impl Retention {
    /// What applies by default: seven days.
    ///
    /// Clients give up after minutes or hours, and queues deliver a message again after days. An id takes about a hundred bytes.
    pub const DEFAULT: Self = Self::Time(Duration::from_secs(7 * 24 * 60 * 60));

    /// Returns which commands are no longer kept at this time; none if all are.
    fn outdated(self, now: Timestamp) -> Option<OutdatedCommands> {
        match self {
            // a time before the beginning of time is that of no command
            Self::Time(time) => now.checked_sub(time).ok().map(OutdatedCommands::Before),
            Self::Last(number) => Some(OutdatedCommands::AllBut(number.get())),
            Self::Forever => None,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl From<Duration> for Retention {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

/// The commands of an application: their numbers, and the task that deletes outdated ones.
#[derive(Debug)]
pub(crate) struct Pruning {
    retention: Retention,
    pub(super) counts: Counts,
    recorded: AtomicU64,
    application: Weak<Shared>,
    task: Arc<Mutex<Task>>,
}

#[derive(Debug, Default)]
struct Task {
    running: Option<AbortHandle>,
    is_closed: bool,
}

impl Pruning {
    pub(super) fn new(retention: Retention, application: Weak<Shared>) -> Self {
        let (counts, recorded, task) = (Counts::default(), AtomicU64::new(0), Arc::default());
        Self { retention, counts, recorded, application, task }
    }

    /// Notes that a command was recorded, and begins the task if it is time.
    pub(super) fn note_recorded(&self) {
        let is_due = self.recorded.fetch_add(1, Relaxed).is_multiple_of(INTERVAL);
        if !is_due || self.retention == Retention::Forever {
            return;
        }
        // without a runtime there is no task: `Application::prune_commands` is for such programs
        let Ok(runtime) = Handle::try_current() else { return };
        let mut task = lock(&self.task);
        if !task.is_closed && task.running.as_ref().is_none_or(AbortHandle::is_finished) {
            let work = work(Weak::clone(&self.application)).with_current_subscriber();
            task.running = Some(runtime.spawn(work).abort_handle());
        }
    }

    /// Ends the task, at its next await.
    pub(super) fn close(&self) {
        let mut task = lock(&self.task);
        task.is_closed = true;
        if let Some(running) = task.running.take() {
            running.abort();
        }
    }
}

impl Drop for Pruning {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock(task: &Mutex<Task>) -> MutexGuard<'_, Task> {
    task.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Deletes outdated commands until there are none. A failure is logged and counted.
async fn work(application: Weak<Shared>) {
    loop {
        let Some(shared) = application.upgrade() else { return };
        match shared.prune_some().await {
            Ok(deleted) if deleted >= CHUNK as u64 => {}
            Ok(_) => return,
            // the rest is deleted by the next program
            Err(Error::Recorder(RecorderError::Closed)) => return,
            Err(error) => {
                count(&shared.commands.counts.failed);
                let application = shared.name.as_str();
                tracing::warn!(application, %error, "outdated command ids were not deleted; they are deleted later");
                return;
            }
        }
        drop(shared);
        // other tasks of the program come first
        yield_now().await;
    }
}

impl Shared {
    /// Deletes some of the commands that are no longer kept, and returns how many.
    async fn prune_some(&self) -> Result<u64> {
        let Some(outdated) = self.commands.retention.outdated(self.clock.run(now)) else { return Ok(0) };
        let deleted = self.recorder.delete_commands(outdated, CHUNK).await?;
        self.commands.counts.pruned.fetch_add(deleted, Relaxed);
        Ok(deleted)
    }
}

impl Application {
    /// Deletes the ids of commands that are no longer kept, and returns how many.
    ///
    /// An application does so in the background when it records commands: at the first one, and then from time to time. This method is for
    /// other times. The ids are deleted in small parts, between which others save. Their events stay.
    ///
    /// # Errors
    /// [`NoCommands`](crate::RecorderError::NoCommands) if the recorder stores no command ids; [`Error::Recorder`](crate::Error::Recorder) if
    /// the database fails.
    pub async fn prune_commands(&self) -> Result<u64> {
        let mut pruned = 0;
        loop {
            let deleted = self.shared.prune_some().await?;
            pruned += deleted;
            if deleted < CHUNK as u64 {
                return Ok(pruned);
            }
        }
    }
}
