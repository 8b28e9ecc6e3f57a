//! Missing privileges of a role (42501): which they are, and the GRANT to run.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::config::PostgresConfig;
use crate::sql::quoted;

/// The GRANT that gives the role the missing privilege.
///
/// The server names the object only in its message, in the language of its `lc_messages`. If that is not understood, the cure names all
/// privileges that an application needs.
pub(super) fn cure_of(error: &dyn DatabaseError, config: &PostgresConfig) -> String {
    let detail = error.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::detail);
    cure(error.message(), detail.unwrap_or_default(), config)
}

fn cure(message: &str, detail: &str, config: &PostgresConfig) -> String {
    let (role, schema, database) = (quoted(&config.user), quoted(&config.schema), quoted(&config.dbname));
    let object = |kind: &str| {
        let refused = message.strip_prefix("permission denied for ")?.strip_prefix(kind)?;
        Some(refused.trim().trim_matches('"'))
    };
    if let Some(owned) = message.strip_prefix("must be owner of ") {
        return format!("let the owner of {owned} run this program once, or make {role} its owner");
    }
    let grant = if object("database ").is_some() {
        let privilege = if detail.contains("CONNECT") { "CONNECT" } else { "CREATE" };
        format!("GRANT {privilege} ON DATABASE {database} TO {role}")
    } else if object("schema ").is_some() {
        let privileges = if config.create_table { "USAGE, CREATE" } else { "USAGE" };
        format!("GRANT {privileges} ON SCHEMA {schema} TO {role}")
    } else if let Some(table) = object("table ").or_else(|| object("relation ")) {
        format!("GRANT {} ON {schema}.{} TO {role}", privileges_on(table), quoted(table))
    } else {
        return format!(
            "let {role} use the database: `GRANT USAGE ON SCHEMA {schema} TO {role}` and \
             `GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO {role}`"
        );
    };
    format!("run `{grant}` as the owner")
}

/// The privileges that an application needs on one of its tables.
fn privileges_on(table: &str) -> &'static str {
    if table.ends_with("_events") || table.ends_with("_dictionaries") {
        "SELECT, INSERT"
    } else if table.ends_with("_commands") {
        "SELECT, INSERT, DELETE"
    } else if table.ends_with("_head") {
        "SELECT, UPDATE"
    } else if ["_tracking", "_letters", "_snapshots"].iter().any(|kind| table.ends_with(kind)) {
        "SELECT, INSERT, UPDATE, DELETE"
    } else {
        "SELECT, INSERT, UPDATE"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_privilege_is_the_one_that_was_missing() {
        let mut config = PostgresConfig::new("shop", "localhost", "ada");
        config.schema = "hotel".to_owned();
        for (message, detail, cure_is) in [
            (
                "permission denied for database \"shop\"",
                "User does not have CONNECT privilege.",
                r#"run `GRANT CONNECT ON DATABASE "shop" TO "ada"` as the owner"#,
            ),
            (
                "permission denied for database shop",
                "",
                r#"run `GRANT CREATE ON DATABASE "shop" TO "ada"` as the owner"#,
            ),
            (
                "permission denied for schema hotel",
                "",
                r#"run `GRANT USAGE, CREATE ON SCHEMA "hotel" TO "ada"` as the owner"#,
            ),
            (
                "permission denied for table universe_head",
                "",
                r#"run `GRANT SELECT, UPDATE ON "hotel"."universe_head" TO "ada"` as the owner"#,
            ),
            (
                "permission denied for table universe_snapshots",
                "",
                r#"run `GRANT SELECT, INSERT, UPDATE, DELETE ON "hotel"."universe_snapshots" TO "ada"` as the owner"#,
            ),
            (
                "permission denied for table universe_commands",
                "",
                r#"run `GRANT SELECT, INSERT, DELETE ON "hotel"."universe_commands" TO "ada"` as the owner"#,
            ),
            (
                "must be owner of table universe_events",
                "",
                r#"let the owner of table universe_events run this program once, or make "ada" its owner"#,
            ),
        ] {
            assert_eq!(cure(message, detail, &config), cure_is);
        }
        assert!(
            cure("keine Berechtigung f\u{fc}r Tabelle x", "", &config)
                .contains("GRANT SELECT, INSERT, UPDATE ON ALL TABLES")
        );
    }
}
