//! The list of what a run must undo. Entries are written in advance, so that the next run can undo them for a run that was killed.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{cluster, compose};
use crate::failure::{Failure, While};

/// Something that a run creates outside of its own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A private folder somewhere else.
    Folder(PathBuf),
    /// A server of the binaries in `binaries`, on the data in `data`.
    Cluster { binaries: PathBuf, data: PathBuf },
    /// A project of `docker compose`.
    Compose(String),
}

impl Entry {
    fn to_line(&self) -> String {
        match self {
            Self::Folder(path) => format!("folder\t{}", path.display()),
            Self::Cluster { binaries, data } => {
                format!("cluster\t{}\t{}", binaries.display(), data.display())
            }
            Self::Compose(project) => format!("compose\t{project}"),
        }
    }

    /// Reads the entry of a line; `None` for a line that a killed run did not finish.
    fn from_line(line: &str) -> Option<Self> {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["folder", path] => Some(Self::Folder(path.into())),
            ["cluster", binaries, data] => Some(Self::Cluster { binaries: binaries.into(), data: data.into() }),
            ["compose", project] => Some(Self::Compose(project.to_owned())),
            _ => None,
        }
    }

    /// Undoes it, if there is anything to undo.
    fn undo(&self) -> Result<(), Failure> {
        match self {
            Self::Folder(path) => remove(path),
            Self::Cluster { binaries, data } => cluster::stop(binaries, data),
            Self::Compose(project) => compose::down(project),
        }
    }
}

/// Adds an entry to the ledger of a run's folder.
pub(super) fn note(run_folder: &Path, entry: &Entry) -> Result<(), Failure> {
    let path = run_folder.join("ledger");
    let doing = || format!("writing {}", path.display());
    let mut file = OpenOptions::new().create(true).append(true).open(&path).while_doing(doing)?;
    file.write_all(format!("{}\n", entry.to_line()).as_bytes()).while_doing(doing)
}

/// Undoes what the ledger of a run's folder lists, the last first.
///
/// # Errors
///
/// Everything that could not be undone. The rest is undone in any case.
pub(super) fn undo(run_folder: &Path) -> Result<(), Failure> {
    // a run that was killed before it created anything has no ledger
    let text = fs::read_to_string(run_folder.join("ledger")).unwrap_or_default();
    let complete = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let entries: Vec<Entry> = complete.filter_map(Entry::from_line).collect();
    let failures: Vec<String> =
        entries.iter().rev().filter_map(|entry| entry.undo().err()).map(|failure| failure.to_string()).collect();
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("; "))) }
}

/// Removes a folder, if it exists.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(path) {
        Err(error) if path.exists() => Err(Failure::new(format!("removing {}: {error}", path.display()))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_written() {
        let entries = [
            Entry::Folder("/tmp/with space".into()),
            Entry::Cluster { binaries: "/pg/bin".into(), data: "/tmp/data".into() },
            Entry::Compose("eventsourcing-test-7".to_owned()),
        ];
        for entry in entries {
            assert_eq!(Entry::from_line(&entry.to_line()), Some(entry));
        }
    }

    #[test]
    fn a_line_cut_short_is_no_entry() {
        assert_eq!(Entry::from_line("cluster\t/pg/bin"), None);
        assert_eq!(Entry::from_line(""), None);
    }
}
