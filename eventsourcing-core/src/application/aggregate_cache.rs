//! The aggregate cache: the states of aggregates by id, and the rules by which a state gets into it.

use std::any::Any;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};
use tokio::runtime::Handle;
use tokio::time::timeout;
use uuid::Uuid;

use super::cache_counts::{CacheCounts, Counts};
use super::cache_marks::{End, Marks};
use super::cache_settings::CacheSettings;
use crate::domain::Aggregate;

/// How long a read waits for the load of another one. Its future may exist and not be polled, so that it never ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// The cached states of an application's aggregates.
pub(crate) struct AggregateCache {
    slots: Cache<Uuid, Slot, SlotWeight>,
    settings: CacheSettings,
    /// What this process is changing or may have changed. It is empty if each read asks the database.
    marks: Marks,
    pub(super) counts: Counts,
    is_closed: AtomicBool,
}

/// What the cache has under an id.
#[derive(Clone)]
pub(super) enum Slot {
    State(CachedState),
    /// A load that others wait for has found nothing. It is there only until they know.
    Nothing,
}

/// A state of an aggregate, without pending events.
#[derive(Clone)]
pub(super) struct CachedState {
    aggregate: Arc<dyn Any + Send + Sync>,
    pub(super) anchor: Anchor,
    weight: u64,
    /// Whether later events are known to be recorded, so that it is not given out without a query.
    is_stale: bool,
}

/// The last event of a cached state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) version: u64,
    /// The append id of the event, which identifies the history.
    pub(super) append_id: Uuid,
}

/// The weight of what is under an id.
#[derive(Clone)]
pub(super) struct SlotWeight;

impl Weighter<Uuid, Slot> for SlotWeight {
    fn weight(&self, _: &Uuid, slot: &Slot) -> u64 {
        match slot {
            Slot::State(state) => state.weight,
            // it pushes nothing out of the cache
            Slot::Nothing => 0,
        }
    }
}

/// The task to load an aggregate, for all that wait for it. If it is dropped, the next one that waits gets it.
pub(super) type Task<'c> =
    PlaceholderGuard<'c, Uuid, Slot, SlotWeight, DefaultHashBuilder, DefaultLifecycle<Uuid, Slot>>;

/// What a read got that found nothing in the cache.
pub(super) enum Joined<'c> {
    /// The result of another read's load.
    Slot(Slot),
    /// The task to load it.
    Task(Task<'c>),
    /// Nothing in time.
    Nothing,
}

impl CachedState {
    /// Returns the aggregate, if it has this type. Nothing of it is left here, so that it may be the only pointer to it.
    pub(super) fn into_aggregate<A: Aggregate>(self) -> Option<Arc<A>> {
        self.aggregate.downcast().ok()
    }

    /// Whether it needs no query, if its id was [trusted](AggregateCache::trusts) before it was found.
    pub(super) fn is_fresh(&self) -> bool {
        !self.is_stale
    }
}

impl AggregateCache {
    /// A cache with these settings, if they ask for one.
    pub(super) fn new(settings: CacheSettings) -> Option<Self> {
        if settings.max == 0 {
            return None;
        }
        let slots = Cache::with_weighter(settings.expected_entries(), settings.max, SlotWeight);
        Some(Self {
            slots,
            settings,
            marks: Marks::default(),
            counts: Counts::default(),
            is_closed: AtomicBool::new(false),
        })
    }

    /// Whether each read asks the database for new events.
    pub(super) fn forwards(&self) -> bool {
        self.settings.forwards
    }

    /// A state to be cached, of an aggregate without pending events.
    pub(super) fn state_of<A: Aggregate>(&self, aggregate: Arc<A>, append_id: Uuid) -> CachedState {
        let anchor = Anchor { version: aggregate.version(), append_id };
        let weight = self.settings.weight_of(&*aggregate);
        CachedState { aggregate, anchor, weight, is_stale: false }
    }

    /// Whether a state that is found from now on needs no query.
    ///
    /// It is asked before the state is looked up. What is recorded afterwards is recorded after the read began.
    pub(super) fn trusts(&self, id: Uuid) -> bool {
        !self.forwards() && self.marks.trust(id)
    }

    /// Returns the state of an aggregate if no query is needed to know that it is current.
    pub(super) fn trusted<A: Aggregate>(&self, id: Uuid) -> Option<Arc<A>> {
        if !self.trusts(id) {
            return None;
        }
        match self.slots.get(&id)? {
            Slot::State(state) if state.is_fresh() => state.into_aggregate(),
            _ => None,
        }
    }

    /// Returns what is cached, waits for the load of another read, or returns the task to load it.
    pub(super) async fn find_or_join(&self, id: Uuid) -> Joined<'_> {
        let mut joining = pin!(self.slots.get_value_or_guard_async(&id));
        let joined = match futures::poll!(joining.as_mut()) {
            Poll::Ready(joined) => joined,
            // without a runtime there is no timer to end the wait
            Poll::Pending if Handle::try_current().is_err() => return Joined::Nothing,
            Poll::Pending => match timeout(PATIENCE, joining).await {
                Ok(joined) => joined,
                Err(_) => return Joined::Nothing,
            },
        };
        joined.map_or_else(Joined::Task, Joined::Slot)
    }

    /// Notes that an aggregate is read from now on, so that what is read is not cached if it is too old by then.
    pub(super) fn begin_load(&self, id: Uuid) -> Load<'_> {
        if !self.forwards() {
            self.marks.lock(id).begin_load(id);
        }
        Load { cache: self, id }
    }

    /// Ends a task whose load has found nothing or failed. All that wait load by themselves, and none waits for another one again.
    pub(super) fn give_up(&self, id: Uuid, task: Task<'_>) {
        drop(task.insert(Slot::Nothing));
        self.slots.remove_if(&id, |slot| matches!(slot, Slot::Nothing));
    }

    /// Removes a state that cannot be used, unless another one has taken its place.
    pub(super) fn remove(&self, id: Uuid, anchor: Anchor) {
        self.slots.remove_if(&id, |slot| matches!(slot, Slot::State(known) if known.anchor == anchor));
    }

    pub(super) fn begin_append(&self, id: Uuid) {
        self.marks.lock(id).begin_append(id);
    }

    /// Notes how an append ended for an aggregate, and caches the state after it, if there is one.
    pub(super) fn end_append(&self, id: Uuid, end: &End, state: Option<CachedState>) {
        let mut marks = self.marks.lock(id);
        let floor = marks.end_append(id, end);
        if let Some(state) = state.filter(|state| state.anchor.version >= floor) {
            self.put_if_newer(id, state, None);
        }
        if let Some(Slot::State(known)) = self.slots.peek(&id)
            && known.anchor.version < floor
        {
            drop(self.slots.replace(id, Slot::State(CachedState { is_stale: true, ..known }), true));
        }
        drop(marks);
        self.clear_if_closed();
    }

    /// Caches a state that was saved, if each read asks the database.
    pub(super) fn put_saved(&self, id: Uuid, state: CachedState) {
        let _locked = self.marks.lock(id);
        self.put_if_newer(id, state, None);
        self.clear_if_closed();
    }

    /// Caches a state unless a newer one is cached. The caller has locked the marks of the id, so that no two are compared at once.
    fn put_if_newer(&self, id: Uuid, state: CachedState, task: Option<Task<'_>>) {
        let is_newer = |known: &CachedState| {
            known.anchor.version > state.anchor.version || (known.anchor == state.anchor && known.is_fresh())
        };
        let newer = match self.slots.peek(&id) {
            Some(Slot::State(known)) if is_newer(&known) => Some(known),
            _ => None,
        };
        match (newer, task) {
            (None, None) => self.slots.insert(id, Slot::State(state)),
            (newer, Some(task)) => {
                let newest = Slot::State(newer.unwrap_or(state));
                // refused if another state has taken the place of the task: that one may be older
                if task.insert(newest.clone()).is_err() {
                    self.slots.insert(id, newest);
                }
            }
            (Some(_), None) => {}
        }
    }

    /// Empties the cache. Nothing stays in it from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.slots.clear();
    }

    fn clear_if_closed(&self) {
        if self.is_closed.load(Ordering::SeqCst) {
            self.slots.clear();
        }
    }

    pub(super) fn counts(&self) -> CacheCounts {
        self.counts.all(self.slots.len() as u64)
    }
}

/// An aggregate that is being read.
pub(super) struct Load<'c> {
    cache: &'c AggregateCache,
    id: Uuid,
}

impl Load<'_> {
    /// Caches what was read, unless a newer state is known.
    pub(super) fn put(&self, state: CachedState, task: Option<Task<'_>>) {
        let Self { cache, id } = *self;
        let mut marks = cache.marks.lock(id);
        if cache.forwards() || marks.has_read(id, state.anchor.version) {
            cache.put_if_newer(id, state, task);
        } else {
            // the next one that waits loads it anew
            drop(task);
        }
        drop(marks);
        cache.clear_if_closed();
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        if !self.cache.forwards() {
            self.cache.marks.lock(self.id).end_load(self.id);
        }
    }
}
