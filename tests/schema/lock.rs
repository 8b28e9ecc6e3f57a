//! The lock file: it notices each change after which recorded events could not be read.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use eventsourcing::Aggregate;
use eventsourcing::schema::{EventsLock, SchemaError};
use tempfile::TempDir;

use super::programs::*;

/// A lock file that knows what the program recorded.
struct Lock {
    _folder: TempDir,
    path: PathBuf,
}

impl Lock {
    fn missing() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.lock");
        Self { _folder: folder, path }
    }

    fn recorded() -> Self {
        let lock = Self::missing();
        lock.of::<recorded::World>().accept().unwrap();
        lock
    }

    fn of<A: Aggregate>(&self) -> EventsLock {
        EventsLock::new(&self.path).aggregate::<A>()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// The text of the error that a changed program gets.
    fn refused<A: Aggregate>(&self) -> String {
        self.of::<A>().check().expect_err("the change was not noticed").to_string()
    }
}

#[test]
fn a_program_that_did_not_change_is_read_as_it_was_accepted() {
    let lock = Lock::recorded();
    lock.of::<recorded::World>().check().unwrap();
    let lines: Vec<String> = lock.text().lines().skip(1).map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "World.Started 1",
            "World.Started 1 colour: string, may be missing",
            "World.Started 1 kind: one of",
            "World.Started 1 kind<Gas>: object",
            "World.Started 1 kind<Gas>.rings: u8",
            "World.Started 1 kind<Rock>: unit",
            "World.Started 1 moons: u32",
            "World.Started 1 name: string",
        ]
    );
}

#[test]
fn a_file_that_is_missing_is_told_how_to_be_made() {
    let text = Lock::missing().refused::<recorded::World>();
    assert!(text.contains("events.lock") && text.contains("EVENTS_LOCK=accept"), "{text}");
}

#[test]
fn each_change_that_loses_recorded_events_is_named() {
    let lock = Lock::recorded();
    for (text, said) in [
        (lock.refused::<removed::World>(), "! `moons` is gone (it was u32)"),
        (lock.refused::<renamed::World>(), "! `name` is gone (it was string)"),
        (lock.refused::<renamed::World>(), "! `title` is new and required (string)"),
        (lock.refused::<retyped::World>(), "! `moons`: u32 became string"),
        (lock.refused::<made_required::World>(), "! `colour`: string, may be missing became string"),
        (lock.refused::<variant_removed::World>(), "! `kind<Gas>` is gone"),
        (lock.refused::<nested_field_required::World>(), "! `kind<Gas>.helium` is new and required (bool)"),
    ] {
        assert!(text.contains(said), "{said}: {text}");
        assert!(text.contains("World.Started (version 1)") && text.contains("version = 2"), "{text}");
    }
}

#[test]
fn a_variant_that_is_gone_is_named_once_without_its_fields() {
    let Err(SchemaError::Changed { changes, .. }) = Lock::recorded().of::<variant_removed::World>().check() else {
        panic!("the change was not noticed")
    };
    assert_eq!(changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["kind<Gas>"]);
}

#[test]
fn a_topic_that_is_gone_is_named() {
    let text = Lock::recorded().refused::<super::shapes::Shapes>();
    assert!(text.contains("World.Started (version 1)\n  ! no event has this topic any more"), "{text}");
    assert!(text.contains("retired = ["), "{text}");
}

#[test]
fn a_change_that_does_no_harm_is_accepted_before_it_is_known() {
    let lock = Lock::recorded();
    for text in [lock.refused::<optional_field_added::World>(), lock.refused::<event_added::World>()] {
        assert!(!text.contains("! ") && text.contains("stay readable"), "{text}");
    }
    lock.of::<optional_field_added::World>().accept().unwrap();
    lock.of::<optional_field_added::World>().check().unwrap();
    // from then on it is recorded
    let text = lock.refused::<recorded::World>();
    assert!(text.contains("! `age` is gone") && text.contains("! `kind<Ice>` is gone"), "{text}");
}

#[test]
fn a_new_version_with_a_step_does_no_harm_and_the_old_one_stays() {
    let lock = Lock::recorded();
    let text = lock.refused::<with_a_version::World>();
    assert!(!text.contains("! ") && text.contains("version 2 is new"), "{text}");
    lock.of::<with_a_version::World>().accept().unwrap();
    lock.of::<with_a_version::World>().check().unwrap();
    assert!(lock.text().contains("World.Started 1 moons: u32"), "{}", lock.text());
    assert!(lock.text().contains("World.Started 2 title: string"), "{}", lock.text());
    // a step on JSON takes any shape
    lock.of::<with_a_step_on_json::World>().check().unwrap();
}

#[test]
fn a_step_that_needs_what_was_not_recorded_is_named() {
    let text = Lock::recorded().refused::<with_a_step_that_needs_more::World>();
    assert!(text.contains("! `surname` is new and required (string)"), "{text}");
    assert!(!text.contains("moons"), "a step may leave out a field: {text}");
}

#[test]
fn an_event_under_another_name_reads_what_was_recorded() {
    let lock = Lock::recorded();
    let text = lock.refused::<under_another_name::World>();
    assert!(!text.contains("! ") && text.contains("World.Born"), "{text}");
    lock.of::<under_another_name::World>().accept().unwrap();
    lock.of::<under_another_name::World>().check().unwrap();
    assert!(lock.text().contains("World.Started 1 moons: u32"), "{}", lock.text());
}

#[test]
fn a_field_whose_old_name_is_kept_reads_what_was_recorded() {
    let lock = Lock::recorded();
    // which of the two is written is not told: the first one by the alphabet has the kind
    let text = lock.refused::<with_another_name_of_a_field::World>();
    assert!(!text.contains("! ") && text.contains("`title` is new (another name of name)"), "{text}");
    let text = lock.refused::<with_a_name_that_comes_first::World>();
    assert!(!text.contains("! ") && text.contains("`name`: string became another name of label"), "{text}");
    let text = lock.refused::<with_another_name_and_type_of_a_field::World>();
    assert!(text.contains("! `name`: string became another name of label"), "{text}");
}

#[test]
fn an_older_program_is_told_which_version_it_does_not_read() {
    let lock = Lock::recorded();
    lock.of::<with_a_version::World>().accept().unwrap();
    let text = lock.refused::<recorded::World>();
    assert!(text.contains("version 2 was recorded, and the program reads versions up to 1"), "{text}");
}

/// The variable in which the test below tells the path to its child.
const CHILD: &str = "LOCK_OF_THE_CHILD";

#[test]
fn the_variable_accepts_and_no_other_value_does() {
    // the environment of this process is that of all its tests
    if let Some(path) = std::env::var_os(CHILD) {
        let checked = EventsLock::new(path).aggregate::<with_a_version::World>().check();
        return checked.unwrap_or_else(|error| panic!("{error}"));
    }
    let lock = Lock::recorded();
    let check = |value: Option<&str>| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["lock::the_variable_accepts_and_no_other_value_does", "--exact", "--nocapture"]);
        child.env(CHILD, &lock.path).env_remove("EVENTS_LOCK");
        child.envs(value.map(|value| ("EVENTS_LOCK", value)));
        let output = child.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (value, said) in
        [(None, "version 2 is new"), (Some(""), "version 2 is new"), (Some("yes"), "EVENTS_LOCK is `yes`")]
    {
        let (is_accepted, text) = check(value);
        assert!(!is_accepted && text.contains(said), "{value:?}: {text}");
    }
    assert_eq!(check(Some("accept")), (true, String::new()));
    lock.of::<with_a_version::World>().check().unwrap();
}

#[test]
fn a_file_edited_by_hand_is_refused_with_the_line_and_kept() {
    let lock = Lock::recorded();
    let edited = lock.text().replace("moons: u32", "moons u32");
    fs::write(&lock.path, &edited).unwrap();
    let text = lock.refused::<recorded::World>();
    assert!(text.contains("line 8 of ") && text.contains("`World.Started 1 moons u32`"), "{text}");
    assert_eq!(lock.text(), edited);
}

#[test]
fn a_file_with_a_merge_conflict_is_rewritten_with_both_sides() {
    let lock = Lock::recorded();
    lock.of::<with_a_version::World>().accept().unwrap();
    let whole = lock.text();
    let (header, rest) = whole.split_once('\n').unwrap();
    let (ours, theirs) = rest.split_at(rest.find("World.Started 2").unwrap());
    for marked in [
        format!("{header}\n<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> theirs\n"),
        format!("<<<<<<< HEAD\n{header}\n{theirs}||||||| base\n=======\n{header}\n{ours}>>>>>>> theirs\n"),
        format!("{ours}{theirs}"),
    ] {
        fs::write(&lock.path, &marked).unwrap();
        assert!(lock.refused::<with_a_version::World>().contains("EVENTS_LOCK=accept"), "{marked}");
        lock.of::<with_a_version::World>().accept().unwrap();
        assert_eq!(lock.text(), whole, "{marked}");
    }
    // sides that differ in what is recorded today: the program says what it is
    fs::write(&lock.path, format!("{whole}World.Started 2 title: u32\n")).unwrap();
    lock.of::<with_a_version::World>().accept().unwrap();
    assert_eq!(lock.text(), whole);
}

#[test]
fn a_damaged_file_is_rewritten_and_the_lost_lines_are_named() {
    let lock = Lock::recorded();
    lock.of::<with_a_version::World>().accept().unwrap();
    let damaged = lock.text().replace("1 moons: u32", "1 moons u32");
    let mut bytes = damaged.into_bytes();
    bytes.extend_from_slice(b"garbage\nWorld.St\xffarted 1 age: u8\nWorld.Started 1 name: u8\n");
    fs::write(&lock.path, bytes).unwrap();
    let error = lock.of::<with_a_version::World>().accept().expect_err("nothing was lost");
    let SchemaError::Rewritten { dropped, .. } = &error else { panic!("{error}") };
    assert_eq!(dropped.len(), 4, "{error}");
    for said in ["line 8: `World.Started 1 moons u32`", "`garbage`", "it is no text", "`World.Started 1 name: u8`"] {
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
    lock.of::<with_a_version::World>().check().unwrap();
    assert!(lock.text().contains("World.Started 1 name: string"), "{}", lock.text());
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let lock = Lock::missing();
    let path = lock.path.with_file_name("no_such_folder").join("events.lock");
    let error = EventsLock::new(&path).aggregate::<recorded::World>().accept().expect_err("it was written");
    let folder = path.parent().unwrap().display().to_string();
    assert!(error.to_string().contains(&format!("there is no folder {folder}")), "{error}");
}

#[test]
fn the_advice_is_that_for_the_differences_there_are() {
    let lock = Lock::recorded();
    lock.of::<with_a_version::World>().accept().unwrap();
    let text = lock.refused::<recorded::World>();
    assert!(text.contains("newer code recorded it") && !text.contains("retired = ["), "{text}");
    let text = Lock::recorded().refused::<renamed_aggregate::Planet>();
    assert!(text.contains("the aggregate `World` is called `Planet` now"), "{text}");
    assert!(text.contains("#[aggregate(was = [\"World\"])]") && !text.contains("version = 2"), "{text}");
    let text = Lock::recorded().refused::<removed::World>();
    assert!(text.contains("version = 2") && !text.contains("was = [") && !text.contains("newer code"), "{text}");
}

#[test]
fn a_file_of_a_newer_library_is_refused_and_kept() {
    let lock = Lock::recorded();
    let newer = lock.text().replace("format 1", "format 2");
    fs::write(&lock.path, &newer).unwrap();
    for error in [lock.of::<recorded::World>().check(), lock.of::<recorded::World>().accept()] {
        let text = error.expect_err("the file was read").to_string();
        assert!(text.contains("format 2") && text.contains("update the library"), "{text}");
    }
    assert_eq!(lock.text(), newer);
}

#[test]
fn lines_of_two_branches_merge_in_any_order() {
    let lock = Lock::recorded();
    let ours = lock.text();
    lock.of::<event_added::World>().accept().unwrap();
    let theirs = lock.text();
    // as git's `merge=union` does
    let union: Vec<&str> = theirs.lines().chain(ours.lines().rev()).collect();
    fs::write(&lock.path, union.join("\n")).unwrap();
    lock.of::<event_added::World>().check().unwrap();
}

#[tokio::test]
async fn the_aggregates_of_an_application_are_checked_together() {
    let application = eventsourcing::Application::builder("Universe")
        .aggregate::<recorded::World>()
        .aggregate::<super::shapes::Shapes>()
        .open()
        .unwrap();
    let lock = Lock::missing();
    EventsLock::new(&lock.path).application(&application).accept().unwrap();
    assert!(lock.text().contains("World.Started 1") && lock.text().contains("Shapes.Drawn 1"), "{}", lock.text());
    lock.of::<recorded::World>().aggregate::<super::shapes::Shapes>().check().unwrap();
}
