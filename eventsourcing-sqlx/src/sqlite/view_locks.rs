//! The SQLite files whose write lock is held by a transaction of a view, and by which task. A handler that saves to such a file would
//! deadlock with itself.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use eventsourcing_core::RecorderError;
use tokio::task;

static HELD: Mutex<Vec<(PathBuf, Holder)>> = Mutex::new(Vec::new());

/// The holder of a lock: a task, or a thread outside of any task.
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

/// The mark that a task holds the lock of a file, until it is dropped.
#[derive(Debug)]
pub(crate) struct ViewLock {
    file: PathBuf,
    holder: Holder,
}

impl ViewLock {
    /// Marks the file as locked by the calling task.
    pub(crate) fn new(file: &Path) -> Self {
        let (file, holder) = (file.to_owned(), Holder::current());
        held().push((file.clone(), holder));
        Self { file, holder }
    }
}

impl Drop for ViewLock {
    fn drop(&mut self) {
        let mut held = held();
        if let Some(index) = held.iter().position(|(file, holder)| *file == self.file && *holder == self.holder) {
            held.swap_remove(index);
        }
    }
}

/// Refuses to wait for a lock that the calling task holds.
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

/// The hint for a lock that was not free in time, if a transaction of a view in this process holds it.
///
/// Its handler may wait for the save on another task, or may just be slow.
pub(crate) fn hint(file: Option<&Path>) -> Option<String> {
    let file = file?;
    held().iter().any(|(held, _)| held == file).then(|| {
        let database = file.display();
        format!(
            "the transaction of a view in this process holds the write lock of {database}; \
             if its handler waits for this save, keep the view in a separate file"
        )
    })
}

/// The canonical path of a file, equal for all its names; none if the database is in memory.
pub(crate) fn identity(file: &Path) -> Option<PathBuf> {
    // a database without a file is not found
    file.canonicalize().ok()
}

fn held() -> MutexGuard<'static, Vec<(PathBuf, Holder)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
