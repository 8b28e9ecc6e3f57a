//! What a run must undo, written down before it is done: so the next run can undo it for one that was killed.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{cluster, compose};
use crate::failure::{Failure, While};

/// A thing that a run makes outside its own folder.
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

    /// The entry of a line; none for a line that a killed run left unfinished.
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
/// All that could not be undone; the rest is undone all the same.
pub(super) fn undo(run_folder: &Path) -> Result<(), Failure> {
    // a run that was killed before it made anything has no ledger
    let text = fs::read_to_string(run_folder.join("ledger")).unwrap_or_default();
    let complete = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let entries: Vec<Entry> = complete.filter_map(Entry::from_line).collect();
    let failures: Vec<String> =
        entries.iter().rev().filter_map(|entry| entry.undo().err()).map(|failure| failure.to_string()).collect();
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("; "))) }
}

/// Removes a folder; one that is gone already is as good.
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
