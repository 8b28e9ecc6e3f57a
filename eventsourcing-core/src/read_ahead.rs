//! Reads the next page while the caller processes the current one.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

/// A read that runs in the background. Dropping it aborts the read.
#[derive(Debug)]
pub(crate) struct ReadAhead<T> {
    task: JoinHandle<T>,
}

impl<T: Send + 'static> ReadAhead<T> {
    /// Starts a read, if the runtime runs it while the caller does other work.
    ///
    /// Only a multi-threaded runtime is certain to. A current-thread runtime runs on the thread that blocks on it, and may not run
    /// again before the read is awaited, possibly in another runtime.
    pub(crate) fn begin(read: impl Future<Output = T> + Send + 'static) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        (runtime.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| Self { task: runtime.spawn(read) })
    }

    /// Waits for the result. Returns `None` if the runtime was shut down or the read panicked, so that the read must be repeated.
    pub(crate) async fn outcome(mut self) -> Option<T> {
        (&mut self.task).await.ok()
    }
}

impl<T> Drop for ReadAhead<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
