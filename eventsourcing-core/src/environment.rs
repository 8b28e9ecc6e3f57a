//! The environment of an application: variables by name, with the application's own prefix taking precedence.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error_chain::readable_debug;

/// The environment variables that configure how an application is opened.
///
/// Each variable is looked up first with the application's name in upper case as prefix: `UNIVERSE_SQLITE_DBNAME` takes precedence
/// over `SQLITE_DBNAME`. A variable with an empty value counts as not set.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Environment;
///
/// let environment = Environment::from_variables("Universe", [("UNIVERSE_PORT", "5433"), ("PORT", "5432"), ("CREATE_TABLE", "no")]);
/// assert_eq!(environment.number::<u16>("PORT", "a port number")?, Some(5433));
/// assert!(!environment.flag("CREATE_TABLE", true)?);
///
/// let error = Environment::from_variables("Universe", [("PORT", "54x2")]).number::<u16>("PORT", "a port number such as 5432").unwrap_err();
/// assert_eq!(error.to_string(), "environment variable PORT is `54x2`; expected a port number such as 5432");
/// # Ok::<(), eventsourcing::EnvironmentError>(())
/// ```
#[derive(Clone)]
pub struct Environment {
    prefix: String,
    variables: HashMap<String, OsString>,
}

impl Environment {
    /// Returns the environment variables of the process, for an application with this name.
    pub fn from_process(application: &str) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self { prefix: prefix(application), variables: variables.collect() }
    }

    /// Returns exactly these variables, for an application with this name.
    pub fn from_variables<K: Into<String>, V: Into<String>>(
        application: &str,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), OsString::from(value.into())));
        Self { prefix: prefix(application), variables: variables.collect() }
    }

    /// Returns the prefix of the application's own variables, such as `UNIVERSE_`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the names of all variables that are set and not empty, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_str())
    }

    /// Returns the text of a variable, if it is set.
    ///
    /// # Errors
    /// [`EnvironmentError::NotUnicode`] if the value is not valid Unicode.
    pub fn text(&self, variable: &str) -> Result<Option<String>, EnvironmentError> {
        Ok(self.look_up(variable)?.map(|(_, value)| value.to_owned()))
    }

    /// Returns the text of a variable that must be set.
    ///
    /// # Errors
    /// [`EnvironmentError::Missing`], with the expected value, if it is not set; [`EnvironmentError::NotUnicode`].
    pub fn required(&self, variable: &str, expected: &str) -> Result<String, EnvironmentError> {
        self.text(variable)?
            .ok_or_else(|| EnvironmentError::Missing { variable: variable.to_owned(), expected: expected.to_owned() })
    }

    /// Returns the number in a variable, if it is set.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`], with the expected value, if it is not such a number; [`EnvironmentError::NotUnicode`].
    pub fn number<N: FromStr>(&self, variable: &str, expected: &str) -> Result<Option<N>, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| invalid(&name, value, expected))
    }

    /// Returns a boolean: `y`, `yes`, `t`, `true`, `on`, `1`, or `n`, `no`, `f`, `false`, `off`, `0`, in any case.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`] for any other value; [`EnvironmentError::NotUnicode`].
    pub fn flag(&self, variable: &str, default: bool) -> Result<bool, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(default) };
        match value.to_ascii_lowercase().as_str() {
            "y" | "yes" | "t" | "true" | "on" | "1" => Ok(true),
            "n" | "no" | "f" | "false" | "off" | "0" => Ok(false),
            _ => Err(invalid(&name, value, "y, yes, t, true, on or 1, or n, no, f, false, off or 0")),
        }
    }

    /// Returns a number of seconds, if the variable is set. Fractions are allowed.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`] unless the value is a number from 0 to 1 000 000 000, which is about thirty years;
    /// [`EnvironmentError::NotUnicode`].
    pub fn seconds(&self, variable: &str) -> Result<Option<Duration>, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(None) };
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // the limit is longer than any wait, and its sum with the current time cannot overflow
        let seconds = seconds.filter(|seconds| *seconds <= Duration::from_secs(1_000_000_000));
        seconds.map(Some).ok_or_else(|| invalid(&name, value, "a number of seconds such as 5 or 0.5"))
    }

    /// Returns the error of a variable whose value is not one of the expected values.
    pub fn invalid(&self, variable: &str, value: &str, expected: impl Into<String>) -> EnvironmentError {
        let name = self.name_of(variable);
        EnvironmentError::Invalid { variable: name, value: value.to_owned(), expected: expected.into() }
    }

    /// Returns the error of a variable whose value is a secret and therefore not shown.
    pub fn invalid_secret(&self, variable: &str, reason: impl Into<String>) -> EnvironmentError {
        EnvironmentError::InvalidSecret { variable: self.name_of(variable), reason: reason.into() }
    }

    /// Returns the error of a variable whose value requires a feature that this program was built without.
    pub fn feature_off(&self, variable: &str, value: &str, feature: &'static str) -> EnvironmentError {
        EnvironmentError::FeatureOff { variable: self.name_of(variable), value: value.to_owned(), feature }
    }

    /// Returns the name under which the variable is set: with the prefix, if that one is set.
    fn name_of(&self, variable: &str) -> String {
        match self.look_up(variable) {
            Ok(Some((name, _))) => name,
            _ => variable.to_owned(),
        }
    }

    fn look_up(&self, variable: &str) -> Result<Option<(String, &str)>, EnvironmentError> {
        for name in [format!("{}{variable}", self.prefix), variable.to_owned()] {
            match self.variables.get(&name).map(|value| value.to_str()) {
                None | Some(Some("")) => {}
                Some(Some(value)) => return Ok(Some((name, value))),
                Some(None) => return Err(EnvironmentError::NotUnicode { variable: name }),
            }
        }
        Ok(None)
    }
}

fn prefix(application: &str) -> String {
    format!("{}_", application.to_uppercase())
}

fn invalid(variable: &str, value: &str, expected: &str) -> EnvironmentError {
    EnvironmentError::Invalid { variable: variable.to_owned(), value: value.to_owned(), expected: expected.to_owned() }
}

/// Shows the names without the values, because some values are secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.variables.keys().collect();
        names.sort();
        f.debug_struct("Environment").field("prefix", &self.prefix).field("variables", &names).finish()
    }
}

/// An error in the environment variables of an application.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A required variable is not set.
    #[error("environment variable {variable} is not set; expected {expected}")]
    Missing {
        /// The name of the variable.
        variable: String,
        /// The expected value.
        expected: String,
    },
    /// A variable of a database is set, but `PERSISTENCE_MODULE` is not.
    #[error(
        "environment variable {variable} is set and PERSISTENCE_MODULE is not{}, so events would be lost when the process exits; \
         set PERSISTENCE_MODULE={module}, or PERSISTENCE_MODULE=memory if that is intended",
        misspelt.as_ref().map(|name| format!(" (but {name} is)")).unwrap_or_default()
    )]
    NoModule {
        /// The variable of a database.
        variable: String,
        /// The module that uses the variable.
        module: &'static str,
        /// A variable that is set and whose name resembles `PERSISTENCE_MODULE`.
        misspelt: Option<String>,
    },
    /// A variable has an unexpected value.
    #[error("environment variable {variable} is `{value}`; expected {expected}")]
    Invalid {
        /// The name of the variable.
        variable: String,
        /// The value of the variable.
        value: String,
        /// The expected value.
        expected: String,
    },
    /// A secret is not valid. Its value is not shown.
    #[error("environment variable {variable} is not usable: {reason}")]
    InvalidSecret {
        /// The name of the variable.
        variable: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The value of a variable is not valid Unicode.
    #[error("environment variable {variable} is not valid Unicode")]
    NotUnicode {
        /// The name of the variable.
        variable: String,
    },
    /// The value requires a feature that this program was built without.
    #[error(
        "environment variable {variable} is `{value}`, which this program was built without; enable the feature `{feature}` of eventsourcing"
    )]
    FeatureOff {
        /// The name of the variable.
        variable: String,
        /// The value of the variable.
        value: String,
        /// The feature to enable.
        feature: &'static str,
    },
}

readable_debug!(EnvironmentError);
