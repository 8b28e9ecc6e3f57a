//! The README and the guide's reference name tests and variables: all of them exist, and no variable is missing.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");
const ENVIRONMENT: &str = include_str!("../docs/reference/environment.md");
const GUARANTEES: &str = include_str!("../docs/reference/guarantees.md");

/// The Rust sources below a folder of the repository.
fn sources(folder: &str) -> String {
    fn read(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut all = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    all
}

/// What stands in backticks in the tables of a page and looks like this.
fn in_backticks(page: &'static str, looks: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|it| looks(it)).collect()
}

fn is_variable(name: &str) -> bool {
    let families = [
        "PERSISTENCE_",
        "INFRASTRUCTURE_",
        "SQLITE_",
        "POSTGRES_",
        "SAVE_",
        "CREATE_",
        "COMPRESSOR_",
        "CIPHER_",
        "MAX_STATE_",
        "STATE_",
    ];
    families.iter().any(|family| name.starts_with(family)) && !name.contains(' ')
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = ["tests", "eventsourcing-core", "eventsourcing-sqlx/tests"].map(sources).concat();
    for (page, least) in [(README, 5), (GUARANTEES, 10)] {
        let named = in_backticks(page, |it| {
            it.matches('_').count() >= 3 && it.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        assert!(named.len() > least, "{named:?}");
        for name in named {
            let is_there = ["(", "<"].iter().any(|next| tests.contains(&format!("fn {name}{next}")));
            assert!(is_there, "there is no test `{name}`");
        }
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_table_and_the_other_way_round() {
    let documented = in_backticks(ENVIRONMENT, is_variable);
    assert!(in_backticks(README, is_variable).is_subset(&documented));
    // `src/variables.rs` has the names alone, and is tested beside itself
    let files =
        ["src/module.rs", "src/open.rs", "eventsourcing-core/src/environment.rs", "eventsourcing-sqlx/src/config.rs"]
            .map(|file| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap());
    let folders = ["eventsourcing-core/src/application", "eventsourcing-sqlx/src/config"].map(sources);
    let code = files.concat() + &folders.concat();
    // doc examples and tests may name what they like
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let read: BTreeSet<&str> = code.split('"').skip(1).step_by(2).filter(|it| is_variable(it)).collect();
    assert_eq!(documented, read);
}
