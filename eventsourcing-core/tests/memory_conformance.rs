//! The memory recorder fulfils the recorder contract, and the rules of the contract find recorders that do not.
#![cfg(feature = "conformance")]

#[path = "memory_conformance/broken.rs"]
mod broken;
#[path = "memory_conformance/optional.rs"]
mod optional;

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use broken::{Fault, Plain};
use eventsourcing_core::recording::conformance::{
    Fixture, Single, anchors, atomicity, check, concurrency, dictionaries, letters, limits, log, originators, search,
    selection, tailing, tracking, versions,
};
use eventsourcing_core::recording::{Append, EventQuery, LetterChanges, MemoryRecorder, StoredLetter};
use eventsourcing_core::{Recorder, RecorderError, StoredEvent, Uuid, recorder_conformance};

recorder_conformance!(memory, Single::new(MemoryRecorder::new()));

// without a fault it passes: what fails below fails because of the fault
recorder_conformance!(plain, Plain::new(Fault::None));

#[test]
fn a_state_in_memory_is_there_once_however_often_it_is_read() {
    futures::executor::block_on(async {
        let (recorder, id) = (MemoryRecorder::new(), Uuid::new_v4());
        let state: Arc<[u8]> = b"{}".as_slice().into();
        let event = StoredEvent::new(id, 1, "World.Started", Arc::clone(&state), Uuid::new_v4());
        let notified = recorder.insert_events(vec![event]).await.expect("a free version");
        let read = recorder.select_events(EventQuery::of(id)).await.expect("memory");
        assert!(Arc::ptr_eq(&notified[0].state, &state) && Arc::ptr_eq(&read[0].state, &state));
    });
}

/// Asserts that a recorder with this fault breaks the rule, and that the failure says what is wrong.
#[track_caller]
fn assert_broken(fault: Fault, rule: impl AsyncFnOnce(&dyn Fixture), said: &str) {
    assert_broken_in(Plain::new(fault), fault, rule, said);
}

/// Like [`assert_broken`], for a fault that shows only if concurrent calls of the rule meet: they do, whatever the scheduler does.
#[track_caller]
fn assert_broken_when_calls_meet(fault: Fault, rule: impl AsyncFnOnce(&dyn Fixture), said: &str) {
    assert_broken_in(Plain::with_meetings(fault), fault, rule, said);
}

#[track_caller]
fn assert_broken_in(store: Plain, fault: Fault, rule: impl AsyncFnOnce(&dyn Fixture), said: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| check(async { store }, rule)));
    let Err(panic) = outcome else { panic!("a recorder that {fault:?} passes the rule") };
    let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains(said), "a recorder that {fault:?} breaks the rule for another reason: {message}");
}

#[test]
fn readers_find_a_recorder_that_publishes_without_the_lock() {
    let fault = Fault::PublishesWithoutTheLock;
    assert_broken_when_calls_meet(
        fault,
        tailing::a_reader_among_writers_sees_every_id_in_order,
        "sees every id in order: after ",
    );
    assert_broken_when_calls_meet(fault, tailing::a_reader_of_a_topic_among_writers_misses_none, "misses none: found ");
    assert_broken_when_calls_meet(fault, tailing::the_last_id_among_writers_has_everything_below_it, "the ids after ");
}

#[test]
fn ids_lost_by_a_refused_insert_are_found() {
    assert_broken(Fault::DrawsIdsFromASequence, atomicity::failed_inserts_use_up_no_ids, "uses up no ids: found ");
    assert_broken(Fault::DrawsIdsFromASequence, tailing::a_reader_among_writers_sees_every_id_in_order, "where ");
    assert_broken(
        Fault::DrawsIdsFromASequence,
        concurrency::of_many_writers_of_a_version_one_wins,
        "the ids have no gap",
    );
}

#[test]
fn ids_drawn_in_blocks_are_found() {
    let rule = concurrency::an_insert_begun_after_another_has_greater_ids;
    assert_broken(Fault::DrawsIdsInBlocks, rule, "was given to an insert that began after");
    assert_broken(Fault::DrawsIdsInBlocks, log::ids_begin_at_one_and_have_no_gaps, "follow those before");
    let rule = concurrency::eight_writers_of_different_aggregates_all_succeed;
    assert_broken(Fault::DrawsIdsInBlocks, rule, "a writer's later inserts have greater ids");
}

#[test]
fn a_recorder_that_writes_row_by_row_is_found() {
    let fault = Fault::WritesRowByRow;
    assert_broken(fault, atomicity::a_conflict_of_one_aggregate_leaves_none_recorded, "leaves none recorded: found ");
    assert_broken_when_calls_meet(fault, atomicity::a_reader_never_sees_a_part_of_an_insert, "never sees a part");
    assert_broken(fault, atomicity::an_insert_dropped_half_way_is_done_or_not_done, "of 3 events are recorded");
    let rule = atomicity::an_insert_dropped_half_way_leaves_its_versions_free_or_taken;
    assert_broken(fault, rule, "all of its versions free, or all taken");
    let rule = concurrency::thirty_two_writers_of_different_aggregates_all_succeed;
    assert_broken_when_calls_meet(fault, rule, "ids of one insert follow one another");
    assert_broken(fault, versions::one_taken_version_among_several_is_a_conflict, "is a conflict: found ");
}

#[test]
fn a_recorder_that_accepts_gaps_is_found() {
    assert_broken(Fault::AcceptsGaps, versions::a_version_after_a_gap_is_a_conflict, "the insert was done");
    assert_broken(Fault::AcceptsGaps, versions::versions_out_of_order_are_a_conflict, "the insert was done");
}

#[test]
fn a_recorder_that_checks_without_the_lock_is_found() {
    let fault = Fault::ChecksWithoutTheLock;
    assert_broken_when_calls_meet(fault, concurrency::of_many_writers_of_a_version_one_wins, "that succeeded");
    assert_broken_when_calls_meet(fault, concurrency::no_increment_is_lost, "no increment is lost");
    assert_broken_when_calls_meet(
        fault,
        concurrency::an_append_repeated_while_it_runs_is_recorded_once,
        "is recorded once",
    );
}

#[test]
fn a_recorder_that_lets_the_last_writer_win_is_found() {
    let fault = Fault::LastWriteWins;
    assert_broken(fault, versions::second_writer_of_a_version_gets_a_conflict, "the insert was done");
    assert_broken(fault, versions::equal_events_of_another_append_are_a_conflict, "the insert was done");
    assert_broken_when_calls_meet(fault, concurrency::of_many_writers_of_a_version_one_wins, "that succeeded");
    assert_broken_when_calls_meet(fault, concurrency::no_increment_is_lost, "no increment is lost");
    assert_broken(fault, log::a_notification_seen_once_is_seen_the_same_later, "the insert was done");
}

#[test]
fn a_recorder_that_drops_conflicting_events_is_found() {
    let fault = Fault::DropsConflicts;
    assert_broken(fault, versions::second_writer_of_a_version_gets_a_conflict, "the insert was done");
    assert_broken(fault, versions::an_append_repeated_with_a_taken_version_is_a_conflict, "the insert was done");
    assert_broken_when_calls_meet(fault, concurrency::no_increment_is_lost, "no increment is lost");
}

#[test]
fn a_recorder_whose_conflicts_name_the_wrong_version_is_found() {
    let fault = Fault::TellsTheVersionTried;
    assert_broken(fault, versions::a_conflict_names_the_last_version_recorded, "(tried, recorded)");
}

#[test]
fn a_recorder_that_ignores_the_append_id_is_found() {
    let fault = Fault::IgnoresTheAppendId;
    assert_broken(fault, versions::an_append_repeated_is_recorded_once, "failed where it must not");
    let rule = versions::an_append_repeated_with_further_events_records_only_those;
    assert_broken(fault, rule, "failed where it must not");
    let rule = concurrency::an_append_repeated_while_it_runs_is_recorded_once;
    assert_broken(fault, rule, "failed where it must not");
    assert_broken(fault, atomicity::an_insert_dropped_half_way_is_done_or_not_done, "failed where it must not");
}

#[test]
fn a_recorder_that_takes_a_version_twice_in_one_insert_is_found() {
    let fault = Fault::RecognisesItsOwnEvents;
    assert_broken(fault, versions::a_version_twice_in_one_insert_is_a_conflict, "the insert was done");
}

#[test]
fn a_recorder_that_orders_otherwise_is_found() {
    let rule = versions::an_insert_returns_its_notifications_in_the_order_given;
    assert_broken(Fault::SortsInserts, rule, "in the order given");
    assert_broken(Fault::SelectsByTopic, selection::events_are_selected_by_version, "by version");
    assert_broken(Fault::SelectsByTopic, selection::descending_events_are_selected_last_first, "last first");
    assert_broken(Fault::AcceptsAnyOrder, versions::versions_out_of_order_are_a_conflict, "the insert was done");
}

#[test]
fn a_recorder_that_misreads_bounds_and_limits_is_found() {
    assert_broken(Fault::IncludesAfter, selection::after_up_to_and_limit_select_a_part, "selects its part");
    assert_broken(Fault::IncludesAfter, log::after_up_to_and_limit_select_a_part_of_the_log, "selects its part");
    assert_broken(Fault::IncludesAfter, log::pages_join_without_missing_or_repeating, "repeat");
    assert_broken(
        Fault::IncludesAfter,
        log::beyond_the_end_there_are_no_notifications,
        "there are no notifications after 9",
    );
    assert_broken(
        Fault::IncludesAfter,
        log::up_to_below_after_selects_no_notification,
        "nothing is after 5 and up to 5",
    );
    assert_broken(
        Fault::IncludesAfter,
        tailing::a_reader_among_writers_sees_every_id_in_order,
        "sees every id in order",
    );
    assert_broken(Fault::TakesZeroForNoLimit, selection::a_limit_of_zero_selects_no_event, "selects no event");
    assert_broken(Fault::TakesZeroForNoLimit, log::a_limit_of_zero_selects_no_notification, "selects no notification");
    assert_broken(Fault::CutsAnswers, selection::a_long_aggregate_is_selected_whole, "selected whole: found 1000");
}

#[test]
fn a_recorder_that_does_not_check_anchors_is_found() {
    let other = anchors::a_read_from_another_event_is_refused;
    let missing = anchors::a_read_from_an_event_that_is_not_there_is_refused;
    assert_broken(Fault::IgnoresAnchors, other, "LogChanged was expected");
    assert_broken(Fault::IgnoresAnchors, missing, "LogChanged was expected");
    assert_broken(Fault::FindsAnchorsAnywhere, other, "LogChanged was expected");
    assert_broken(Fault::FindsAnchorsAnywhere, missing, "LogChanged was expected");
    assert_broken(Fault::TakesAMissingAnchor, missing, "LogChanged was expected");
    assert_broken(Fault::ChecksAnchorsOfWhatItShows, other, "LogChanged was expected");
    let goes_on = anchors::an_anchored_read_goes_on_from_its_event;
    assert_broken(Fault::ShowsTheAnchoredEvent, goes_on, "selects what follows its event");
    let join = anchors::anchored_pages_among_writers_join;
    assert_broken(Fault::ShowsTheAnchoredEvent, join, "anchored pages join");
    assert_broken(Fault::FindsPositionsByInsert, anchors::positions_are_found, "the last position is that");
}

#[test]
fn a_recorder_that_matches_topics_is_found() {
    assert_broken(Fault::MatchesTopics, log::topics_are_compared_as_they_are, "selects itself and nothing else");
}

#[test]
fn a_recorder_that_narrows_numbers_is_found() {
    assert_broken(
        Fault::TakesAnyVersion,
        limits::a_version_beyond_the_largest_is_out_of_range,
        "OutOfRange was expected",
    );
    assert_broken(Fault::RefusesVersionZero, limits::version_zero_is_kept, "failed where it must not");
    assert_broken(Fault::CutsChecksums, limits::checksums_are_kept, "a checksum is kept");
}

#[test]
fn a_recorder_that_keeps_its_lock_when_an_insert_is_dropped_is_found() {
    let fault = Fault::KeepsTheLockWhenDropped;
    assert_broken(fault, atomicity::an_insert_dropped_half_way_is_done_or_not_done, "the write lock was not free");
    let rule = atomicity::an_insert_dropped_half_way_leaves_its_versions_free_or_taken;
    assert_broken(fault, rule, "the write lock was not free");
    assert_broken(fault, concurrency::inserts_dropped_among_others_hinder_none, "the write lock was not free");
}

#[test]
fn a_recorder_that_knows_only_of_itself_is_found() {
    let fault = Fault::LocksOnlyItself;
    assert_broken_when_calls_meet(fault, concurrency::of_many_writers_of_a_version_one_wins, "that succeeded");
    assert_broken_when_calls_meet(fault, concurrency::no_increment_is_lost, "no increment is lost");
    let fault = Fault::RemembersTheLastId;
    assert_broken(fault, log::the_last_id_is_none_and_then_that_of_the_last_event, "the last id is none");
    assert_broken(fault, tailing::the_last_id_among_writers_has_everything_below_it, "the last id");
}

#[test]
fn a_recorder_that_mistreats_dictionaries_is_found() {
    let stays = dictionaries::the_first_dictionary_of_an_id_stays;
    assert_broken(Fault::ReplacesDictionaries, stays, "a later one is not kept");
    assert_broken(Fault::SaysThatDictionariesAreKept, stays, "a later one is not kept");
    let rule = dictionaries::of_many_dictionaries_of_an_id_at_once_one_is_kept;
    assert_broken_when_calls_meet(Fault::ChecksDictionariesWithoutTheLock, rule, "that were kept for id");
    assert_broken(Fault::SelectsDictionariesAsKept, dictionaries::dictionaries_are_selected_by_id, "after 0");
    assert_broken(Fault::CutsDictionaries, dictionaries::dictionaries_are_kept_as_they_are, "is kept as it is");
    assert_broken(Fault::CountsDictionaries, dictionaries::a_dictionary_is_no_event, "no place in the log");
    let rule = dictionaries::dictionaries_are_found_by_all_who_open_the_store;
    assert_broken(Fault::KeepsDictionariesToItself, rule, "found by all");
}

#[test]
fn a_recorder_that_mistreats_tracking_is_found() {
    let followers = tracking::each_event_is_processed_once_by_many_consumers;
    let one_succeeds = tracking::of_many_that_process_an_event_one_succeeds;
    let refused = tracking::tracking_that_does_not_go_on_from_the_last_is_refused;
    assert_broken(Fault::ForgetsTheUpstream, refused, "the insert was done");
    assert_broken(Fault::TakesAnyLaterPosition, refused, "the insert was done");
    assert_broken_when_calls_meet(Fault::TakesAnyLaterPosition, followers, "the events that had an effect");
    for fault in [Fault::ChecksTrackingWithoutTheLock, Fault::ForgetsTheUpstream] {
        assert_broken_when_calls_meet(fault, one_succeeds, "that succeeded");
        assert_broken_when_calls_meet(fault, followers, "the events that had an effect");
    }
    let together = tracking::a_reader_never_sees_events_without_their_tracking;
    assert_broken_when_calls_meet(Fault::TracksLater, together, "are processed");
    assert_broken_when_calls_meet(Fault::TracksFirst, together, "are processed");
    let rule = tracking::a_conflict_leaves_the_position_where_it_was;
    assert_broken(Fault::TracksFirst, rule, "where it was");
    let rule = tracking::what_was_processed_is_told_before_a_conflict;
    assert_broken(Fault::ChecksVersionsFirst, rule, "AlreadyProcessed was expected");
    let rule = tracking::a_tracked_append_repeated_is_recorded_once;
    assert_broken(Fault::ForgetsWhoTracked, rule, "failed where it must not");
    let rule = tracking::a_tracked_insert_dropped_half_way_is_done_or_not_done;
    assert_broken(Fault::ForgetsWhoTracked, rule, "failed where it must not");
    let rule = tracking::positions_and_names_out_of_range_are_refused;
    assert_broken(Fault::TakesAnyTracking, rule, "gives Ok");
    let rule = tracking::tracking_without_events_moves_the_position;
    assert_broken(Fault::CountsTracking, rule, "no place in the log");
    assert_broken(Fault::FoldsUpstreams, tracking::upstreams_are_kept_apart, "failed where it must not");
    let rule = tracking::a_position_is_moved_from_exactly_where_it_is;
    assert_broken(Fault::ForgetsAnchors, rule, "is kept with its anchor");
    assert_broken(Fault::MovesFromAnywhere, rule, "AlreadyProcessed was expected");
    assert_broken(Fault::MovesFromTheId, rule, "AlreadyProcessed was expected");
    assert_broken(Fault::MovesForthOnly, rule, "the position after a move");
    let rule = tracking::where_processing_begins_is_stored_once;
    assert_broken(Fault::ForgetsTheStart, rule, "what is returned of Orders");
    assert_broken(Fault::BeginsAgain, rule, "what is returned of Orders");
    let rule = tracking::events_and_tracking_are_recorded_by_one_insert;
    assert_broken(Fault::KeepsTrackingToItself, rule, "the position");
    let rule = tracking::upstreams_are_listed_with_their_positions;
    for fault in [
        Fault::ListsUpstreamsBackwards,
        Fault::ListsOnlyProcessedUpstreams,
        Fault::ForgetsAnchors,
        Fault::KeepsTrackingToItself,
    ] {
        assert_broken(fault, rule, "are listed with their positions");
    }
}

#[test]
fn a_recorder_that_mistreats_dead_letters_is_found() {
    let once = letters::a_letter_is_taken_out_once;
    assert_broken(Fault::ChangesLettersLater, once, "is taken out once");
    assert_broken(Fault::ForgetsWhatIsTaken, once, "the append was done");
    let one_does = letters::of_many_who_take_out_a_letter_one_does;
    assert_broken(Fault::ForgetsWhatIsTaken, one_does, "that succeeded");
    assert_broken_when_calls_meet(Fault::ChecksLettersWithoutTheLock, one_does, "that succeeded");
    let waits = letters::who_waits_behind_letters_finds_them_there;
    assert_broken(Fault::ForgetsWhoWaits, waits, "the append was done");
    let refused = letters::a_refused_append_leaves_letters_as_they_were;
    assert_broken(Fault::ChecksLettersFirst, refused, "a conflict was expected");
    let repeated = letters::an_append_with_letters_repeated_is_done_once;
    assert_broken(Fault::RepeatsLetters, repeated, "is done once: the letters");
    let parked = letters::an_append_that_parks_letters_repeated_is_done_once;
    assert_broken(Fault::RepeatsParking, parked, "failed where it must not");
    assert_broken(Fault::ForgetsWhereItParked, parked, "another is refused");
    assert_broken(Fault::ReplacesLetters, letters::the_first_letter_of_an_event_stays, "of an event stays");
    assert_broken(Fault::CutsLetters, letters::letters_are_kept_as_they_are, "kept as they are");
    let selected = letters::letters_are_selected_by_id;
    assert_broken(Fault::SelectsLettersAsParked, selected, "selected by id");
    assert_broken(Fault::FoldsUpstreamsOfLetters, selected, "selected by id");
    let together = letters::events_tracking_and_letters_are_recorded_by_one_append;
    assert_broken(Fault::KeepsLettersToItself, together, "the letters");
}

/// Parks more dead letters than the default methods of the trait read at a time.
#[test]
fn a_recorder_that_only_selects_letters_counts_them_all() {
    futures::executor::block_on(async {
        let recorder = Plain::new(Fault::None).open().await;
        let letter = |id| StoredLetter::new(id, Uuid::from_u128(u128::from(id % 2)), *b"{}");
        let letters = LetterChanges::of("Orders").parked((1..=2_000).map(letter).collect::<Vec<_>>());
        recorder.append(Append::new(vec![]).changing(letters)).await?;
        assert_eq!(recorder.count_letters("Orders").await?, 2_000);
        assert_eq!(recorder.count_letters("Payments").await?, 0);
        let asked = [Uuid::from_u128(7), Uuid::from_u128(1)];
        assert_eq!(recorder.originators_with_letters("Orders", &asked).await?, [Uuid::from_u128(1)]);
        Ok::<(), RecorderError>(())
    })
    .expect("a memory recorder that fails");
}

#[test]
fn searches_find_a_recorder_that_finds_others() {
    let said = "selects the last ones";
    assert_broken(Fault::SelectsTheFirstAsTheLast, search::the_last_notifications_are_found, said);
    assert_broken(Fault::ReturnsTheLastBackwards, search::the_last_notifications_are_found, said);
    assert_broken(Fault::ComparesTopicsOfTheLast, search::filters_select_theirs, "selects what its filter selects");
    assert_broken(Fault::IgnoresBeginningsOfTopics, search::filters_select_theirs, "selects what its filter selects");
    let fault = Fault::LeavesOutTheLast;
    assert_broken(fault, search::the_last_notifications_among_writers_have_no_gaps, "is the last id, after");
    for fault in [Fault::SearchesBeyondItsBound, Fault::SaysItLookedAtWhatItFound] {
        assert_broken(fault, search::a_search_says_how_far_it_has_looked, "a search says how far it has looked");
    }
    for fault in [Fault::ListsIdsToTheEnd, Fault::NamesTheLastTopic] {
        assert_broken(fault, originators::aggregates_are_found_by_their_ids, "aggregates are found by their ids");
    }
}

#[test]
fn every_rule_is_in_the_macro() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/recording");
    let listed = fs::read_to_string(folder.join("conformance/suite.rs"))?;
    let listed: HashSet<&str> = listed.lines().map(str::trim).collect();
    let mut rules = 0;
    for file in fs::read_dir(folder.join("conformance"))? {
        let source = fs::read_to_string(file?.path())?;
        for rule in source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()) {
            assert!(listed.contains(rule), "`recorder_conformance!` has no test for the rule {rule}");
            rules += 1;
        }
    }
    assert!(rules > 50, "only {rules} rules were found in {}", folder.display());
    Ok(())
}
