//! Errors of listing, retrying and discarding dead letters.

use std::sync::Arc;

use uuid::Uuid;

use crate::error_chain::readable_debug;
use crate::projection::RunnerError;

/// An error of listing, retrying or discarding dead letters.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLetterError {
    /// The aggregate has no dead letters.
    #[error(
        "`{name}` has no dead letters of aggregate {originator_id} from `{upstream}`; \
         list the dead letters: another process may have retried or discarded it"
    )]
    NoneOf {
        /// The name of the projection.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The requested aggregate id.
        originator_id: Uuid,
    },

    /// The event has no dead letter.
    #[error(
        "`{name}` has no dead letter of notification {notification_id} from `{upstream}`; \
         list the dead letters: another process may have retried or discarded it"
    )]
    NotFound {
        /// The name of the projection.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The requested notification id.
        notification_id: u64,
    },

    /// Who retries or discards, or why, is longer than it may be. Nothing was done.
    #[error("the {what} has {len} bytes; give at most {max}")]
    NoteTooLong {
        /// What is too long.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The longest that it may be.
        max: usize,
    },

    /// A handler failed again, or a database failed.
    #[error(transparent)]
    Runner(#[from] RunnerError),
}

readable_debug!(DeadLetterError);
