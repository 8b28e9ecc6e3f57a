//! One folder per run below `target/postgres`, and the removal of folders of killed runs.
//!
//! A run holds a lock on a file in its folder. The system releases it when the process ends, for whatever reason, so a folder
//! whose lock is free is abandoned. A process id would not be enough: ids are used again, and containers share checkouts.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::ledger::{self, Entry};
use super::random_hex;
use crate::failure::{Failure, While};
use crate::run;

/// The folder of a run, which is locked until this is dropped.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Creates this process's folder below `all`, after removing abandoned ones.
    pub(super) fn create(all: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(all).while_doing(|| format!("making the folder {}", all.display()))?;
        // held while removing and creating, because otherwise another process could remove a folder that is not locked yet
        let gate = open_lock(&all.join("lock"))?;
        gate.lock().while_doing(|| format!("locking {}", all.join("lock").display()))?;
        sweep(all);
        let path = make_numbered(all)?;
        let lock = open_lock(&path.join("lock"))?;
        lock.lock().while_doing(|| format!("locking {}", path.join("lock").display()))?;
        Ok(Self { path, _lock: lock })
    }

    /// Returns its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes in the ledger what is about to be created.
    pub(super) fn note(&self, entry: &Entry) -> Result<(), Failure> {
        ledger::note(&self.path, entry)
    }

    /// Creates a folder for the account: in this folder if it `suits` and the account can enter it, else in one for temporary files.
    pub(super) fn folder_for(
        &self,
        account: &Account,
        name: &str,
        suits: impl Fn(&Path) -> bool,
    ) -> Result<PathBuf, Failure> {
        let inside = self.path.join(name);
        if suits(&inside) && account.enters(&self.path) {
            account.make_folder(&inside)?;
            return Ok(inside);
        }
        let parents = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
        for parent in parents {
            // an unpredictable name, because others may write to these folders too
            let random = random_hex()?;
            let outside = parent.join(format!("eventsourcing-{}", random.get(..12).unwrap_or(&random)));
            if suits(&outside) && account.enters(&parent) {
                self.note(&Entry::Folder(outside.clone()))?;
                account.make_folder(&outside)?;
                return Ok(outside);
            }
        }
        Err(Failure::new(format!(
            "neither {} nor a folder for temporary files can hold PostgreSQL's {name}; set TMPDIR to a short path that every user may enter",
            self.path.display()
        )))
    }

    /// Undoes what is in the ledger and removes the folder.
    pub(super) fn clear(self) -> Result<(), Failure> {
        ledger::undo(&self.path)?;
        ledger::remove(&self.path)
    }
}

/// Undoes and removes the folders that no process holds. Those of other users stay, with a message.
fn sweep(all: &Path) {
    let folders = fs::read_dir(all).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in folders.filter(|path| path.is_dir()) {
        let abandoned = open_lock(&folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok());
        if !abandoned {
            continue;
        }
        match ledger::undo(&folder).and_then(|()| ledger::remove(&folder)) {
            Ok(()) => run::complain(&format!("removed the folder of an interrupted run: {}", folder.display())),
            Err(failure) => run::complain(&format!(
                "the folder {} of an interrupted run could not be removed: {failure}",
                folder.display()
            )),
        }
    }
}

/// Creates a folder named after this process's id, or a similar name if a process of another container has the same id.
fn make_numbered(all: &Path) -> Result<PathBuf, Failure> {
    let pid = std::process::id();
    let mut path = all.join(pid.to_string());
    for again in 2..100 {
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                path = all.join(format!("{pid}-{again}"))
            }
            Err(error) => {
                return Err(Failure::new(format!("making the folder {}: {error}", path.display())));
            }
        }
    }
    Err(Failure::new(format!("{} is full of folders of earlier runs; remove it", all.display())))
}

fn open_lock(path: &Path) -> Result<File, Failure> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    opened.while_doing(|| format!("opening {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a folder for one test, which the test removes.
    fn scratch(name: &str) -> PathBuf {
        let folder = run::target().join("xtask-tests").join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_folder_that_a_run_holds_stays_and_one_that_nobody_holds_goes_with_all_it_lists() {
        let all = scratch("sweep");
        let elsewhere = scratch("sweep-elsewhere");
        let held = RunFolder::create(&all).expect("a first run's folder");
        let abandoned = all.join("abandoned");
        fs::create_dir_all(&abandoned).expect("a folder as a killed run leaves it");
        fs::create_dir_all(elsewhere.join("data")).expect("what the killed run had elsewhere");
        ledger::note(&abandoned, &Entry::Folder(elsewhere.clone())).expect("its ledger");

        let next = RunFolder::create(&all).expect("a second run's folder");

        assert!(held.path().is_dir());
        assert!(!abandoned.exists());
        assert!(!elsewhere.exists());
        assert_ne!(held.path(), next.path());
        next.clear().expect("cleared");
        held.clear().expect("cleared");
        let _ = fs::remove_dir_all(&all);
    }

    #[test]
    fn a_folder_that_does_not_suit_is_made_elsewhere_and_written_down() {
        let all = scratch("elsewhere");
        let folder = RunFolder::create(&all).expect("a run's folder");
        let inside = folder.path().to_path_buf();
        let outside = folder
            .folder_for(&Account::Ourselves, "sockets", |path| !path.starts_with(&inside))
            .expect("a private temporary folder");
        assert!(outside.is_dir() && !outside.starts_with(&inside));
        folder.clear().expect("cleared");
        assert!(!outside.exists());
        let _ = fs::remove_dir_all(&all);
    }
}
