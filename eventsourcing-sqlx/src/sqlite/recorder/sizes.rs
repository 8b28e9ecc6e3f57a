//! How large the file is.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::TableSize;

use super::Inner;
use super::select::Slice;

/// `()` → the size of the file, and of its pages that are free.
const SIZE: &str = "SELECT page_count * page_size, freelist_count * page_size \
                    FROM pragma_page_count, pragma_page_size, pragma_freelist_count";

impl Inner {
    /// The size of the file: which table has which pages is known only to those who read all of them.
    pub(super) async fn table_sizes(&self) -> Result<Vec<TableSize>, RecorderError> {
        let mut sizes = Vec::new();
        self.read("look up the size of the file", |connection| {
            let (bytes, free): (i64, i64) = connection.query_row(SIZE, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let size = TableSize::new(self.location.filename.clone(), bytes.unsigned_abs());
            sizes = vec![size.with_free_bytes(free.unsigned_abs())];
            Ok(Slice::Last)
        })
        .await?;
        Ok(sizes)
    }
}
