//! How large the tables are.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::TableSize;
use sqlx::Row;

use super::Inner;
use super::select::ShownRow;

/// `(schema, tables)` → name, bytes, bytes of the indexes, about how many rows or none if the table was never analyzed.
const SIZES: &str = "SELECT c.relname::pg_catalog.text, pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid), \
                       CASE WHEN c.reltuples OPERATOR(pg_catalog.>=) 0 THEN c.reltuples::bigint END \
                     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
                     WHERE n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) $1 \
                       AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2) ORDER BY 2 DESC, 1";

impl Inner {
    pub(super) async fn table_sizes(&self) -> Result<Vec<TableSize>, RecorderError> {
        let name = &self.name;
        let tables = vec![
            name.events(),
            name.head(),
            name.tracking(),
            name.letters(),
            name.dictionaries(),
            name.snapshots(),
            name.commands(),
        ];
        let mut sizes = Vec::new();
        let select = |sizes: &mut &mut Vec<TableSize>| {
            // all of them again, if the connection broke
            sizes.clear();
            sqlx::query(SIZES).bind(self.config.schema.clone()).bind(tables.clone())
        };
        let show = |sizes: &mut &mut Vec<TableSize>, row: ShownRow<'_>| {
            let (bytes, indexes): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            let size = TableSize::new(row.try_get::<String, _>(0)?, bytes.unsigned_abs());
            let size = size.with_index_bytes(indexes.unsigned_abs());
            sizes.push(size.with_rows(row.try_get::<Option<i64>, _>(3)?.map(i64::unsigned_abs)));
            Ok(ControlFlow::Continue(()))
        };
        self.read("look up the sizes of tables", &mut sizes, select, show).await?;
        Ok(sizes)
    }
}
