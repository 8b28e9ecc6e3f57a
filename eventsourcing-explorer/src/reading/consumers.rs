//! What an application says about its consumers, and as a consumer of others.

use eventsourcing_core::projection::ResolvedLetter;
use eventsourcing_core::recording::TrackedPosition;
use eventsourcing_core::{DeadLetter, Timestamp};

use super::reader::Reader;
use super::scan::{Filter, From};
use crate::failure::Failure;

impl Reader {
    /// How far the policy of this application has processed the logs of others.
    ///
    /// A recorder that cannot list them has none.
    pub(crate) async fn upstreams(&self) -> Vec<TrackedPosition> {
        match self.application.tracked_upstreams().await {
            Ok(upstreams) => upstreams,
            Err(error) => {
                self.failed(&error);
                Vec::new()
            }
        }
    }

    /// The number of dead letters of this application's policy.
    pub(crate) async fn count_letters(&self, upstream: &str) -> Result<u64, Failure> {
        self.application.count_dead_letters_of(upstream).await.map_err(|error| self.failed(&error))
    }

    /// The dead letters of this application's policy, with their reasons as stored.
    pub(crate) async fn letters(&self, upstream: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Failure> {
        self.application.dead_letters_of(upstream, after, limit).await.map_err(|error| self.failed(&error))
    }

    /// A letter of an event of this log, in plain text.
    pub(crate) fn opened_letter(&self, letter: DeadLetter) -> DeadLetter {
        letter.opened(self.application.mapper())
    }

    /// A resolved letter of an event of this log, in plain text.
    pub(crate) fn opened_resolved(&self, letter: ResolvedLetter) -> ResolvedLetter {
        letter.opened(self.application.mapper())
    }

    /// When the first event after a position was recorded.
    pub(crate) async fn time_after(&self, position: u64) -> Result<Option<Timestamp>, Failure> {
        let next = self.search(&Filter::default(), From::After(position), 1).await?;
        Ok(next.rows.first().and_then(|next| next.time))
    }
}
