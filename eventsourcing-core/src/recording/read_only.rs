//! A recorder that reads what another one has recorded, and refuses to change anything.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Append, CommandId, EventPlace, EventQuery, EventVisitor, LetterQuery, LogPosition, Notification, NotificationQuery,
    NotificationVisitor, OriginatorIdQuery, OriginatorQuery, OriginatorSummary, OutdatedCommands, RecordedCommand,
    RecordedOriginator, RecordedTime, Recorder, RecorderError, ReplayQuery, ReplayVisitor, SearchQuery,
    StoredDictionary, StoredEvent, StoredLetter, StoredSnapshot, TableSize, TrackedPosition, Tracking,
};
use crate::stats::RecorderStats;

/// A recorder that reads what another one has recorded, and refuses to change anything.
///
/// Each method that records, moves or deletes something fails with [`RecorderError::OpenedReadOnly`], which names the method. The other
/// recorder is not called then. [`ApplicationBuilder::read_only`](crate::ApplicationBuilder::read_only) uses it.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::sync::Arc;
///
/// use eventsourcing::recording::{MemoryRecorder, ReadOnlyRecorder};
/// use eventsourcing::{Recorder, RecorderError};
/// # futures::executor::block_on(async {
/// let recorder = ReadOnlyRecorder::new(Arc::new(MemoryRecorder::new()));
/// assert_eq!(recorder.max_notification_id().await?, None);
/// let refused = recorder.insert_events(Vec::new()).await.unwrap_err();
/// assert!(matches!(refused, RecorderError::OpenedReadOnly { call: "insert_events" }));
/// # Ok::<(), RecorderError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct ReadOnlyRecorder {
    inner: Arc<dyn Recorder>,
}

impl ReadOnlyRecorder {
    /// Reads with this recorder.
    pub fn new(inner: Arc<dyn Recorder>) -> Self {
        Self { inner }
    }
}

/// The refusal of a call.
fn refused<T>(call: &'static str) -> Result<T, RecorderError> {
    Err(RecorderError::OpenedReadOnly { call })
}

#[async_trait]
impl Recorder for ReadOnlyRecorder {
    async fn insert_events(&self, _: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        refused("insert_events")
    }

    async fn insert_tracked(&self, _: Vec<StoredEvent>, _: Tracking) -> Result<Vec<Notification>, RecorderError> {
        refused("insert_tracked")
    }

    async fn append(&self, _: Append) -> Result<Vec<Notification>, RecorderError> {
        refused("append")
    }

    async fn initialize_tracking(&self, _: &str, _: LogPosition) -> Result<LogPosition, RecorderError> {
        refused("initialize_tracking")
    }

    async fn move_tracking(&self, _: &str, _: LogPosition, _: LogPosition) -> Result<(), RecorderError> {
        refused("move_tracking")
    }

    async fn insert_dictionary(&self, _: StoredDictionary) -> Result<bool, RecorderError> {
        refused("insert_dictionary")
    }

    async fn insert_snapshot(&self, _: StoredSnapshot, _: usize) -> Result<bool, RecorderError> {
        refused("insert_snapshot")
    }

    async fn delete_snapshots(&self, _: Uuid) -> Result<(), RecorderError> {
        refused("delete_snapshots")
    }

    async fn delete_commands(&self, _: OutdatedCommands, _: usize) -> Result<u64, RecorderError> {
        refused("delete_commands")
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner.max_notification_id().await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        self.inner.read_events(query, visit).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.inner.read_notifications(query, visit).await
    }

    async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        self.inner.search_notifications(query, visit).await
    }

    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        self.inner.select_letters(query).await
    }

    async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        self.inner.count_letters(upstream).await
    }

    async fn originators_with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        self.inner.originators_with_letters(upstream, originators).await
    }

    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        self.inner.position_at(notification_id).await
    }

    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        self.inner.last_position().await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.inner.tracked_position(upstream).await
    }

    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        self.inner.tracked_positions().await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.inner.select_dictionaries(after).await
    }

    async fn select_originators(&self, query: OriginatorQuery) -> Result<Vec<RecordedOriginator>, RecorderError> {
        self.inner.select_originators(query).await
    }

    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        self.inner.select_originators_by_id(query).await
    }

    async fn count_originators(&self, topics: &[String]) -> Result<u64, RecorderError> {
        self.inner.count_originators(topics).await
    }

    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        self.inner.select_recorded_times(ids).await
    }

    async fn select_event_places(&self, id: Uuid, versions: &[u64]) -> Result<Vec<EventPlace>, RecorderError> {
        self.inner.select_event_places(id, versions).await
    }

    async fn table_sizes(&self) -> Result<Vec<TableSize>, RecorderError> {
        self.inner.table_sizes().await
    }

    fn stats(&self) -> RecorderStats {
        self.inner.stats()
    }

    async fn last_id_before(&self, time: Timestamp) -> Result<u64, RecorderError> {
        self.inner.last_id_before(time).await
    }

    fn keeps_snapshots(&self) -> bool {
        self.inner.keeps_snapshots()
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.inner.read_replay(query, visit).await
    }

    fn keeps_commands(&self) -> bool {
        self.inner.keeps_commands()
    }

    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        self.inner.find_command(id).await
    }

    async fn recorded_after(&self, after: u64) {
        self.inner.recorded_after(after).await;
    }

    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        self.inner.log_identity().await
    }

    async fn is_writable(&self) -> Result<Option<bool>, RecorderError> {
        Ok(Some(false))
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests {
    /// The names of the methods in a source text.
    fn methods(source: &str) -> Vec<&str> {
        let lines = source.lines().map(str::trim_start);
        let declared = lines.filter_map(|line| line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")));
        declared.filter_map(|rest| rest.split('(').next()).collect()
    }

    #[test]
    fn no_method_is_left_to_its_default() {
        let of_trait = methods(include_str!("recorder.rs"));
        let own = methods(include_str!("read_only.rs"));
        assert!(of_trait.len() > 20, "{of_trait:?}");
        let missing: Vec<_> = of_trait.into_iter().filter(|method| !own.contains(method)).collect();
        assert!(missing.is_empty(), "forward these, or refuse them if they change something: {missing:?}");
    }
}
