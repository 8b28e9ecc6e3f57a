//! Reading the next page while the caller is busy with the one before.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

/// A read that goes on by itself. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct ReadAhead<T> {
    task: JoinHandle<T>,
}

impl<T: Send + 'static> ReadAhead<T> {
    /// Begins a read, if somebody runs it while the caller does something else.
    ///
    /// Only a runtime with threads of its own is sure to: one that runs on the thread of who blocks on it may not run again
    /// before the read is waited for, and that may be in another one.
    pub(crate) fn begin(read: impl Future<Output = T> + Send + 'static) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        (runtime.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| Self { task: runtime.spawn(read) })
    }

    /// What it read; none if its runtime was shut down or it panicked, so that it has to be read again.
    pub(crate) async fn outcome(mut self) -> Option<T> {
        (&mut self.task).await.ok()
    }
}

impl<T> Drop for ReadAhead<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
