//! The spans that a program sees in normal life, at `INFO`.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventsourcing::prelude::*;
use tracing::{Level, span};

#[aggregate]
struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

#[application]
struct Universe;

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn started(&self, event: &WorldStarted, names: &mut Vec<String>) -> std::result::Result<(), Error> {
        names.push(event.name.clone());
        Ok(())
    }
}

/// Keeps the names of spans that are at `INFO`.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeSet<&'static str>>>);

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.0.lock().unwrap().insert(attributes.metadata().name());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn a_save_a_load_and_a_batch_have_spans_at_info() {
    let spans = Spans::default();
    tracing::subscriber::set_global_default(spans.clone()).unwrap();
    let universe = Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut world = World::new("Earth");
    let recorded = universe.save(&mut world).await.unwrap();
    let copy: World = universe.repository().get(world.id()).await.unwrap();
    assert_eq!(copy.name, "Earth");
    let runner = ProjectionRunner::start(&universe, Names, MemoryViews::new(Vec::new())).await.unwrap();
    runner.wait_for(recorded[0].id, Duration::from_secs(60)).await.unwrap();
    runner.stop().await.unwrap();
    let seen = spans.0.lock().unwrap().clone();
    assert!(["append", "load", "projection", "process"].iter().all(|name| seen.contains(name)), "{seen:?}");
}
