//! The current trace, as the header `traceparent` of the W3C's Trace Context.

#[cfg(feature = "opentelemetry")]
use opentelemetry::Context;
#[cfg(feature = "opentelemetry")]
use opentelemetry::trace::TraceContextExt as _;

/// Returns the trace and the span in which this is called, if there is one.
#[cfg(feature = "opentelemetry")]
pub(super) fn current() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        let is_there = span.is_valid();
        is_there.then(|| format!("00-{:032x}-{:016x}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags()))
    })
}

/// Returns nothing: this build does not know of traces.
#[cfg(not(feature = "opentelemetry"))]
pub(super) fn current() -> Option<String> {
    None
}
