//! Checks that the modules of each crate are layered: none imports a module that imports it, directly or indirectly.
//!
//! The source is read as text, because a parser of Rust would be a dependency that every contributor has to build. Files of one folder may
//! import each other. A folder and its siblings may not form a circle, and neither may the modules at the root of a crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::imports::{self, Import};
use crate::failure::{Failure, While as _};

/// The crates whose modules are checked, by their source folder.
const CRATES: &[&str] = &[
    "src",
    "eventsourcing-core/src",
    "eventsourcing-macros/src",
    "eventsourcing-sqlx/src",
    "eventsourcing-explorer/src",
    "xtask/src",
];

/// The path of a module below the root of its crate.
type Module = Vec<String>;

/// The modules of one crate and their imports.
#[derive(Debug, Default)]
struct Crate {
    /// Each module with its file and its imports.
    modules: BTreeMap<Module, (String, Vec<Import>)>,
    /// The paths from which names are re-exported.
    re_exports: BTreeMap<Module, Module>,
}

/// Checks every crate of the workspace.
pub(super) fn check(root: &Path) -> Result<(), Failure> {
    let mut circles = Vec::new();
    for source in CRATES {
        let mut read = Crate::default();
        read.read_folder(&root.join(source), source, &[])?;
        if read.modules.is_empty() {
            return Err(Failure::new(format!(
                "{source} has no modules: xtask/src/check/modules.rs looks in the wrong place"
            )));
        }
        circles.extend(read.circles());
    }
    if circles.is_empty() { Ok(()) } else { Err(Failure::new(circles.join("\n"))) }
}

impl Crate {
    fn read_folder(&mut self, folder: &Path, shown: &str, module: &[String]) -> Result<(), Failure> {
        let entries = fs::read_dir(folder).while_doing(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry.while_doing(|| format!("reading {}", folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let shown = format!("{shown}/{name}");
            if entry.path().is_dir() {
                self.read_folder(&entry.path(), &shown, &child(module, &name))?;
            } else if let Some(stem) = name.strip_suffix(".rs") {
                let module = if ["lib", "main", "mod"].contains(&stem) { module.to_vec() } else { child(module, stem) };
                let text = fs::read_to_string(entry.path()).while_doing(|| format!("reading {shown}"))?;
                self.add(module, shown, &text);
            }
        }
        Ok(())
    }

    fn add(&mut self, module: Module, file: String, text: &str) {
        let imports = imports::of(text, &module);
        for import in imports.iter().filter(|import| import.is_public) {
            if let Some(name) = import.path.last() {
                self.re_exports.insert(child(&module, name), import.path.clone());
            }
        }
        self.modules.insert(module, (file, imports));
    }

    /// Returns the module in which a path is defined: re-exports are followed, and names of items are left out.
    fn module_of(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // re-exports of re-exports form short chains; a longer one is a circle
        for _ in 0..8 {
            let re_export = (1..=path.len()).find_map(|end| {
                let (head, rest) = path.split_at(end);
                self.re_exports
                    .get(head)
                    .filter(|target| *target != head)
                    .map(|target| [target.as_slice(), rest].concat())
            });
            match re_export {
                Some(next) if !self.modules.contains_key(&path) => path = next,
                _ => break,
            }
        }
        while !path.is_empty() && !self.modules.contains_key(&path) {
            path.pop();
        }
        path
    }

    /// Returns messages about modules that import each other.
    fn circles(&self) -> Vec<String> {
        // for each parent, the imports between its children, each with a file that contains it
        let mut levels: BTreeMap<Module, BTreeMap<String, BTreeMap<String, &str>>> = BTreeMap::new();
        for (module, (file, imports)) in &self.modules {
            for import in imports {
                let target = self.module_of(&import.path);
                let common = module.iter().zip(&target).take_while(|(own, other)| own == other).count();
                if let (Some(own), Some(other)) = (module.get(common), target.get(common)) {
                    let level = levels.entry(module[..common].to_vec()).or_default();
                    level.entry(own.clone()).or_default().insert(other.clone(), file);
                }
            }
        }
        levels.iter().flat_map(|(parent, level)| self.circles_of(parent, level)).collect()
    }

    fn circles_of(&self, parent: &[String], level: &BTreeMap<String, BTreeMap<String, &str>>) -> Vec<String> {
        let mut reported = BTreeSet::new();
        let mut circles = Vec::new();
        for start in level.keys() {
            let Some(circle) = path_back(start, level) else { continue };
            let members: BTreeSet<_> = circle.iter().cloned().collect();
            let is_folder = |name: &String| {
                let module = child(parent, name);
                self.modules.keys().any(|other| other.len() > module.len() && other.starts_with(&module))
            };
            if (parent.is_empty() || members.iter().any(is_folder)) && reported.insert(members) {
                let steps = circle.iter().zip(circle.iter().cycle().skip(1));
                let steps = steps.map(|(from, to)| {
                    let file = level.get(from).and_then(|targets| targets.get(to)).copied().unwrap_or_default();
                    format!("{} imports {} ({file})", name_of(parent, from), name_of(parent, to))
                });
                circles.push(format!("modules form a circle: {}", steps.collect::<Vec<_>>().join(", ")));
            }
        }
        circles
    }
}

/// Returns the shortest circle from a module back to itself.
fn path_back(start: &str, level: &BTreeMap<String, BTreeMap<String, &str>>) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut paths = vec![vec![start.to_owned()]];
    while !paths.is_empty() {
        let mut longer = Vec::new();
        for path in paths {
            let Some(targets) = path.last().and_then(|last| level.get(last)) else { continue };
            for target in targets.keys() {
                if target == start {
                    return Some(path);
                }
                if seen.insert(target.clone()) {
                    longer.push([path.as_slice(), std::slice::from_ref(target)].concat());
                }
            }
        }
        paths = longer;
    }
    None
}

fn child(parent: &[String], name: &str) -> Module {
    [parent, &[name.to_owned()]].concat()
}

fn name_of(parent: &[String], name: &str) -> String {
    format!("`{}`", child(parent, name).join("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let mut read = Crate::default();
        for (module, text) in files {
            let module: Module = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            let file = format!("{}.rs", module.join("/"));
            read.add(module, file, text);
        }
        read.circles()
    }

    #[test]
    fn modules_at_the_root_that_import_each_other_are_a_circle() {
        let circles = of(&[("", "mod a; mod b;"), ("a", "use crate::b::B;"), ("b", "fn f() { crate::a::g() }")]);
        assert_eq!(circles, ["modules form a circle: `a` imports `b` (a.rs), `b` imports `a` (b.rs)"]);
    }

    #[test]
    fn a_circle_through_a_re_export_is_found() {
        let files = [
            ("", "mod a; mod b; pub use a::A;"),
            ("a", "mod x;\npub use self::x::A;"),
            ("a::x", "use crate::b::B;"),
            ("b", "use crate::A;"),
        ];
        assert_eq!(of(&files).len(), 1);
    }

    #[test]
    fn a_folder_and_its_neighbour_that_import_each_other_are_a_circle() {
        let files = [("a", ""), ("a::x", "use super::y::Y;"), ("a::x::deep", ""), ("a::y", "use super::x::deep::Z;")];
        assert_eq!(of(&files).len(), 1);
    }

    #[test]
    fn files_of_one_folder_may_import_each_other() {
        assert!(of(&[("a", ""), ("a::x", "use super::y::Y;"), ("a::y", "use super::x::X;")]).is_empty());
    }

    #[test]
    fn what_only_goes_down_is_no_circle() {
        let files = [("a", "use crate::b::B;"), ("b", "use crate::c::{self, C};"), ("c", "// use crate::a::A;")];
        assert!(of(&files).is_empty());
    }
}
