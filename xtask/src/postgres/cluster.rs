//! A private PostgreSQL cluster, run by the server binaries of this machine.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::account::Account;
use super::ledger::Entry;
use super::run_folder::RunFolder;
use super::{Connection, NAME, free_port, random_hex};
use crate::failure::{Failure, While};
use crate::run::{self, output_of};

/// The maximum length in bytes of a socket's path on every system: 107 on Linux, 103 on macOS and the BSDs.
const SOCKET_PATH_LIMIT: usize = 103;

/// Creates and starts a cluster with one role and one database. The text describes it in one line.
pub(super) fn start(binaries: &Path, settings: &[&str], folder: &RunFolder) -> Result<(Connection, String), Failure> {
    let account = Account::unprivileged()?;
    let cluster = Cluster::new(binaries, settings, &account, "server", folder)?;
    let password = random_hex()?;
    cluster.initialize(&password)?;
    let port = cluster.start(folder)?;
    Ok((connection(port, password), cluster.about(port, folder)))
}

/// Returns the connection to one of our clusters on a local port.
pub(super) fn connection(port: u16, password: String) -> Connection {
    Connection {
        host: "127.0.0.1".to_owned(),
        port: port.to_string(),
        user: NAME.to_owned(),
        password: Some(password),
        dbname: NAME.to_owned(),
    }
}

/// Stops the server on `data`, if one runs there: by a fast shutdown, or else by an immediate one.
pub(super) fn stop(binaries: &Path, data: &Path) -> Result<(), Failure> {
    let Some(pid) = server_on(data) else {
        return Ok(());
    };
    let owner = fs::metadata(data).while_doing(|| format!("looking at {}", data.display()))?;
    let account = Account::of_owner(owner.uid(), owner.gid());
    let stopped = ["fast", "immediate"].into_iter().any(|mode| {
        let mut command = account.command(&binaries.join("pg_ctl"), data);
        command.args(["stop", "--wait", "--silent", "--timeout=20", "--mode", mode, "--pgdata"]).arg(data);
        run::succeeds(command)
    });
    if stopped || server_on(data).is_none() {
        return Ok(());
    }
    Err(Failure::new(format!("PostgreSQL with process id {pid} does not stop; end it with `kill -QUIT {pid}`")))
}

/// A cluster whose folder exists, with or without data in it.
pub(super) struct Cluster<'a> {
    binaries: &'a Path,
    /// Lines for its configuration.
    settings: &'a [&'a str],
    account: &'a Account,
    /// The folder of the data, the log and the password file.
    home: PathBuf,
    pub(super) data: PathBuf,
    sockets: PathBuf,
}

impl<'a> Cluster<'a> {
    /// Creates a folder of this name for the cluster.
    pub(super) fn new(
        binaries: &'a Path,
        settings: &'a [&'a str],
        account: &'a Account,
        name: &str,
        folder: &RunFolder,
    ) -> Result<Self, Failure> {
        let home = folder.folder_for(account, name, |_| true)?;
        // a separate name, as short as possible
        let sockets = folder.folder_for(account, name.get(..1).unwrap_or("s"), |path| {
            path.join(".s.PGSQL.65535").as_os_str().len() <= SOCKET_PATH_LIMIT
        })?;
        Ok(Self { binaries, settings, account, data: home.join("data"), home, sockets })
    }

    pub(super) fn program(&self, name: &str) -> Command {
        let mut command = self.account.command(&self.binaries.join(name), &self.home);
        command.stdin(Stdio::null());
        command
    }

    /// Creates the data folder, the role with its password, and the database.
    pub(super) fn initialize(&self, password: &str) -> Result<(), Failure> {
        let password_file = self.home.join("password");
        let doing = || format!("writing {}", password_file.display());
        let mut file =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&password_file).while_doing(doing)?;
        file.write_all(password.as_bytes()).while_doing(doing)?;
        self.account.own(&password_file)?;
        let mut initdb = self.program("initdb");
        initdb
            .args(["--username", NAME, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&self.data);
        output_of(initdb)?;
        fs::remove_file(&password_file).while_doing(|| format!("removing {}", password_file.display()))?;
        self.create_database()
    }

    /// Creates the database with the server's single-user mode, because `psql` is another package and may be missing.
    fn create_database(&self) -> Result<(), Failure> {
        let statement = self.home.join("create.sql");
        let doing = || format!("writing {}", statement.display());
        fs::write(&statement, format!("CREATE DATABASE {NAME};\n")).while_doing(doing)?;
        let mut postgres = self.program("postgres");
        postgres
            .args(["--single", "-c", "exit_on_error=true", "-c", "fsync=off", "-D"])
            .arg(&self.data)
            .arg("postgres");
        postgres.stdin(fs::File::open(&statement).while_doing(doing)?);
        output_of(postgres).map(drop)
    }

    /// Starts the server, after noting it in the run's ledger, and returns its port.
    pub(super) fn start(&self, folder: &RunFolder) -> Result<u16, Failure> {
        folder.note(&Entry::Cluster { binaries: self.binaries.to_path_buf(), data: self.data.clone() })?;
        let mut last = Failure::new("the server did not start");
        // another program may take the free port before the server does
        for _ in 0..3 {
            let port = free_port()?;
            self.configure(port)?;
            let log = self.home.join("log");
            let mut pg_ctl = self.program("pg_ctl");
            // no pipe: the server would inherit it and keep it open, so that reading it would never end
            pg_ctl.stdout(Stdio::null()).stderr(Stdio::null());
            pg_ctl
                .args(["start", "--wait", "--silent", "--timeout=60", "--log"])
                .arg(&log)
                .arg("--pgdata")
                .arg(&self.data);
            let status =
                pg_ctl.status().while_doing(|| format!("running {}", self.binaries.join("pg_ctl").display()))?;
            if status.success() {
                return Ok(port);
            }
            let text = fs::read_to_string(&log).unwrap_or_default();
            last = Failure::new(format!("PostgreSQL did not start ({status}); its log says:\n{}", text.trim_end()));
        }
        Err(last)
    }

    /// Writes the settings for tests: those of users, but small and for many connections. The given settings come last and take precedence.
    ///
    /// `fsync` and `synchronous_commit` stay on, so that the tests run under the conditions of users.
    fn configure(&self, port: u16) -> Result<(), Failure> {
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             shared_buffers = 64MB\nfsync = on\nsynchronous_commit = on\ntimezone = 'UTC'\n",
            self.sockets.display().to_string().replace('\'', "''"),
        );
        for line in self.settings {
            settings.push_str(line);
            settings.push('\n');
        }
        // this file takes precedence over postgresql.conf, which keeps the comments of initdb
        let path = self.data.join("postgresql.auto.conf");
        fs::write(&path, settings).while_doing(|| format!("writing {}", path.display()))
    }

    fn about(&self, port: u16, folder: &RunFolder) -> String {
        let who = self.account.name().map(|name| format!(", run as the user {name}")).unwrap_or_default();
        let why_there = match self.account.name() {
            Some(name) if !self.home.starts_with(folder.path()) => {
                format!(" (the user {name} cannot enter {})", folder.path().display())
            }
            _ => String::new(),
        };
        format!("a private cluster in {}{why_there}, 127.0.0.1:{port}{who}", self.home.display())
    }
}

/// Returns the process id of the server that runs on a data folder, if one does.
///
/// The folder's `postmaster.pid` is not enough: after a reboot its number may be that of another program, which must not be stopped.
fn server_on(data: &Path) -> Option<u32> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: u32 = text.lines().next()?.trim().parse().ok()?;
    let line = match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) if Path::new("/proc/self").exists() => return None,
        Err(_) => {
            let mut ps = Command::new("ps");
            ps.args(["-o", "args=", "-p", &pid.to_string()]);
            output_of(ps).ok()?
        }
    };
    line.contains(&data.display().to_string()).then_some(pid)
}
