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
//!    `tests/`. It expands to a module with one test for each rule. The tests run in parallel, each with its own fixture.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use eventsourcing_core::Recorder;
//! use eventsourcing_core::recording::MemoryRecorder;
//! use eventsourcing_core::recording::conformance::{self, Fixture, versions};
//! use eventsourcing_core::recorder_conformance;
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
//! | [`log`] | the notification log: ids, bounds, topics, pages |
//! | [`anchors`] | anchored positions, and reads that start from them |
//! | [`limits`] | the minimum and maximum values of every field |
//! | [`concurrency`] | concurrent writers: order, one winner, no lost update |
//! | [`dictionaries`] | the dictionaries of compressors, for recorders that store them |
//! | [`tracking`] | how far other applications' logs are processed, for recorders that store it |
//! | [`letters`] | dead letters and the appends that change them, for recorders that store them |
//! | [`tailing`] | readers during writes: the log grows only at its end |
//!
//! A rule with several tasks repeats a call up to a hundred times if its error is
//! [retryable](crate::recording::RecorderError::is_retryable), as any application would; all other rules use the first result.
//! Durability, which the contract includes, cannot be tested from inside the process: a test has to kill the process.
//!
//! The rules themselves are tested too: `tests/memory_conformance.rs` of this crate runs them against recorders that are
//! deliberately broken, each in one way.

pub mod anchors;
pub mod atomicity;
pub mod concurrency;
pub mod dictionaries;
pub mod letters;
pub mod limits;
pub mod log;
pub mod selection;
mod store;
pub mod tailing;
pub mod tracking;
pub mod versions;

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

/// Generates a module of tests, one for each rule of the recorder contract.
///
/// The arguments are the module's name and an expression for a new [`Fixture`](crate::recording::conformance::Fixture). The
/// expression is evaluated once per test, may use `await`, and sees the scope of the call, which must be outside of functions.
/// Attributes before the name are applied to the module.
///
/// See [`conformance`](crate::recording::conformance) for how to write and test a recorder.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::recording::MemoryRecorder;
/// use eventsourcing_core::recording::conformance::Single;
///
/// eventsourcing_core::recorder_conformance!(memory, Single::new(MemoryRecorder::new()));
/// ```
#[macro_export]
macro_rules! recorder_conformance {
    ($(#[$attribute:meta])* $module:ident, $fixture:expr $(,)?) => {
        $crate::__recorder_conformance! {
            $(#[$attribute])* $module, $fixture;
            versions {
                an_insert_returns_its_notifications_in_the_order_given
                an_empty_insert_does_nothing
                second_writer_of_a_version_gets_a_conflict
                a_conflict_names_the_last_version_recorded
                one_taken_version_among_several_is_a_conflict
                a_version_twice_in_one_insert_is_a_conflict
                a_version_of_another_aggregate_is_free
                a_version_after_a_gap_is_a_conflict
                versions_out_of_order_are_a_conflict
                an_append_repeated_is_recorded_once
                an_append_repeated_with_further_events_records_only_those
                an_append_repeated_with_a_taken_version_is_a_conflict
                equal_events_of_another_append_are_a_conflict
            }
            atomicity {
                a_conflict_of_one_aggregate_leaves_none_recorded
                failed_inserts_use_up_no_ids
                ten_thousand_events_are_one_insert
                a_reader_never_sees_a_part_of_an_insert
                an_insert_dropped_half_way_is_done_or_not_done
                an_insert_dropped_half_way_leaves_its_versions_free_or_taken
                a_recorder_opened_later_sees_what_was_recorded
            }
            selection {
                events_are_selected_by_version
                descending_events_are_selected_last_first
                after_up_to_and_limit_select_a_part
                a_limit_of_zero_selects_no_event
                an_unknown_aggregate_has_no_events
                only_events_of_the_aggregate_are_selected
                a_long_aggregate_is_selected_whole
            }
            log {
                ids_begin_at_one_and_have_no_gaps
                after_up_to_and_limit_select_a_part_of_the_log
                topics_select_their_notifications_and_no_others
                topics_are_compared_as_they_are
                pages_join_without_missing_or_repeating
                a_limit_of_zero_selects_no_notification
                beyond_the_end_there_are_no_notifications
                up_to_below_after_selects_no_notification
                the_last_id_is_none_and_then_that_of_the_last_event
                a_notification_seen_once_is_seen_the_same_later
            }
            anchors {
                an_anchored_read_goes_on_from_its_event
                a_read_from_another_event_is_refused
                a_read_from_an_event_that_is_not_there_is_refused
                positions_are_found
                anchored_pages_among_writers_join
            }
            limits {
                version_zero_is_kept
                the_largest_version_is_in_range
                a_version_beyond_the_largest_is_out_of_range
                states_of_any_bytes_and_size_are_kept
                topics_of_any_script_are_kept
                checksums_are_kept
                all_ids_of_aggregates_and_appends_are_kept
                bounds_beyond_the_largest_version_are_no_error
            }
            concurrency {
                eight_writers_of_different_aggregates_all_succeed
                thirty_two_writers_of_different_aggregates_all_succeed
                an_insert_begun_after_another_has_greater_ids
                of_many_writers_of_a_version_one_wins
                no_increment_is_lost
                an_append_repeated_while_it_runs_is_recorded_once
                inserts_dropped_among_others_hinder_none
            }
            tailing {
                a_reader_among_writers_sees_every_id_in_order
                a_reader_of_a_topic_among_writers_misses_none
                the_last_id_among_writers_has_everything_below_it
            }
            dictionaries {
                dictionaries_are_kept_as_they_are
                the_first_dictionary_of_an_id_stays
                dictionaries_are_selected_by_id
                dictionaries_are_found_by_all_who_open_the_store
                of_many_dictionaries_of_an_id_at_once_one_is_kept
                a_dictionary_is_no_event
            }
            tracking {
                events_and_tracking_are_recorded_by_one_insert
                tracking_that_does_not_go_on_from_the_last_is_refused
                a_conflict_leaves_the_position_where_it_was
                what_was_processed_is_told_before_a_conflict
                tracking_without_events_moves_the_position
                a_tracked_append_repeated_is_recorded_once
                events_recorded_before_are_tracked_later
                upstreams_are_kept_apart
                positions_and_names_out_of_range_are_refused
                of_many_that_process_an_event_one_succeeds
                each_event_is_processed_once_by_many_consumers
                a_reader_never_sees_events_without_their_tracking
                a_tracked_insert_dropped_half_way_is_done_or_not_done
                upstreams_are_processed_at_the_same_time
                a_position_is_moved_from_exactly_where_it_is
                where_processing_begins_is_stored_once
            }
            letters {
                events_tracking_and_letters_are_recorded_by_one_append
                letters_are_kept_as_they_are
                letters_are_selected_by_id
                the_first_letter_of_an_event_stays
                a_letter_is_taken_out_once
                who_waits_behind_letters_finds_them_there
                a_refused_append_leaves_letters_as_they_were
                an_append_with_letters_repeated_is_done_once
                an_append_that_parks_letters_repeated_is_done_once
                an_append_with_letters_dropped_half_way_is_done_or_not_done
                of_many_who_take_out_a_letter_one_does
            }
        }
    };
}

/// The second step of [`recorder_conformance!`](crate::recorder_conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! __recorder_conformance {
    ($(#[$attribute:meta])* $module:ident, $fixture:expr; $($group:ident { $($rule:ident)* })*) => {
        #[cfg(test)]
        $(#[$attribute])*
        mod $module {
            async fn fixture() -> impl $crate::recording::conformance::Fixture {
                #[allow(unused_imports)]
                use super::*;
                $fixture
            }
            $($(
                #[test]
                fn $rule() {
                    $crate::recording::conformance::check(fixture(), $crate::recording::conformance::$group::$rule);
                }
            )*)*
        }
    };
}
