//! What the explorer was given to watch and to act with.

use std::fmt;
use std::sync::Arc;

use eventsourcing_core::audit::Audit;
use eventsourcing_core::projection::{AnyDeadLetters, RunnerObserver};
use eventsourcing_core::system::SystemEdge;

use super::Catalogue;

/// Runners, views, dead letters, the connections of a system, and the audit.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) runners: Vec<RunnerObserver>,
    pub(crate) letters: Vec<AnyDeadLetters>,
    pub(crate) views: Vec<Arc<dyn Catalogue>>,
    pub(crate) edges: Vec<SystemEdge>,
    pub(crate) audit: Option<Arc<dyn Audit>>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("runners", &self.runners).field("letters", &self.letters).finish_non_exhaustive()
    }
}

impl Known {
    /// Whether there is anything to show beside the logs.
    pub(crate) fn is_empty(&self) -> bool {
        self.runners.is_empty()
            && self.letters.is_empty()
            && self.views.is_empty()
            && self.edges.is_empty()
            && self.audit.is_none()
    }

    /// By what the letters of a consumer are handled, if the explorer was given it.
    pub(crate) fn handle(&self, key: &str, upstream: &str) -> Option<AnyDeadLetters> {
        let is_it = |letters: &AnyDeadLetters| letters.key() == key && letters.upstream() == upstream;
        let given = self.letters.iter().find(|letters| is_it(letters)).cloned();
        given.or_else(|| self.runners.iter().map(RunnerObserver::dead_letters).find(is_it))
    }
}
