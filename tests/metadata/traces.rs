//! With the feature `opentelemetry`, a save takes up the current trace.

use eventsourcing::prelude::*;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

use super::common::office::Note;
use super::{Variables, in_each_database, in_memory, office, recorded};

in_each_database! {
    a_save_takes_up_the_current_trace
}

/// The example of the W3C's Trace Context.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A context whose span is that of a caller elsewhere.
fn context() -> Context {
    let (trace, span) = (TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736), SpanId::from(0x00f0_67aa_0ba9_02b7));
    let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default());
    Context::new().with_remote_span_context(span)
}

async fn a_save_takes_up_the_current_trace(variables: Variables) {
    let office = office(variables).await;
    let span = context().attach();
    office.save(&mut Note::begin()).await.unwrap();
    drop(span);
    office.save(&mut Note::begin()).await.unwrap();
    assert_eq!(recorded(&office).await, [Metadata::new().with_traceparent(TRACEPARENT), Metadata::new()]);
}

#[tokio::test]
async fn a_trace_that_a_scope_sets_counts_more_than_the_current_one() {
    let office = office(in_memory()).await;
    let _span = context().attach();
    let scope = Metadata::new().with_actor("ada").with_traceparent("00-1-2-01");
    scope.clone().scope(async { office.save(&mut Note::begin()).await }).await.unwrap();
    Metadata::new().with_actor("ada").scope(async { office.save(&mut Note::begin()).await }).await.unwrap();
    assert_eq!(recorded(&office).await, [scope.clone(), scope.with_traceparent(TRACEPARENT)]);
}
