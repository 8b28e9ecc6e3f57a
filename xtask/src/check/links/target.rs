//! The target of a link in the repository.

use std::path::{Component, Path, PathBuf};

/// A file of the repository, and a heading in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The path from the repository's root.
    pub(super) path: PathBuf,
    pub(super) anchor: Option<String>,
}

impl Target {
    /// Returns the target of a link on a page; `None` if it leads out of the repository.
    pub(super) fn of(page: &Path, link: &str) -> Option<Self> {
        let is_address = link.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        });
        if is_address {
            return None;
        }
        let (path, anchor) = match link.split_once('#') {
            Some((path, anchor)) => (path, Some(anchor.to_owned())),
            None => (link, None),
        };
        let path = if path.is_empty() { page.to_path_buf() } else { below(page.parent()?, path) };
        Some(Self { path, anchor })
    }
}

/// Resolves a relative path from a folder.
fn below(folder: &Path, relative: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for component in Path::new(relative).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(link: &str) -> Option<(String, Option<String>)> {
        let target = Target::of(Path::new("docs/topics/http.md"), link)?;
        Some((target.path.to_string_lossy().into_owned(), target.anchor))
    }

    #[test]
    fn a_relative_link_starts_from_its_page() {
        assert_eq!(target("systems.md"), Some(("docs/topics/systems.md".to_owned(), None)));
        assert_eq!(target("../../README.md#a"), Some(("README.md".to_owned(), Some("a".to_owned()))));
        assert_eq!(target("#here"), Some(("docs/topics/http.md".to_owned(), Some("here".to_owned()))));
    }

    #[test]
    fn an_address_leads_out_of_the_repository() {
        assert_eq!(target("https://example.org/a#b"), None);
        assert_eq!(target("mailto:a@example.org"), None);
    }
}
