//! Reads the metadata of a recorded event without the event.

use std::sync::Arc;

use super::Mapper;
use crate::codec::MapperError;
use crate::domain::Metadata;
use crate::recording::{Notification, StateLocation};

impl Mapper {
    /// Returns the metadata of a notification, whatever its topic and the version of its shape. It is empty if there is none.
    ///
    /// # Errors
    /// [`MapperError`] if the state was altered or cannot be opened, or if its metadata cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{AggregateEvent, DomainEvent, Timestamp, Uuid};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Started {}
    /// # impl AggregateEvent for Started {
    /// #     const TOPICS: &'static [&'static str] = &["World.Started"];
    /// #     fn topic(&self) -> &'static str { "World.Started" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "World.Started" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # fn started() -> DomainEvent<Started> { DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Started {}) }
    /// use eventsourcing::{Application, Error, Metadata};
    /// # futures::executor::block_on(async {
    /// let universe = Application::builder("Universe").open()?;
    /// universe.save(started()).metadata(Metadata::new().with_actor("ada")).await?;
    ///
    /// for notification in universe.log().select(1, 10).await? {
    ///     assert_eq!(universe.mapper().metadata_of(&notification)?.actor(), Some("ada"));
    /// }
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn metadata_of(&self, notification: &Notification) -> Result<Metadata, MapperError> {
        self.read_metadata(&notification.location(), &notification.state, notification.checksum)
    }

    /// Reads the metadata of an event from a borrowed state, such as a column of a database row. It is empty if there is none.
    ///
    /// # Errors
    /// The errors of [`metadata_of`](Self::metadata_of).
    pub fn read_metadata(
        &self,
        place: &StateLocation<'_>,
        state: &[u8],
        checksum: Option<u32>,
    ) -> Result<Metadata, MapperError> {
        let (metadata, _) = self.read(place, state, checksum, |reader| reader.read_metadata())?;
        Ok(metadata.map(Arc::unwrap_or_clone).unwrap_or_default())
    }
}
