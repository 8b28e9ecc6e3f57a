//! A runner that is dropped where it was started logs a warning, and one that is stopped does not.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventsourcing_core::projection::Recorded;
use eventsourcing_core::recording::Cause;
use eventsourcing_core::system::{System, SystemRunner};
use eventsourcing_core::{Application, MemoryViews, Projection, ProjectionRunner, Rebuild};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the messages of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn listen(&self) -> DefaultGuard {
        set_default(self.clone())
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        self.0.lock().unwrap().push(said.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

struct Count<const VERSION: u32>;

impl<const VERSION: u32> Projection for Count<VERSION> {
    type View = u64;

    const NAME: &'static str = "count";

    const VERSION: u32 = VERSION;

    const TOPICS: &'static [&'static str] = &[];

    async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut u64) -> Result<(), Cause> {
        Ok(())
    }
}

#[tokio::test]
async fn a_runner_that_is_dropped_without_stop_is_a_warning() {
    let warnings = Warnings::default();
    let _listening = warnings.listen();
    let application = Application::builder("Universe").open().unwrap();
    let runner = ProjectionRunner::start(&application, Count::<1>, MemoryViews::new(0)).await.unwrap();
    drop(runner);
    assert_eq!(warnings.take(), ["a projection runner was dropped without `stop` and no longer runs"]);

    let runner = ProjectionRunner::start(&application, Count::<1>, MemoryViews::new(0)).await.unwrap();
    runner.stop().await.unwrap();
    let runner = SystemRunner::start(&System::new([])).await.unwrap();
    runner.stop().await;
    assert!(warnings.take().is_empty());
}

#[tokio::test]
async fn a_rebuild_that_is_dropped_before_its_end_is_a_warning() {
    let warnings = Warnings::default();
    let _listening = warnings.listen();
    let application = Application::builder("Universe").open().unwrap();
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::start(&application, Count::<1>, views.clone()).await.unwrap();
    let rebuild = || Rebuild::builder(&application, Count::<2>, views.clone()).start();
    drop(rebuild().await.unwrap());
    assert_eq!(warnings.take(), ["a rebuild was dropped; it continues when it is started again"]);

    rebuild().await.unwrap().abort().await.unwrap();
    let mut rebuilding = rebuild().await.unwrap();
    rebuilding.switch(Duration::from_secs(60)).await.unwrap();
    drop(rebuilding);
    runner.stop().await.ok();
    assert!(warnings.take().is_empty());
}
