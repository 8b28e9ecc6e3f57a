//! Rules about the optional parts of a recorder find those that mistreat snapshots and commands, or store what they leave out.

use eventsourcing_core::recording::conformance::{commands, snapshots, without};

use super::assert_broken;
use super::broken::Fault;

#[test]
fn a_recorder_that_stores_a_part_that_it_leaves_out_is_found() {
    assert_broken(Fault::None, without::dictionaries_are_refused, "without dictionaries refuses them: found Ok");
    assert_broken(Fault::None, without::tracking_is_refused, "without tracking refuses it: insert_tracked returned");
    assert_broken(Fault::None, without::letters_are_refused, "without dead letters refuses them: append returned");
    assert_broken(Fault::None, without::snapshots_are_refused, "refuses them: it says that it keeps them");
    assert_broken(Fault::None, without::commands_are_refused, "refuses them: it says that it keeps them");
}

#[test]
fn a_recorder_that_mistreats_commands_is_found() {
    let again = commands::a_command_that_comes_again_is_refused;
    assert_broken(Fault::ForgetsCommands, again, "CommandRecorded was expected");
    assert_broken(Fault::ChecksCommandsLast, again, "CommandRecorded was expected");
    let repeated = commands::an_append_with_a_command_repeated_is_recorded_once;
    assert_broken(Fault::RefusesItsOwnCommand, repeated, "failed where it must not");
    assert_broken(Fault::RecordsCommandsWithNewEvents, repeated, "the command b is not found");
    assert_broken(Fault::CountsEventsOfCommands, repeated, "the ids of the command");
    let free = commands::a_refused_append_leaves_its_command_free;
    assert_broken(Fault::RecordsCommandsFirst, free, "leaves its command free");
    assert_broken(Fault::CutsContent, commands::a_command_is_recorded_with_its_events, "is recorded with its events");
    let empty = commands::a_command_without_events_is_recorded;
    assert_broken(Fault::IgnoresEmptyCommands, empty, "the command a is not found");
    assert_broken(Fault::DeletesAllOutdatedCommands, commands::outdated_commands_are_deleted, "the limit");
    assert_broken(Fault::DeletesTheLastCommand, commands::outdated_commands_are_deleted, "the last of all");
    let found = commands::commands_are_found_by_all_who_open_the_store;
    assert_broken(Fault::KeepsCommandsToItself, found, "found by all who open the store");
    assert_broken(Fault::CountsCommands, commands::outdated_commands_are_deleted, "its id is free");
    let one = commands::of_many_who_send_a_command_one_records;
    assert_broken(Fault::ForgetsCommands, one, "one records: all have");
}

#[test]
fn a_recorder_that_mistreats_snapshots_is_found() {
    assert_broken(Fault::CutsSnapshots, snapshots::snapshots_are_kept_as_they_are, "kept as it is");
    let starts = snapshots::a_replay_starts_from_the_last_snapshot;
    assert_broken(Fault::StartsBeyondTheEnd, starts, "from the last snapshot: up to");
    assert_broken(Fault::LeavesOutTheAnchor, starts, "from the last snapshot: found");
    let others = snapshots::a_snapshot_of_other_code_is_not_passed;
    assert_broken(Fault::IgnoresFingerprints, others, "that there is one is passed");
    assert_broken(Fault::PrunesThoseOfOthers, snapshots::older_snapshots_are_deleted, "of fingerprint 2 up to 9");
    assert_broken(Fault::NeverPrunes, snapshots::older_snapshots_are_deleted, "an older one is not kept");
    let ahead = snapshots::snapshots_after_the_last_event_are_deleted;
    assert_broken(Fault::KeepsSnapshotsAhead, ahead, "that of the last event is kept");
    let replaced = snapshots::a_snapshot_is_replaced_by_one_of_its_place;
    assert_broken(Fault::KeepsTheFirstSnapshot, replaced, "is replaced by one of its place");
    let deleted = snapshots::snapshots_are_deleted_with_their_aggregate;
    assert_broken(Fault::DeletesAllSnapshots, deleted, "that of another aggregate is left");
    assert_broken(Fault::ReplaysToTheEnd, snapshots::a_visitor_ends_a_replay, "a visitor ends a replay");
    let found = snapshots::snapshots_are_found_by_all_who_open_the_store;
    assert_broken(Fault::KeepsSnapshotsToItself, found, "found by all who open the store");
    let last = snapshots::of_many_snapshots_at_once_the_last_is_found;
    assert_broken(Fault::KeepsSnapshotsToItself, last, "at once the last is found");
    assert_broken(Fault::CountsSnapshots, snapshots::a_snapshot_is_no_event, "takes no place in the log");
}
