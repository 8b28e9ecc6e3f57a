//! Why dead letters are not retried or discarded.

use std::sync::Arc;

use uuid::Uuid;

use super::RunnerError;

/// Why dead letters are not listed, retried or discarded.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLetterError {
    /// There are none of this aggregate.
    #[error(
        "`{name}` has no dead letter of {originator_id} from `{upstream}`; \
         list what there is: somebody else may have retried or discarded it"
    )]
    NoneOf {
        /// The name of the projection.
        name: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// The id that was asked for.
        originator_id: Uuid,
    },

    /// There is none of this event.
    #[error(
        "`{name}` has no dead letter of notification {notification_id} from `{upstream}`; \
         list what there is: somebody else may have retried or discarded it"
    )]
    NotFound {
        /// The name of the projection.
        name: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// The id that was asked for.
        notification_id: u64,
    },

    /// A handler failed again, or a database did.
    #[error(transparent)]
    Runner(#[from] RunnerError),
}
