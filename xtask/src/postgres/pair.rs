//! Two private servers: a primary, and a standby that streams from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::cluster::{self, Cluster};
use super::run_folder::RunFolder;
use super::{Connection, NAME, random_hex};
use crate::failure::{Failure, While};
use crate::run::output_of;

/// The settings of both servers. They keep the WAL that a standby needs after an interruption.
const SETTINGS: [&str; 2] = ["wal_level = replica", "wal_keep_size = 512MB"];

/// A primary and a standby, and what a test needs to stop, start and promote them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    /// How to reach the primary.
    pub(super) connection: Connection,
    /// The standby's port, and the folders of both servers and of their programs, as variables for tests.
    pub(super) variables: Vec<(String, String)>,
}

/// The prefix of the variables.
const PREFIX: &str = "EVENTSOURCING_FAILOVER_";

impl Pair {
    /// Creates and starts both servers.
    pub(super) fn start(binaries: &Path, folder: &RunFolder) -> Result<Self, Failure> {
        let account = Account::unprivileged()?;
        let primary = Cluster::new(binaries, &SETTINGS, &account, "primary", folder)?;
        let password = random_hex()?;
        primary.initialize(&password)?;
        // copied before its first start: `pg_basebackup` could copy it later, but is not in each folder of server binaries
        let copy = primary.data.with_file_name("copy");
        let mut command = account.command(Path::new("cp"), Path::new("/"));
        command.args(["-R", "-p", "--"]).arg(&primary.data).arg(&copy);
        output_of(command)?;
        let port = primary.start(folder)?;

        let upstream = format!(
            "primary_conninfo = 'host=127.0.0.1 port={port} user={NAME} password={password} application_name=standby'"
        );
        let settings: Vec<&str> = SETTINGS.into_iter().chain([upstream.as_str()]).collect();
        let standby = Cluster::new(binaries, &settings, &account, "standby", folder)?;
        std::fs::rename(&copy, &standby.data).while_doing(|| format!("moving {}", copy.display()))?;
        let mark = standby.data.join("standby.signal");
        std::fs::write(&mark, "").while_doing(|| format!("writing {}", mark.display()))?;
        account.own(&mark)?;
        let standby_port = standby.start(folder)?;

        let path = |path: &PathBuf| path.display().to_string();
        let mut variables = vec![
            ("BINARIES", binaries.display().to_string()),
            ("PRIMARY", path(&primary.data)),
            ("STANDBY", path(&standby.data)),
            ("STANDBY_PORT", standby_port.to_string()),
        ];
        if let Some((uid, gid)) = account.ids() {
            variables.extend([("UID", uid.to_string()), ("GID", gid.to_string())]);
        }
        let variables = variables.into_iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect();
        Ok(Self { connection: cluster::connection(port, password), variables })
    }

    /// Sets the variables that the tests read.
    pub(crate) fn export(&self, command: &mut Command) {
        self.connection.export(command);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// Returns a server without a standby, and its description.
    pub(super) fn alone((connection, about): (Connection, String)) -> (Self, String) {
        (Self { connection, variables: Vec::new() }, about)
    }
}
