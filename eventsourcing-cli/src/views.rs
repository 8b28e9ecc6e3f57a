//! The views of projections, opened without the types of the projections.

use std::path::{Path, PathBuf};

use eventsourcing::audit::Audit;
use eventsourcing::database::{
    PostgresConfig, PostgresViews, PostgresViewsConfig, SqliteConfig, SqliteViews, SqliteViewsConfig,
};
use eventsourcing::projection::RecordedProjection;
use eventsourcing::sqlx::SqlitePool;
use eventsourcing::sqlx::sqlite::SqliteConnectOptions;
use eventsourcing::{DeadLetter, Environment, Rebuild, ViewError, Views as _};

use crate::arguments::ViewsAt;
use crate::database::{Database, Variables};
use crate::failure::Failure;

/// The number of projections that are listed at a time.
const PAGE: usize = 100;

/// Whether the views may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Open views.
pub(crate) enum OpenViews {
    Sqlite(SqliteViews),
    Postgres(PostgresViews),
}

impl OpenViews {
    /// Opens the views that the arguments name, or those beside the events; none if the database has no tables of projections.
    pub(crate) async fn open(
        at: &ViewsAt,
        database: &Database,
        variables: &Variables,
        access: Access,
    ) -> Result<Option<Self>, Failure> {
        let opened = match &at.views {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                let schema = "POSTGRES_SCHEMA".to_owned();
                let given = variables.iter().filter(|(name, _)| *name == schema).cloned();
                postgres(given.chain([("DATABASE_URL".to_owned(), url.clone())]).collect()).await
            }
            Some(file) => sqlite(file.strip_prefix("sqlite:").unwrap_or(file), access).await,
            None => match database {
                Database::Sqlite(SqliteConfig { dbname, .. }) => sqlite(dbname, access).await,
                Database::Postgres(PostgresConfig { .. }) => postgres(variables.clone()).await,
            },
        };
        match opened {
            Ok(views) => Ok(Some(views)),
            // old ones would have to be migrated, which is an error
            Err(OpenError::View(ViewError::SchemaMissing { problem, .. })) if problem.contains("are missing") => {
                Ok(None)
            }
            Err(OpenError::View(error)) => Err(Failure::other(error)),
            Err(OpenError::Failure(failure)) => Err(failure),
        }
    }

    /// All projections, by name.
    pub(crate) async fn projections(&self) -> Result<Vec<RecordedProjection>, Failure> {
        let mut all: Vec<RecordedProjection> = Vec::new();
        loop {
            let after = all.last().map(|last| last.name.clone()).unwrap_or_default();
            let page = match self {
                Self::Sqlite(views) => views.projections(&after, PAGE).await,
                Self::Postgres(views) => views.projections(&after, PAGE).await,
            };
            let page = page.map_err(Failure::other)?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Dead letters of a key, with their reasons as they are stored.
    pub(crate) async fn dead_letters(
        &self,
        key: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Failure> {
        let letters = match self {
            Self::Sqlite(views) => views.dead_letters(key, upstream, after, limit).await,
            Self::Postgres(views) => views.dead_letters(key, upstream, after, limit).await,
        };
        letters.map_err(Failure::other)
    }

    /// The audit of what operators do, which is beside the views.
    pub(crate) fn audit(&self) -> &dyn Audit {
        match self {
            Self::Sqlite(views) => views,
            Self::Postgres(views) => views,
        }
    }

    /// Aborts the rebuild of a projection. Returns the version that was being rebuilt; none if there was no rebuild.
    pub(crate) async fn abort_rebuild(&self, projection: &str) -> Result<Option<u32>, Failure> {
        let aborted = match self {
            Self::Sqlite(views) => Rebuild::abort_any(projection, views).await,
            Self::Postgres(views) => Rebuild::abort_any(projection, views).await,
        };
        aborted.map_err(Failure::other)
    }

    /// Closes the connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(views) => views.pool().close().await,
            Self::Postgres(views) => views.pool().close().await,
        }
    }
}

enum OpenError {
    View(ViewError),
    Failure(Failure),
}

async fn sqlite(file: &str, access: Access) -> Result<OpenViews, OpenError> {
    // a URI names its file before its parameters
    let file = file.strip_prefix("file:").map_or(file, |uri| uri.split('?').next().unwrap_or(uri));
    let path = PathBuf::from(file);
    if !path.exists() {
        return Err(OpenError::Failure(Failure::NoViews { path }));
    }
    let options = SqliteConnectOptions::new().filename(&path).read_only(access == Access::Read);
    let pool = match SqlitePool::connect_with(options.clone()).await {
        // a file that no program is writing, in a folder where no file can be created
        Err(_) if access == Access::Read && !is_written(&path) => {
            SqlitePool::connect_with(options.immutable(true)).await
        }
        pool => pool,
    };
    let pool = pool.map_err(|error| OpenError::Failure(Failure::ViewsDatabase { source: Box::new(error) }))?;
    let mut config = SqliteViewsConfig::default();
    config.create_table = false;
    SqliteViews::open_with(pool, config).await.map(OpenViews::Sqlite).map_err(OpenError::View)
}

/// Whether a program may be writing the file: then SQLite keeps another one beside it.
fn is_written(path: &Path) -> bool {
    ["-wal", "-journal"].into_iter().any(|suffix| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        // one that cannot be looked at may exist
        !matches!(Path::new(&beside).try_exists(), Ok(false))
    })
}

async fn postgres(mut variables: Variables) -> Result<OpenViews, OpenError> {
    variables.push(("CREATE_TABLE".to_owned(), "n".to_owned()));
    // the same variable twice: the last one counts
    let environment = Environment::from_variables("", variables);
    debug_assert!(PostgresViewsConfig::from_environment(&environment).is_ok_and(|config| !config.create_table));
    PostgresViews::from_environment(&environment).await.map(OpenViews::Postgres).map_err(OpenError::View)
}
