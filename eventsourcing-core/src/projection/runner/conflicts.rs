//! Conflicts of an event that a policy handles: whether a retry can resolve them.

use std::error::Error as StdError;

use uuid::Uuid;

use crate::Error;
use crate::application::{ATTEMPTS, pause_after};
use crate::error_chain::chain;
use crate::projection::ViewError;
use crate::recording::{Cause, RecorderError};

/// The consecutive conflicts of one event.
#[derive(Default)]
pub(crate) struct Conflicts {
    count: u32,
    /// The aggregate that the last attempt created, and that already exists.
    exists: Option<Uuid>,
}

impl Conflicts {
    /// Whether the event is to be retried. If so, pauses first.
    pub(crate) async fn is_to_be_handled_again(&mut self, cause: &Cause) -> bool {
        let Some((originator_id, tried)) = chain(&**cause).find_map(conflict) else { return false };
        self.count += 1;
        let exists = (tried == 1).then_some(originator_id);
        // an aggregate that exists once exists for good: the handler creates it again without checking
        let is_endless = exists.is_some() && exists == self.exists;
        if is_endless || self.count >= ATTEMPTS {
            return false;
        }
        self.exists = exists;
        tracing::debug!(%cause, attempt = self.count, "retrying an event after a conflict");
        pause_after(self.count).await;
        true
    }
}

/// The aggregate and the version that another writer recorded first.
fn conflict(error: &(dyn StdError + 'static)) -> Option<(Uuid, u64)> {
    let recorder = match error.downcast_ref::<ViewError>() {
        Some(ViewError::Recorder(error)) => Some(error),
        _ => error.downcast_ref::<RecorderError>(),
    };
    match (recorder, error.downcast_ref::<Error>()) {
        (Some(RecorderError::Conflict { originator_id, tried, .. }), _)
        | (_, Some(Error::Conflict { originator_id, tried, .. })) => Some((*originator_id, *tried)),
        _ => None,
    }
}
