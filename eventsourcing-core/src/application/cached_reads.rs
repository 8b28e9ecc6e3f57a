//! Reads through the aggregate cache: hits, loads that several reads share, and cached states that are brought up to date.

use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use super::aggregate_cache::{AggregateCache, Anchor, Joined, Slot, Task};
use super::cache_counts::CacheCounts;
use super::replay::Replay;
use super::{Application, Repository};
use crate::Result;
use crate::codec::Mapper;
use crate::domain::Aggregate;
use crate::recording::{EventQuery, StoredEventRef};

impl Application {
    /// Returns what became of the reads of the aggregate cache in this process, since the application was opened.
    ///
    /// It is for metrics. A clone of the application has the same numbers. Without a cache, all of them are 0.
    pub fn cache_counts(&self) -> CacheCounts {
        self.shared.cache.as_ref().map(AggregateCache::counts).unwrap_or_default()
    }
}

/// What the database has beyond a cached state.
enum Newer<A> {
    Nothing,
    /// The aggregate with the new events, and the append id of the last one.
    Events(A, Uuid),
    /// The state belongs to another history, or nothing can be applied to it.
    Unusable,
}

/// A cached state while its new events are read.
struct Forwarding<'c, A> {
    cache: &'c AggregateCache,
    id: Uuid,
    anchor: Anchor,
    /// The cached state; none once it has been taken.
    state: Option<Arc<A>>,
    /// Whether the first event was the one of the cached state.
    is_anchored: bool,
    replay: Option<Replay<A>>,
}

impl Repository<'_> {
    /// Returns the current state of an aggregate, from the cache if it is there.
    pub(super) async fn current<A: Aggregate>(&self, cache: &AggregateCache, id: Uuid) -> Result<Option<Arc<A>>> {
        if let Some(aggregate) = cache.trusted(id) {
            cache.counts.hit();
            return Ok(Some(aggregate));
        }
        // boxed, because callers without a cache would contain its state too
        Box::pin(self.look_up(cache, id)).await
    }

    async fn look_up<A: Aggregate>(&self, cache: &AggregateCache, id: Uuid) -> Result<Option<Arc<A>>> {
        let is_trusted = cache.trusts(id);
        let cached = match cache.find_or_join(id).await {
            Joined::Slot(Slot::State(cached)) => cached,
            Joined::Task(task) => return self.load_into(cache, id, Some(task)).await,
            Joined::Slot(Slot::Nothing) | Joined::Nothing => return self.load_into(cache, id, None).await,
        };
        let (anchor, is_current) = (cached.anchor, is_trusted && cached.is_fresh());
        match cached.into_aggregate::<A>() {
            Some(aggregate) if is_current => {
                cache.counts.hit();
                Ok(Some(aggregate))
            }
            Some(aggregate) => self.forward(cache, id, anchor, aggregate).await,
            // the state of another type: the events say whether it is an aggregate of this type too
            None => {
                cache.counts.miss();
                Ok(self.load(id, None, None).await?.aggregate.map(Arc::new))
            }
        }
    }

    /// Loads an aggregate from its events, and caches it.
    async fn load_into<A: Aggregate>(
        &self,
        cache: &AggregateCache,
        id: Uuid,
        task: Option<Task<'_>>,
    ) -> Result<Option<Arc<A>>> {
        cache.counts.miss();
        let load = cache.begin_load(id);
        let loaded = self.load::<A>(id, None, None).await;
        if let Ok(Replay { aggregate: Some(aggregate), append_id: Some(append_id), .. }) = loaded {
            let aggregate = Arc::new(aggregate);
            load.put(cache.state_of(Arc::clone(&aggregate), append_id), task);
            return Ok(Some(aggregate));
        }
        if let Some(task) = task {
            cache.give_up(id, task);
        }
        Ok(loaded?.aggregate.map(Arc::new))
    }

    /// Brings a cached state up to date.
    async fn forward<A: Aggregate>(
        &self,
        cache: &AggregateCache,
        id: Uuid,
        anchor: Anchor,
        aggregate: Arc<A>,
    ) -> Result<Option<Arc<A>>> {
        let load = cache.begin_load(id);
        let mut forwarding = Forwarding { cache, id, anchor, state: Some(aggregate), is_anchored: false, replay: None };
        match self.read_newer(&mut forwarding).await? {
            Newer::Nothing => {
                cache.counts.hit();
                if let Some(aggregate) = forwarding.state.as_ref().filter(|_| !cache.forwards()) {
                    load.put(cache.state_of(Arc::clone(aggregate), anchor.append_id), None);
                }
                Ok(forwarding.state)
            }
            Newer::Events(aggregate, append_id) => {
                cache.counts.hit();
                cache.counts.forward();
                let aggregate = Arc::new(aggregate);
                load.put(cache.state_of(Arc::clone(&aggregate), append_id), None);
                Ok(Some(aggregate))
            }
            Newer::Unusable => {
                cache.remove(id, anchor);
                drop((load, forwarding));
                self.load_into(cache, id, None).await
            }
        }
    }

    /// Reads the event of a cached state, which proves that the state belongs to this history, and the events after it.
    #[tracing::instrument(name = "load", level = "info", skip_all, fields(otel.name = format!("load {}", A::NAME), otel.kind = "client", application = %self.shared.name, aggregate = A::NAME, id = %forwarding.id), err(level = "debug"))]
    async fn read_newer<A: Aggregate>(&self, forwarding: &mut Forwarding<'_, A>) -> Result<Newer<A>> {
        let query = EventQuery::of(forwarding.id).after(forwarding.anchor.version.checked_sub(1));
        let visit = |stored: StoredEventRef<'_>| forwarding.visit(&self.shared.mapper, stored);
        self.shared.visit_events(query, visit).await?;
        Ok(match forwarding.replay.take() {
            _ if !forwarding.is_anchored => Newer::Unusable,
            None => Newer::Nothing,
            Some(Replay { aggregate: Some(aggregate), append_id: Some(append_id), .. }) => {
                Newer::Events(aggregate, append_id)
            }
            Some(_) => Newer::Unusable,
        })
    }
}

impl<A: Aggregate> Forwarding<'_, A> {
    fn visit(&mut self, mapper: &Mapper, stored: StoredEventRef<'_>) -> Result<ControlFlow<()>> {
        if !self.is_anchored {
            let Anchor { version, append_id } = self.anchor;
            self.is_anchored = (stored.originator_version, stored.append_id) == (version, append_id);
            return Ok(if self.is_anchored { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
        }
        let replay = match &mut self.replay {
            Some(replay) => replay,
            // a copy is made only now, because most reads find no new event
            replay @ None => match copy_of(self.cache, self.id, self.anchor, &mut self.state) {
                Some(aggregate) => replay.insert(Replay::of(Some(aggregate))),
                None => {
                    self.is_anchored = false;
                    return Ok(ControlFlow::Break(()));
                }
            },
        };
        replay.apply(mapper, stored)
    }
}

/// Returns an aggregate that may be changed: a clone; or the cached one itself, if it has no `Clone` and nobody else holds it.
fn copy_of<A: Aggregate>(cache: &AggregateCache, id: Uuid, anchor: Anchor, state: &mut Option<Arc<A>>) -> Option<A> {
    if let Some(clone) = A::CLONE {
        return state.as_deref().map(clone);
    }
    cache.remove(id, anchor);
    Arc::try_unwrap(state.take()?).ok()
}
