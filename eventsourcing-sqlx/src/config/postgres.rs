//! The configuration of a PostgreSQL database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError, RecorderError};

use super::{QUEUE_SIZE, database_url, queue_size};

/// The configuration of a recorder in PostgreSQL: the database, and how it is opened.
///
/// # Examples
///
/// ```
/// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
/// use eventsourcing::Environment;
/// use eventsourcing::database::PostgresConfig;
///
/// let variables = [("POSTGRES_DBNAME", "shop"), ("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "ada")];
/// let config = PostgresConfig::from_environment(&Environment::from_variables("Universe", variables))?;
/// assert_eq!(config.port, 5432);
/// assert_eq!(config.schema, "public");
/// # Ok::<(), eventsourcing_core::EnvironmentError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// The database (`POSTGRES_DBNAME`).
    pub dbname: String,
    /// The server, or the directory of its socket (`POSTGRES_HOST`).
    pub host: String,
    /// The server's port (`POSTGRES_PORT`). Default: 5432.
    pub port: u16,
    /// The role (`POSTGRES_USER`).
    pub user: String,
    /// The role's password, if it needs one (`POSTGRES_PASSWORD`).
    pub password: Option<String>,
    /// How long to wait for a connection (`POSTGRES_CONNECT_TIMEOUT`). Default: 30 seconds.
    pub connect_timeout: Duration,
    /// How long to wait for the server's answer to a statement (`POSTGRES_ANSWER_TIMEOUT`). Default: 20 seconds.
    ///
    /// After that the connection counts as lost.
    pub answer_timeout: Duration,
    /// The maximum age of a connection (`POSTGRES_CONN_MAX_AGE`). Default: no limit.
    pub conn_max_age: Option<Duration>,
    /// Whether a connection is pinged before it is used, which costs a round trip (`POSTGRES_PRE_PING`). Default: no.
    pub pre_ping: bool,
    /// How many connections that read are kept open, besides the one that writes (`POSTGRES_POOL_SIZE`). Default: 5.
    pub pool_size: u32,
    /// How many more connections that read may be opened under load (`POSTGRES_MAX_OVERFLOW`). Default: 10.
    pub max_overflow: u32,
    /// How long to wait for the write lock (`POSTGRES_LOCK_TIMEOUT`). Zero means no limit, which is the default.
    pub lock_timeout: Option<Duration>,
    /// After how long the server ends a session that left a transaction idle
    /// (`POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT`). Default: 5 seconds. Zero means never.
    pub idle_in_transaction_session_timeout: Duration,
    /// The schema of the tables (`POSTGRES_SCHEMA`). Default: `public`.
    pub schema: String,
    /// When to encrypt the connection (`POSTGRES_SSLMODE`). Default: [`SslMode::Prefer`].
    pub ssl_mode: SslMode,
    /// A PEM file of certificates to trust (`POSTGRES_SSLROOTCERT`). Default: those of the system.
    pub ssl_root_cert: Option<PathBuf>,
    /// Whether opening creates missing tables and migrates old ones (`CREATE_TABLE`). Default: yes.
    pub create_table: bool,
    /// Whether the database is opened to look at it: nothing is created, migrated or recorded. Default: no.
    ///
    /// The server may be a standby, and a role needs only `SELECT`. Sessions have `default_transaction_read_only`, except through a
    /// transaction pooler. Consumers of a standby poll, because it has no LISTEN.
    pub read_only: bool,
    /// Whether the server is reached through a pooler such as PgBouncer in transaction pooling mode
    /// (`POSTGRES_TRANSACTION_POOLING`). Default: no.
    ///
    /// Then no prepared statement is kept and no setting is made for a session. The database's own
    /// `default_transaction_isolation` should be `read committed`.
    pub transaction_pooling: bool,
    /// Whether consumers are notified of new events by NOTIFY, and listen for them by LISTEN (`POSTGRES_NOTIFY`). Default: yes.
    ///
    /// Otherwise consumers poll. Listening takes a connection of its own, opened when a consumer first waits. Through a transaction
    /// pooler, LISTEN is not available, and consumers poll.
    pub notify: bool,
    /// The most events in the save queue (`SAVE_QUEUE_SIZE`). Default: 10,000. Saves wait for room in a full queue (back-pressure).
    pub queue_size: u32,
    /// How long to try to find out whether events were recorded after their connection was lost. Default: 30 seconds.
    ///
    /// After that the save fails with [`RecorderError::OutcomeUnknown`](eventsourcing_core::RecorderError::OutcomeUnknown).
    pub resolve_timeout: Duration,
}

impl PostgresConfig {
    /// The default of `answer_timeout`.
    pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

    /// The configuration of this database, with the defaults.
    pub fn new(dbname: impl Into<String>, host: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            dbname: dbname.into(),
            host: host.into(),
            port: 5432,
            user: user.into(),
            password: None,
            connect_timeout: Duration::from_secs(30),
            answer_timeout: Self::ANSWER_TIMEOUT,
            conn_max_age: None,
            pre_ping: false,
            pool_size: 5,
            max_overflow: 10,
            lock_timeout: None,
            idle_in_transaction_session_timeout: Duration::from_secs(5),
            schema: "public".to_owned(),
            ssl_mode: SslMode::Prefer,
            ssl_root_cert: None,
            create_table: true,
            read_only: false,
            transaction_pooling: false,
            notify: true,
            queue_size: QUEUE_SIZE,
            resolve_timeout: Duration::from_secs(30),
        }
    }

    /// The configuration from environment variables.
    ///
    /// If none of `POSTGRES_DBNAME`, `POSTGRES_HOST` and `POSTGRES_USER` is set, `DATABASE_URL` names the database. The other variables
    /// take precedence over its parts.
    ///
    /// # Errors
    /// If `POSTGRES_DBNAME`, `POSTGRES_HOST` or `POSTGRES_USER` is not set and there is no `DATABASE_URL`, or a variable has an invalid
    /// value.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let defaults = Self::named(environment)?;
        let seconds = |variable| environment.seconds(variable);
        let connections = |variable| environment.number::<u16>(variable, "a number of connections such as 5");
        let pool_size = connections("POSTGRES_POOL_SIZE")?.map_or(defaults.pool_size, u32::from);
        let max_overflow = connections("POSTGRES_MAX_OVERFLOW")?.map_or(defaults.max_overflow, u32::from);
        if pool_size + max_overflow == 0 {
            let expected = "at least 1, because POSTGRES_MAX_OVERFLOW is 0 too";
            return Err(environment.invalid("POSTGRES_POOL_SIZE", "0", expected));
        }
        let config = Self {
            port: environment.number("POSTGRES_PORT", "a port number such as 5432")?.unwrap_or(defaults.port),
            password: environment.text("POSTGRES_PASSWORD")?.or_else(|| defaults.password.clone()),
            connect_timeout: seconds("POSTGRES_CONNECT_TIMEOUT")?.unwrap_or(defaults.connect_timeout),
            answer_timeout: answer_timeout(environment)?,
            conn_max_age: seconds("POSTGRES_CONN_MAX_AGE")?,
            pre_ping: environment.flag("POSTGRES_PRE_PING", defaults.pre_ping)?,
            pool_size,
            max_overflow,
            lock_timeout: seconds("POSTGRES_LOCK_TIMEOUT")?,
            idle_in_transaction_session_timeout: seconds("POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT")?
                .unwrap_or(defaults.idle_in_transaction_session_timeout),
            schema: environment.text("POSTGRES_SCHEMA")?.unwrap_or_else(|| defaults.schema.clone()),
            ssl_mode: ssl_mode(environment)?.unwrap_or(defaults.ssl_mode),
            ssl_root_cert: environment
                .text("POSTGRES_SSLROOTCERT")?
                .map(PathBuf::from)
                .or_else(|| defaults.ssl_root_cert.clone()),
            create_table: environment.flag("CREATE_TABLE", defaults.create_table)?,
            transaction_pooling: environment.flag("POSTGRES_TRANSACTION_POOLING", defaults.transaction_pooling)?,
            notify: environment.flag("POSTGRES_NOTIFY", defaults.notify)?,
            queue_size: queue_size(environment)?,
            ..defaults
        };
        if let Some((variable, name, flaw)) =
            config.identifiers().find_map(|(variable, name)| Some((variable, name, flaw(name)?)))
        {
            return Err(environment.invalid(variable, name, format!("a name of 1 to {LONGEST_NAME} bytes: {flaw}")));
        }
        Ok(config)
    }

    /// The database that the variables name, with the defaults.
    fn named(environment: &Environment) -> Result<Self, EnvironmentError> {
        let names = [
            ("POSTGRES_DBNAME", "the name of a database, or a DATABASE_URL"),
            ("POSTGRES_HOST", "the name of a server, or the directory of its socket"),
            ("POSTGRES_USER", "the name of a role"),
        ];
        let mut is_named = false;
        for (variable, _) in names {
            is_named |= environment.text(variable)?.is_some();
        }
        if !is_named && let Some(url) = database_url::postgres(environment)? {
            let defaults = Self::new(url.dbname, url.host, url.user);
            return Ok(Self {
                port: url.port.unwrap_or(defaults.port),
                password: url.password,
                ssl_mode: url.ssl_mode.unwrap_or(defaults.ssl_mode),
                ssl_root_cert: url.ssl_root_cert,
                ..defaults
            });
        }
        let [dbname, host, user] = names.map(|(variable, expected)| environment.required(variable, expected));
        Ok(Self::new(dbname?, host?, user?))
    }

    /// Checks names, because PostgreSQL silently truncates long ones: two names could become one.
    pub(crate) fn check(&self) -> Result<(), RecorderError> {
        let flawed = self.identifiers().find_map(|(variable, name)| Some((variable, flaw(name)?)));
        let Some((variable, cause)) = flawed else { return Ok(()) };
        let cure = format!("give {variable} a name of 1 to {LONGEST_NAME} bytes");
        Err(RecorderError::Open {
            database: self.name(),
            cause: format!("{variable} is not a valid name: {cause}"),
            cure,
            source: None,
        })
    }

    /// The settings that are identifiers in PostgreSQL, each with its variable.
    fn identifiers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { schema, dbname, user, .. } = self;
        [("POSTGRES_SCHEMA", schema.as_str()), ("POSTGRES_DBNAME", dbname), ("POSTGRES_USER", user)].into_iter()
    }

    /// The database in messages, without the password.
    pub(crate) fn name(&self) -> String {
        self.to_string()
    }
}

/// The database in messages, without the password.
impl fmt::Display for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@{}:{}/{}", self.user, self.host, self.port, self.dbname)
    }
}

/// The longest name in bytes; PostgreSQL truncates longer ones: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>.
const LONGEST_NAME: usize = 63;

/// Why a text is not a valid identifier in PostgreSQL.
fn flaw(name: &str) -> Option<String> {
    match name.len() {
        0 => Some("it is empty".to_owned()),
        len if len > LONGEST_NAME => Some(format!("it has {len} bytes, and PostgreSQL would cut it off")),
        _ if name.contains('\0') => Some("it holds a zero byte".to_owned()),
        _ => None,
    }
}

pub(super) fn answer_timeout(environment: &Environment) -> Result<Duration, EnvironmentError> {
    let variable = "POSTGRES_ANSWER_TIMEOUT";
    match environment.seconds(variable)? {
        Some(Duration::ZERO) => Err(environment.invalid(variable, "0", "more than 0 seconds, such as 20")),
        timeout => Ok(timeout.unwrap_or(PostgresConfig::ANSWER_TIMEOUT)),
    }
}

fn ssl_mode(environment: &Environment) -> Result<Option<SslMode>, EnvironmentError> {
    let variable = "POSTGRES_SSLMODE";
    let Some(value) = environment.text(variable)? else { return Ok(None) };
    match SslMode::named(&value) {
        Some(mode) => Ok(Some(mode)),
        None => Err(environment.invalid(variable, &value, SslMode::EXPECTED)),
    }
}

/// Shows all fields except the password.
impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("database", &self.name())
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("connect_timeout", &self.connect_timeout)
            .field("answer_timeout", &self.answer_timeout)
            .field("conn_max_age", &self.conn_max_age)
            .field("pre_ping", &self.pre_ping)
            .field("pool_size", &self.pool_size)
            .field("max_overflow", &self.max_overflow)
            .field("lock_timeout", &self.lock_timeout)
            .field("idle_in_transaction_session_timeout", &self.idle_in_transaction_session_timeout)
            .field("schema", &self.schema)
            .field("ssl_mode", &self.ssl_mode)
            .field("ssl_root_cert", &self.ssl_root_cert)
            .field("create_table", &self.create_table)
            .field("read_only", &self.read_only)
            .field("transaction_pooling", &self.transaction_pooling)
            .field("notify", &self.notify)
            .field("queue_size", &self.queue_size)
            .field("resolve_timeout", &self.resolve_timeout)
            .finish()
    }
}

/// The level of TLS: when a connection is encrypted and the server's certificate is checked, as libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SslMode {
    /// `disable`: never.
    Disable,
    /// `allow`: only if the server requires it.
    Allow,
    /// `prefer`: if the server supports it.
    Prefer,
    /// `require`: always.
    Require,
    /// `verify-ca`: always, with a certificate signed by a trusted authority.
    VerifyCa,
    /// `verify-full`: as `verify-ca`, with a certificate issued for the server's name.
    VerifyFull,
}

impl SslMode {
    const ALL: [(&'static str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];
    pub(super) const EXPECTED: &str = "disable, allow, prefer, require, verify-ca or verify-full";

    /// The mode of this name, in any case.
    pub(super) fn named(value: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, mode)| *mode)
    }
}
