//! Chooses the PostgreSQL for the tests from what the machine offers.

use std::path::PathBuf;

use super::Connection;
use crate::failure::Failure;

/// The oldest server that the library supports.
pub(super) const OLDEST: u32 = 13;

/// The properties of the machine. They are looked up lazily, because asking Docker takes seconds.
pub(crate) trait Machine {
    /// Returns an environment variable's value; `None` if it is unset or empty.
    fn variable(&self, name: &str) -> Option<String>;
    /// Returns folders with a server's programs of any version, the preferred one first.
    fn binaries(&self) -> Vec<Binaries>;
    /// Checks that Docker's daemon answers and that compose is installed. The error says what is missing.
    fn docker(&self) -> Result<(), String>;
    /// Returns whether this program runs as root on Debian, so that it can install packages.
    fn can_install(&self) -> bool;
}

/// A folder with `initdb`, `pg_ctl` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) folder: PathBuf,
    pub(crate) major: u32,
}

/// The PostgreSQL to use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The server that the caller's variables name.
    Given(Connection),
    /// A private cluster, run by these programs.
    Binaries(Binaries),
    /// A container.
    Docker,
    /// The distribution's package, which is installed first and then used like [`Choice::Binaries`].
    Install,
}

/// Chooses a PostgreSQL: variables, binaries, Docker, installation, in this order. With `insist_on_docker` it is Docker or nothing.
///
/// # Errors
///
/// If there is none: what was searched for, and the commands that provide one. If the variables name a server incompletely: what is missing.
pub(crate) fn choose(machine: &impl Machine, insist_on_docker: bool) -> Result<Choice, Failure> {
    if insist_on_docker {
        return match machine.docker() {
            Ok(()) => Ok(Choice::Docker),
            Err(why) => Err(Failure::new(format!("--docker requires Docker, but {why}"))),
        };
    }
    if let Some(connection) = given(machine)? {
        return Ok(Choice::Given(connection));
    }
    let all = machine.binaries();
    if let Some(found) = all.iter().find(|binaries| binaries.major >= OLDEST) {
        return Ok(Choice::Binaries(found.clone()));
    }
    let Err(why_no_docker) = machine.docker() else {
        return Ok(Choice::Docker);
    };
    if machine.can_install() {
        return Ok(Choice::Install);
    }
    Err(Failure::new(none(&all, &why_no_docker)))
}

/// Returns the server that `POSTGRES_*` variables name, if any of them is set.
fn given(machine: &impl Machine) -> Result<Option<Connection>, Failure> {
    const REQUIRED: [&str; 3] = ["POSTGRES_DBNAME", "POSTGRES_HOST", "POSTGRES_USER"];
    const OPTIONAL: [&str; 2] = ["POSTGRES_PASSWORD", "POSTGRES_PORT"];
    let is_set = |name: &&str| machine.variable(name).is_some();
    let set: Vec<&str> = REQUIRED.into_iter().chain(OPTIONAL).filter(is_set).collect();
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !is_set(name)).collect();
    if set.is_empty() {
        return Ok(None);
    }
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "{} is set, but {} is not; set all of {} to use your server, or unset all POSTGRES_* variables to let xtask find one",
            set.join(", "),
            missing.join(", "),
            REQUIRED.join(", "),
        )));
    }
    let value = |name| machine.variable(name).unwrap_or_default();
    Ok(Some(Connection {
        host: value("POSTGRES_HOST"),
        port: machine.variable("POSTGRES_PORT").unwrap_or_else(|| "5432".to_owned()),
        user: value("POSTGRES_USER"),
        password: machine.variable("POSTGRES_PASSWORD"),
        dbname: value("POSTGRES_DBNAME"),
    }))
}

/// Returns the message for a machine without PostgreSQL.
fn none(too_old: &[Binaries], why_no_docker: &str) -> String {
    let binaries = match too_old.first() {
        Some(Binaries { folder, major }) => {
            format!("the server in {} is version {major}, and {OLDEST} is the oldest supported", folder.display())
        }
        None => "no server binaries (initdb, pg_ctl, postgres) in PATH or the usual places".to_owned(),
    };
    format!(
        "the tests need a PostgreSQL, and none was found: no POSTGRES_* variable is set; {binaries}; {why_no_docker}. Do one of these and run `cargo xtask test` again:
    on Debian or Ubuntu   sudo apt-get update && sudo apt-get install -y postgresql
    on macOS              brew install postgresql@17
    with Docker           start Docker (its compose plugin included); to check: docker info && docker compose version
    with your own server  export POSTGRES_HOST=… POSTGRES_PORT=5432 POSTGRES_USER=… POSTGRES_PASSWORD=… POSTGRES_DBNAME=…"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with the properties that a test sets.
    #[derive(Default)]
    struct Fake {
        variables: Vec<(&'static str, &'static str)>,
        majors: Vec<u32>,
        docker: bool,
        debian_root: bool,
    }

    impl Machine for Fake {
        fn variable(&self, name: &str) -> Option<String> {
            let found = self.variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        }
        fn binaries(&self) -> Vec<Binaries> {
            let at = |major: &u32| Binaries { folder: format!("/pg/{major}/bin").into(), major: *major };
            self.majors.iter().map(at).collect()
        }
        fn docker(&self) -> Result<(), String> {
            if self.docker { Ok(()) } else { Err("Docker's daemon does not answer".to_owned()) }
        }
        fn can_install(&self) -> bool {
            self.debian_root
        }
    }

    const SERVER: [(&str, &str); 3] =
        [("POSTGRES_HOST", "db"), ("POSTGRES_USER", "alice"), ("POSTGRES_DBNAME", "events")];

    fn everything() -> Fake {
        Fake { variables: SERVER.to_vec(), majors: vec![17], docker: true, debian_root: true }
    }

    #[test]
    fn variables_come_first_then_binaries_then_docker_then_installation() {
        let mut machine = everything();
        let connection = Connection {
            host: "db".to_owned(),
            port: "5432".to_owned(),
            user: "alice".to_owned(),
            password: None,
            dbname: "events".to_owned(),
        };
        assert_eq!(choose(&machine, false).ok(), Some(Choice::Given(connection)));
        machine.variables.clear();
        let binaries = Binaries { folder: "/pg/17/bin".into(), major: 17 };
        assert_eq!(choose(&machine, false).ok(), Some(Choice::Binaries(binaries)));
        machine.majors.clear();
        assert_eq!(choose(&machine, false).ok(), Some(Choice::Docker));
        machine.docker = false;
        assert_eq!(choose(&machine, false).ok(), Some(Choice::Install));
    }

    #[test]
    fn a_machine_with_nothing_is_told_what_to_run() {
        let text = choose(&Fake::default(), false).expect_err("something was chosen").to_string();
        for cure in ["apt-get install -y postgresql", "brew install", "docker info", "POSTGRES_HOST"] {
            assert!(text.contains(cure), "{text}");
        }
    }

    #[test]
    fn insisting_on_docker_takes_nothing_else() {
        assert_eq!(choose(&everything(), true).ok(), Some(Choice::Docker));
        let machine = Fake { docker: false, ..everything() };
        let text = choose(&machine, true).expect_err("something else was chosen").to_string();
        assert!(text.contains("--docker") && text.contains("daemon does not answer"), "{text}");
    }

    #[test]
    fn a_server_named_by_halves_is_an_error_that_names_what_is_missing() {
        let machine = Fake { variables: vec![("POSTGRES_HOST", "db")], ..everything() };
        let text = choose(&machine, false).expect_err("half a server was chosen").to_string();
        assert!(text.contains("POSTGRES_HOST is set, but POSTGRES_DBNAME, POSTGRES_USER is not"), "{text}");
    }

    #[test]
    fn a_server_too_old_is_passed_over() {
        let mut machine = Fake { majors: vec![12, 15], ..Fake::default() };
        let binaries = Binaries { folder: "/pg/15/bin".into(), major: 15 };
        assert_eq!(choose(&machine, false).ok(), Some(Choice::Binaries(binaries)));
        machine.majors.truncate(1);
        let text = choose(&machine, false).expect_err("version 12 was chosen").to_string();
        assert!(text.contains("/pg/12/bin is version 12"), "{text}");
    }
}
