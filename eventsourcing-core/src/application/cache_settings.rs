//! What the builder of an application says about the aggregate cache.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use crate::domain::Aggregate;

/// The weight of an aggregate in the cache.
type Weight = Arc<dyn Fn(&dyn Any) -> u64 + Send + Sync>;

/// The size of the aggregate cache, and how it is read.
#[derive(Clone)]
pub(super) struct CacheSettings {
    /// The largest weight of all entries together. There is no cache if it is 0.
    pub(super) max: u64,
    /// Whether each read asks the database for new events.
    pub(super) forwards: bool,
    /// The weights of the types whose aggregates do not weigh 1.
    weights: Vec<(TypeId, Weight)>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { max: 0, forwards: true, weights: Vec::new() }
    }
}

impl CacheSettings {
    /// Sets the weight of the aggregates of a type.
    pub(super) fn weigh<A: Aggregate>(&mut self, weight: fn(&A) -> u64) {
        self.weights.retain(|(id, _)| *id != TypeId::of::<A>());
        let weight = move |aggregate: &dyn Any| aggregate.downcast_ref().map_or(1, weight);
        self.weights.push((TypeId::of::<A>(), Arc::new(weight)));
    }

    /// Returns the weight of an aggregate: at least 1, because an entry without weight would stay forever.
    pub(super) fn weight_of<A: Aggregate>(&self, aggregate: &A) -> u64 {
        let weight = self.weights.iter().find(|(id, _)| *id == TypeId::of::<A>());
        weight.map_or(1, |(_, weight)| weight(aggregate)).max(1)
    }

    /// Returns the number of aggregates that may be in the cache, as far as it is known.
    pub(super) fn expected_entries(&self) -> usize {
        /// With weights in bytes, the number of entries is far below the weight, and too high a number would take memory.
        const OF_ANY_WEIGHT: usize = 10_000;
        let max = usize::try_from(self.max).unwrap_or(usize::MAX);
        if self.weights.is_empty() { max } else { max.min(OF_ANY_WEIGHT) }
    }
}

impl fmt::Debug for CacheSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max, forwards, weights } = self;
        let mut shown = f.debug_struct("CacheSettings");
        shown.field("max", max).field("forwards", forwards).field("weights", &weights.len()).finish()
    }
}
