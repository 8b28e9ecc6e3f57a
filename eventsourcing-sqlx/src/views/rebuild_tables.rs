//! The tables of a rebuild: found by their prefix, dropped, and put in the place of the live ones.

use eventsourcing_core::projection::ProjectionKey;

use super::session::Session;
use super::statement::{Columns, FromColumns};
use crate::sql::quoted;

/// The name of a table.
struct Name(String);

impl FromColumns for Name {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.text(0)?))
    }
}

/// The names of the tables that a rebuild made, one a line; none if they were not stored.
struct MadeTables(Option<String>);

impl FromColumns for MadeTables {
    fn from_columns(row: &impl Columns) -> sqlx::Result<Self> {
        Ok(Self(row.text_if_any(0)?))
    }
}

/// The tables whose names begin with a prefix.
pub(super) async fn tables<S: Session>(session: &mut S, prefix: &str) -> sqlx::Result<Vec<String>> {
    let found = session.fetch::<Name>(S::VERSIONS.tables, &[prefix.into()]).await?;
    Ok(found.into_iter().map(|Name(name)| name).collect())
}

/// The tables that a rebuild made and that exist. If it began before their names were stored, all tables with its prefix.
pub(super) async fn made<S: Session>(session: &mut S, key: ProjectionKey<'_>) -> sqlx::Result<Vec<String>> {
    let mut tables = tables(session, &key.prefix()).await?;
    let made = session.fetch::<MadeTables>(S::VERSIONS.made, &[key.name.into()]).await?;
    if let Some(MadeTables(Some(made))) = made.first() {
        tables.retain(|table| made.split('\n').any(|made| made == table));
    }
    Ok(tables)
}

/// Drops tables, and what depends on them if the end of the statement says so.
pub(super) async fn drop_tables<S: Session>(session: &mut S, tables: &[String], end: &str) -> sqlx::Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
    session.execute_script(format!("DROP TABLE {}{end}", names.join(S::VERSIONS.between_dropped))).await
}

/// Drops the live tables that are replaced, and gives their names to those that replace them.
pub(super) async fn replace_tables<S: Session>(session: &mut S, key: ProjectionKey<'_>) -> sqlx::Result<()> {
    let rebuilt = made(session, key).await?;
    let prefix = &key.prefix();
    let mut replaced = Vec::new();
    for name in rebuilt.iter().filter_map(|table| table.strip_prefix(prefix)) {
        let live = session.fetch::<Name>(S::VERSIONS.table, &[name.into()]).await?;
        replaced.extend(live.into_iter().map(|Name(name)| name));
    }
    drop_tables(session, &replaced, "").await?;
    for table in &rebuilt {
        let Some(name) = table.strip_prefix(prefix) else { continue };
        session.execute_script(format!("ALTER TABLE {} RENAME TO {}", quoted(table), quoted(name))).await?;
    }
    Ok(())
}
