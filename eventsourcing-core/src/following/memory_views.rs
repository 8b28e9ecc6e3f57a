//! Views in memory: a state that handlers change.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::memory_letters::MemoryLetters;
use super::{DeadLetter, ViewTransaction, Views};
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
    /// By projection and upstream, as are letters.
    positions: HashMap<Key, u64>,
    /// Copied only when they change: most transactions leave them alone.
    letters: HashMap<Key, Arc<MemoryLetters>>,
}

/// A projection and an upstream.
type Key = (String, String);

impl<S> MemoryViews<S> {
    /// A view that begins with this state.
    pub fn new(state: S) -> Self {
        let kept = Kept { state, positions: HashMap::new(), letters: HashMap::new() };
        Self { kept: Arc::new(RwLock::new(kept)), writer: Arc::default() }
    }

    /// Looks at the state as it is after the last transaction.
    pub fn read<T>(&self, read: impl FnOnce(&S) -> T) -> T {
        read(&self.kept.read().unwrap_or_else(PoisonError::into_inner).state)
    }

    fn letters_of(&self, projection: &str, upstream: &str) -> Arc<MemoryLetters> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.letters.get(&(projection.to_owned(), upstream.to_owned())).cloned().unwrap_or_default()
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
        let key = (projection.to_owned(), tracking.upstream.clone());
        changed.positions.insert(key.clone(), tracking.position);
        Ok(MemoryTransaction { changed, key, kept: Arc::clone(&self.kept), _writer: writer })
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<MemoryTransaction<S>, RecorderError> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let changed = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        let key = (projection.to_owned(), upstream.to_owned());
        Ok(MemoryTransaction { changed, key, kept: Arc::clone(&self.kept), _writer: writer })
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, RecorderError> {
        Ok(self.letters_of(projection, upstream).list(after, limit))
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, RecorderError> {
        Ok(u64::try_from(self.letters_of(projection, upstream).len()).unwrap_or(u64::MAX))
    }
}

/// A transaction on a view in memory.
#[derive(Debug)]
pub struct MemoryTransaction<S> {
    changed: Kept<S>,
    key: Key,
    kept: Arc<RwLock<Kept<S>>>,
    _writer: OwnedMutexGuard<()>,
}

impl<S> MemoryTransaction<S> {
    fn letters(&mut self) -> &mut MemoryLetters {
        Arc::make_mut(self.changed.letters.entry(self.key.clone()).or_default())
    }
}

impl<S: Clone + Send + Sync + 'static> ViewTransaction for MemoryTransaction<S> {
    type View = S;

    fn view(&mut self) -> &mut S {
        &mut self.changed.state
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        let Some(letters) = self.changed.letters.get(&self.key) else { return Ok(Vec::new()) };
        Ok(originators.iter().copied().filter(|id| letters.has(*id)).collect())
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), RecorderError> {
        let kept = self.letters();
        letters.iter().for_each(|letter| kept.insert(letter));
        Ok(())
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, RecorderError> {
        let letters = self.letters();
        let first = letters.first(originator_id, limit);
        first.iter().for_each(|letter| letters.remove(letter));
        Ok(first)
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, RecorderError> {
        Ok(self.letters().take(notification_id))
    }

    async fn commit(self) -> Result<(), RecorderError> {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = self.changed;
        Ok(())
    }
}
