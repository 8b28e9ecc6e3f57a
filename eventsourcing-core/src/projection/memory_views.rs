//! Views in memory: a state that handlers change.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::MemoryLetters;
use super::{DeadLetter, ProjectionKey, RecordedProjection, ResolvedLetter, ViewError, ViewTransaction, Views};
use crate::recording::{LogPosition, Tracking};

/// A view in memory: a state of any type, which handlers receive as `&mut`.
///
/// It is built from the whole log each time the process starts. Each transaction works on a clone of the state, so use a
/// data structure that is cheap to clone for a large state.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::MemoryViews;
///
/// let totals = MemoryViews::new(0_u64);
/// assert_eq!(totals.read(|total| *total), 0);
/// ```
pub struct MemoryViews<S> {
    pub(crate) kept: Arc<RwLock<Kept<S>>>,
    /// Held while the view is changed.
    pub(crate) writer: Arc<Mutex<()>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Kept<S> {
    /// The state that a rebuild begins with.
    pub(crate) initial: Arc<S>,
    pub(crate) state: S,
    /// Positions by projection and upstream application; the letters have the same keys.
    pub(crate) positions: HashMap<PositionKey, LogPosition>,
    /// Cloned only when they change: most transactions do not change them.
    pub(crate) letters: HashMap<PositionKey, Arc<MemoryLetters>>,
    /// What became of letters, in the order in which they were resolved.
    pub(crate) resolved: HashMap<PositionKey, Arc<Vec<ResolvedLetter>>>,
    /// The live version of each projection.
    pub(crate) live: HashMap<String, u32>,
    /// The version of each projection that is being rebuilt, and its view.
    pub(crate) rebuilt: HashMap<String, (u32, MemoryViews<S>)>,
}

/// A projection's key and an upstream application.
type PositionKey = (String, String);

impl<S> MemoryViews<S> {
    /// A view that begins with this state.
    pub fn new(state: S) -> Self
    where
        S: Clone,
    {
        Self::beginning_with(Arc::new(state))
    }

    pub(crate) fn beginning_with(initial: Arc<S>) -> Self
    where
        S: Clone,
    {
        let kept = Kept {
            state: S::clone(&initial),
            initial,
            positions: HashMap::new(),
            letters: HashMap::new(),
            resolved: HashMap::new(),
            live: HashMap::new(),
            rebuilt: HashMap::new(),
        };
        Self { kept: Arc::new(RwLock::new(kept)), writer: Arc::default() }
    }

    /// Reads the state as of the last committed transaction.
    pub fn read<T>(&self, read: impl FnOnce(&S) -> T) -> T {
        read(&self.kept.read().unwrap_or_else(PoisonError::into_inner).state)
    }

    fn letters_of(&self, projection: &str, upstream: &str) -> Arc<MemoryLetters> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.letters.get(&(projection.to_owned(), upstream.to_owned())).cloned().unwrap_or_default()
    }

    pub(crate) fn position_of(&self, projection: &str, upstream: &str) -> LogPosition {
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
            return Ok(rebuilt.map_or(LogPosition::START, |views| views.position_of(&key.live().to_string(), upstream)));
        }
        Ok(self.position_of(projection, upstream))
    }

    async fn ensure_live(&self, projection: &str, _: bool) -> Result<Option<MemoryTransaction<S>>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let live = |kept: &Kept<S>| kept.live.get(key.name).copied();
        if live(&self.kept.read().unwrap_or_else(PoisonError::into_inner)) == Some(key.version) {
            return Ok(None);
        }
        let mut transaction = self.transaction(key, "").await;
        Ok(transaction.changed.ensure_live(key)?.then_some(transaction))
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<MemoryTransaction<S>, ViewError> {
        tracking.check()?;
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, &tracking.upstream).await;
        let MemoryTransaction { changed: Kept { positions, .. }, position_key, .. } = &mut transaction;
        let recorded = positions.get(position_key).map_or(0, |position| position.id);
        positions.insert(position_key.clone(), tracking.log_position());
        transaction.changed.ensure_live(key.live())?;
        if recorded != tracking.after {
            return Err(tracking.already_processed(recorded).into());
        }
        Ok(transaction)
    }

    async fn initialize_position(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, upstream).await;
        transaction.changed.ensure_live(key.live())?;
        let MemoryTransaction { changed: Kept { positions, .. }, position_key, .. } = &mut transaction;
        let stored = *positions.entry(position_key.clone()).or_insert(position);
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
        transaction.changed.ensure_live(key.live())?;
        let MemoryTransaction { changed: Kept { positions, .. }, position_key, .. } = &mut transaction;
        let recorded = positions.insert(position_key.clone(), to).unwrap_or_default();
        if recorded != from && recorded != to {
            let upstream = upstream.to_owned();
            return Err(ViewError::AlreadyProcessed { upstream, after: from.id, recorded: recorded.id });
        }
        transaction.commit().await
    }

    async fn begin_without_advance(&self, projection: &str, upstream: &str) -> Result<MemoryTransaction<S>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut transaction = self.of(key)?.transaction(key, upstream).await;
        transaction.changed.ensure_live(key.live())?;
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
        // a rebuild that is over has no dead letters, and no position
        let letters = self.of(key).map(|views| views.letters_of(&key.live().to_string(), upstream));
        Ok(letters.map_or_else(|_| Vec::new(), |letters| letters.list(after, limit)))
    }

    async fn resolved_letters(
        &self,
        projection: &str,
        upstream: &str,
        limit: usize,
    ) -> Result<Vec<ResolvedLetter>, ViewError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let resolved = kept.resolved.get(&(projection.to_owned(), upstream.to_owned()));
        Ok(resolved.map_or_else(Vec::new, |resolved| resolved.iter().rev().take(limit).cloned().collect()))
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        let key = ProjectionKey::parse(projection);
        let letters = self.of(key).map(|views| views.letters_of(&key.live().to_string(), upstream));
        Ok(letters.map_or(0, |letters| u64::try_from(letters.len()).unwrap_or(u64::MAX)))
    }

    async fn projections(&self, after: &str, limit: usize) -> Result<Vec<RecordedProjection>, ViewError> {
        Ok(self.list(after, limit))
    }
}

impl<S: Clone> MemoryViews<S> {
    /// A transaction for this projection and upstream application, after any other has ended.
    pub(crate) async fn transaction(&self, key: ProjectionKey<'_>, upstream: &str) -> MemoryTransaction<S> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let changed = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        let position_key = (key.live().to_string(), upstream.to_owned());
        MemoryTransaction { changed, position_key, kept: Arc::clone(&self.kept), _writer: writer }
    }

    /// The view of this version: this one, or the one beside it while the version is rebuilt.
    fn of(&self, key: ProjectionKey<'_>) -> Result<Self, ViewError> {
        if key.is_rebuilt { self.rebuilt(key) } else { Ok(self.clone()) }
    }

    /// The view in which this version is rebuilt.
    fn rebuilt(&self, key: ProjectionKey<'_>) -> Result<Self, ViewError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match kept.rebuilt.get(key.name) {
            Some((version, views)) if *version == key.version => Ok(views.clone()),
            _ => Err(ViewError::RebuildEnded { projection: key.name.to_owned(), version: key.version }),
        }
    }
}

impl<S> Kept<S> {
    /// Checks that a version is live, and makes it live if none is; whether it became live.
    fn ensure_live(&mut self, key: ProjectionKey<'_>) -> Result<bool, ViewError> {
        let ProjectionKey { name, version, .. } = key;
        match self.live.get(name).copied() {
            None => {
                self.live.insert(name.to_owned(), version);
                Ok(true)
            }
            Some(live) if live == version => Ok(false),
            Some(live) => Err(ViewError::VersionNotLive { projection: name.to_owned(), version, live }),
        }
    }
}

/// A transaction on a view in memory.
#[derive(Debug)]
pub struct MemoryTransaction<S> {
    pub(crate) changed: Kept<S>,
    /// The projection and the upstream application of the transaction.
    position_key: PositionKey,
    kept: Arc<RwLock<Kept<S>>>,
    _writer: OwnedMutexGuard<()>,
}

impl<S> MemoryTransaction<S> {
    fn letters(&mut self) -> &mut MemoryLetters {
        Arc::make_mut(self.changed.letters.entry(self.position_key.clone()).or_default())
    }
}

impl<S: Clone + Send + Sync + 'static> ViewTransaction for MemoryTransaction<S> {
    type View = S;

    fn view(&mut self) -> &mut S {
        &mut self.changed.state
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        let Some(letters) = self.changed.letters.get(&self.position_key) else { return Ok(Vec::new()) };
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

    async fn resolved(&mut self, records: &[ResolvedLetter]) -> Result<(), ViewError> {
        let resolved = self.changed.resolved.entry(self.position_key.clone()).or_default();
        Arc::make_mut(resolved).extend_from_slice(records);
        Ok(())
    }

    async fn commit(self) -> Result<(), ViewError> {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = self.changed;
        Ok(())
    }
}
