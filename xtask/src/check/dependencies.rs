//! Checks of the dependencies that run whether or not cargo-deny is installed.

use std::collections::{BTreeMap, BTreeSet};

use crate::failure::Failure;
use crate::run::{cargo, output_of};

/// The first `libsqlite3-sys` whose bundled SQLite (3.51.3) has no WAL-reset bug: older ones can lose committed writes.
const OLDEST_SQLITE: (u64, u64) = (0, 37);

/// Crates that handle keys, encrypted states or connections. A security fix may not reach a second copy of one.
const CRYPTOGRAPHY: &[&str] = &[
    "aead",
    "aes",
    "aes-gcm",
    "chacha20",
    "chacha20poly1305",
    "cipher",
    "ctr",
    "ghash",
    "hkdf",
    "hmac",
    "inout",
    "poly1305",
    "polyval",
    "ring",
    "rustls",
    "rustls-webpki",
    "sha1",
    "sha2",
    "subtle",
    "universal-hash",
    "zeroize",
];

/// Second copies that are accepted, with their versions and the reasons. Other versions are not accepted.
const BEARABLE: &[(&str, &str)] = &[
    // sqlx-core 0.9 fingerprints its migrations with it, and we do not use its migrations
    ("sha2", "0.10"),
];

/// The versions of each package of the resolved tree.
type Tree = BTreeMap<String, BTreeSet<String>>;

/// Checks the tree that all features of the workspace resolve to, on all platforms.
pub(super) fn check() -> Result<(), Failure> {
    let shipped = ["tree", "--workspace", "--all-features", "--target", "all", "--edges", "normal,build"];
    let mut command = cargo(shipped);
    // `--locked`: Cargo.lock is checked and must not be changed
    command.args(["--prefix", "none", "--format", "{p}", "--locked"]);
    // otherwise cargo's progress would be mixed with the tree
    command.arg("--quiet");
    let tree = parse(&output_of(command)?);
    let mut problems = check_sqlite(&tree);
    problems.extend(check_cryptography(&tree));
    if problems.is_empty() { Ok(()) } else { Err(Failure::new(problems.join("\n"))) }
}

/// Reads lines like `sha2 v0.11.1 (*)`.
fn parse(text: &str) -> Tree {
    let mut tree = Tree::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v'))) {
            tree.entry(name.to_owned()).or_default().insert(version.to_owned());
        }
    }
    tree
}

fn check_sqlite(tree: &Tree) -> Vec<String> {
    let versions: Vec<&String> = tree.get("libsqlite3-sys").into_iter().flatten().collect();
    match versions[..] {
        [version] if major_minor(version).is_some_and(|found| found >= OLDEST_SQLITE) => Vec::new(),
        [version] => vec![format!(
            "libsqlite3-sys {version} is resolved, but its SQLite can lose committed writes; \
             raise it: cargo update --package libsqlite3-sys --precise 0.37.0"
        )],
        [] => vec!["libsqlite3-sys is not in the dependency tree: eventsourcing-sqlx must depend on it, to pin SQLite's version".to_owned()],
        _ => vec![format!("libsqlite3-sys is resolved more than once ({}): one SQLite may corrupt what another writes", list(&versions))],
    }
}

fn check_cryptography(tree: &Tree) -> Vec<String> {
    let doubled = CRYPTOGRAPHY.iter().filter_map(|name| {
        let is_bearable = |version: &str| {
            BEARABLE.iter().any(|(bearable, series)| {
                bearable == name && version.strip_prefix(series).is_some_and(|patch| patch.starts_with('.'))
            })
        };
        let versions: Vec<&String> = tree.get(*name)?.iter().filter(|version| !is_bearable(version)).collect();
        (versions.len() > 1).then(|| {
            format!("{name} is resolved more than once ({}); `cargo tree --workspace --all-features --target all --invert {name}@<version>` shows why", list(&versions))
        })
    });
    doubled.collect()
}

fn list(versions: &[&String]) -> String {
    versions.iter().map(|version| version.as_str()).collect::<Vec<_>>().join(", ")
}

fn major_minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str =
        "eventsourcing v0.1.0 (/here)\nlibsqlite3-sys v0.37.0\nsha2 v0.11.1\naes v0.9.4\naes v0.9.4 (*)\n";

    fn problems(text: &str) -> Vec<String> {
        let tree = parse(text);
        [check_sqlite(&tree), check_cryptography(&tree)].concat()
    }

    #[test]
    fn a_sound_tree_passes() {
        assert!(problems(SOUND).is_empty());
    }

    #[test]
    fn an_old_sqlite_a_second_one_and_none_are_refused() {
        for (text, word) in [
            (SOUND.replace("0.37.0", "0.36.9"), "0.36.9"),
            (format!("{SOUND}libsqlite3-sys v0.38.1"), "more than once"),
            (SOUND.replace("libsqlite3-sys", "other"), "not in the dependency tree"),
        ] {
            let found = problems(&text);
            assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
        }
    }

    #[test]
    fn cryptography_twice_is_refused_but_for_the_known_copy() {
        assert!(problems(&format!("{SOUND}sha2 v0.10.9")).is_empty());
        assert_eq!(problems(&format!("{SOUND}sha2 v0.12.0")).len(), 1);
        assert_eq!(problems(&format!("{SOUND}aes v0.8.4")).len(), 1);
    }
}
