//! Where a database is: in a file or in memory, as `SQLITE_DBNAME` says.

use std::path::{Path, PathBuf};

use eventsourcing_core::RecorderError;

/// The database as SQLite is to open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// A path, `:memory:` or a URI.
    pub(super) filename: String,
    /// Whether the database is in memory, and gone with its last connection.
    pub(super) is_memory: bool,
    /// The file, if it is one and its path is known.
    path: Option<PathBuf>,
    /// What of a URI forbids writing.
    forbids_writing: Option<String>,
}

impl Location {
    /// Reads what `SQLITE_DBNAME` says.
    pub(super) fn of(dbname: &str) -> Self {
        if dbname == ":memory:" {
            return Self { filename: dbname.to_owned(), is_memory: true, path: None, forbids_writing: None };
        }
        let uri = match dbname.strip_prefix(":memory:") {
            // as the Python library spells the shared database without a name
            Some(parameters) if parameters.starts_with('?') => format!("file:{dbname}"),
            _ => dbname.to_owned(),
        };
        let Some(rest) = uri.strip_prefix("file:") else {
            return Self { path: Some(PathBuf::from(&uri)), filename: uri, is_memory: false, forbids_writing: None };
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (name, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters: Vec<&str> = parameters.split('&').collect();
        let is_memory = name == ":memory:" || parameters.contains(&"mode=memory");
        let forbidding = |parameter: &&&str| matches!(**parameter, "mode=ro" | "immutable=1" | "immutable=true");
        let forbids_writing = parameters.iter().find(forbidding).map(|parameter| (*parameter).to_owned());
        // one with an authority or escapes is left to SQLite
        let is_plain = !name.starts_with("//") && !name.contains('%');
        let path = (!is_memory && is_plain).then(|| PathBuf::from(name));
        Self { filename: uri, is_memory, path, forbids_writing }
    }

    /// The file, if it is one and its path is known.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Looks at the file before SQLite does, which would not say what is wrong.
    ///
    /// It is not opened: when a process closes a file, POSIX takes away all the locks that it holds on it.
    pub(super) fn check(&self) -> Result<(), RecorderError> {
        if let Some(parameter) = &self.forbids_writing {
            return Err(self.read_only(format!("SQLITE_DBNAME says `{parameter}`")));
        }
        let Some(path) = &self.path else { return Ok(()) };
        if path.as_os_str().is_empty() {
            // to SQLite this is a database that is deleted when it is closed
            return Err(self.unusable("it has no name", "set SQLITE_DBNAME to the path of a file, or to `:memory:`"));
        }
        match path.metadata() {
            Ok(found) if found.is_dir() => Err(self.unusable(
                "it is a directory",
                "set SQLITE_DBNAME to the path of a file, which is created if it is missing",
            )),
            Ok(found) if found.permissions().readonly() => {
                Err(self.read_only("the file's permissions allow no one to write"))
            }
            Ok(_) => Ok(()),
            Err(_) => match path.parent().filter(|parent| *parent != Path::new("")) {
                Some(parent) if !parent.is_dir() => Err(self.unusable(
                    format!("there is no directory {}", parent.display()),
                    "create it, or correct SQLITE_DBNAME",
                )),
                _ => Ok(()),
            },
        }
    }

    pub(super) fn unusable(&self, cause: impl Into<String>, cure: impl Into<String>) -> RecorderError {
        RecorderError::Open { database: self.filename.clone(), cause: cause.into(), cure: cure.into(), source: None }
    }

    fn read_only(&self, why: impl Into<String>) -> RecorderError {
        RecorderError::ReadOnly { database: self.filename.clone(), source: why.into().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn memory_is_known_in_each_of_its_spellings() {
        for (dbname, filename) in [
            (":memory:", ":memory:"),
            (":memory:?mode=memory&cache=shared", "file::memory:?mode=memory&cache=shared"),
            ("file::memory:?cache=shared", "file::memory:?cache=shared"),
            ("file:universe?mode=memory&cache=shared", "file:universe?mode=memory&cache=shared"),
        ] {
            let location = Location::of(dbname);
            assert!(location.is_memory && location.filename == filename, "{dbname}: {location:?}");
        }
    }

    #[test]
    fn files_are_files_whatever_their_name_looks_like() {
        for dbname in
            ["universe.db", "what?mode=memory", "file:universe.db", "file:/tmp/universe.db?cache=private", ":memory"]
        {
            assert!(!Location::of(dbname).is_memory, "{dbname}");
        }
    }
}
