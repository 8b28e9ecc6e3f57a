//! The environment of an application: variables by name, first with the application's own prefix.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The variables that say how an application is opened.
///
/// Each is looked up first with the application's name in upper case as prefix: `UNIVERSE_SQLITE_DBNAME` wins over
/// `SQLITE_DBNAME`. An empty value counts as unset.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Environment;
///
/// let environment = Environment::of("Universe", [("UNIVERSE_PORT", "5433"), ("PORT", "5432"), ("CREATE_TABLE", "no")]);
/// assert_eq!(environment.number::<u16>("PORT", "a port number")?, Some(5433));
/// assert!(!environment.flag("CREATE_TABLE", true)?);
///
/// let error = Environment::of("Universe", [("PORT", "54x2")]).number::<u16>("PORT", "a port number such as 5432").unwrap_err();
/// assert_eq!(error.to_string(), "environment variable PORT is `54x2`; expected a port number such as 5432");
/// # Ok::<(), eventsourcing_core::EnvironmentError>(())
/// ```
#[derive(Clone)]
pub struct Environment {
    prefix: String,
    variables: HashMap<String, OsString>,
}

impl Environment {
    /// The process's own variables, for an application of this name.
    pub fn of_process(application: &str) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self { prefix: prefix(application), variables: variables.collect() }
    }

    /// These variables and no others, for an application of this name.
    pub fn of<K: Into<String>, V: Into<String>>(
        application: &str,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), OsString::from(value.into())));
        Self { prefix: prefix(application), variables: variables.collect() }
    }

    /// What the application's own variables begin with, such as `UNIVERSE_`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The names of all variables that are set and not empty, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.as_str())
    }

    /// The text of a variable, if it is set.
    ///
    /// # Errors
    /// [`EnvironmentError::NotUnicode`].
    pub fn text(&self, variable: &str) -> Result<Option<String>, EnvironmentError> {
        Ok(self.look_up(variable)?.map(|(_, value)| value.to_owned()))
    }

    /// The text of a variable that must be set.
    ///
    /// # Errors
    /// [`EnvironmentError::Missing`] with what is expected.
    pub fn required(&self, variable: &str, expected: &str) -> Result<String, EnvironmentError> {
        self.text(variable)?
            .ok_or_else(|| EnvironmentError::Missing { variable: variable.to_owned(), expected: expected.to_owned() })
    }

    /// A number, if the variable is set.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`] with what is expected.
    pub fn number<N: FromStr>(&self, variable: &str, expected: &str) -> Result<Option<N>, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| invalid(&name, value, expected))
    }

    /// Yes or no: `y`, `yes`, `t`, `true`, `on`, `1`, or `n`, `no`, `f`, `false`, `off`, `0`, in any case.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`] for anything else.
    pub fn flag(&self, variable: &str, default: bool) -> Result<bool, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(default) };
        match value.to_ascii_lowercase().as_str() {
            "y" | "yes" | "t" | "true" | "on" | "1" => Ok(true),
            "n" | "no" | "f" | "false" | "off" | "0" => Ok(false),
            _ => Err(invalid(&name, value, "y, yes, t, true, on or 1, or n, no, f, false, off or 0")),
        }
    }

    /// A number of seconds, fractions allowed, if the variable is set.
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`] for anything but a number from 0 to a thousand million, some thirty years.
    pub fn seconds(&self, variable: &str) -> Result<Option<Duration>, EnvironmentError> {
        let Some((name, value)) = self.look_up(variable)? else { return Ok(None) };
        let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // more than anybody waits, and no sum with the time of day overflows
        let seconds = seconds.filter(|seconds| *seconds <= Duration::from_secs(1_000_000_000));
        seconds.map(Some).ok_or_else(|| invalid(&name, value, "a number of seconds such as 5 or 0.5"))
    }

    /// The error of a variable whose value is none of what is expected.
    pub fn invalid(&self, variable: &str, value: &str, expected: impl Into<String>) -> EnvironmentError {
        let name = self.name_of(variable);
        EnvironmentError::Invalid { variable: name, value: value.to_owned(), expected: expected.into() }
    }

    /// The error of a variable whose value is a secret, and so is not shown.
    pub fn invalid_secret(&self, variable: &str, reason: impl Into<String>) -> EnvironmentError {
        EnvironmentError::InvalidSecret { variable: self.name_of(variable), reason: reason.into() }
    }

    /// The error of a variable whose value asks for something that this program was built without.
    pub fn feature_off(&self, variable: &str, value: &str, feature: &'static str) -> EnvironmentError {
        EnvironmentError::FeatureOff { variable: self.name_of(variable), value: value.to_owned(), feature }
    }

    /// The variable's name as it is set: with the prefix, if that one is.
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

/// Shows the names and no values: some of them are secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.variables.keys().collect();
        names.sort();
        f.debug_struct("Environment").field("prefix", &self.prefix).field("variables", &names).finish()
    }
}

/// Why the environment does not say how to open the application.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A variable that is needed is not set.
    #[error("environment variable {variable} is not set; expected {expected}")]
    Missing {
        /// The variable.
        variable: String,
        /// What it should hold.
        expected: String,
    },
    /// A variable of a database is set, and none says that events are to be kept there.
    #[error(
        "environment variable {variable} is set and PERSISTENCE_MODULE is not{}, so events would be lost with the process; \
         set PERSISTENCE_MODULE={module}, or PERSISTENCE_MODULE=memory if that is meant",
        misspelt.as_ref().map(|name| format!(" (but {name} is)")).unwrap_or_default()
    )]
    NoModule {
        /// The variable of a database.
        variable: String,
        /// The module that would use it.
        module: &'static str,
        /// A variable whose name looks like `PERSISTENCE_MODULE`, if one is set.
        misspelt: Option<String>,
    },
    /// A variable holds something else than it should.
    #[error("environment variable {variable} is `{value}`; expected {expected}")]
    Invalid {
        /// The variable.
        variable: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: String,
    },
    /// A secret is not what it should be.
    #[error("environment variable {variable} is not usable: {reason}")]
    InvalidSecret {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A variable is not text.
    #[error("environment variable {variable} is not valid Unicode")]
    NotUnicode {
        /// The variable.
        variable: String,
    },
    /// The value asks for something that this program was built without.
    #[error(
        "environment variable {variable} is `{value}`, which this program was built without; add the feature `{feature}` of eventsourcing"
    )]
    FeatureOff {
        /// The variable.
        variable: String,
        /// What it holds.
        value: String,
        /// The feature to turn on.
        feature: &'static str,
    },
}
