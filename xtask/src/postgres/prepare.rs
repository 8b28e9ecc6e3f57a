//! A prepared server: chosen, started if necessary, and accepting connections.

use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::choose::{Choice, Machine as _, OLDEST, choose};
use super::keeper::{Charge, Keeper};
use super::{Connection, Setting, ThisMachine};
use crate::failure::{Failure, While};
use crate::run::say;

/// A server that accepts connections, and its keeper.
pub(crate) struct Prepared {
    pub(crate) keeper: Keeper,
    pub(crate) connection: Connection,
    /// Its name in a summary.
    pub(crate) name: String,
}

impl Prepared {
    /// Chooses a PostgreSQL, prints the choice and the reason, and starts it if necessary.
    ///
    /// A private cluster gets these settings in addition to its own; other servers keep theirs.
    pub(crate) fn find(insist_on_docker: bool, settings: &[Setting]) -> Result<Self, Failure> {
        let machine = ThisMachine;
        let cluster = |binaries| Charge::Cluster { binaries, settings: settings.to_vec() };
        let (charge, name, why) = match choose(&machine, insist_on_docker)? {
            Choice::Given(connection) => {
                check_reachable(&connection)?;
                say(&format!("PostgreSQL: {connection:?}, because POSTGRES_* variables are set"));
                let (keeper, ..) = Keeper::start(&Charge::Nothing)?;
                return Ok(Self { keeper, connection, name: "the PostgreSQL of POSTGRES_*".to_owned() });
            }
            Choice::Binaries(found) => {
                let why = format!("because its binaries are in {}", found.folder.display());
                (cluster(found.folder), format!("PostgreSQL {}", found.major), why)
            }
            Choice::Docker => {
                let why = if insist_on_docker {
                    "because of --docker"
                } else {
                    "because Docker answers and there are no server binaries"
                };
                (Charge::Docker, "PostgreSQL in Docker".to_owned(), why.to_owned())
            }
            Choice::Install => {
                say(
                    "there is no PostgreSQL: installing Debian's package, because this runs as root (apt-get install -y postgresql)",
                );
                let found = machine.install()?;
                (
                    cluster(found.folder),
                    format!("PostgreSQL {}", found.major),
                    "because it was just installed".to_owned(),
                )
            }
        };
        let (keeper, connection, about) = Keeper::start(&charge)?;
        say(&format!("{name}: {about}, {why}"));
        Ok(Self { keeper, connection, name })
    }
}

/// Returns the folder of the server binaries, for tests that stop and start clusters and so cannot use another server.
pub(crate) fn server_binaries() -> Result<PathBuf, Failure> {
    let all = ThisMachine.binaries();
    let found = all.into_iter().find(|binaries| binaries.major >= OLDEST);
    found.map(|binaries| binaries.folder).ok_or_else(|| {
        Failure::new(format!(
            "there are no server binaries of PostgreSQL {OLDEST} or newer on this machine, and servers that are killed and \
             promoted need them; install PostgreSQL's server package, such as `apt-get install postgresql`"
        ))
    })
}

/// Fails at once if no server listens, instead of in every test.
fn check_reachable(connection: &Connection) -> Result<(), Failure> {
    let Connection { host, port, .. } = connection;
    let doing = || {
        format!(
            "POSTGRES_HOST and POSTGRES_PORT say `{host}` and `{port}`, but nothing answers there; start the server, or unset all POSTGRES_* variables"
        )
    };
    if host.starts_with('/') {
        let socket = Path::new(host).join(format!(".s.PGSQL.{port}"));
        return UnixStream::connect(socket).map(drop).while_doing(doing);
    }
    let port: u16 = port.parse().map_err(|_| {
        Failure::new(format!("environment variable POSTGRES_PORT is `{port}`; expected a port number such as 5432"))
    })?;
    let mut last = Failure::new(format!("{}: the name has no address", doing()));
    for address in (host.as_str(), port).to_socket_addrs().while_doing(doing)? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(5)).while_doing(doing) {
            Ok(_) => return Ok(()),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_listen_is_named() {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port().to_string();
        let connection = Connection { host: "127.0.0.1".to_owned(), port: port.clone(), ..Connection::default() };
        let text = check_reachable(&connection).expect_err("connected").to_string();
        assert!(text.contains(&port), "{text}");
    }
}
