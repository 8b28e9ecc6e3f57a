//! The recorder contract as a test suite, which one macro call runs against any recorder.
//!
//! # Writing a recorder
//!
//! 1. Depend on `eventsourcing-core` and implement [`Recorder`]. Its documentation is the
//!    contract; [`MemoryRecorder`](crate::recording::MemoryRecorder) is its shortest implementation.
//! 2. Add `eventsourcing-core` with the feature `conformance` to the `[dev-dependencies]`. No other dependency is needed: each
//!    test builds its own runtime (Tokio, four threads, all drivers).
//! 3. Implement [`Fixture`]: an empty store, and how to open it. For a store that only one recorder can open, such as one in
//!    memory, use [`Single`].
//! 4. Call [`recorder_conformance!`](crate::recorder_conformance) once for each configuration of the recorder, in a file under
//!    `tests/`. It expands to a module with one test for each rule. The tests run in parallel, each with its own fixture. Name the
//!    optional parts that the recorder leaves out: `recorder_conformance!(memory, fixture, without [dictionaries, tracking, letters, snapshots, commands])`.
//!
//! ```
//! # use eventsourcing_core as eventsourcing;
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use eventsourcing::Recorder;
//! use eventsourcing::recording::MemoryRecorder;
//! use eventsourcing::recording::conformance::{self, Fixture, versions};
//! use eventsourcing::recorder_conformance;
//!
//! /// A store of its own: here a `MemoryRecorder`, otherwise a new file or a new schema.
//! struct Memory(MemoryRecorder);
//!
//! #[async_trait]
//! impl Fixture for Memory {
//!     async fn open(&self) -> Arc<dyn Recorder> {
//!         Arc::new(self.0.clone())
//!     }
//! }
//!
//! // in tests/conformance.rs this is all: `cargo test` runs every rule as `memory::…`
//! recorder_conformance!(memory, Memory(MemoryRecorder::new()));
//!
//! // and a single rule runs like this
//! conformance::check(async { Memory(MemoryRecorder::new()) }, versions::second_writer_of_a_version_gets_a_conflict);
//! ```
//!
//! # The rules
//!
//! A rule is a public function in one of these modules, and its documentation states the rule. If the recorder breaks the rule, the
//! function panics with the rule and the values that broke it.
//!
//! | module | what is tested |
//! |---|---|
//! | [`versions`] | one event for each version of an aggregate; conflicts; repeated appends |
//! | [`atomicity`] | all or nothing, also when an insert fails or is dropped before it completes |
//! | [`selection`] | which events of an aggregate a query selects, in which order |
//! | [`originators`] | which aggregates there are, by the topics of their first events and by their ids |
//! | [`times`] | when events were recorded |
//! | [`places`] | where the events of an aggregate are in the log |
//! | [`log`] | the notification log: ids, bounds, topics, pages |
//! | [`health`] | whether a recorder says that it accepts events |
//! | [`search`] | searches of the log from its end and from its beginning, and how far they look |
//! | [`anchors`] | anchored positions, and reads that start from them |
//! | [`limits`] | the minimum and maximum values of every field |
//! | [`concurrency`] | concurrent writers: order, one winner, no lost update |
//! | [`dictionaries`] | the dictionaries of compressors; optional |
//! | [`tracking`] | how far other applications' logs are processed; optional |
//! | [`letters`] | dead letters and the appends that change them; optional, and only with tracking |
//! | [`snapshots`] | snapshots of aggregates, and replays that start from them; optional |
//! | [`commands`] | commands that are recorded once; optional |
//! | [`without`] | that a recorder refuses the optional parts that it leaves out |
//! | [`tailing`] | readers during writes: the log grows only at its end |
//!
//! A rule with several tasks repeats a call up to a hundred times if its error is
//! [retryable](crate::recording::RecorderError::is_retryable), as any application would; all other rules use the first result.
//! Durability, which the contract includes, cannot be tested from inside the process: a test has to kill the process.
//!
//! A later version of this library may add rules. The suite of the new version tells whether a recorder still holds the contract.
//!
//! The rules themselves are tested too: `tests/memory_conformance.rs` of this crate runs them against recorders that are
//! deliberately broken, each in one way.

pub mod anchors;
pub mod atomicity;
pub mod commands;
pub mod concurrency;
pub mod dictionaries;
pub mod health;
pub mod letters;
pub mod limits;
pub mod log;
pub mod originators;
pub mod places;
pub mod search;
pub mod selection;
pub mod snapshots;
mod store;
mod suite;
pub mod tailing;
pub mod times;
mod tracked;
pub mod tracking;
pub mod versions;
pub mod without;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use tokio::time::timeout;

use super::Recorder;

/// The maximum duration of a rule, after which it counts as hanging: far longer than any rule takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A store for one test, which is empty at first and used by no other test.
///
/// The author of a recorder implements it. A later version of this library may add methods, each with a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fixture for a conformance test",
    label = "this must be a fixture",
    note = "wrap a recorder as `Single::new(recorder)`, or implement `Fixture` for a store that can be opened several times"
)]
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Opens the store, like another process that uses it at the same time.
    ///
    /// If a store cannot be opened twice, it returns the same recorder each time, as [`Single`] does. Opened recorders are closed when
    /// the test ends.
    async fn open(&self) -> Arc<dyn Recorder>;

    /// Removes the store after the test has passed or failed and its recorders are closed.
    async fn remove(&self) {}
}

/// A store that only one recorder can open.
#[derive(Clone, Debug)]
pub struct Single(Arc<dyn Recorder>);

impl Single {
    /// Creates a fixture from a recorder, whose store must be empty.
    pub fn new(recorder: impl Recorder + 'static) -> Self {
        Self(Arc::new(recorder))
    }
}

#[async_trait]
impl Fixture for Single {
    async fn open(&self) -> Arc<dyn Recorder> {
        Arc::clone(&self.0)
    }
}

/// Checks one rule on a new store.
///
/// The fixture is created, and the rule runs, on a multi-threaded Tokio runtime of this call.
///
/// # Panics
/// If the recorder breaks the rule, or if the rule does not end within two minutes.
pub fn check<F: Fixture>(fixture: impl Future<Output = F>, rule: impl AsyncFnOnce(&dyn Fixture)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // the same number on every machine, so that tasks do run concurrently
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime for the conformance test can be built");
    let outcome = runtime.block_on(async {
        let fixture = Opened { fixture: fixture.await, recorders: Mutex::default() };
        let outcome = timeout(PATIENCE, AssertUnwindSafe(rule(&fixture)).catch_unwind()).await;
        let removed = timeout(PATIENCE, fixture.remove()).await;
        (outcome, removed)
    });
    // a recorder that blocks a thread forever must not keep the test from failing
    runtime.shutdown_background();
    match outcome {
        (Ok(Ok(())), Ok(())) => {}
        (Ok(Err(panic)), _) => resume_unwind(panic),
        (Err(_), _) => panic!("the rule did not end within {PATIENCE:?}: a call of the recorder hangs"),
        (_, Err(_)) => panic!("the recorders were not closed and removed within {PATIENCE:?}: closing hangs"),
    }
}

/// A fixture that keeps the opened recorders, to close them.
struct Opened<F> {
    fixture: F,
    recorders: Mutex<Vec<Arc<dyn Recorder>>>,
}

#[async_trait]
impl<F: Fixture> Fixture for Opened<F> {
    async fn open(&self) -> Arc<dyn Recorder> {
        let recorder = self.fixture.open().await;
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        if !recorders.iter().any(|other| Arc::ptr_eq(other, &recorder)) {
            recorders.push(Arc::clone(&recorder));
        }
        recorder
    }

    async fn remove(&self) {
        let recorders = std::mem::take(&mut *self.recorders.lock().unwrap_or_else(PoisonError::into_inner));
        for recorder in recorders {
            recorder.close().await;
        }
        self.fixture.remove().await;
    }
}
