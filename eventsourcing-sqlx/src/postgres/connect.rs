//! How connections reach the server: the address, the role and encryption.

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::config::{PostgresConfig, SslMode};

/// The options of a connection to the database, without settings of the session. The server shows `name` for it.
pub(super) fn options(name: &str, config: &PostgresConfig) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&config.host)
        .port(config.port)
        .database(&config.dbname)
        .username(&config.user)
        // set even if there is none, because sqlx would look for one in environment variables that are not ours
        .password(config.password.as_deref().unwrap_or_default())
        .application_name(name)
        .ssl_mode(ssl_mode(config.ssl_mode));
    match &config.ssl_root_cert {
        Some(path) => options.ssl_root_cert(path),
        None => options,
    }
}

fn ssl_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Allow => PgSslMode::Allow,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}
