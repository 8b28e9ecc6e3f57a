//! A primary and a standby that `cargo xtask failover` started and that a trial stops, kills and promotes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use eventsourcing_core::Environment;
use eventsourcing_sqlx::{PostgresConfig, SslMode};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::common::{PATIENCE, connect};

/// Both servers. Each trial has its own pair, since it leaves the pair in a changed state.
pub struct Pair {
    pub primary: Server,
    pub standby: Server,
}

/// One of the servers.
pub struct Server {
    pub config: PostgresConfig,
    data: PathBuf,
    binaries: PathBuf,
    /// The user and the group that the server runs as, if they differ from the test's.
    account: Option<(u32, u32)>,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("EVENTSOURCING_FAILOVER_{name}")).ok()
}

fn needed(name: &str) -> String {
    variable(name).expect("no primary and standby: run `cargo xtask failover`")
}

impl Pair {
    /// The servers that the environment names. Commits do not wait for the standby yet.
    pub fn of_environment() -> Self {
        let (data, standby_port) = (needed("PRIMARY"), needed("STANDBY_PORT"));
        let mut config = PostgresConfig::from_environment(&Environment::from_process("Test")).unwrap();
        config.pool_size = 1;
        config.ssl_mode = SslMode::Disable;
        let account = variable("UID").zip(variable("GID"));
        let account = account.map(|(uid, gid)| (uid.parse().unwrap(), gid.parse().unwrap()));
        let primary = Server { config, data: data.into(), binaries: needed("BINARIES").into(), account };
        let mut config = primary.config.clone();
        config.port = standby_port.parse().unwrap();
        let standby = Server { config, data: needed("STANDBY").into(), binaries: primary.binaries.clone(), account };
        Self { primary, standby }
    }

    /// The same, with commits that wait until the standby has them on disk.
    pub async fn synchronous() -> Self {
        let pair = Self::of_environment();
        pair.primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        pair.primary.run("SELECT pg_reload_conf()").await;
        pair.primary.until("EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')").await;
        pair
    }

    /// Waits until the standby has caught up, and stops it.
    pub async fn leave_the_standby_behind(&self) {
        let mut outsider = connect(&self.primary.config).await;
        let last: String =
            sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut outsider).await.unwrap();
        self.primary.until(&format!("EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn >= '{last}')")).await;
        self.standby.stop().await;
    }

    /// Kills the primary and promotes the standby.
    pub async fn fail_over(&self) {
        self.primary.kill().await;
        if !self.standby.is_running() {
            self.standby.start().await;
        }
        self.standby.promote().await;
    }
}

impl Server {
    /// Stops the server as an administrator does: sessions end, and commits stop waiting for a standby.
    pub async fn stop(&self) {
        self.control(&["stop", "--mode=fast"]).await;
    }

    pub async fn start(&self) {
        self.control(&["start"]).await;
    }

    pub async fn restart(&self) {
        self.control(&["restart", "--mode=fast"]).await;
    }

    pub async fn promote(&self) {
        self.control(&["promote"]).await;
    }

    fn is_running(&self) -> bool {
        self.data.join("postmaster.pid").exists()
    }

    async fn control(&self, arguments: &[&str]) {
        let mut command = self.command(&self.binaries.join("pg_ctl"));
        command.args(arguments).args(["--wait", "--silent", "--timeout=60", "--pgdata"]).arg(&self.data);
        if arguments.first().is_some_and(|verb| matches!(*verb, "start" | "restart")) {
            command.arg("--log").arg(self.data.join("log"));
        }
        let status = command.status().await.unwrap();
        assert!(status.success(), "pg_ctl {arguments:?}: {status}");
    }

    /// Kills all processes of the server at once, as a power cut does.
    pub async fn kill(&self) {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap();
        let lines: Vec<&str> = file.lines().collect();
        let postmaster = lines[0].trim();
        // where there is no /proc they notice by themselves that the first of them is gone
        let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let children = children.unwrap_or_default();
        // the shell's own `kill`: a program of that name is not everywhere
        let mut kill = self.command(Path::new("/bin/sh"));
        kill.args(["-c", "kill -s KILL -- \"$@\"", "sh", postmaster]).args(children.split_whitespace());
        kill.status().await.unwrap();
        let gone = async { while TcpStream::connect(("127.0.0.1", self.config.port)).await.is_ok() {} };
        timeout(PATIENCE, gone).await.expect("the server does not die");
        // what the system keeps of a server that could not tidy up
        if let Some(memory) = lines.get(6).and_then(|line| line.split_whitespace().nth(1)) {
            let mut remove = self.command(Path::new("ipcrm"));
            drop(remove.args(["--shmem-id", memory]).status().await);
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.data.parent().unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Runs a statement outside of any recorder.
    pub async fn run(&self, sql: &str) {
        let mut outsider = connect(&self.config).await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut outsider).await.unwrap();
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let mut outsider = connect(&self.config).await;
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut outsider).await.unwrap()
    }

    /// Waits until a condition holds.
    pub async fn until(&self, condition: &str) {
        let mut outsider = connect(&self.config).await;
        let wait = async { while !holds(&mut outsider, condition).await {} };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {condition}"));
    }

    /// Waits until a session of a recorder waits for the standby.
    pub async fn until_it_waits_for_the_standby(&self) {
        self.until("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')").await;
    }
}

async fn holds(outsider: &mut PgConnection, condition: &str) -> bool {
    yield_now().await;
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT {condition}"))).fetch_one(outsider).await.unwrap()
}
