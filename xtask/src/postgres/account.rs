//! The account that a server runs as: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, While};
use crate::run;

/// The account that a server runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The account that runs this program.
    Ourselves,
    /// Another account, because this program runs as root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Returns an account without privileges: ours, or, if we are root, Debian's `postgres` or else `nobody`.
    pub(super) fn unprivileged() -> Result<Self, Failure> {
        if !is_root() {
            return Ok(Self::Ourselves);
        }
        let other = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self::Other { name: name.to_owned(), uid: id("-u", name)?, gid: id("-g", name)? }));
        other.ok_or_else(|| {
            Failure::new(
                "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as; \
                 make one with `useradd --system postgres`",
            )
        })
    }

    /// Returns the account of a user id and a group id, for a server that another run started.
    pub(super) fn of_owner(uid: u32, gid: u32) -> Self {
        if is_root() && uid != 0 { Self::Other { name: uid.to_string(), uid, gid } } else { Self::Ourselves }
    }

    /// Returns the account's name, if it is not ours.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Ourselves => None,
            Self::Other { name, .. } => Some(name),
        }
    }

    /// Returns the account's user id and group id, if it is not ours.
    pub(super) fn ids(&self) -> Option<(u32, u32)> {
        match self {
            Self::Ourselves => None,
            Self::Other { uid, gid, .. } => Some((*uid, *gid)),
        }
    }

    /// Returns a command of this account, in a folder that it can enter, without variables that change what a server does.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        crate::environment::seal(&mut command);
        if let Self::Other { uid, gid, .. } = self {
            // std also drops root's supplementary groups when it changes the user
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Returns whether the account can enter the folder, for which it must be able to enter all its parents.
    pub(super) fn enters(&self, folder: &Path) -> bool {
        // tried instead of computed from mode bits, because access lists and mounts matter too
        let mut command = self.command(Path::new("/bin/sh"), Path::new("/"));
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder);
        run::succeeds(command)
    }

    /// Gives a file or folder to the account.
    pub(super) fn own(&self, path: &Path) -> Result<(), Failure> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { name, uid, gid } => chown(path, Some(*uid), Some(*gid))
                .while_doing(|| format!("giving {} to the user {name}", path.display())),
        }
    }

    /// Creates a folder that only the account can read.
    pub(super) fn make_folder(&self, path: &Path) -> Result<(), Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = fs::DirBuilder::new().mode(0o700).create(path);
        made.while_doing(|| format!("making the folder {}", path.display()))?;
        self.own(path)
    }
}

/// Returns whether this process runs as root.
pub(super) fn is_root() -> bool {
    let mut command = Command::new("id");
    command.arg("-u");
    run::output_of(command).is_ok_and(|uid| uid.trim() == "0")
}

/// Returns a user's id (`-u`) or group id (`-g`), if the user exists.
fn id(which: &str, user: &str) -> Option<u32> {
    let mut command = Command::new("id");
    command.args([which, user]);
    run::output_of(command).ok()?.trim().parse().ok()
}
