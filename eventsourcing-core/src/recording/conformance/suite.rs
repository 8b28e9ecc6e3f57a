//! The macro that runs every rule against a recorder.

/// Generates a module of tests, one for each rule of the recorder contract.
///
/// The arguments are the module's name and an expression for a new [`Fixture`](crate::recording::conformance::Fixture). The
/// expression is evaluated once per test, may use `await`, and sees the scope of the call, which must be outside of functions.
/// Attributes before the name are applied to the module.
///
/// A recorder that leaves out optional parts names them after the fixture: `without [dictionaries, tracking, letters,
/// snapshots, commands]`, or some of these. Instead of the rules of such a part, one test checks that the recorder refuses it.
///
/// See [`conformance`](crate::recording::conformance) for how to write and test a recorder.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::MemoryRecorder;
/// use eventsourcing::recording::conformance::Single;
///
/// eventsourcing::recorder_conformance!(memory, Single::new(MemoryRecorder::new()));
/// ```
#[macro_export]
macro_rules! recorder_conformance {
    ($(#[$attribute:meta])* $module:ident, $fixture:expr $(,)?) => {
        $crate::recorder_conformance! { $(#[$attribute])* $module, $fixture, without [] }
    };
    ($(#[$attribute:meta])* $module:ident, $fixture:expr, without [$($part:ident),* $(,)?] $(,)?) => {
        $crate::__recorder_conformance! {
            $(#[$attribute])* $module, $fixture, [$($part)*];
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
            originators {
                aggregates_are_listed_by_their_first_events
                only_aggregates_of_the_topics_are_listed
                lists_of_aggregates_join
                aggregates_are_found_by_their_ids
            }
            places {
                places_are_those_that_were_recorded
            }
            times {
                times_never_decrease
                only_events_have_times
                a_repeated_append_keeps_its_times
                the_last_event_before_a_time_is_found
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
            health {
                a_recorder_that_records_does_not_deny_it
            }
            search {
                the_last_notifications_are_found
                filters_select_theirs
                a_search_says_how_far_it_has_looked
                the_last_notifications_among_writers_have_no_gaps
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
                upstreams_are_listed_with_their_positions
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
            snapshots {
                snapshots_are_kept_as_they_are
                a_replay_starts_from_the_last_snapshot
                a_snapshot_of_other_code_is_not_passed
                only_snapshots_of_the_aggregate_are_used
                older_snapshots_are_deleted
                snapshots_after_the_last_event_are_deleted
                a_snapshot_is_replaced_by_one_of_its_place
                snapshots_are_deleted_with_their_aggregate
                a_visitor_ends_a_replay
                snapshots_are_found_by_all_who_open_the_store
                of_many_snapshots_at_once_the_last_is_found
                a_snapshot_is_no_event
            }
            commands {
                a_command_is_recorded_with_its_events
                a_command_that_comes_again_is_refused
                an_append_with_a_command_repeated_is_recorded_once
                a_command_without_events_is_recorded
                a_refused_append_leaves_its_command_free
                outdated_commands_are_deleted
                commands_are_found_by_all_who_open_the_store
                of_many_who_send_a_command_one_records
            }
        }
    };
}

/// The second step of [`recorder_conformance!`](crate::recorder_conformance).
#[doc(hidden)]
#[macro_export]
macro_rules! __recorder_conformance {
    ($(#[$attribute:meta])* $module:ident, $fixture:expr, $without:tt; $($group:ident { $($rule:ident)* })*) => {
        $crate::__conformance_parts! { $without }

        #[cfg(test)]
        $(#[$attribute])*
        mod $module {
            async fn fixture() -> impl $crate::recording::conformance::Fixture {
                #[allow(unused_imports)]
                use super::*;
                $fixture
            }
            $($crate::__conformance_group! { $group $without [$($rule)*] })*
        }
    };
}

/// Refuses the name of a part that is not optional.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_parts {
    ([]) => {};
    ([dictionaries $($rest:ident)*]) => { $crate::__conformance_parts! { [$($rest)*] } };
    ([tracking $($rest:ident)*]) => { $crate::__conformance_parts! { [$($rest)*] } };
    ([letters $($rest:ident)*]) => { $crate::__conformance_parts! { [$($rest)*] } };
    ([snapshots $($rest:ident)*]) => { $crate::__conformance_parts! { [$($rest)*] } };
    ([commands $($rest:ident)*]) => { $crate::__conformance_parts! { [$($rest)*] } };
    ([$other:ident $($rest:ident)*]) => {
        compile_error!(concat!(
            "`", stringify!($other), "` is not an optional part of a recorder; \
             expected `dictionaries`, `tracking`, `letters`, `snapshots` or `commands`"
        ));
    };
}

/// The tests of a group of rules or, if the recorder leaves out that part, the test that it refuses it.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_group {
    (dictionaries [dictionaries $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { without [] [
            dictionaries_are_refused
        ] }
    };
    (tracking [tracking $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { without [] [
            tracking_is_refused
        ] }
    };
    (letters [letters $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { without [] [
            letters_are_refused
        ] }
    };
    (snapshots [snapshots $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { without [] [
            snapshots_are_refused
        ] }
    };
    (commands [commands $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { without [] [
            commands_are_refused
        ] }
    };
    ($group:ident [$other:ident $($rest:ident)*] $rules:tt) => {
        $crate::__conformance_group! { $group [$($rest)*] $rules }
    };
    ($group:ident [] [$($rule:ident)*]) => {
        $(
            #[test]
            fn $rule() {
                $crate::recording::conformance::check(fixture(), $crate::recording::conformance::$group::$rule);
            }
        )*
    };
}
