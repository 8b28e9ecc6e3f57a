//! Opening: the options of connections, and the tables, which are checked, created and migrated.

use eventsourcing_core::RecorderError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::error::{Fault, fault, silent_error};
use super::pooler_session::settings;
use super::recorded_versions::RecordedVersions;
use super::writer_connection::WriterConnection;
use super::{Inner, answer_timeout};
use crate::config::PostgresConfig;
use crate::postgres::connect;
use crate::schema::{ApplicationTables, SCHEMA_VERSION, TableName, TablesRow, is_old, no_head_row, outdated};
use crate::sql::postgres as sql;
use crate::time_limit::{clamped, timeout};

/// The time limit of a migration, as a multiple of that of an answer.
const MIGRATIONS: u32 = 30;

/// The options of each connection. Its settings hold for the whole session and need no statement.
pub(super) fn options(name: &TableName, config: &PostgresConfig) -> PgConnectOptions {
    let options = connect::options(&format!("eventsourcing {}", name.application()), config);
    if config.transaction_pooling {
        // the session behind a pooler is shared: no setting is made in it, and no statement is prepared
        return options.extra_float_digits(None).statement_cache_capacity(0);
    }
    // the append must see rows committed while it waited for the lock, whatever the database's default is
    let isolation = ("default_transaction_isolation", "read committed".to_owned());
    // by default the server plans each append again, for the number of its events, which takes longer than
    // the append; and a lookup of a thousand versions may become a sequential scan
    let plans = ("plan_cache_mode", "force_generic_plan".to_owned());
    let read_only = config.read_only.then(|| ("default_transaction_read_only", "on".to_owned()));
    options.options([isolation, plans].into_iter().chain(read_only).chain(settings(config)))
}

/// The pool. It opens connections in the background, and on demand.
pub(super) fn pool(config: &PostgresConfig, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .min_connections(config.pool_size)
        .max_connections(config.pool_size.saturating_add(config.max_overflow).max(1))
        .acquire_timeout(clamped(config.connect_timeout))
        .max_lifetime(config.conn_max_age)
        .test_before_acquire(config.pre_ping)
        .connect_lazy_with(options)
}

/// The row of the one `SELECT` when opening.
type SchemaRow = (bool, i64, bool, bool, bool, bool, Option<String>, bool, bool, Option<String>, Option<String>);

/// The same, with names.
#[derive(Clone, Debug)]
struct FoundSchema {
    /// Whether all tables of the version exist.
    is_whole: bool,
    version: i64,
    fsync: bool,
    full_page_writes: bool,
    synchronous_commit: bool,
    is_standby: bool,
    /// The application that created the tables; none before version 3.
    application: Option<String>,
    has_functions: bool,
    is_logged: bool,
    /// The names of triggers that are not ours.
    triggers: Option<String>,
    /// The server process and the row version of the head.
    server: Option<String>,
}

impl From<SchemaRow> for FoundSchema {
    fn from(row: SchemaRow) -> Self {
        let (is_whole, version, fsync, full_page_writes, synchronous_commit, is_standby, ..) = row;
        let (.., application, has_functions, is_logged, triggers, server) = row;
        Self {
            is_whole,
            version,
            fsync,
            full_page_writes,
            synchronous_commit,
            is_standby,
            application,
            has_functions,
            is_logged,
            triggers,
            server,
        }
    }
}

impl FoundSchema {
    /// Whether the tables need a migration before this program can use them.
    fn is_old(&self) -> bool {
        is_old(self.version) || (self.version == SCHEMA_VERSION && !self.has_functions)
    }
}

impl Inner {
    /// Connects for the first time, and makes sure that the tables exist.
    pub(super) async fn prepare(&self) -> Result<(), RecorderError> {
        let mut connection = self.connect().await?;
        let limit = answer_timeout::limit(&self.config);
        let silent = |_| silent_error(&self.config, limit);
        let look = timeout(limit, self.first_look(&mut connection)).await.map_err(silent)??;
        let look = match look {
            look if self.config.read_only => self.to_read(look)?,
            Some(look) if !look.is_old() => look,
            _ if self.config.create_table => {
                // another process may migrate first, and the commit waits for a synchronous standby
                let limit = limit.saturating_mul(MIGRATIONS);
                let silent = |_| silent_error(&self.config, limit);
                timeout(limit, self.migrate(&mut connection)).await.map_err(silent)??
            }
            Some(look) => return Err(self.outdated(&look)),
            None => return Err(timeout(limit, self.missing(&mut connection)).await.map_err(silent)??),
        };
        let server = look.server.clone().filter(|_| !self.config.transaction_pooling);
        self.check(look)?;
        let trusted = RecordedVersions::on(server);
        self.writer.give_back(WriterConnection::new(connection, trusted));
        Ok(())
    }

    async fn first_look(&self, connection: &mut PgConnection) -> Result<Option<FoundSchema>, RecorderError> {
        let failed = |error| self.failed("open the tables", error);
        self.keep_session(connection).await.map_err(failed)?;
        let look = self.look(connection).await?.filter(|look| look.is_whole);
        self.leave_session(connection, false).await.map_err(failed)?;
        if look.is_some() {
            return Ok(look);
        }
        self.keep_session(connection).await.map_err(failed)?;
        let look = self.look_closely(connection).await?;
        self.leave_session(connection, false).await.map_err(failed)?;
        Ok(look)
    }

    /// Reads the state of the tables; none if the head's table or row is missing.
    async fn look(&self, connection: &mut PgConnection) -> Result<Option<FoundSchema>, RecorderError> {
        match sqlx::query_as::<_, SchemaRow>(self.sql.common.look.text())
            .persistent(false)
            .bind(&self.sql.events)
            .bind(&self.sql.dictionaries)
            .bind(&self.sql.tracking)
            .bind(&self.sql.letters)
            .bind(&self.sql.snapshots)
            .bind(&self.sql.commands.table)
            .fetch_optional(connection)
            .await
        {
            Ok(look) => Ok(look.map(FoundSchema::from)),
            Err(error) if fault(&error, &self.name) == Fault::NoTable => Ok(None),
            Err(error) => Err(self.failed("check the tables", error)),
        }
    }

    /// Checks each table; none if all are missing.
    async fn look_closely(&self, connection: &mut PgConnection) -> Result<Option<FoundSchema>, RecorderError> {
        if !self.tables(connection).await?.exist(&self.name)? {
            return Ok(None);
        }
        let Some(look) = self.look(connection).await? else { return Err(no_head_row(&self.name)) };
        // once more, because another process may have migrated meanwhile: all tables of a version are committed with it
        self.tables(connection).await?.check(look.version, &self.name, || self.sql.create_snapshots())?;
        Ok(Some(look))
    }

    async fn tables(&self, connection: &mut PgConnection) -> Result<ApplicationTables, RecorderError> {
        let tables: TablesRow = sqlx::query_as(sql::TABLES)
            .persistent(false)
            .bind(&self.config.schema)
            .bind(self.name.events())
            .bind(self.name.head())
            .bind(self.name.dictionaries())
            .bind(self.name.tracking())
            .bind(self.name.letters())
            .bind(self.name.snapshots())
            .bind(self.name.commands())
            .fetch_one(connection)
            .await
            .map_err(|error| self.failed("check the tables", error))?;
        Ok(ApplicationTables::from(tables))
    }

    /// What was found, if it can be read as it is. The functions that append are not needed.
    fn to_read(&self, look: Option<FoundSchema>) -> Result<FoundSchema, RecorderError> {
        let database = self.config.name();
        let problem = match look {
            Some(look) if !is_old(look.version) => {
                self.is_standby.get_or_init(|| look.is_standby);
                return Ok(look);
            }
            Some(look) => outdated(look.version, &database),
            None => format!("the tables are missing from {database}"),
        };
        Err(RecorderError::NotMigrated { application: self.name.application().to_owned(), problem })
    }

    fn check(&self, look: FoundSchema) -> Result<(), RecorderError> {
        let FoundSchema { version: found, fsync, full_page_writes, synchronous_commit, is_standby, .. } = look;
        if found > SCHEMA_VERSION {
            let application = self.name.application().to_owned();
            return Err(RecorderError::SchemaTooNew { application, found, known: SCHEMA_VERSION });
        }
        if found < SCHEMA_VERSION {
            return Err(RecorderError::Corrupt { found: format!("schema version {found}") });
        }
        self.name.check_owner(look.application.as_deref())?;
        if self.config.read_only {
            return Ok(());
        }
        if is_standby {
            let source = "the server is a standby (pg_is_in_recovery)".into();
            return Err(RecorderError::ReadOnly { database: self.config.name(), source });
        }
        if !look.is_logged {
            let (database, events) = (self.config.name(), &self.sql.events);
            tracing::warn!(%database, %events, "a table is unlogged, so all recorded events are lost when the server crashes; run ALTER TABLE … SET LOGGED");
        }
        if let Some(triggers) = look.triggers {
            let (database, events) = (self.config.name(), &self.sql.events);
            tracing::warn!(%database, %events, %triggers, "a trigger on the table of events can change or drop what is recorded");
        }
        for (setting, durable) in
            [("fsync", fsync), ("full_page_writes", full_page_writes), ("synchronous_commit", synchronous_commit)]
        {
            if !durable {
                let database = self.config.name();
                tracing::warn!(%database, setting, "with this setting recorded events can be lost when the server crashes");
            }
        }
        Ok(())
    }

    /// Creates the tables or migrates old ones. Other processes that do the same wait, and then find them.
    async fn migrate(&self, connection: &mut PgConnection) -> Result<FoundSchema, RecorderError> {
        let failed = |error| self.failed("create the tables", error);
        // if this is dropped half way, the connection is closed, which rolls the transaction back
        let mut transaction = connection.begin_with(sql::BEGIN).await.map_err(failed)?;
        // a migration may take long, and so may waiting for one
        sqlx::raw_sql("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query(sql::MIGRATION_LOCK)
            .persistent(false)
            .bind(self.sql.migration_key())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        // once more: another process may have created them while this waited for the lock
        let (statements, done) = match self.look_closely(&mut transaction).await? {
            None => (self.statements(&mut transaction).await?, "the tables of an application were created"),
            Some(look) if look.is_old() => (self.sql.upgrade(), "the tables of an application were migrated"),
            Some(look) => {
                transaction.rollback().await.map_err(failed)?;
                return Ok(look);
            }
        };
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *transaction).await.map_err(failed)?;
        }
        let look = self.look_closely(&mut transaction).await?;
        transaction.commit().await.map_err(failed)?;
        let (application, database, schema) = (self.name.application(), self.config.name(), &self.config.schema);
        tracing::info!(application, %database, schema, version = SCHEMA_VERSION, "{done}");
        look.ok_or_else(|| RecorderError::Corrupt {
            found: "tables that disappeared right after they were created".to_owned(),
        })
    }

    /// The statements that create the missing schema and tables.
    async fn statements(&self, connection: &mut PgConnection) -> Result<Vec<String>, RecorderError> {
        let exists: bool = sqlx::query_scalar(sql::SCHEMA_EXISTS)
            .persistent(false)
            .bind(&self.config.schema)
            .fetch_one(connection)
            .await
            .map_err(|error| self.failed("check the schema", error))?;
        let schema = (!exists).then(|| self.sql.create_schema());
        Ok(schema.into_iter().chain(self.sql.create(Uuid::new_v4())).collect())
    }

    async fn missing(&self, connection: &mut PgConnection) -> Result<RecorderError, RecorderError> {
        // the connection is not used after this, so the session need not be left
        self.keep_session(connection).await.map_err(|error| self.failed("check the schema", error))?;
        let statements = self.statements(connection).await?;
        Ok(RecorderError::SchemaMissing {
            application: self.name.application().to_owned(),
            problem: format!("the tables are missing from {}", self.config.name()),
            sql: in_a_transaction(&statements),
        })
    }

    fn outdated(&self, look: &FoundSchema) -> RecorderError {
        let problem = if is_old(look.version) {
            outdated(look.version, &self.config.name())
        } else {
            format!("the functions that append events are missing from {}", self.config.name())
        };
        RecorderError::SchemaMissing {
            application: self.name.application().to_owned(),
            problem,
            sql: in_a_transaction(&self.sql.upgrade()),
        }
    }
}

fn in_a_transaction(statements: &[String]) -> String {
    format!("BEGIN;\n{};\nCOMMIT;\n", statements.join(";\n"))
}
