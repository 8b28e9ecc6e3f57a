//! The pool of views whose database is described by a configuration.

use eventsourcing_core::ViewError;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::config::PostgresConfig;
use crate::postgres::connect;
use crate::time_limit::clamped;

/// Where tables are created and looked for unless the configuration names another schema.
const PUBLIC: &str = "public";

/// A pool whose connections create and find tables in the configured schema. It connects when it is first used.
///
/// # Errors
/// [`ViewError::Open`] if a search path would be needed and cannot be set.
pub(super) fn open(config: &PostgresConfig) -> Result<PgPool, ViewError> {
    let options = connect::options("eventsourcing views", config);
    let options = if config.transaction_pooling {
        if config.schema != PUBLIC {
            return Err(ViewError::Open {
                cause: format!(
                    "a transaction pooler keeps no search path for a session, and POSTGRES_SCHEMA is `{}`",
                    config.schema
                ),
                cure: "give the role that search path by ALTER ROLE … SET search_path, and pass a pool to `PostgresViews::open_with`"
                    .to_owned(),
                source: None,
            });
        }
        options.extra_float_digits(None).statement_cache_capacity(0)
    } else {
        options.options([("search_path", quoted(&config.schema))])
    };
    let pool = PgPoolOptions::new()
        .max_connections(config.pool_size.saturating_add(config.max_overflow).max(1))
        .acquire_timeout(clamped(config.connect_timeout))
        .max_lifetime(config.conn_max_age);
    Ok(pool.connect_lazy_with(options))
}

/// The schema as an identifier.
fn quoted(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}
