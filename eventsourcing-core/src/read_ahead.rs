//! Reads the next page of a log while the caller processes the current one.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

/// The read-ahead of a reader of pages.
///
/// The next page is read ahead once two full pages in a row were returned: more pages probably follow, and the caller wants them. So two
/// pages are in memory at most. Dropping this aborts a read that is running.
#[derive(Debug)]
pub(crate) struct ReadAhead<P> {
    next: Option<Background<Option<P>>>,
    was_full: bool,
}

// not derived: a derived impl would require `P: Default`
impl<P> Default for ReadAhead<P> {
    fn default() -> Self {
        Self { next: None, was_full: false }
    }
}

impl<P: Send + 'static> ReadAhead<P> {
    /// Waits for the page that is being read ahead.
    ///
    /// Returns `None` if there is none, or if its read failed: the error may be over by now, so the page must be read again. If the
    /// future is dropped, the page is lost and must be read again too.
    pub(crate) async fn take(&mut self) -> Option<P> {
        self.next.take()?.outcome().await?
    }

    /// Notes that a page is returned to the caller, and starts to read the next one if this is the second full page in a row.
    pub(crate) fn after_page<E: 'static, F>(&mut self, is_full: bool, read: impl FnOnce() -> F)
    where
        F: Future<Output = Result<P, E>> + Send + 'static,
    {
        if is_full && self.was_full {
            let read = read();
            self.next = Background::begin(async move { read.await.ok() });
        }
        self.was_full = is_full;
    }
}

/// A read that runs in the background. Dropping it aborts the read.
#[derive(Debug)]
struct Background<T> {
    task: JoinHandle<T>,
}

impl<T: Send + 'static> Background<T> {
    /// Starts a read, if the runtime runs it while the caller does other work.
    ///
    /// Only a multi-threaded runtime is certain to. A current-thread runtime runs on the thread that blocks on it, and may not run
    /// again before the read is awaited, possibly in another runtime.
    fn begin(read: impl Future<Output = T> + Send + 'static) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        (runtime.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| Self { task: runtime.spawn(read) })
    }

    /// Waits for the result. Returns `None` if the runtime was shut down or the read panicked, so that the read must be repeated.
    async fn outcome(mut self) -> Option<T> {
        (&mut self.task).await.ok()
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
