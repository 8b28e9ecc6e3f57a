//! The query plans of statements that must not read the whole table.

use rusqlite::Connection;
use uuid::Uuid;

use super::SqliteSql;
use crate::schema::TableName;
use crate::sql::statements::Sql;

/// SQLite's query plan of a statement.
fn plan(connection: &Connection, statement: &Sql) -> Result<String, rusqlite::Error> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.as_str()))?;
    // the plan does not depend on what is bound, and nothing is
    let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
    steps.collect::<Result<Vec<_>, _>>().map(|steps| steps.join("\n"))
}

#[test]
fn the_last_rows_are_found_from_the_end() -> Result<(), Box<dyn std::error::Error>> {
    let sql = SqliteSql::of(&TableName::of("Universe")?);
    let connection = Connection::open_in_memory()?;
    sql.create(Uuid::nil()).iter().try_for_each(|statement| connection.execute(statement, []).map(drop))?;
    for statement in [&sql.common.search, &sql.common.search_back] {
        let plan = plan(&connection, statement)?;
        assert!(plan.contains("INTEGER PRIMARY KEY (rowid>? AND rowid<?)") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    for statement in [&sql.common.originators, &sql.common.recorded_times, &sql.common.event_places] {
        let plan = plan(&connection, statement)?;
        assert!(plan.starts_with("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    for statement in [&sql.common.search_aggregate, &sql.common.search_aggregate_back] {
        let plan = plan(&connection, statement)?;
        assert!(plan.contains("(originator_id=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    let plan = plan(&connection, &sql.common.events_descending)?;
    let is_searched = plan.contains("(originator_id=? AND originator_version>? AND originator_version<?)");
    assert!(is_searched && !plan.contains("TEMP B-TREE"), "{plan}");
    Ok(())
}

#[test]
fn aggregates_are_found_by_their_ids_without_a_scan() -> Result<(), Box<dyn std::error::Error>> {
    let sql = SqliteSql::of(&TableName::of("Universe")?);
    let connection = Connection::open_in_memory()?;
    sql.create(Uuid::nil()).iter().try_for_each(|statement| connection.execute(statement, []).map(drop))?;
    let range = plan(&connection, &sql.common.originators_by_id)?;
    assert!(range.contains("(originator_id>? AND originator_id<?)"), "{range}");
    assert!(!range.contains("SCAN") && !range.contains("TEMP B-TREE"), "{range}");
    let count = plan(&connection, &sql.common.version_count)?;
    assert!(count.matches("COVERING INDEX").count() == 2 && !count.contains("SCAN universe"), "{count}");
    Ok(())
}

#[test]
fn dead_letters_of_other_aggregates_are_not_read() -> Result<(), Box<dyn std::error::Error>> {
    let sql = SqliteSql::of(&TableName::of("Universe")?);
    let connection = Connection::open_in_memory()?;
    sql.create(Uuid::nil()).iter().try_for_each(|statement| connection.execute(statement, []).map(drop))?;
    for statement in [&sql.common.with_letters, &sql.common.letters_of] {
        let plan = plan(&connection, statement)?;
        assert!(plan.contains("(upstream=? AND originator_id=?") && !plan.contains("(upstream=?)"), "{plan}");
    }
    for statement in [&sql.common.letters, &sql.take_out] {
        let plan = plan(&connection, statement)?;
        assert!(plan.contains("(upstream=? AND notification_id") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    Ok(())
}
