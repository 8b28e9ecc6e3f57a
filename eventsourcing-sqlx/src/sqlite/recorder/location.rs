//! The location of a database: a file or memory, as `SQLITE_DBNAME` says.

use std::fs::{File, remove_file};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::Cause;
use uuid::Uuid;

/// The database as SQLite opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// A path, `:memory:` or a URI.
    pub(super) filename: String,
    /// Whether the database is in memory, and exists only as long as its last connection.
    pub(super) is_memory: bool,
    /// The file, if it is one and its path is known.
    path: Option<PathBuf>,
    /// The parameter of a URI that forbids writes.
    forbids_writing: Option<String>,
}

impl Location {
    /// Parses `SQLITE_DBNAME`.
    pub(super) fn of(dbname: &str) -> Self {
        if dbname == ":memory:" {
            return Self { filename: dbname.to_owned(), is_memory: true, path: None, forbids_writing: None };
        }
        let uri = match dbname.strip_prefix(":memory:") {
            // the spelling of the Python library for the shared database without a name
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
        // a URI with an authority or escapes is left to SQLite
        let is_plain = !name.starts_with("//") && !name.contains('%');
        let path = (!is_memory && is_plain).then(|| PathBuf::from(name));
        Self { filename: uri, is_memory, path, forbids_writing }
    }

    /// The file, if it is one and its path is known.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Checks the file before SQLite opens it, whose errors would not name the problem.
    ///
    /// The file is not opened: when a process closes a file, POSIX releases all locks that the process holds on it.
    pub(super) fn check(&self, is_read_only: bool) -> Result<(), RecorderError> {
        if let Some(parameter) = self.forbids_writing.as_ref().filter(|_| !is_read_only) {
            return Err(self.read_only(format!("SQLITE_DBNAME says `{parameter}`")));
        }
        if let Some((cause, cure)) = near_miss(&self.filename) {
            return Err(self.unusable(cause, cure));
        }
        let Some(path) = &self.path else { return Ok(()) };
        if path.as_os_str().is_empty() {
            // SQLite would open a temporary database that is deleted when it is closed
            return Err(self.unusable("it has no name", "set SQLITE_DBNAME to the path of a file, or to `:memory:`"));
        }
        match path.metadata() {
            Ok(found) if found.is_dir() => Err(self.unusable(
                "it is a directory",
                "set SQLITE_DBNAME to the path of a file, which is created if it is missing",
            )),
            Ok(found) if found.permissions().readonly() && !is_read_only => {
                Err(self.read_only("the file's permissions allow no one to write"))
            }
            Ok(_) => Ok(()),
            Err(error) if is_read_only => Err(self.unusable(
                format!("the file cannot be looked at ({error})"),
                "correct SQLITE_DBNAME: a database that is opened read-only is not created",
            )),
            Err(_) => match path.parent().filter(|parent| *parent != Path::new("")) {
                Some(parent) if !parent.is_dir() => Err(self.unusable(
                    format!("there is no directory {}", parent.display()),
                    "create it, or correct SQLITE_DBNAME",
                )),
                _ => Ok(()),
            },
        }
    }

    /// Why no file can be created beside the database, after SQLite has failed to open it; none if one can, or if the database is in
    /// memory.
    ///
    /// A file is created and removed to find out, since the permissions of a directory do not say everything. The database itself is not
    /// touched, see [`check`](Self::check).
    pub(super) fn forbids_files(&self) -> Option<(String, String)> {
        let parent = self.path.as_ref()?.parent()?;
        let directory = if parent == Path::new("") { Path::new(".") } else { parent };
        let probe = directory.join(format!(".eventsourcing-{}", Uuid::new_v4().simple()));
        let error = match File::create_new(&probe) {
            Ok(file) => {
                drop(file);
                // if it cannot be removed, an empty file remains
                let _ = remove_file(&probe);
                return None;
            }
            Err(error) => error,
        };
        let directory = directory.display();
        Some(match error.kind() {
            ErrorKind::ReadOnlyFilesystem => (
                format!("the directory {directory} is on a read-only file system"),
                "mount it writable, or put the database elsewhere".to_owned(),
            ),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                (format!("no file can be created in the directory {directory} ({error})"), "free some space".to_owned())
            }
            _ => (
                format!("no file can be created in the directory {directory} ({error})"),
                "let this process write into that directory: SQLite keeps files of its own beside the database"
                    .to_owned(),
            ),
        })
    }

    /// Whether the permissions of the file allow no one to write.
    pub(super) fn is_write_protected(&self) -> bool {
        let permissions = self.path.as_ref().and_then(|path| path.metadata().ok()).map(|found| found.permissions());
        permissions.is_some_and(|permissions| permissions.readonly())
    }

    /// The refusal to write, after it was opened read-only.
    pub(super) fn opened_read_only(&self) -> RecorderError {
        self.read_only("it was opened read-only")
    }

    /// The error of a file that a program has begun to write while it was read without locks.
    pub(super) fn changed(&self) -> RecorderError {
        let source: Cause = "a write-ahead log or another modification time was found after the read".into();
        let message = format!("another program has begun to write {}; read again", self.filename);
        RecorderError::Database { operation: "read a file that no program was writing", message, source }
    }

    pub(super) fn replaced(&self) -> RecorderError {
        RecorderError::FileReplaced { database: self.filename.clone() }
    }

    pub(super) fn unusable(&self, cause: impl Into<String>, cure: impl Into<String>) -> RecorderError {
        RecorderError::Open { database: self.filename.clone(), cause: cause.into(), cure: cure.into(), source: None }
    }

    fn read_only(&self, why: impl Into<String>) -> RecorderError {
        RecorderError::ReadOnly { database: self.filename.clone(), source: why.into().into() }
    }
}

/// Why a name in the style of another program is not accepted as a file name, and what to write instead.
fn near_miss(dbname: &str) -> Option<(&'static str, String)> {
    let lower = dbname.to_ascii_lowercase();
    let is_memory = |name: &str| name.trim_matches([':', '/']) == "memory" || name.contains("mode=memory");
    let memory = || "set SQLITE_DBNAME to `:memory:`".to_owned();
    if dbname == ":memory:" || dbname.starts_with("file:") {
        return None;
    }
    if let Some(rest) = lower.strip_prefix("sqlite3:").or_else(|| lower.strip_prefix("sqlite:")) {
        let path = dbname.get(dbname.len() - rest.len()..).unwrap_or_default();
        // as in `sqlite:///relative.db`; sqlx and SQLAlchemy differ about the slashes, and the path alone is always right
        let path = path.strip_prefix("//").unwrap_or(path);
        let cure =
            if is_memory(rest) { memory() } else { format!("set SQLITE_DBNAME to the path alone, such as `{path}`") };
        return Some(("it is a URL of another library, not a path", cure));
    }
    if lower.starts_with("file:") {
        return Some(("to SQLite a URI begins with `file:` in lower case", "write `file:`".to_owned()));
    }
    if dbname.starts_with(':') || lower == "memory:" {
        let is_memory = lower.contains("mem");
        let cure =
            if is_memory { memory() } else { format!("set SQLITE_DBNAME to `./{dbname}` if the file has that name") };
        return Some(("it is neither `:memory:` nor likely to be a path", cure));
    }
    let scheme = lower.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    }) {
        let cure = if scheme.is_some_and(|scheme| scheme.starts_with("postgres")) {
            "set PERSISTENCE_MODULE=postgres, and POSTGRES_DBNAME, POSTGRES_HOST and POSTGRES_USER to the parts of the URL"
        } else {
            "set SQLITE_DBNAME to the path of a file"
        };
        return Some(("it is a URL, not a path", cure.to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Location, near_miss};

    #[test]
    fn a_name_in_the_style_of_another_program_gets_the_right_spelling() {
        for (dbname, cure) in [
            ("sqlite::memory:", "set SQLITE_DBNAME to `:memory:`"),
            ("sqlite://:memory:", "set SQLITE_DBNAME to `:memory:`"),
            ("sqlite://", "set SQLITE_DBNAME to the path alone, such as ``"),
            ("SQLite://Hotel.db", "set SQLITE_DBNAME to the path alone, such as `Hotel.db`"),
            ("sqlite:hotel.db", "set SQLITE_DBNAME to the path alone, such as `hotel.db`"),
            ("sqlite3:///var/hotel.db", "set SQLITE_DBNAME to the path alone, such as `/var/hotel.db`"),
            (":MEMORY:", "set SQLITE_DBNAME to `:memory:`"),
            (":Memory:?mode=memory&cache=shared", "set SQLITE_DBNAME to `:memory:`"),
            (":memory", "set SQLITE_DBNAME to `:memory:`"),
            ("memory:", "set SQLITE_DBNAME to `:memory:`"),
            (":hotel", "set SQLITE_DBNAME to `./:hotel` if the file has that name"),
            ("FILE:hotel.db", "write `file:`"),
            ("https://example.org/hotel.db", "set SQLITE_DBNAME to the path of a file"),
        ] {
            assert_eq!(near_miss(dbname).map(|(_, cure)| cure).as_deref(), Some(cure), "{dbname}");
        }
        for dbname in [
            ":memory:",
            "file::memory:",
            "file::memory:?cache=shared",
            "hotel.db",
            "./:hotel",
            "/var/lib/hotel.db",
            "sqlite.db",
            "memory",
            "sqlite/hotel.db",
            "C:\\hotel.db",
            "what?mode=memory",
        ] {
            assert_eq!(near_miss(dbname), None, "{dbname}");
        }
    }

    #[test]
    fn memory_is_recognized_in_each_of_its_spellings() {
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
    fn files_are_files_whatever_their_names_look_like() {
        for dbname in ["universe.db", "what?mode=memory", "file:universe.db", "file:/tmp/universe.db?cache=private"] {
            assert!(!Location::of(dbname).is_memory, "{dbname}");
        }
    }
}
