//! `DATABASE_URL`: the address of a database in one variable, as other tools and hosting platforms set it.
//!
//! A URL with the scheme of another database is meant for another program and is left alone. Errors never show the URL, which may
//! contain a password.

use std::borrow::Cow;

use eventsourcing_core::{Environment, EnvironmentError};
use percent_encoding::percent_decode_str;

pub(super) const VARIABLE: &str = "DATABASE_URL";

/// The address of a PostgreSQL database.
#[cfg(feature = "postgres")]
#[derive(Default)]
pub(super) struct PostgresUrl {
    pub(super) dbname: String,
    pub(super) host: String,
    pub(super) user: String,
    pub(super) port: Option<u16>,
    pub(super) password: Option<String>,
    pub(super) ssl_mode: Option<super::SslMode>,
    pub(super) ssl_root_cert: Option<std::path::PathBuf>,
}

/// The PostgreSQL database that the variable names, if it names one.
///
/// # Errors
/// [`EnvironmentError::InvalidSecret`] if a part is missing or invalid.
#[cfg(feature = "postgres")]
pub(super) fn postgres(environment: &Environment) -> Result<Option<PostgresUrl>, EnvironmentError> {
    let Some(text) = of_scheme(environment, &["postgres:", "postgresql:"])? else { return Ok(None) };
    let invalid = |reason: String| environment.invalid_secret(VARIABLE, reason);
    let url = url::Url::parse(&text).map_err(|error| {
        invalid(format!("{error}; expected {EXPECTED}, with special characters in the password percent-encoded"))
    })?;
    let mut found = PostgresUrl {
        dbname: decoded(environment, url.path().trim_start_matches('/'))?,
        host: decoded(environment, url.host_str().unwrap_or_default().trim_matches(['[', ']']))?,
        user: decoded(environment, url.username())?,
        port: url.port(),
        password: url.password().map(|password| decoded(environment, password)).transpose()?,
        ..PostgresUrl::default()
    };
    for (name, value) in url.query_pairs() {
        match &*name {
            "dbname" => found.dbname = value.into_owned(),
            // the directory of a socket can be given only here
            "host" | "hostaddr" => found.host = value.into_owned(),
            "user" => found.user = value.into_owned(),
            "password" => found.password = Some(value.into_owned()),
            "port" => {
                let port = value.parse().map_err(|_| invalid("its `port` is not a port number".to_owned()))?;
                found.port = Some(port);
            }
            "sslmode" | "ssl-mode" => found.ssl_mode = Some(ssl_mode(&value, invalid)?),
            "sslrootcert" | "ssl-root-cert" => found.ssl_root_cert = Some(value.into_owned().into()),
            other => tracing::warn!(variable = VARIABLE, parameter = other, "a parameter of the URL has no effect"),
        }
    }
    let parts = [(&found.dbname, "database"), (&found.host, "server"), (&found.user, "role")];
    if let Some((_, missing)) = parts.into_iter().find(|(part, _)| part.is_empty()) {
        return Err(invalid(format!("it names no {missing}; expected {EXPECTED}")));
    }
    Ok(Some(found))
}

#[cfg(feature = "postgres")]
const EXPECTED: &str = "postgres://user:password@host:port/dbname";

#[cfg(feature = "postgres")]
fn ssl_mode(value: &str, invalid: impl Fn(String) -> EnvironmentError) -> Result<super::SslMode, EnvironmentError> {
    super::SslMode::named(value)
        .ok_or_else(|| invalid(format!("its `sslmode` is `{value}`; expected {}", super::SslMode::EXPECTED)))
}

/// The path of the SQLite database that the variable names, if it names one.
///
/// # Errors
/// [`EnvironmentError::InvalidSecret`] if the path is empty.
#[cfg(feature = "sqlite")]
pub(super) fn sqlite(environment: &Environment) -> Result<Option<String>, EnvironmentError> {
    let Some(text) = of_scheme(environment, &["sqlite:"])? else { return Ok(None) };
    let path = text.strip_prefix("sqlite:").unwrap_or(&text);
    let path = path.strip_prefix("//").unwrap_or(path);
    let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        tracing::warn!(variable = VARIABLE, parameter, "a parameter of the URL has no effect");
    }
    let path = decoded(environment, path)?;
    if path.is_empty() {
        return Err(
            environment.invalid_secret(VARIABLE, "it names no file; expected sqlite://file.db or sqlite::memory:")
        );
    }
    Ok(Some(path))
}

/// The value of the variable, if it has one of these schemes.
fn of_scheme(environment: &Environment, schemes: &[&str]) -> Result<Option<String>, EnvironmentError> {
    let is_ours = |text: &String| schemes.iter().any(|scheme| text.starts_with(scheme));
    Ok(environment.text(VARIABLE)?.filter(is_ours))
}

fn decoded(environment: &Environment, text: &str) -> Result<String, EnvironmentError> {
    let decoded = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    decoded.map_err(|_| environment.invalid_secret(VARIABLE, "a percent-encoded part is not valid UTF-8"))
}
