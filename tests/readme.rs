//! The README and the guide's reference name tests, variables and variants of errors: all of them exist, and no
//! variable and no variant is missing.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const README: &str = include_str!("../README.md");
const ENVIRONMENT: &str = include_str!("../docs/reference/environment.md");
const GUARANTEES: &str = include_str!("../docs/reference/guarantees.md");
const ERRORS: &str = include_str!("../docs/reference/errors.md");
const API: &str = include_str!("../api/eventsourcing-core.txt");
const API_OF_DATABASES: &str = include_str!("../api/eventsourcing-sqlx.txt");

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
    let tests = ["tests", "eventsourcing-core", "eventsourcing-sqlx/tests", "eventsourcing-explorer/tests"]
        .map(sources)
        .concat();
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

/// The source of a file or of the files in a folder.
fn source(path: &str) -> String {
    if path.ends_with(".rs") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        return fs::read_to_string(file).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    sources(path)
}

#[test]
fn every_test_of_a_guarantee_is_in_the_file_before_it() {
    for row in GUARANTEES.lines().filter(|line| line.starts_with("| **")) {
        let mut file = String::new();
        for (place, part) in row.split('`').enumerate() {
            if place % 2 == 0 {
                if part.contains("conformance:") {
                    file = source("eventsourcing-core/src/recording/conformance");
                }
            } else if part.contains('/') {
                file = source(part);
            } else if part.matches('_').count() >= 3 {
                assert!(file.contains(&format!("fn {part}")), "`{part}` is not in the file before it");
            }
        }
    }
}

/// The variants in the reference of errors, each with the types that its section is about.
fn documented_variants() -> Vec<(Vec<&'static str>, &'static str)> {
    let (mut errors, mut variants) = (vec![], vec![]);
    for line in ERRORS.lines() {
        let names: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        if line.starts_with("## ") {
            errors = names;
        } else if line.starts_with("### Aggregates") {
            errors.push("AggregateError");
        } else if let (Some(variant), true) = (names.first(), line.starts_with("| `"))
            && !errors.is_empty()
        {
            variants.push((errors.clone(), *variant));
        }
    }
    assert!(variants.len() > 100, "{variants:?}");
    variants
}

/// The public variants with their types. A variant is listed as `pub eventsourcing_core::Error::Mapper(…)`.
fn public_variants() -> BTreeSet<(&'static str, &'static str)> {
    let listed = API.lines().filter(|line| line.starts_with("pub eventsourcing_core::"));
    let paths = listed.filter_map(|line| line.split(['(', ' ']).nth(1));
    let names = paths.filter_map(|path| {
        let mut names = path.rsplit("::");
        let variant = names.next()?;
        Some((names.next()?, variant))
    });
    names.filter(|(_, variant)| variant.starts_with(|first: char| first.is_ascii_uppercase())).collect()
}

#[test]
fn every_variant_in_the_reference_of_errors_is_public() {
    let public = public_variants();
    for (errors, variant) in documented_variants() {
        let is_public = errors.iter().any(|of| public.contains(&(of, variant)));
        assert!(is_public, "there is no variant `{variant}` in {errors:?}");
    }
}

#[test]
fn every_public_variant_of_an_error_is_in_its_reference() {
    let documented: BTreeSet<(&str, &str)> = documented_variants()
        .into_iter()
        .flat_map(|(errors, variant)| errors.into_iter().map(move |of| (of, variant)))
        .collect();
    let types: BTreeSet<&str> = documented.iter().map(|(of, _)| *of).collect();
    for (of, variant) in public_variants().into_iter().filter(|(of, _)| types.contains(of)) {
        assert!(documented.contains(&(of, variant)), "`{of}::{variant}` is not in docs/reference/errors.md");
    }
}

#[test]
fn every_type_of_the_databases_is_in_the_facade() {
    let facade = source("src/database.rs");
    let declared =
        API_OF_DATABASES.lines().filter_map(|line| line.split("eventsourcing_sqlx::").nth(1).zip(Some(line)));
    let types =
        declared.filter(|(_, line)| ["pub struct ", "pub enum ", "pub trait "].iter().any(|it| line.contains(it)));
    let names: BTreeSet<&str> =
        types.filter_map(|(path, _)| path.split(|c: char| !c.is_alphanumeric()).next()).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let is_there = facade.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
        assert!(is_there, "`{name}` is not re-exported in src/database.rs");
    }
}
