//! The scope of a policy's handlers, from their unit of work, and that of each handler, from the event that it handles.

use std::sync::Arc;

use super::UnitOfWork;
use crate::application::metadata_scope::alone;
use crate::application::policy_scope::PolicyScope;
use crate::domain::{CausingEvent, Metadata};
use crate::projection::{EventContext, EventEnvelope};

impl PolicyScope {
    /// The scope of the application of this unit of work.
    pub fn of(work: &UnitOfWork) -> Self {
        Self::of_application(work.application())
    }

    /// The handling of an event, which causes what is saved in it.
    pub fn caused_by<F: Future>(context: &EventContext, handling: F) -> impl Future<Output = F::Output> + use<F> {
        alone(context.effect_metadata(), handling)
    }

    /// The handling of several events at once. The last one counts as the cause, and a correlation id if all have the same one.
    pub fn caused_by_all<E, F: Future>(
        events: &[EventEnvelope<E>],
        handling: F,
    ) -> impl Future<Output = F::Output> + use<E, F> {
        let mut correlation_ids = events.iter().map(|event| event.context.metadata().correlation_id());
        let first = correlation_ids.next().flatten();
        let common = first.filter(|_| correlation_ids.all(|id| id == first));
        let metadata = events.last().map(|EventEnvelope { context, .. }| {
            let cause = CausingEvent::new(Arc::clone(&context.upstream), context.notification_id);
            Metadata::of_effects(cause, common)
        });
        alone(metadata.unwrap_or_default(), handling)
    }
}
