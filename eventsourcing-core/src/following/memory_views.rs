//! Views in memory: a state that handlers change.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::memory_letters::MemoryLetters;
use super::{DeadLetter, ProjectionKey, ViewError, ViewTransaction, Views};
use crate::persistence::{LogPosition, Tracking};

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
    pub(super) kept: Arc<RwLock<Kept<S>>>,
    /// Held by whoever changes what is kept.
    pub(super) writer: Arc<Mutex<()>>,
}

#[derive(Clone, Debug)]
pub(super) struct Kept<S> {
    /// With which a rebuild begins.
    pub(super) initial: Arc<S>,
    pub(super) state: S,
    /// By projection and upstream, as are letters.
    pub(super) positions: HashMap<Place, LogPosition>,
    /// Copied only when they change: most transactions leave them alone.
    pub(super) letters: HashMap<Place, Arc<MemoryLetters>>,
    /// The version of each projection that serves.
    pub(super) serving: HashMap<String, u32>,
    /// The version of each projection that is rebuilt, and its view.
    pub(super) rebuilt: HashMap<String, (u32, MemoryViews<S>)>,
}

/// A projection's key and an upstream.
type Place = (String, String);

impl<S> MemoryViews<S> {
    /// A view that begins with this state.
    pub fn new(state: S) -> Self
    where
        S: Clone,
    {
        Self::beginning_with(Arc::new(state))
    }

    pub(super) fn beginning_with(initial: Arc<S>) -> Self
    where
        S: Clone,
    {
        let kept = Kept {
            state: S::clone(&initial),
            initial,
            positions: HashMap::new(),
            letters: HashMap::new(),
            serving: HashMap::new(),
            rebuilt: HashMap::new(),
        };
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

    pub(super) fn position_of(&self, projection: &str, upstream: &str) -> LogPosition {
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

    fn database(&self) -> Option<String> {
        Some(format!("memory at {:p}", Arc::as_ptr(&self.kept)))
    }

    async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        let key = ProjectionKey::parse(projection);
        if key.is_rebuilt {
            let rebuilt = self.rebuilt(key);
            return Ok(
                rebuilt.map_or(LogPosition::START, |views| views.position_of(&key.serving().to_string(), upstream))
            );
        }
        Ok(self.position_of(projection, upstream))
    }

    async fn serve(&self, projection: &str, _: bool) -> Result<Option<MemoryTransaction<S>>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let serving = |kept: &Kept<S>| kept.serving.get(key.name).copied();
        if serving(&self.kept.read().unwrap_or_else(PoisonError::into_inner)) == Some(key.version) {
            return Ok(None);
        }
        let mut transaction = self.transaction(key, "").await;
        Ok(transaction.changed.serve(key)?.then_some(transaction))
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<MemoryTransaction<S>, ViewError> {
        tracking.check()?;
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, &tracking.upstream).await;
        let MemoryTransaction { changed: Kept { positions, .. }, place, .. } = &mut transaction;
        let recorded = positions.get(place).map_or(0, |position| position.id);
        positions.insert(place.clone(), tracking.log_position());
        transaction.changed.serve(key.serving())?;
        if recorded != tracking.after {
            return Err(tracking.already_processed(recorded).into());
        }
        Ok(transaction)
    }

    async fn begin_at(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, upstream).await;
        transaction.changed.serve(key.serving())?;
        let MemoryTransaction { changed: Kept { positions, .. }, place, .. } = &mut transaction;
        let stored = *positions.entry(place.clone()).or_insert(position);
        transaction.commit().await?;
        Ok(stored)
    }

    async fn move_position(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, upstream).await;
        transaction.changed.serve(key.serving())?;
        let MemoryTransaction { changed: Kept { positions, .. }, place, .. } = &mut transaction;
        let recorded = positions.insert(place.clone(), to).unwrap_or_default();
        if recorded != from && recorded != to {
            let upstream = upstream.to_owned();
            return Err(ViewError::AlreadyProcessed { upstream, after: from.id, recorded: recorded.id });
        }
        transaction.commit().await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<MemoryTransaction<S>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, upstream).await;
        transaction.changed.serve(key.serving())?;
        Ok(transaction)
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        let key = ProjectionKey::parse(projection);
        // a rebuild that is over has none, as it has no position
        let letters = self.of(key).map(|views| views.letters_of(&key.serving().to_string(), upstream));
        Ok(letters.map_or_else(|_| Vec::new(), |letters| letters.list(after, limit)))
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        let key = ProjectionKey::parse(projection);
        let letters = self.of(key).map(|views| views.letters_of(&key.serving().to_string(), upstream));
        Ok(letters.map_or(0, |letters| u64::try_from(letters.len()).unwrap_or(u64::MAX)))
    }
}

impl<S: Clone> MemoryViews<S> {
    /// A transaction about this projection and upstream, once no other is under way.
    pub(super) async fn transaction(&self, key: ProjectionKey<'_>, upstream: &str) -> MemoryTransaction<S> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let changed = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        let place = (key.serving().to_string(), upstream.to_owned());
        MemoryTransaction { changed, place, kept: Arc::clone(&self.kept), _writer: writer }
    }

    /// Where this version is: here, or beside while it is rebuilt.
    fn of(&self, key: ProjectionKey<'_>) -> Result<Self, ViewError> {
        if key.is_rebuilt { self.rebuilt(key) } else { Ok(self.clone()) }
    }

    /// The view that this version is rebuilt in.
    fn rebuilt(&self, key: ProjectionKey<'_>) -> Result<Self, ViewError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match kept.rebuilt.get(key.name) {
            Some((version, views)) if *version == key.version => Ok(views.clone()),
            _ => Err(ViewError::RebuildIsOver { projection: key.name.to_owned(), version: key.version }),
        }
    }
}

impl<S> Kept<S> {
    /// Makes sure that a version serves; whether it begins to.
    fn serve(&mut self, key: ProjectionKey<'_>) -> Result<bool, ViewError> {
        let ProjectionKey { name, version, .. } = key;
        match self.serving.get(name).copied() {
            None => {
                self.serving.insert(name.to_owned(), version);
                Ok(true)
            }
            Some(serving) if serving == version => Ok(false),
            Some(serving) => Err(ViewError::AnotherVersion { projection: name.to_owned(), version, serving }),
        }
    }
}

/// A transaction on a view in memory.
#[derive(Debug)]
pub struct MemoryTransaction<S> {
    pub(super) changed: Kept<S>,
    /// The projection and the upstream that it is about.
    place: Place,
    kept: Arc<RwLock<Kept<S>>>,
    _writer: OwnedMutexGuard<()>,
}

impl<S> MemoryTransaction<S> {
    fn letters(&mut self) -> &mut MemoryLetters {
        Arc::make_mut(self.changed.letters.entry(self.place.clone()).or_default())
    }
}

impl<S: Clone + Send + Sync + 'static> ViewTransaction for MemoryTransaction<S> {
    type View = S;

    fn view(&mut self) -> &mut S {
        &mut self.changed.state
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        let Some(letters) = self.changed.letters.get(&self.place) else { return Ok(Vec::new()) };
        Ok(originators.iter().copied().filter(|id| letters.has(*id)).collect())
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        let kept = self.letters();
        letters.iter().for_each(|letter| kept.insert(letter));
        Ok(())
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        let letters = self.letters();
        let first = letters.first(originator_id, limit);
        first.iter().for_each(|letter| letters.remove(letter));
        Ok(first)
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        Ok(self.letters().take(notification_id))
    }

    async fn commit(self) -> Result<(), ViewError> {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = self.changed;
        Ok(())
    }
}
