//! What the tables of views are like, and what their version means.

use eventsourcing_core::ViewError;

/// The tables of positions, dead letters and versions, as they are found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    pub(super) are_there: [bool; 3],
    /// The version that they say they have. The first did not say.
    pub(super) version: Option<i64>,
    /// The version that this program makes and knows.
    pub(super) known: i64,
}

impl Tables {
    /// Whether they are those of now; others can be made into them.
    pub(super) fn check(self) -> Result<bool, ViewError> {
        match self.version {
            Some(found) if found > self.known => Err(ViewError::SchemaTooNew { found, known: self.known }),
            Some(found) if found == self.known => Ok(self.are_there == [true; 3]),
            _ => Ok(false),
        }
    }

    /// The error of tables that may not be made or changed.
    pub(super) fn missing(self, database: &str, sql: &[&str]) -> ViewError {
        let [has_positions, ..] = self.are_there;
        let problem = if has_positions {
            let found = self.version.unwrap_or(1);
            format!(
                "the tables of projections in {database} are of schema version {found}, which must become {}",
                self.known
            )
        } else {
            format!("the tables of projections are missing from {database}")
        };
        ViewError::SchemaMissing { problem, sql: format!("BEGIN;\n{};\nCOMMIT;\n", sql.join(";\n")) }
    }
}

/// Whether the role may not do this.
#[cfg(feature = "postgres")]
pub(super) fn is_forbidden(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42501")
}
