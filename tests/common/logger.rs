//! A `tracing` subscriber that keeps everything that is logged, at any level.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span;

#[derive(Clone, Default)]
pub(crate) struct Logger(Arc<Mutex<String>>);

impl Logger {
    pub(crate) fn logged(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// Writes a line for the level, and one for each field.
    fn line(&self, level: &tracing::Level, record: impl FnOnce(&mut Lines)) {
        let mut lines = Lines(format!("{level}\n"));
        record(&mut lines);
        self.0.lock().unwrap().push_str(&lines.0);
    }
}

struct Lines(String);

impl Visit for Lines {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{field}={value:?}").unwrap();
    }
}

impl tracing::Subscriber for Logger {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.line(attributes.metadata().level(), |lines| attributes.record(lines));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        self.line(&tracing::Level::TRACE, |lines| values.record(lines));
    }

    fn event(&self, event: &tracing::Event<'_>) {
        self.line(event.metadata().level(), |lines| event.record(lines));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
