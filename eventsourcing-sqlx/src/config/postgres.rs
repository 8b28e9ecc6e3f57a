//! The configuration of a PostgreSQL database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError, RecorderError};

use super::{QUEUE_SIZE, queue_size};

/// Which PostgreSQL database to open, and how.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Environment;
/// use eventsourcing_sqlx::PostgresConfig;
///
/// let variables = [("POSTGRES_DBNAME", "shop"), ("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "ada")];
/// let config = PostgresConfig::from_environment(&Environment::of("Universe", variables))?;
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
    /// The server's port: 5432 unless `POSTGRES_PORT` says otherwise.
    pub port: u16,
    /// The role (`POSTGRES_USER`).
    pub user: String,
    /// The role's password, if it needs one (`POSTGRES_PASSWORD`).
    pub password: Option<String>,
    /// How long to wait for a connection: 30 seconds unless `POSTGRES_CONNECT_TIMEOUT` says otherwise.
    pub connect_timeout: Duration,
    /// How long to wait for the server's answer to a statement: 20 seconds unless `POSTGRES_ANSWER_TIMEOUT` says otherwise.
    ///
    /// A server that does not answer in this time counts as lost, as if its connection had broken.
    pub answer_timeout: Duration,
    /// How long a connection may live, if not for ever (`POSTGRES_CONN_MAX_AGE`).
    pub conn_max_age: Option<Duration>,
    /// Whether a connection is tried before it is used, at the cost of a round trip (`POSTGRES_PRE_PING`).
    pub pre_ping: bool,
    /// How many connections are kept open to read, beside the one that writes: 5 unless `POSTGRES_POOL_SIZE` says otherwise.
    pub pool_size: u32,
    /// How many more there may be under load: 10 unless `POSTGRES_MAX_OVERFLOW` says otherwise.
    pub max_overflow: u32,
    /// How long to wait for the write lock, if not for ever, as with zero (`POSTGRES_LOCK_TIMEOUT`).
    pub lock_timeout: Option<Duration>,
    /// After how long the server ends a session that left a transaction open: 5 seconds unless
    /// `POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT` says otherwise; never if zero.
    pub idle_in_transaction_session_timeout: Duration,
    /// The schema of the tables: `public` unless `POSTGRES_SCHEMA` says otherwise.
    pub schema: String,
    /// When to encrypt the connection: [`SslMode::Prefer`] unless `POSTGRES_SSLMODE` says otherwise.
    pub ssl_mode: SslMode,
    /// The certificates to trust, in PEM, if not those of the system (`POSTGRES_SSLROOTCERT`).
    pub ssl_root_cert: Option<PathBuf>,
    /// Whether missing tables are created when opening, as they are unless `CREATE_TABLE` says no.
    pub create_table: bool,
    /// Whether the server is reached through a pooler such as PgBouncer that gives each transaction any session it has
    /// (`POSTGRES_TRANSACTION_POOLING`).
    ///
    /// Then no statement is kept prepared and nothing is set for a session. The database's own defaults must not contradict:
    /// its `default_transaction_isolation` should be `read committed`.
    pub transaction_pooling: bool,
    /// Whether others are told of new events at once, by NOTIFY, as they are unless `POSTGRES_NOTIFY` says no; and whether this process
    /// listens. Otherwise who follows a log asks from time to time.
    ///
    /// Listening takes a connection of its own, from when somebody first waits. Through a pooler nobody can listen.
    pub notify: bool,
    /// How many events may wait to be recorded: 10,000 unless `SAVE_QUEUE_SIZE` says otherwise. Beyond that, inserts wait for room.
    pub queue_size: u32,
    /// How long to try to find out whether events were recorded whose connection was lost: 30 seconds.
    ///
    /// Then the insert fails with [`RecorderError::OutcomeUnknown`](eventsourcing_core::RecorderError::OutcomeUnknown).
    pub resolve_timeout: Duration,
}

impl PostgresConfig {
    /// How long to wait for an answer unless said otherwise.
    pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

    /// This database, and the defaults for all else.
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
            transaction_pooling: false,
            notify: true,
            queue_size: QUEUE_SIZE,
            resolve_timeout: Duration::from_secs(30),
        }
    }

    /// What the environment variables say.
    ///
    /// # Errors
    /// If `POSTGRES_DBNAME`, `POSTGRES_HOST` or `POSTGRES_USER` is not set, or another variable has a value that means nothing.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let defaults = Self::new(
            environment.required("POSTGRES_DBNAME", "the name of a database")?,
            environment.required("POSTGRES_HOST", "the name of a server, or the directory of its socket")?,
            environment.required("POSTGRES_USER", "the name of a role")?,
        );
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
            password: environment.text("POSTGRES_PASSWORD")?,
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
            ssl_root_cert: environment.text("POSTGRES_SSLROOTCERT")?.map(PathBuf::from),
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

    /// Refuses what PostgreSQL would cut off without a word: two names that are equal up to there would be one.
    pub(crate) fn check(&self) -> Result<(), RecorderError> {
        let flawed = self.identifiers().find_map(|(variable, name)| Some((variable, flaw(name)?)));
        let Some((variable, cause)) = flawed else { return Ok(()) };
        let cure = format!("give {variable} a name of 1 to {LONGEST_NAME} bytes");
        Err(RecorderError::Open {
            database: self.name(),
            cause: format!("{variable} is no name: {cause}"),
            cure,
            source: None,
        })
    }

    /// The settings that are names in PostgreSQL, each with its variable.
    fn identifiers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { schema, dbname, user, .. } = self;
        [("POSTGRES_SCHEMA", schema.as_str()), ("POSTGRES_DBNAME", dbname), ("POSTGRES_USER", user)].into_iter()
    }

    /// The database as messages name it: without the password.
    pub(crate) fn name(&self) -> String {
        self.to_string()
    }
}

/// The database as messages name it: without the password.
impl fmt::Display for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@{}:{}/{}", self.user, self.host, self.port, self.dbname)
    }
}

/// PostgreSQL cuts longer names off: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>.
const LONGEST_NAME: usize = 63;

/// Why a text is not the name of anything in PostgreSQL.
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
    match SslMode::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value)) {
        Some((_, mode)) => Ok(Some(*mode)),
        None => Err(environment.invalid(variable, &value, "disable, allow, prefer, require, verify-ca or verify-full")),
    }
}

/// Shows all but the password.
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
            .field("transaction_pooling", &self.transaction_pooling)
            .field("notify", &self.notify)
            .field("queue_size", &self.queue_size)
            .field("resolve_timeout", &self.resolve_timeout)
            .finish()
    }
}

/// When a connection is encrypted and the server's certificate checked, as PostgreSQL's own clients name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// `disable`: never.
    Disable,
    /// `allow`: if the server insists.
    Allow,
    /// `prefer`: if the server can.
    Prefer,
    /// `require`: always.
    Require,
    /// `verify-ca`: always, with a certificate signed by an authority that is trusted.
    VerifyCa,
    /// `verify-full`: as `verify-ca`, with a certificate made out to the server's name.
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
}
