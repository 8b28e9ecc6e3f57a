//! The upstream applications whose logs an application processes.

use super::Application;
use crate::Result;
use crate::recording::TrackedPosition;

impl Application {
    /// Returns how far this application has processed the logs of others, by the names of the upstream applications.
    ///
    /// An upstream application is in it once a position is stored, by a policy or by [`save_tracked`](Self::save_tracked), whether anything
    /// processes its log now or not. The lag is the distance from the position to the last one of the upstream's log.
    ///
    /// # Errors
    /// [`Recorder`](crate::Error::Recorder) if the database fails, or if the recorder of another crate cannot list them:
    /// [`CannotListUpstreams`](crate::RecorderError::CannotListUpstreams).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::recording::Tracking;
    /// use eventsourcing::{Application, Error};
    /// # futures::executor::block_on(async {
    /// let payments = Application::builder("Payments").open()?;
    /// payments.save_tracked((), Tracking::new("Orders", 0, 3)).await?;
    /// payments.save_tracked((), Tracking::new("Customers", 0, 12)).await?;
    ///
    /// let upstreams = payments.tracked_upstreams().await?;
    /// let lines: Vec<String> = upstreams.iter().map(|of| format!("{} {}", of.upstream, of.position.id)).collect();
    /// assert_eq!(lines, ["Customers 12", "Orders 3"]);
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn tracked_upstreams(&self) -> Result<Vec<TrackedPosition>> {
        Ok(self.shared.recorder.tracked_positions().await?)
    }
}
