//! `export` and `import`: a log becomes an equal one in another database, whatever interrupts it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;
use eventsourcing::recording::{LogPosition, is_same_attempt};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::common::{Database, Dog, Kennel, Ran, Running, fido, pack};

const KEY: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYyE=";

/// A folder, and a file in it that does not exist yet.
fn new_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kennel.jsonl");
    (folder, file)
}

fn export(database: &Database, file: &Path, options: &[&str]) -> Ran {
    let mut arguments: Vec<OsString> = vec!["export".into(), "--output".into(), file.into()];
    arguments.extend(options.iter().map(Into::into));
    database.run(&arguments)
}

fn import(database: &Database, file: &Path) -> Ran {
    database.run(&["import".as_ref(), file.as_os_str(), "--json".as_ref()])
}

/// An import that prints a line for each two events: more than a pipe holds, so it does not end before its lines are read.
fn slow_import(database: &Database, file: &Path) -> Command {
    database.command(&["import".as_ref(), file.as_os_str(), "--json".as_ref(), "--batch".as_ref(), "2".as_ref()])
}

/// So many dogs that a slow import of their events has more lines than a pipe holds.
const MANY: usize = 4_000;

/// The digest of a log, after each of its events was read.
fn digest(database: &Database) -> Value {
    database.json(&["verify"])[0]["digest"].clone()
}

/// Asserts that an application reads the same events under the same positions and with the same metadata.
async fn assert_equal(source: &Kennel, target: &Kennel) {
    let opened = |kennel: &Kennel, event: &Notification| {
        kennel.mapper().open(&event.location(), &event.state, event.checksum).unwrap().into_owned()
    };
    let (expected, found) = (source.log().select(1, 100).await.unwrap(), target.log().select(1, 100).await.unwrap());
    assert_eq!(expected.len(), found.len());
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!((expected.id, &expected.topic), (found.id, &found.topic));
        assert_eq!(expected.location(), found.location());
        assert!(is_same_attempt(expected.append_id, found.append_id));
        let metadata = source.mapper().metadata_of(expected).unwrap();
        assert_eq!(metadata, target.mapper().metadata_of(found).unwrap());
        assert_eq!(opened(source, expected), opened(target, found));
    }
}

#[tokio::test]
async fn a_log_moves_from_sqlite_to_postgresql_and_back() {
    let (first, second, third) = (Database::sqlite(), Database::postgres(), Database::sqlite());
    let kennel = first.kennel().await;
    let dog = fido(&kennel).await;
    pack(&kennel, 20).await;
    for (source, target) in [(&first, &second), (&second, &third)] {
        let (_folder, file) = new_file();
        assert_eq!(export(source, &file, &[]).code, 0);
        let imported = import(target, &file);
        assert_eq!(imported.code, 0, "{imported:?}");
        let lines = imported.json();
        assert_eq!(lines[0], json!({"position": 43, "of": 43}));
        let done = lines.last().unwrap();
        assert_eq!((&done["events"], &done["recorded_before"], &done["equal"]), (&json!(43), &json!(0), &json!(true)));
        assert_eq!(done["digest"], digest(source));
        // the application opens it, reads it with its types, and goes on
        let moved = target.kennel().await;
        assert_eq!(moved.repository().get::<Dog>(dog.id()).await.unwrap(), dog);
        assert_equal(&kennel, &moved).await;
    }
    let moved = third.kennel().await;
    let recorded = moved.save(&mut Dog::register("Rex".to_owned())).await.unwrap();
    assert_eq!(recorded[0].id, 44);
}

#[tokio::test]
async fn an_export_in_a_pipe_is_imported() {
    let (source, target) = (Database::sqlite(), Database::postgres());
    fido(&source.kennel().await).await;
    let mut export = source.command(&["export"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let imported = target.command(&["import", "-"]).stdin(export.stdout.take().unwrap()).output().unwrap();
    assert!(export.wait().unwrap().success() && imported.status.success(), "{imported:?}");
    let text = String::from_utf8(imported.stdout).unwrap();
    assert!(text.contains("Kennel has 3 events of the export") && text.contains("both are equal"), "{text}");
}

#[tokio::test]
async fn encrypted_and_compressed_logs_are_moved_decrypted_or_sealed() {
    let secret = [("CIPHER_KEY", KEY), ("COMPRESSOR_TOPIC", "zstd")];
    for options in [&[][..], &["--sealed"]] {
        let source = Database::sqlite().with(&secret);
        let kennel = source.kennel().await;
        let dog = fido(&kennel).await;
        pack(&kennel, 8).await;
        let (_folder, file) = new_file();
        assert_eq!(export(&source, &file, options).code, 0);
        let is_clear = fs::read_to_string(&file).unwrap().contains("roll over");
        assert_eq!(is_clear, options.is_empty());

        let target = Database::postgres().with(&secret);
        let imported = import(&target, &file);
        assert_eq!(imported.code, 0, "{imported:?}");
        assert_eq!(digest(&target), digest(&source));
        let moved = target.kennel().await;
        assert_eq!(moved.repository().get::<Dog>(dog.id()).await.unwrap(), dog);
        // no state became readable on the way
        let last = moved.log().select(1, 50).await.unwrap();
        assert!(last.iter().all(|event| event.checksum.is_none()), "{options:?}");
    }
}

#[tokio::test]
async fn a_decrypted_export_can_have_another_key_and_another_name() {
    let source = Database::sqlite().with(&[("CIPHER_KEY", KEY)]);
    fido(&source.kennel().await).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    let target = Database::sqlite().with(&[("COMPRESSOR_TOPIC", "zstd")]);
    let renamed = target.run(&["import".as_ref(), file.as_os_str(), "--app".as_ref(), "Shelter".as_ref()]);
    assert_eq!(renamed.code, 0, "{renamed:?}");
    assert_eq!(target.json(&["verify", "--app", "Shelter"])[0]["digest"], digest(&source));
}

#[tokio::test]
async fn sealed_states_belong_to_a_name_and_a_key() {
    let source = Database::sqlite().with(&[("CIPHER_KEY", KEY)]);
    fido(&source.kennel().await).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &["--sealed"]).code, 0);
    let target = Database::sqlite().with(&[("CIPHER_KEY", KEY)]);
    let renamed = target.run(&["import".as_ref(), file.as_os_str(), "--app".as_ref(), "Shelter".as_ref()]);
    renamed.refused(1, "import them as `Kennel`, not `Shelter`");
    let keyless = Database::sqlite();
    import(&keyless, &file).refused(1, "the event at position 1 cannot be imported: its state was encrypted");
    assert_eq!(keyless.json(&["status"])[0]["last_position"], json!(0));
}

#[tokio::test]
async fn a_dictionary_that_differs_is_refused_before_anything_is_imported() {
    let compressed = [("COMPRESSOR_TOPIC", "zstd"), ("CIPHER_KEY", KEY)];
    let (source, target) = (Database::sqlite().with(&compressed), Database::sqlite().with(&compressed));
    fido(&source.kennel().await).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &["--sealed"]).code, 0);
    // its program makes a dictionary of its own when it opens
    target.kennel().await;
    import(&target, &file).refused(1, "dictionary 1 of `Kennel` differs from that of the export");
    assert_eq!(target.json(&["status"])[0]["last_position"], json!(0));
}

#[tokio::test]
async fn an_import_that_was_killed_is_continued() {
    for target in Database::both() {
        let source = Database::sqlite();
        pack(&source.kennel().await, MANY).await;
        let (_folder, file) = new_file();
        assert_eq!(export(&source, &file, &[]).code, 0);
        let mut killed = Running::start(&mut slow_import(&target, &file));
        assert_eq!(killed.json()["position"], json!(2));
        killed.child.kill().unwrap();
        killed.child.wait().unwrap();
        let position = target.json(&["status"])[0]["last_position"].as_u64().unwrap();
        assert!((2..8_000).contains(&position), "it was not killed in the middle: {position}");
        let continued = import(&target, &file);
        assert_eq!(continued.code, 0, "{continued:?}");
        assert_eq!(continued.json().last().unwrap()["recorded_before"], json!(position));
        assert_eq!(digest(&target), digest(&source));
        // once more: there is nothing to do, and it is proved again
        let again = import(&target, &file);
        assert_eq!(again.json().last().unwrap()["recorded_before"], json!(8_000));
    }
}

#[tokio::test]
async fn ctrl_c_ends_an_import_after_a_batch() {
    let (source, target) = (Database::sqlite(), Database::sqlite());
    pack(&source.kennel().await, MANY).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    let mut running = Running::start(slow_import(&target, &file).stderr(Stdio::null()));
    running.line();
    assert_eq!(running.interrupt(), 1);
    let position = target.json(&["status"])[0]["last_position"].as_u64().unwrap();
    assert!((2..8_000).contains(&position) && position.is_multiple_of(2), "{position}");
    assert_eq!(import(&target, &file).code, 0);
    assert_eq!(digest(&target), digest(&source));
}

#[tokio::test]
async fn a_log_with_other_events_is_refused() {
    for target in Database::both() {
        let source = Database::sqlite();
        let kennel = source.kennel().await;
        pack(&kennel, 3).await;
        let (_folder, file) = new_file();
        assert_eq!(export(&source, &file, &[]).code, 0);
        let other = target.kennel().await;
        fido(&other).await;
        import(&target, &file).refused(1, "has another event at position 1 than the export");
        assert_eq!(other.log().max_id().await.unwrap(), Some(3));
    }
}

#[tokio::test]
async fn an_export_that_was_cut_off_or_altered_imports_nothing() {
    let source = Database::sqlite();
    fido(&source.kennel().await).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    let whole = fs::read_to_string(&file).unwrap();
    let end = whole.trim_end().rfind('\n').unwrap() + 1;
    let target = Database::sqlite();
    target.kennel().await;
    for (text, said) in [
        (String::new(), "the export ends after line 0, before its end mark"),
        (whole[..end].to_owned(), "the export ends after line 4, before its end mark"),
        (whole[..end - 20].to_owned(), "the export ends after line 3, before its end mark"),
        (whole.replace("roll over", "roll back"), "line 5 of the export: the events before it are not those"),
        (whole.replace("\"version\":2", "\"version\":2,\"more\":1"), "line 3 of the export: it cannot be read"),
        (whole.replace("\"export\":1", "\"export\":2"), "its format is 2, and this program reads format 1"),
        ("hello\n".to_owned(), "line 1 of the export: it is no line of an export"),
    ] {
        fs::write(&file, text).unwrap();
        import(&target, &file).refused(1, said);
    }
    assert_eq!(target.json(&["status"])[0]["last_position"], json!(0));
}

#[test]
fn what_is_no_export_creates_no_tables() {
    let target = Database::sqlite();
    let (_folder, file) = new_file();
    import(&target, &file).refused(1, "opening");
    fs::write(&file, "hello\n").unwrap();
    import(&target, &file).refused(1, "it is no line of an export");
    assert!(!Path::new(&target.file()).exists());
}

#[tokio::test]
async fn an_interrupted_export_is_resumed() {
    for options in [&[][..], &["--sealed"]] {
        let source = Database::sqlite().with(&[("COMPRESSOR_TOPIC", "zstd")]);
        let kennel = source.kennel().await;
        pack(&kennel, 10).await;
        let (folder, file) = new_file();
        let whole = folder.path().join("whole.jsonl");
        assert_eq!(export(&source, &whole, options).code, 0);
        let whole = fs::read(&whole).unwrap();
        let part = folder.path().join("kennel.jsonl.part");
        // cut off in its header, in a line, after a line, and before it got its name
        for len in [whole.len() / 2, whole.len() - 20, whole.len()] {
            fs::write(&part, &whole[..len]).unwrap();
            export(&source, &file, options).refused(1, "kennel.jsonl.part exists already");
            let resumed = export(&source, &file, &[options, &["--resume"]].concat());
            assert_eq!(resumed.code, 0, "{resumed:?}");
            assert!(fs::read(&file).unwrap() == whole && !part.exists(), "{len}");
            fs::remove_file(&file).unwrap();
        }
        fs::write(&part, &whole[..5]).unwrap();
        export(&source, &file, &[options, &["--resume"]].concat()).refused(1, "it has not even a header");
        export(&source, &file, options).refused(1, "exists already");
    }
}

#[tokio::test]
async fn an_export_is_resumed_from_the_same_log_alone() {
    let (source, other) = (Database::sqlite(), Database::sqlite());
    pack(&source.kennel().await, 5).await;
    pack(&other.kennel().await, 5).await;
    let (folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    let text = fs::read_to_string(&file).unwrap();
    let part = folder.path().join("kennel.jsonl.part");
    fs::remove_file(&file).unwrap();
    fs::write(&part, &text[..text.len() / 2]).unwrap();
    export(&other, &file, &["--resume"]).refused(1, "the log is not the one");
    export(&source, &file, &["--resume", "--sealed"]).refused(1, "has other states");
    assert_eq!(export(&source, &file, &["--resume"]).code, 0);
}

#[tokio::test]
async fn the_parts_of_a_log_are_imported_one_after_the_other() {
    let source = Database::sqlite();
    let kennel = source.kennel().await;
    pack(&kennel, 3).await;
    let (_first_folder, first) = new_file();
    assert_eq!(export(&source, &first, &[]).code, 0);
    fido(&kennel).await;
    let (_second_folder, second) = new_file();
    assert_eq!(export(&source, &second, &["--after", "6"]).code, 0);

    let target = Database::postgres();
    import(&target, &second).refused(1, "begins after position 6, and the log of `Kennel` ends at 0");
    for part in [&first, &second] {
        assert_eq!(import(&target, part).code, 0);
    }
    assert_eq!(digest(&target), digest(&source));
    // the first part is there already, with more behind it
    let again = import(&target, &first);
    assert!(again.code == 0 && again.errors.contains("3 events after those of the export"), "{again:?}");

    // both in one file
    let mut both = OpenOptions::new().append(true).open(&first).unwrap();
    both.write_all(&fs::read(&second).unwrap()).unwrap();
    let target = Database::sqlite();
    assert_eq!(import(&target, &first).code, 0);
    assert_eq!(digest(&target), digest(&source));

    // and of another log there is no second part
    let other = Database::sqlite();
    pack(&other.kennel().await, 4).await;
    import(&other, &second).refused(1, "has another event at position 6");
    export(&source, &PathBuf::from("unused.jsonl"), &["--after", "99"]).refused(1, "no event has position 99");
}

#[tokio::test]
async fn a_state_that_is_no_line_of_json_is_moved_byte_for_byte() {
    let (source, target) = (Database::sqlite(), Database::sqlite());
    let kennel = source.kennel().await;
    let states: [&[u8]; 3] = [
        b"{\n  \"timestamp\": \"2026-11-30T00:00:00Z\",\r\n  \"name\": \"x\" }\n",
        br#"{"timestamp":"2026-11-30T00:00:00Z","n":1.0e400,"n":12345678901234567890123}"#,
        b"{no json \xff}",
    ];
    for state in states {
        let event = StoredEvent::new(Uuid::new_v4(), 1, "Dog.Registered", state, Uuid::new_v4()).checksummed();
        kennel.recorder().insert_events(vec![event]).await.unwrap();
    }
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    assert_eq!(import(&target, &file).code, 0);
    let moved = target.kennel().await.log().select(1, 3).await.unwrap();
    assert!(moved.iter().map(|event| &*event.state).eq(states));
}

#[tokio::test]
async fn a_position_of_the_old_log_is_told_from_one_of_the_new_log() {
    let (source, target) = (Database::sqlite(), Database::sqlite());
    let kennel = source.kennel().await;
    fido(&kennel).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    assert_eq!(import(&target, &file).code, 0);
    let moved = target.kennel().await;
    let anchored: LogPosition = kennel.recorder().last_position().await.unwrap();
    // a recorder gives append ids new stamps, so an import is another log with the same events
    let mut new = moved.subscribe(anchored).notifications();
    assert!(matches!(new.try_next().await, Err(Error::LogChanged { .. })));
}

#[tokio::test]
async fn an_import_of_a_process_application_names_what_it_does_not_have() {
    let (source, target) = (Database::sqlite(), Database::sqlite());
    let kennel = source.kennel().await;
    for upstream in ["Shelters", "Kennel"] {
        let caused = Metadata::new().with_cause(upstream, 7);
        kennel.save(&mut Dog::register("Fido".to_owned())).metadata(caused).await.unwrap();
    }
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    let imported = import(&target, &file);
    assert_eq!(imported.json().last().unwrap()["upstreams"], json!(["Shelters"]));
    assert!(imported.errors.contains("before the policy runs again, store that position"), "{}", imported.errors);
}

#[cfg(unix)]
#[tokio::test]
async fn an_export_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let source = Database::sqlite();
    fido(&source.kennel().await).await;
    let (_folder, file) = new_file();
    assert_eq!(export(&source, &file, &[]).code, 0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
