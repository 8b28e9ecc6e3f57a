//! The public traits of views, forwarded to what both databases share.

/// Implements the traits of views for the public types of a database, by forwarding each call.
///
/// The type of the views implements [`ViewsDatabase`](super::ViewsDatabase), and that of its transactions wraps a
/// [`Transaction`](super::Transaction).
macro_rules! forward_views {
    ($views:ident, $transaction:ident, $connection:ty) => {
        const _: () = {
            use std::error::Error as StdError;

            use eventsourcing_core::audit::{Audit, AuditEntry, AuditRecord};
            use eventsourcing_core::projection::{ProjectionKey, RecordedProjection, ViewTransaction, Views};
            use eventsourcing_core::projection::{RebuildError, RebuildableViews, ResolvedLetter, Switched};
            use eventsourcing_core::{DeadLetter, LogPosition, Tracking, Uuid, ViewError};
            use futures::future::BoxFuture;

            use $crate::views::{ViewsDatabase, audit, calls, catalogue, letters, rebuild, switch};
            use $crate::views::{is_missing_table, is_timeout, is_transient};

            type Session = <$views as ViewsDatabase>::Session;

            impl Views for $views {
                type View = $connection;
                type Transaction = $transaction;

                async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
                    calls::position(self, projection, upstream).await
                }

                async fn ensure_live(
                    &self,
                    projection: &str,
                    has_tables: bool,
                ) -> Result<Option<$transaction>, ViewError> {
                    Ok(calls::ensure_live(self, projection, has_tables).await?.map($transaction))
                }

                async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<$transaction, ViewError> {
                    calls::begin(self, projection, tracking).await.map($transaction)
                }

                async fn initialize_position(
                    &self,
                    projection: &str,
                    upstream: &str,
                    position: LogPosition,
                ) -> Result<LogPosition, ViewError> {
                    calls::initialize_position(self, projection, upstream, position).await
                }

                async fn move_position(
                    &self,
                    projection: &str,
                    upstream: &str,
                    from: LogPosition,
                    to: LogPosition,
                ) -> Result<(), ViewError> {
                    calls::move_position(self, projection, upstream, from, to).await
                }

                async fn begin_without_advance(
                    &self,
                    projection: &str,
                    upstream: &str,
                ) -> Result<$transaction, ViewError> {
                    calls::begin_without_advance(self, projection, upstream).await.map($transaction)
                }

                async fn dead_letters(
                    &self,
                    projection: &str,
                    upstream: &str,
                    after: u64,
                    limit: usize,
                ) -> Result<Vec<DeadLetter>, ViewError> {
                    letters::list(self, projection, upstream, after, limit).await
                }

                async fn resolved_letters(
                    &self,
                    projection: &str,
                    upstream: &str,
                    limit: usize,
                ) -> Result<Vec<ResolvedLetter>, ViewError> {
                    letters::resolved(self, projection, upstream, limit).await
                }

                async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
                    letters::count(self, projection, upstream).await
                }

                async fn projections(&self, after: &str, limit: usize) -> Result<Vec<RecordedProjection>, ViewError> {
                    catalogue::projections(self, after, limit).await
                }

                fn database(&self) -> Option<String> {
                    self.name()
                }

                fn is_transient(&self, error: &(dyn StdError + 'static)) -> bool {
                    is_transient::<Session>(error)
                }

                fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
                    is_timeout::<Session>(error)
                }

                fn is_missing_table(&self, error: &(dyn StdError + 'static)) -> bool {
                    is_missing_table::<Session>(error)
                }
            }

            impl ViewTransaction for $transaction {
                type View = $connection;

                fn view(&mut self) -> &mut $connection {
                    self.0.connection()
                }

                async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
                    self.0.parked(originators).await
                }

                async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
                    self.0.park(letters).await
                }

                async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
                    self.0.unpark(originator_id, limit).await
                }

                async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
                    self.0.discard(notification_id).await
                }

                async fn resolved(&mut self, records: &[ResolvedLetter]) -> Result<(), ViewError> {
                    self.0.resolved(records).await
                }

                async fn check(&mut self) -> Result<(), ViewError> {
                    self.0.check().await
                }

                fn is_ended(&self) -> bool {
                    self.0.is_ended()
                }

                async fn commit(self) -> Result<(), ViewError> {
                    self.0.commit().await
                }
            }

            impl Audit for $views {
                fn begin(&self, entry: AuditEntry) -> BoxFuture<'_, Result<u64, ViewError>> {
                    Box::pin(audit::begin(self, entry))
                }

                fn end(&self, id: u64, outcome: String) -> BoxFuture<'_, Result<(), ViewError>> {
                    Box::pin(audit::end(self, id, outcome))
                }

                fn entries(&self, before: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRecord>, ViewError>> {
                    Box::pin(audit::entries(self, before, limit))
                }
            }

            impl RebuildableViews for $views {
                const HAS_TABLES: bool = true;

                async fn begin_rebuild(&self, key: ProjectionKey<'_>) -> Result<Option<$transaction>, RebuildError> {
                    Ok(rebuild::begin_rebuild(self, key).await?.map($transaction))
                }

                async fn check_tables(
                    &self,
                    key: ProjectionKey<'_>,
                    transaction: &mut $transaction,
                ) -> Result<(), RebuildError> {
                    rebuild::check_tables(key, &mut transaction.0).await
                }

                async fn live_positions(&self, name: &str) -> Result<Vec<(String, LogPosition)>, RebuildError> {
                    rebuild::live_positions(self, name).await
                }

                async fn switch(
                    &self,
                    key: ProjectionKey<'_>,
                    lost: &[(String, LogPosition)],
                ) -> Result<Switched, RebuildError> {
                    switch::switch(self, key, lost).await
                }

                async fn abort_rebuild(&self, name: &str, version: Option<u32>) -> Result<Option<u32>, RebuildError> {
                    switch::abort_rebuild(self, name, version).await
                }
            }
        };
    };
}
pub(crate) use forward_views;
