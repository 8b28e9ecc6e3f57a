//! The statements that list projections without knowing their names.

#[cfg(feature = "postgres")]
use super::fragments::{is, op};

/// The statements in one dialect. Each lookup uses a key, so that neither old rows nor dead letters are read.
pub(crate) struct CatalogueSql {
    /// `(after, limit)` → projection, live version, rebuilt version, by projection.
    pub(crate) projections: &'static str,
    /// `(keys as a JSON array, most letters to count)` → key, upstream, position, anchor, number of dead letters.
    ///
    /// An upstream with dead letters and without a position, which is at the start then, is included.
    pub(crate) upstreams: &'static str,
}

/// `name (key, upstream)`: the upstreams of the keys of `asked` in a table, and an end without an upstream for each key.
#[cfg(feature = "postgres")]
macro_rules! upstreams_in {
    ($name:literal, $table:literal, $order:literal) => {
        concat!(
            $name,
            " (key, upstream) AS (SELECT asked.key, (SELECT upstream FROM ",
            $table,
            " WHERE ",
            is!("projection", "asked.key"),
            " ORDER BY upstream DESC, ",
            $order,
            " DESC LIMIT 1) FROM asked UNION ALL SELECT ",
            $name,
            ".key, (SELECT next.upstream FROM ",
            $table,
            " AS next WHERE next.projection",
            op!("="),
            $name,
            ".key AND next.upstream",
            op!("<"),
            $name,
            ".upstream ORDER BY next.upstream DESC, next.",
            $order,
            " DESC LIMIT 1) FROM ",
            $name,
            " WHERE ",
            $name,
            ".upstream IS NOT NULL)"
        )
    };
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: CatalogueSql = CatalogueSql {
    projections: concat!(
        "SELECT projection, serving, rebuilt FROM eventsourcing_projection_versions WHERE projection",
        op!(">"),
        "$1 AND projection",
        op!("<>"),
        "'.schema' ORDER BY projection LIMIT $2"
    ),
    // the newest row of a position is the only one that is not deleted
    upstreams: concat!(
        "WITH RECURSIVE asked (key) AS (SELECT pg_catalog.jsonb_array_elements_text($1::pg_catalog.text::pg_catalog.jsonb)), ",
        upstreams_in!("placed", "eventsourcing_projections", "position"),
        ", ",
        upstreams_in!("parked", "eventsourcing_dead_letters", "notification_id"),
        ", owner AS (SELECT key, upstream FROM placed WHERE upstream IS NOT NULL \
           UNION SELECT key, upstream FROM parked WHERE upstream IS NOT NULL) \
         SELECT owner.key, owner.upstream, place.position, place.anchor, (SELECT pg_catalog.count(*) FROM (\
             SELECT FROM eventsourcing_dead_letters AS letter WHERE ",
        is!("letter.projection", "owner.key", "letter.upstream", "owner.upstream"),
        // without this order, the planner may read the whole table for a projection that has few letters
        " ORDER BY letter.notification_id LIMIT $2) AS counted) FROM owner LEFT JOIN LATERAL (\
             SELECT position, anchor FROM eventsourcing_projections AS newest WHERE ",
        is!("newest.projection", "owner.key", "newest.upstream", "owner.upstream"),
        " ORDER BY position DESC LIMIT 1) AS place ON true"
    ),
};

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: CatalogueSql = CatalogueSql {
    projections: "SELECT projection, serving, rebuilt FROM eventsourcing_projection_versions \
                  WHERE projection > ?1 AND projection <> '.schema' ORDER BY projection LIMIT ?2",
    upstreams: "WITH RECURSIVE asked (key) AS (SELECT value FROM json_each(?1)), \
                placed (key, upstream) AS (\
                  SELECT key, (SELECT min(upstream) FROM eventsourcing_projections WHERE projection = asked.key) FROM asked \
                  UNION ALL SELECT key, (SELECT min(next.upstream) FROM eventsourcing_projections AS next \
                    WHERE next.projection = placed.key AND next.upstream > placed.upstream) \
                  FROM placed WHERE upstream IS NOT NULL), \
                parked (key, upstream) AS (\
                  SELECT key, (SELECT min(upstream) FROM eventsourcing_dead_letters WHERE projection = asked.key) FROM asked \
                  UNION ALL SELECT key, (SELECT min(next.upstream) FROM eventsourcing_dead_letters AS next \
                    WHERE next.projection = parked.key AND next.upstream > parked.upstream) \
                  FROM parked WHERE upstream IS NOT NULL), \
                owner AS (SELECT key, upstream FROM placed WHERE upstream IS NOT NULL \
                  UNION SELECT key, upstream FROM parked WHERE upstream IS NOT NULL) \
                SELECT owner.key, owner.upstream, place.position, place.anchor, (SELECT count(*) FROM (\
                    SELECT 1 FROM eventsourcing_dead_letters AS letter \
                    WHERE letter.projection = owner.key AND letter.upstream = owner.upstream LIMIT ?2)) \
                FROM owner LEFT JOIN eventsourcing_projections AS place \
                  ON place.projection = owner.key AND place.upstream = owner.upstream",
};

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use rusqlite::{Connection, params};

    use super::SQLITE;
    use crate::sql::projections::{dead_letters, positions, versions};

    #[test]
    fn a_list_of_projections_scans_no_table() -> rusqlite::Result<()> {
        let connection = Connection::open_in_memory()?;
        for create in [positions::SQLITE_ONLY.create, dead_letters::SQLITE.create, versions::SQLITE.create] {
            connection.execute_batch(create)?;
        }
        for statement in [SQLITE.projections, SQLITE.upstreams] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
            let steps = explain.query_map(params!["[]", 1], |row| row.get(3))?.collect::<Result<Vec<String>, _>>()?;
            let tables = ["eventsourcing_", "letter", "place", "next"];
            let is_scan = |step: &&String| tables.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
            // `placed` is not a table: it has one row for each upstream that is found
            let scans: Vec<_> = steps.iter().filter(is_scan).filter(|step| *step != "SCAN placed").collect();
            assert!(scans.is_empty() && steps.iter().any(|step| step.starts_with("SEARCH")), "{steps:#?}");
        }
        Ok(())
    }
}
