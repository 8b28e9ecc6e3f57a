//! Reads the workspace's manifests: members, packages, features, the rust-version.
//!
//! They are read line by line, because we write them ourselves. A parser of TOML would be a dependency that every contributor has to build.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, While};

/// A package and a set of features, as arguments of cargo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FeatureSet {
    pub(crate) package: String,
    pub(crate) arguments: Vec<String>,
}

/// A package that is published.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// Returns the packages that are published: the members without `publish = false`, the facade first.
pub(crate) fn published(root: &Path) -> Result<Vec<Published>, Failure> {
    let mut published = Vec::new();
    for member in members(&read(&root.join("Cargo.toml"))?) {
        let folder = root.join(member);
        let path = folder.join("Cargo.toml");
        let manifest = read(&path)?;
        if is_published(&manifest) {
            published.push(Published { name: named(&manifest, &path)?, folder });
        }
    }
    if published.is_empty() {
        return Err(Failure::new(
            "no member of the workspace is published: xtask/src/manifest.rs misread the manifests",
        ));
    }
    Ok(published)
}

/// Returns the metadata that registries and docs.rs show and that a package's manifest lacks.
pub(crate) fn missing_metadata(package: &Published) -> Result<Vec<&'static str>, Failure> {
    let keys = keys(&read(&package.folder.join("Cargo.toml"))?, "package");
    let shown = ["description", "readme", "license", "keywords", "categories", "documentation", "rust-version"];
    let is_there = |shown: &&str| keys.iter().any(|key| key == shown || key.strip_suffix(".workspace") == Some(*shown));
    Ok(shown.into_iter().filter(|shown| !is_there(shown)).collect())
}

/// Returns the rust-version that the packages declare, such as `1.94`.
pub(crate) fn rust_version(root: &Path) -> Result<String, Failure> {
    of_all_packages(root, "rust-version")
}

/// Returns the version of all packages.
pub(crate) fn version(root: &Path) -> Result<String, Failure> {
    of_all_packages(root, "version")
}

fn of_all_packages(root: &Path, key: &str) -> Result<String, Failure> {
    let path = root.join("Cargo.toml");
    value(&read(&path)?, "workspace.package", key)
        .ok_or_else(|| Failure::new(format!("{} has no {key} in [workspace.package]", path.display())))
}

/// Returns three kinds of feature sets for every package with features: none, the defaults, and each feature alone.
pub(crate) fn feature_sets(root: &Path) -> Result<Vec<FeatureSet>, Failure> {
    let mut sets = Vec::new();
    for member in members(&read(&root.join("Cargo.toml"))?) {
        let path = root.join(member).join("Cargo.toml");
        let manifest = read(&path)?;
        let features = keys(&manifest, "features");
        if features.is_empty() {
            continue;
        }
        sets.extend(sets_of(&named(&manifest, &path)?, &features));
    }
    if sets.is_empty() {
        // without this, a reader that finds nothing would always pass
        return Err(Failure::new(
            "no member of the workspace has features: xtask/src/manifest.rs misread the manifests",
        ));
    }
    Ok(sets)
}

fn sets_of(package: &str, features: &[String]) -> Vec<FeatureSet> {
    let set = |arguments: &[&str]| FeatureSet {
        package: package.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
    };
    let defaults = features.iter().any(|feature| feature == "default").then(|| set(&[]));
    let alone = features.iter().filter(|feature| *feature != "default");
    std::iter::once(set(&["--no-default-features"]))
        .chain(defaults)
        .chain(alone.map(|feature| set(&["--no-default-features", "--features", feature])))
        .collect()
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).while_doing(|| format!("reading {}", path.display()))
}

/// Returns the `key = value` pairs of a table. A value of several lines is joined.
fn pairs(manifest: &str, table: &str) -> Vec<(String, String)> {
    let mut lines = manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let header = format!("[{table}]");
    let mut pairs = Vec::new();
    if !lines.any(|line| line == header) {
        return pairs;
    }
    while let Some(line) = lines.next() {
        if line.starts_with('[') {
            break;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let mut value = value.trim().to_owned();
        while value.starts_with('[') && !value.contains(']') {
            let Some(next) = lines.next() else { break };
            value.push_str(next);
        }
        pairs.push((key.trim().trim_matches('"').to_owned(), value));
    }
    pairs
}

fn keys(manifest: &str, table: &str) -> Vec<String> {
    pairs(manifest, table).into_iter().map(|(key, _)| key).collect()
}

fn members(manifest: &str) -> Vec<String> {
    let pairs = pairs(manifest, "workspace");
    let value = pairs.iter().find(|(key, _)| key == "members").map_or("", |(_, value)| value);
    // the text between quotes is every second piece
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn named(manifest: &str, path: &Path) -> Result<String, Failure> {
    value(manifest, "package", "name").ok_or_else(|| Failure::new(format!("{} names no package", path.display())))
}

fn is_published(manifest: &str) -> bool {
    value(manifest, "package", "publish").as_deref() != Some("false")
}

/// Returns the value of a key, without its quotes.
fn value(manifest: &str, table: &str, key: &str) -> Option<String> {
    let (_, value) = pairs(manifest, table).into_iter().find(|(name, _)| name == key)?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[workspace]
members = [
    ".",
    "core", # the core
]

[package]
name = "house"

[features]
# what variables can choose
default = ["red", "blue"]
red = [
    "core/red",
]
blue = []

[dependencies]
green = "1"
"#;

    #[test]
    fn every_feature_is_tried_alone_and_none_and_the_defaults() {
        assert_eq!(keys(MANIFEST, "features"), ["default", "red", "blue"]);
        let sets = sets_of("house", &keys(MANIFEST, "features"));
        let lines: Vec<String> = sets.iter().map(|set| set.arguments.join(" ")).collect();
        assert_eq!(
            lines,
            [
                "--no-default-features",
                "",
                "--no-default-features --features red",
                "--no-default-features --features blue"
            ]
        );
    }

    #[test]
    fn members_and_names_are_read() {
        assert_eq!(members(MANIFEST), [".", "core"]);
        assert_eq!(value(MANIFEST, "package", "name").as_deref(), Some("house"));
    }

    #[test]
    fn a_package_with_publish_false_is_not_published() {
        assert!(is_published(MANIFEST));
        assert!(!is_published("[package]\nname = \"tool\"\npublish = false\n"));
    }

    #[test]
    fn the_real_manifests_publish_the_library_and_not_its_tools() {
        let published = published(&crate::run::root()).expect("the workspace's manifests");
        let names: Vec<&str> = published.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "eventsourcing",
                "eventsourcing-core",
                "eventsourcing-macros",
                "eventsourcing-sqlx",
                "eventsourcing-explorer"
            ]
        );
    }

    #[test]
    fn the_facades_features_are_found_in_the_real_manifests() {
        let sets = feature_sets(&crate::run::root()).expect("the workspace's manifests");
        for feature in
            ["sqlite", "postgres", "zstd", "zlib", "chacha20poly1305", "ring", "aes", "conformance", "testing"]
        {
            let tried = |set: &FeatureSet| {
                set.package == "eventsourcing" && set.arguments.last().is_some_and(|last| last == feature)
            };
            assert!(sets.iter().any(tried), "{feature}");
        }
    }
}
