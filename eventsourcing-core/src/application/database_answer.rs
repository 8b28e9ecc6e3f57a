//! Whether the database of an application answers, and accepts writes.

use std::time::{Duration, Instant};

use super::Application;
use crate::Result;

/// What a database answers: [`Application::ask_database`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseAnswer {
    /// The last position of the log; 0 if it is empty.
    pub last_position: u64,
    /// How long the database took to answer.
    pub latency: Duration,
    /// Whether the database accepts events from this application; `None` if the recorder cannot know without writing.
    pub is_writable: Option<bool>,
}

impl Application {
    /// Asks the database whether it answers and accepts writes, and how long it takes. It writes nothing, and reads two rows.
    ///
    /// A database that is full, or whose append lock another program holds, still counts as writable.
    ///
    /// # Errors
    /// [`Error::Recorder`](crate::Error::Recorder) if the database cannot be reached, or does not answer within the time limits of its
    /// configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// let application = Application::builder("Universe").open()?;
    /// let answer = application.ask_database().await?;
    /// assert_eq!((answer.last_position, answer.is_writable), (0, Some(true)));
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn ask_database(&self) -> Result<DatabaseAnswer> {
        let begun = Instant::now();
        let last_position = self.recorder().max_notification_id().await?.unwrap_or(0);
        let latency = begun.elapsed();
        let is_writable = self.recorder().is_writable().await?;
        Ok(DatabaseAnswer { last_position, latency, is_writable })
    }
}
