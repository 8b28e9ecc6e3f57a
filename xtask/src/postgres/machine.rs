//! This machine: its variables, its server binaries, its Docker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account;
use super::choose::{Binaries, Machine};
use crate::environment;
use crate::failure::Failure;
use crate::run;

/// The folders in which packages install servers. `*` stands for a part that contains the version.
const USUAL_PLACES: &[&str] = &[
    "/usr/lib/postgresql/*/bin",                      // Debian, Ubuntu
    "/usr/pgsql-*/bin",                               // PostgreSQL's own packages for Red Hat
    "/opt/homebrew/opt/postgresql*/bin",              // Homebrew on Apple silicon
    "/usr/local/opt/postgresql*/bin",                 // Homebrew on Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", // Homebrew on Linux
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/usr/local/pgsql/bin",           // built from source
    "/usr/libexec/postgresql*",       // Alpine
];

/// The machine that we run on.
#[derive(Debug)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn variable(&self, name: &str) -> Option<String> {
        environment::variable(name)
    }

    fn binaries(&self) -> Vec<Binaries> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).filter_map(|folder| look_into(&folder));
        let elsewhere = USUAL_PLACES.iter().flat_map(|pattern| expand(pattern)).chain(pg_config());
        let mut elsewhere: Vec<Binaries> = elsewhere.filter_map(|folder| look_into(&folder)).collect();
        elsewhere.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        let mut seen = BTreeSet::new();
        on_path.chain(elsewhere).filter(|binaries| seen.insert(binaries.folder.clone())).collect()
    }

    fn docker(&self) -> Result<(), String> {
        let docker = |arguments: &[&str]| {
            let mut command = Command::new("docker");
            command.args(arguments);
            command
        };
        if !run::succeeds(docker(&["--version"])) {
            return Err("there is no `docker` command".to_owned());
        }
        // without a daemon some versions of the client fail and others only leave the server's version empty
        let mut info = docker(&["info", "--format", "{{.ServerVersion}}"]);
        let answers =
            info.output().is_ok_and(|output| output.status.success() && !output.stdout.trim_ascii().is_empty());
        if !answers {
            return Err("Docker's daemon does not answer `docker info`".to_owned());
        }
        if !run::succeeds(docker(&["compose", "version"])) {
            return Err("Docker has no compose plugin (`docker compose version` fails)".to_owned());
        }
        Ok(())
    }

    fn can_install(&self) -> bool {
        let has_apt = Path::new("/etc/debian_version").exists() && Path::new("/usr/bin/apt-get").exists();
        has_apt && account::is_root()
    }
}

impl ThisMachine {
    /// Installs the distribution's server and returns its binaries.
    ///
    /// Debian's package also creates a cluster on port 5432 and, if there is an init system, starts it. It is not used.
    pub(crate) fn install(&self) -> Result<Binaries, Failure> {
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        run::output_of(apt(&["update"]))?;
        run::output_of(apt(&["install", "-y", "--no-install-recommends", "postgresql"]))?;
        self.binaries().into_iter().find(|binaries| binaries.major >= super::choose::OLDEST).ok_or_else(|| {
            Failure::new("apt-get installed postgresql, but no server of a supported version is in the usual places")
        })
    }
}

/// Returns the server in a folder, if all its programs exist and it prints its version.
fn look_into(folder: &Path) -> Option<Binaries> {
    if !["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file()) {
        return None;
    }
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { folder: folder.to_path_buf(), major })
}

/// Reads the major version in the output of `postgres --version`.
fn major_of(text: &str) -> Option<u32> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let end = number.find(|character: char| !character.is_ascii_digit()).unwrap_or(number.len());
    number.get(..end)?.parse().ok()
}

/// Returns the folder that `pg_config` names, on machines that have it.
fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(folder.trim()))
}

/// Returns the folders that match a pattern with at most one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (folder, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let fitting = names.filter(|name| name.starts_with(prefix));
    fitting.map(|name| PathBuf::from(format!("{folder}/{name}{after}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_servers_print() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18devel\n"), Some(18));
        assert_eq!(major_of("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(major_of("sh: not found"), None);
    }

    #[test]
    fn a_pattern_stands_for_the_folders_that_exist() {
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(expand(&format!("{here}/sr*/postgres")), [PathBuf::from(format!("{here}/src/postgres"))]);
        assert!(expand("/no-such-folder/*/bin").is_empty());
    }
}
