//! Views in memory: a state that handlers change.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{ViewTransaction, Views};
use crate::persistence::{RecorderError, Tracking};

/// A view in memory: a state of any type, which handlers are given as `&mut`.
///
/// It is made anew from the whole log each time the program starts. A transaction works on a clone of the state, so one that is
/// large is better made of what is cheap to clone.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::MemoryViews;
///
/// let totals = MemoryViews::new(0_u64);
/// assert_eq!(totals.read(|total| *total), 0);
/// ```
pub struct MemoryViews<S> {
    kept: Arc<RwLock<Kept<S>>>,
    /// Held by the transaction that is under way.
    writer: Arc<Mutex<()>>,
}

#[derive(Clone, Debug)]
struct Kept<S> {
    state: S,
    positions: HashMap<(String, String), u64>,
}

impl<S> MemoryViews<S> {
    /// A view that begins with this state.
    pub fn new(state: S) -> Self {
        let kept = Kept { state, positions: HashMap::new() };
        Self { kept: Arc::new(RwLock::new(kept)), writer: Arc::default() }
    }

    /// Looks at the state as it is after the last transaction.
    pub fn read<T>(&self, read: impl FnOnce(&S) -> T) -> T {
        read(&self.kept.read().unwrap_or_else(PoisonError::into_inner).state)
    }

    fn position_of(&self, projection: &str, upstream: &str) -> u64 {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.positions.get(&(projection.to_owned(), upstream.to_owned())).copied().unwrap_or_default()
    }
}

/// Another handle to the same view.
impl<S> Clone for MemoryViews<S> {
    fn clone(&self) -> Self {
        Self { kept: Arc::clone(&self.kept), writer: Arc::clone(&self.writer) }
    }
}

impl<S> fmt::Debug for MemoryViews<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryViews").finish_non_exhaustive()
    }
}

impl<S: Clone + Send + Sync + 'static> Views for MemoryViews<S> {
    type View = S;
    type Transaction = MemoryTransaction<S>;

    async fn position(&self, projection: &str, upstream: &str) -> Result<u64, RecorderError> {
        Ok(self.position_of(projection, upstream))
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<MemoryTransaction<S>, RecorderError> {
        tracking.check()?;
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let recorded = self.position_of(projection, &tracking.upstream);
        if recorded != tracking.after {
            return Err(tracking.already_processed(recorded));
        }
        let mut changed = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        changed.positions.insert((projection.to_owned(), tracking.upstream.clone()), tracking.position);
        Ok(MemoryTransaction { changed, kept: Arc::clone(&self.kept), _writer: writer })
    }
}

/// A transaction on a view in memory.
#[derive(Debug)]
pub struct MemoryTransaction<S> {
    changed: Kept<S>,
    kept: Arc<RwLock<Kept<S>>>,
    _writer: OwnedMutexGuard<()>,
}

impl<S: Clone + Send + Sync + 'static> ViewTransaction for MemoryTransaction<S> {
    type View = S;

    fn view(&mut self) -> &mut S {
        &mut self.changed.state
    }

    async fn commit(self) -> Result<(), RecorderError> {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = self.changed;
        Ok(())
    }
}
