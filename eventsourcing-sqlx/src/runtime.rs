//! The runtime of background tasks: one that makes progress even if the caller's does not.

#[cfg(feature = "postgres")]
use std::panic::resume_unwind;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
#[cfg(feature = "postgres")]
use tokio::task::JoinSet;
#[cfg(feature = "postgres")]
use tracing::instrument::WithSubscriber as _;

/// The runtime of this library, for callers whose own runtime may not make progress.
static BACKGROUND: OnceLock<Option<Runtime>> = OnceLock::new();

/// The runtime for a task that several callers wait for.
///
/// A multi-thread runtime always makes progress. A current-thread runtime makes progress only while a thread blocks on it, which
/// would stall other callers, so its tasks run on a thread of this library.
pub(crate) fn for_tasks() -> Option<Handle> {
    let own = Handle::try_current().ok()?;
    match own.runtime_flavor() {
        RuntimeFlavor::MultiThread => Some(own),
        _ => Some(background().unwrap_or(own)),
    }
}

/// The runtime of this library; none if the system has no thread for it.
pub(crate) fn background() -> Option<Handle> {
    let build = || Builder::new_multi_thread().worker_threads(1).thread_name("eventsourcing").enable_all().build().ok();
    BACKGROUND.get_or_init(build).as_ref().map(|runtime| runtime.handle().clone())
}

/// Runs a task on the runtime of the writer's tasks. If this future is dropped, so is the task.
#[cfg(feature = "postgres")]
pub(crate) async fn run<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let is_own = Handle::try_current().is_ok_and(|own| own.runtime_flavor() == RuntimeFlavor::MultiThread);
    let Some(background) = background().filter(|_| !is_own) else { return task.await };
    let mut running = JoinSet::new();
    // its log messages go to the caller's subscriber
    running.spawn_on(task.with_current_subscriber(), &background);
    match running.join_next().await {
        Some(Ok(done)) => done,
        Some(Err(ended)) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(ended) => unreachable!("the task is never aborted and the runtime never shut down: {ended}"),
        },
        None => unreachable!("a task was spawned"),
    }
}
