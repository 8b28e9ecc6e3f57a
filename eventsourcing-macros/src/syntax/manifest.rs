//! The name under which the crate that is compiled depends on the library, from its `Cargo.toml`.
//!
//! A macro cannot ask the compiler. Cargo names the manifest's folder in a variable. The file is read by lines, as far as this
//! question needs: where it is not understood, the library has its own name.

use std::path::{Path, PathBuf};
use std::{env, fs};

const LIBRARY: &str = "eventsourcing";

/// The name of the renamed dependency; none if it is not renamed, or if it is not clear under which name.
pub(super) fn renamed_library() -> Option<String> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    renamed(&manifest, || workspace_manifest(&folder))
}

/// The manifest of the nearest workspace.
fn workspace_manifest(folder: &Path) -> Option<String> {
    let manifests = folder.ancestors().filter_map(|folder| fs::read_to_string(folder.join("Cargo.toml")).ok());
    manifests.into_iter().find(|manifest| manifest.lines().any(|line| line.trim_start().starts_with("[workspace")))
}

fn renamed(manifest: &str, workspace: impl FnOnce() -> Option<String>) -> Option<String> {
    let own = dependencies(manifest, false);
    if own.iter().any(|dependency| dependency.name == LIBRARY) {
        return None;
    }
    let shared = match own.iter().any(|dependency| dependency.is_inherited) {
        true => dependencies(&workspace()?, true),
        false => Vec::new(),
    };
    let is_library = |dependency: &&Dependency| {
        let inherits = || shared.iter().find(|shared| shared.name == dependency.name);
        let origin = if dependency.is_inherited { inherits() } else { Some(*dependency) };
        origin.is_some_and(|origin| origin.package.as_deref() == Some(LIBRARY))
    };
    let mut names: Vec<String> = own.iter().filter(is_library).map(|found| found.name.replace('-', "_")).collect();
    names.sort_unstable();
    names.dedup();
    // of two versions, the macro cannot know which one it belongs to
    names.pop().filter(|_| names.is_empty())
}

/// A dependency, under the name that the crate knows it by.
#[derive(Default)]
struct Dependency {
    name: String,
    package: Option<String>,
    is_inherited: bool,
}

impl Dependency {
    fn named(name: &str) -> Self {
        Self { name: unquoted(name).to_owned(), ..Self::default() }
    }

    /// Takes `package = "…"` and `workspace = true` from the value of a dependency.
    fn take(&mut self, value: &str) {
        if let Some(package) = field(value, "package") {
            self.package = Some(unquoted(package).to_owned());
        }
        self.is_inherited |= field(value, "workspace").is_some();
    }
}

/// The dependencies of a manifest, or those that the members of its workspace share.
fn dependencies(manifest: &str, of_workspace: bool) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut section = Section::Other;
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            section = Section::of(header, of_workspace);
            if let Section::Dependency(name) = &section {
                found.push(Dependency::named(name));
            }
            continue;
        }
        match (&section, line.split_once('=')) {
            // `es = { … }`, `es.package = "…"`
            (Section::Dependencies, Some((key, value))) if is_key(key) => {
                let (name, option) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
                if found.last().is_none_or(|last| last.name != unquoted(name)) {
                    found.push(Dependency::named(name));
                }
                let value = if option.is_empty() { value.to_owned() } else { format!("{option} = {value}") };
                found.last_mut().into_iter().for_each(|last| last.take(&value));
            }
            // the next lines of a value, and those of `[dependencies.es]`
            (Section::Dependencies | Section::Dependency(_), _) => {
                found.last_mut().into_iter().for_each(|last| last.take(line));
            }
            (Section::Other, _) => {}
        }
    }
    found
}

/// The part of a manifest that a line belongs to.
enum Section {
    /// `[dependencies]`, `[dev-dependencies]`, `[target.'cfg(unix)'.dependencies]`
    Dependencies,
    /// `[dependencies.es]`
    Dependency(String),
    Other,
}

impl Section {
    fn of(header: &str, of_workspace: bool) -> Self {
        let header = header.trim_end_matches(|end| end != ']').trim_end_matches(']');
        match header.rsplit_once("dependencies") {
            Some((before, _)) if before.starts_with("workspace.") != of_workspace => Self::Other,
            Some((_, "")) => Self::Dependencies,
            Some((_, rest)) => rest.strip_prefix('.').map_or(Self::Other, |name| Self::Dependency(name.to_owned())),
            None => Self::Other,
        }
    }
}

/// Whether this is a name, and not a part of a value that contains `=`.
fn is_key(text: &str) -> bool {
    let is_of_names = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '"');
    text.trim().chars().all(is_of_names)
}

/// The value of `name = value` in an inline table.
fn field<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    table.split(['{', '}', ',']).find_map(|field| {
        let (key, value) = field.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim().trim_start_matches(['"', '\'']);
    text.split(['"', '\'']).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::renamed;

    fn alone(manifest: &str) -> Option<String> {
        renamed(manifest, || None)
    }

    #[test]
    fn every_way_to_rename_a_dependency_is_understood() {
        for manifest in [
            "[dependencies]\nes = { package = \"eventsourcing\", version = \"0.1\" }",
            "[dependencies]\nserde = \"1\"\nes = { version = \"0.1\", features = [\n  \"sqlite\",\n], package = \"eventsourcing\" }",
            "[dependencies]\nes.package = \"eventsourcing\"\nes.version = \"0.1\"",
            "[dependencies.es]\nversion = \"0.1\"\npackage = \"eventsourcing\" # renamed",
            "[dev-dependencies]\n\"es\" = { package = 'eventsourcing', path = \"..\" }",
            "[target.'cfg(unix)'.dependencies]\nes = { package = \"eventsourcing\" }",
        ] {
            assert_eq!(alone(manifest).as_deref(), Some("es"), "{manifest}");
        }
        assert_eq!(alone("[dependencies]\nmy-es = { package = \"eventsourcing\" }").as_deref(), Some("my_es"));
    }

    #[test]
    fn a_dependency_that_is_not_renamed_or_not_clear_has_its_own_name() {
        for manifest in [
            "[dependencies]\neventsourcing = \"0.1\"",
            "[dependencies]\neventsourcing = { path = \"..\" }\nold = { package = \"eventsourcing\", version = \"0.1\" }",
            "[dependencies]\nold = { package = \"eventsourcing\", version = \"0.1\" }\nnew = { package = \"eventsourcing\", version = \"0.2\" }",
            "[dependencies]\nes = { package = \"eventsourcing-core\" }",
            "[dependencies]\n# es = { package = \"eventsourcing\" }",
            "[features]\nes = [\"dep:es\"]\n[package]\nname = \"eventsourcing\"",
            "[workspace.dependencies]\nes = { package = \"eventsourcing\" }",
            "",
        ] {
            assert_eq!(alone(manifest), None, "{manifest}");
        }
    }

    #[test]
    fn a_dependency_that_the_workspace_renames_is_understood() {
        let workspace = "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nes = { package = \"eventsourcing\", version = \"0.1\" }";
        for member in ["[dependencies]\nes.workspace = true", "[dependencies]\nes = { workspace = true }"] {
            assert_eq!(renamed(member, || Some(workspace.to_owned())).as_deref(), Some("es"), "{member}");
        }
        let other = "[dependencies]\nserde.workspace = true";
        assert_eq!(renamed(other, || Some(workspace.to_owned())), None);
    }
}
