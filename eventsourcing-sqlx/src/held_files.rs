//! The SQLite files whose write lock a transaction of a view holds, and for which task: a handler that saved to such a file would wait
//! for itself.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use eventsourcing_core::RecorderError;
use tokio::task;

static HELD: Mutex<Vec<(PathBuf, Holder)>> = Mutex::new(Vec::new());

/// Who called: a task, or what a thread blocks on outside of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Task(task::Id),
    Thread(ThreadId),
}

impl Holder {
    fn current() -> Self {
        task::try_id().map_or_else(|| Self::Thread(thread::current().id()), Self::Task)
    }
}

/// A file is held for a task until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldFile {
    file: PathBuf,
    holder: Holder,
}

impl HeldFile {
    /// For the task that calls.
    pub(crate) fn new(file: &Path) -> Self {
        let (file, holder) = (file.to_owned(), Holder::current());
        held().push((file.clone(), holder));
        Self { file, holder }
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        let mut held = held();
        if let Some(place) = held.iter().position(|(file, holder)| *file == self.file && *holder == self.holder) {
            held.swap_remove(place);
        }
    }
}

/// Refuses to wait for a lock that the calling task holds itself.
pub(crate) fn check(file: Option<&Path>) -> Result<(), RecorderError> {
    let Some(file) = file else { return Ok(()) };
    let held = held();
    if held.is_empty() {
        return Ok(());
    }
    let current = Holder::current();
    match held.iter().any(|(held, holder)| held == file && *holder == current) {
        true => Err(RecorderError::HeldByView { database: file.display().to_string() }),
        false => Ok(()),
    }
}

/// What to know of a lock that was not free in time, if the transaction of a view in this process has it.
///
/// Its handler may wait for the save on another task, or merely be slow.
pub(crate) fn hint(file: Option<&Path>) -> Option<String> {
    let file = file?;
    held().iter().any(|(held, _)| held == file).then(|| {
        let database = file.display();
        format!(
            "the transaction of a view in this process holds the write lock of {database}; \
             if its handler waits for this save, keep the view in a file of its own"
        )
    })
}

/// The same for all names of a file; none if it is in memory.
pub(crate) fn identity(file: &Path) -> Option<PathBuf> {
    // one without a name is found nowhere
    file.canonicalize().ok()
}

fn held() -> MutexGuard<'static, Vec<(PathBuf, Holder)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
