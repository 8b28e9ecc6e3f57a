//! The projections of views in memory.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::memory_views::Kept;
use super::{ConsumedUpstream, MemoryViews, ProjectionKey, RecordedProjection, RecordedVersion};

impl<S: Clone> MemoryViews<S> {
    /// At most `limit` projections with names after this one, by name.
    pub(super) fn list(&self, after: &str, limit: usize) -> Vec<RecordedProjection> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let mut live: Vec<_> = kept.live.iter().filter(|(name, _)| name.as_str() > after).collect();
        live.sort_unstable();
        let recorded = |(name, version): (&String, &u32)| {
            let rebuilt = kept.rebuilt.get(name).map(|(version, beside)| {
                let beside = beside.kept.read().unwrap_or_else(PoisonError::into_inner);
                let key = ProjectionKey::new(name, *version);
                RecordedVersion::new(key.rebuilt(), beside.upstreams(&key.to_string()))
            });
            let key = ProjectionKey::new(name, *version);
            let live = RecordedVersion::new(key, kept.upstreams(&key.to_string()));
            RecordedProjection::new(name.as_str(), live).with_rebuilt(rebuilt)
        };
        live.into_iter().take(limit).map(recorded).collect()
    }
}

impl<S> Kept<S> {
    /// The upstream applications of a key: those with a position, and those with dead letters.
    fn upstreams(&self, key: &str) -> Vec<ConsumedUpstream> {
        let of_key = |(projection, upstream): &'_ (String, String)| (projection == key).then(|| upstream.clone());
        let with_letters = self.letters.iter().filter(|(_, letters)| letters.len() > 0).map(|(owner, _)| owner);
        let upstreams: BTreeSet<String> = self.positions.keys().chain(with_letters).filter_map(of_key).collect();
        let consumed = upstreams.into_iter().map(|upstream| {
            let owner = (key.to_owned(), upstream);
            let letters = self.letters.get(&owner).map_or(0, |letters| letters.len());
            let position = self.positions.get(&owner).copied().unwrap_or_default();
            ConsumedUpstream::new(owner.1, position, u64::try_from(letters).unwrap_or(u64::MAX))
        });
        consumed.collect()
    }
}
