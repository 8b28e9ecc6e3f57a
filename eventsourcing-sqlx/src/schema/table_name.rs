//! The names of an application's tables, which depend only on the application's name.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::check_name;

/// The name of an application, as a valid prefix of table names.
///
/// It consists of lower-case ASCII letters, digits and underscores, and so needs no quotes in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    application: String,
    prefix: String,
}

impl TableName {
    /// Lowers the case of the application's name and checks the rest.
    pub(crate) fn of(application: &str) -> Result<Self, RecorderError> {
        check_name(application)?;
        Ok(Self { application: application.to_owned(), prefix: application.to_ascii_lowercase() })
    }

    /// Refuses tables of another application whose name differs only in case, and whose tables therefore have the same names.
    pub(crate) fn check_owner(&self, owner: Option<&str>) -> Result<(), RecorderError> {
        match owner {
            Some(owner) if owner != self.application => Err(RecorderError::Name {
                name: self.application.clone(),
                reason: format!("the application `{owner}` has tables of the same names there; rename one of them"),
            }),
            _ => Ok(()),
        }
    }

    /// The application's name as it was given.
    pub(crate) fn application(&self) -> &str {
        &self.application
    }

    pub(crate) fn events(&self) -> String {
        format!("{}_events", self.prefix)
    }

    pub(crate) fn head(&self) -> String {
        format!("{}_head", self.prefix)
    }

    pub(crate) fn dictionaries(&self) -> String {
        format!("{}_dictionaries", self.prefix)
    }

    pub(crate) fn tracking(&self) -> String {
        format!("{}_tracking", self.prefix)
    }

    pub(crate) fn letters(&self) -> String {
        format!("{}_letters", self.prefix)
    }

    pub(crate) fn snapshots(&self) -> String {
        format!("{}_snapshots", self.prefix)
    }

    pub(crate) fn commands(&self) -> String {
        format!("{}_commands", self.prefix)
    }

    /// The constraint by which a version is recorded only once.
    pub(crate) fn version_key(&self) -> String {
        format!("{}_events_version_key", self.prefix)
    }

    /// The index of the first events of aggregates, by topic.
    pub(crate) fn first_key(&self) -> String {
        format!("{}_events_first_key", self.prefix)
    }

    /// The optional index of the events by topic.
    pub(crate) fn topic_key(&self) -> String {
        format!("{}_events_topic_key", self.prefix)
    }

    /// The primary key of the events, by notification id.
    #[cfg(feature = "postgres")]
    pub(crate) fn events_key(&self) -> String {
        format!("{}_events_pkey", self.prefix)
    }

    /// The primary key of the dictionaries. PostgreSQL's default name would be truncated if it is long.
    #[cfg(feature = "postgres")]
    pub(crate) fn dictionaries_key(&self) -> String {
        format!("{}_dictionaries_key", self.prefix)
    }

    /// The function that appends events.
    #[cfg(feature = "postgres")]
    pub(crate) fn append(&self) -> String {
        format!("{}_append", self.prefix)
    }

    /// The function that appends one event.
    #[cfg(feature = "postgres")]
    pub(crate) fn append_one(&self) -> String {
        format!("{}_append_one", self.prefix)
    }

    /// The function that appends events and changes dead letters.
    #[cfg(feature = "postgres")]
    pub(crate) fn append_letters(&self) -> String {
        format!("{}_append_letters", self.prefix)
    }

    /// The primary key of the dead letters.
    #[cfg(feature = "postgres")]
    pub(crate) fn letters_key(&self) -> String {
        format!("{}_letters_key", self.prefix)
    }

    /// The index of the dead letters by aggregate.
    #[cfg(feature = "postgres")]
    pub(crate) fn letters_originator_key(&self) -> String {
        format!("{}_letters_id_key", self.prefix)
    }

    /// The primary key of the snapshots.
    #[cfg(feature = "postgres")]
    pub(crate) fn snapshots_key(&self) -> String {
        format!("{}_snapshots_key", self.prefix)
    }

    /// The function that appends events and records commands.
    #[cfg(feature = "postgres")]
    pub(crate) fn append_commands(&self) -> String {
        format!("{}_append_commands", self.prefix)
    }

    /// The function that appends one event and records its command.
    #[cfg(feature = "postgres")]
    pub(crate) fn append_one_command(&self) -> String {
        format!("{}_append_command", self.prefix)
    }

    /// The primary key of the commands.
    #[cfg(feature = "postgres")]
    pub(crate) fn commands_key(&self) -> String {
        format!("{}_commands_key", self.prefix)
    }

    /// The index of the commands in the order in which they were recorded.
    #[cfg(feature = "postgres")]
    pub(crate) fn commands_order_key(&self) -> String {
        format!("{}_commands_order_key", self.prefix)
    }

    /// The trigger, and its function, that prevents ids of deleted events from being issued again.
    #[cfg(feature = "postgres")]
    pub(crate) fn keep_ids(&self) -> String {
        format!("{}_keep_ids", self.prefix)
    }

    /// The primary key of the tracking table.
    #[cfg(feature = "postgres")]
    pub(crate) fn tracking_key(&self) -> String {
        format!("{}_tracking_key", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::TableName;

    #[test]
    fn names_are_lower_case_and_no_longer_than_postgresql_keeps() {
        let name = format!("{}1234", "Universe".repeat(5));
        let names = TableName::of(&name).map(|name| {
            let keys = ["dictionaries_key", "commands_order_key", "append_commands"];
            let keys = keys.map(|key| format!("{}_{key}", name.prefix)).into_iter();
            let keys = keys.chain([name.version_key(), name.first_key(), name.commands()]);
            [name.events(), name.head(), name.dictionaries(), name.tracking(), name.letters(), name.snapshots()]
                .into_iter()
                .chain(keys)
                .collect::<Vec<_>>()
        });
        assert!(names.is_ok_and(|names| names.iter().all(|name| name.len() <= 63 && name.starts_with("universe"))));
    }

    #[test]
    fn names_that_make_no_table_are_refused_with_the_reason() {
        let refused = |name: &str| TableName::of(name).err().map(|error| error.to_string()).unwrap_or_default();
        for (name, reason) in [
            ("", "it is empty"),
            ("1st", "starts with a digit"),
            ("World-Wide", "`-` is no ASCII letter"),
            ("a\"; DROP TABLE x; --", "is no ASCII letter"),
            ("Größe", "is no ASCII letter"),
            ("Sqlite", "SQLite keeps"),
            (&"x".repeat(45), "it has 45 characters, and at most 44 are allowed"),
        ] {
            assert!(refused(name).contains(reason), "{name}: {}", refused(name));
        }
        assert!(TableName::of(&"x".repeat(44)).is_ok());
    }
}
