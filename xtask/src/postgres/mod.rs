//! A PostgreSQL for tests and benches, which is found or started. A started one is removed afterwards in any case.
//!
//! [`choose`](fn@choose::choose) decides which one. A [`Keeper`] starts it, and stops it after the run.

mod account;
mod choose;
mod cluster;
mod compose;
mod keeper;
mod ledger;
mod machine;
mod pair;
mod prepare;
mod run_folder;

use std::fmt;
use std::process::Command;

pub(crate) use choose::Machine;
pub(crate) use keeper::{KEEPER_COMMAND, Keeper, keep};
pub(crate) use machine::ThisMachine;
pub(crate) use pair::Pair;
pub(crate) use prepare::{Prepared, server_binaries};

use crate::failure::{Failure, While};

/// The role and the database of the servers that we start.
const NAME: &str = "eventsourcing";

/// A setting of a private cluster, as `("shared_buffers", "1GB")`.
pub(crate) type Setting = (&'static str, &'static str);

/// The connection of the tests to their server.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) dbname: String,
}

impl Connection {
    /// Sets the variables that the tests read, including the one that makes PostgreSQL's tests mandatory.
    pub(crate) fn export(&self, command: &mut Command) {
        command
            .env("EVENTSOURCING_TEST_POSTGRES", "1")
            .env("POSTGRES_HOST", &self.host)
            .env("POSTGRES_PORT", &self.port)
            .env("POSTGRES_USER", &self.user)
            .env("POSTGRES_DBNAME", &self.dbname);
        if let Some(password) = &self.password {
            command.env("POSTGRES_PASSWORD", password);
        }
    }
}

/// Shows everything but the password.
impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, password: _, dbname } = self;
        write!(formatter, "{user}@{host}:{port}/{dbname}")
    }
}

/// Returns 32 random hexadecimal digits, for a password or the name of a folder.
fn random_hex() -> Result<String, Failure> {
    use std::fmt::Write as _;
    use std::io::Read as _;
    let mut bytes = [0_u8; 16];
    let mut source = std::fs::File::open("/dev/urandom").while_doing(|| "opening /dev/urandom".to_owned())?;
    source.read_exact(&mut bytes).while_doing(|| "reading /dev/urandom".to_owned())?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// Returns a TCP port of 127.0.0.1 that was free a moment ago.
fn free_port() -> Result<u16, Failure> {
    let doing = || "looking for a free TCP port on 127.0.0.1".to_owned();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).while_doing(doing)?;
    Ok(listener.local_addr().while_doing(doing)?.port())
}
