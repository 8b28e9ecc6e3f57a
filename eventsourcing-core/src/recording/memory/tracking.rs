//! How far the logs of upstream applications are processed, in memory.

use super::Log;
use crate::recording::{LogPosition, TrackedPosition};

impl Log {
    /// Returns the position in one upstream log; the start if nothing is processed.
    pub(super) fn position_in(&self, upstream: &str) -> LogPosition {
        self.tracking.get(upstream).copied().unwrap_or_default()
    }

    /// Returns the positions in all upstream logs, by name.
    pub(super) fn positions(&self) -> Vec<TrackedPosition> {
        let mut tracked: Vec<_> = self
            .tracking
            .iter()
            .map(|(upstream, position)| TrackedPosition::new(upstream.as_str(), *position))
            .collect();
        tracked.sort_unstable_by(|one, other| one.upstream.cmp(&other.upstream));
        tracked
    }
}
