//! Checks that every relative link of the documentation leads to a file, and every anchor to a heading.

mod labels;
mod page;
mod slug;
mod target;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use page::Page;
use target::Target;

use crate::failure::{Failure, While as _};

/// The folders whose pages are not read as files: rustdoc resolves their links.
const OF_RUSTDOC: &[&str] = &["src", "eventsourcing-macros/docs"];

/// The pages of a repository, by their path from its root.
type Pages = BTreeMap<PathBuf, Page>;

/// Checks every page below the root.
pub(super) fn check(root: &Path) -> Result<(), Failure> {
    let mut pages = Pages::new();
    read_folder(root, Path::new(""), &mut pages)?;
    if pages.len() < 2 {
        return Err(Failure::new("no pages were found: xtask/src/check/links looks in the wrong place"));
    }
    let mut broken = broken(root, &pages);
    broken.extend(labels::broken(root, &pages)?);
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(broken.join("\n"))) }
}

fn read_folder(root: &Path, folder: &Path, pages: &mut Pages) -> Result<(), Failure> {
    let shown = || format!("reading {}", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder)).while_doing(shown)? {
        let entry = entry.while_doing(shown)?;
        let path = folder.join(entry.file_name());
        let is_left_out = entry.file_name() == "target"
            || entry.file_name().to_string_lossy().starts_with('.')
            || OF_RUSTDOC.iter().any(|left_out| path == Path::new(left_out));
        if entry.path().is_dir() {
            if !is_left_out {
                read_folder(root, &path, pages)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(entry.path()).while_doing(|| format!("reading {}", path.display()))?;
            pages.insert(path, Page::read(&text));
        }
    }
    Ok(())
}

/// Returns messages about links that lead nowhere.
fn broken(root: &Path, pages: &Pages) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, page) in pages {
        let place = |line: usize| format!("{}:{line}", path.display());
        for link in page.inline.iter().chain(page.labels.values()) {
            let Some(target) = Target::of(path, &link.target) else { continue };
            if let Some(why) = why_not(&target, root, pages) {
                broken.push(format!("{}: `{}` is broken: {why}", place(link.line), link.target));
            }
        }
        for link in &page.undefined {
            broken.push(format!("{}: the label `[{}]` is not defined on its page", place(link.line), link.target));
        }
    }
    broken
}

/// Returns the reason why a target does not exist, if it does not.
fn why_not(target: &Target, root: &Path, pages: &Pages) -> Option<String> {
    let path = target.path.display();
    let page = pages.get(&target.path);
    if page.is_none() && !root.join(&target.path).exists() {
        return Some(format!("there is no file {path}"));
    }
    let anchor = target.anchor.as_deref()?;
    // anchors in source files, such as line numbers, are defined by the host
    let page = page?;
    (!page.anchors.contains(anchor)).then(|| format!("{path} has no heading `#{anchor}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is broken on a page of the folder `xtask`, beside a README with the heading "There".
    fn broken_on(text: &str) -> Vec<String> {
        let pages = [("xtask/page.md", text), ("README.md", "# There")];
        let pages = pages.map(|(path, text)| (PathBuf::from(path), Page::read(text))).into();
        broken(&crate::run::root(), &pages)
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_is_broken() {
        assert_eq!(
            broken_on("one\n[a](../no-such.md)"),
            ["xtask/page.md:2: `../no-such.md` is broken: there is no file no-such.md"]
        );
        assert_eq!(broken_on("[a][a]\n\n[a]: nowhere/b.rs").len(), 1);
        assert_eq!(broken_on("![a](../missing.svg)").len(), 1);
    }

    #[test]
    fn a_link_to_a_heading_that_is_not_there_is_broken() {
        assert_eq!(
            broken_on("[a](../README.md#here)"),
            ["xtask/page.md:1: `../README.md#here` is broken: README.md has no heading `#here`"]
        );
        assert_eq!(broken_on("# Top\n[a](#bottom)").len(), 1);
    }

    #[test]
    fn an_undefined_label_is_broken() {
        assert_eq!(broken_on("[a][b]"), ["xtask/page.md:1: the label `[b]` is not defined on its page"]);
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let text = "# Top\n[t](#top) [a](../README.md#there) [b](Cargo.toml) [c](src/) [d](https://example.org/#x) [e](mailto:a@b.c)";
        assert_eq!(broken_on(text), [""; 0]);
    }

    #[test]
    fn the_repositorys_links_are_found_and_resolve() {
        check(&crate::run::root()).expect("a broken link");
    }
}
