//! The tables of views: which of them exist, and what their version means.

use eventsourcing_core::ViewError;

/// The tables of positions, dead letters, versions, resolved letters and the audit, as they are found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProjectionTables {
    /// Whether the table of positions exists.
    pub(crate) has_positions: bool,
    /// Whether all tables exist.
    pub(crate) are_complete: bool,
    /// The stored version. The first version did not store it.
    pub(crate) version: Option<i64>,
    /// The version that this program creates and knows.
    pub(crate) known: i64,
}

impl ProjectionTables {
    /// Whether the tables are up to date. Others can be created or migrated.
    ///
    /// # Errors
    /// [`ViewError::SchemaTooNew`] if a later version of this library made them.
    pub(crate) fn check(self) -> Result<bool, ViewError> {
        match self.version {
            Some(found) if found > self.known => Err(ViewError::SchemaTooNew { found, known: self.known }),
            Some(found) if found == self.known => Ok(self.are_complete),
            _ => Ok(false),
        }
    }

    /// The error of tables that may not be created or migrated.
    pub(crate) fn missing(self, database: &str, sql: &[&str]) -> ViewError {
        let problem = if self.has_positions {
            let found = self.version.unwrap_or(1);
            format!(
                "the tables of projections in {database} have schema version {found}, which must be migrated to {}",
                self.known
            )
        } else {
            format!("the tables of projections are missing from {database}")
        };
        ViewError::SchemaMissing { problem, sql: format!("BEGIN;\n{};\nCOMMIT;\n", sql.join(";\n")) }
    }
}
