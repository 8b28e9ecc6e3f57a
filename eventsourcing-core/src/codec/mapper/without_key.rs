//! A mapper without the key of its log, which opens no encrypted state and seals none.

use std::sync::Arc;

use super::Mapper;

impl Mapper {
    /// Removes the cipher, for a program that looks at a log whose key it must not have.
    ///
    /// Encrypted states are not opened: the error is [`MapperFailure::KeyMissing`](crate::codec::MapperFailure::KeyMissing). Nothing is sealed,
    /// with the same error, so that no event is recorded unencrypted. States that are not encrypted are opened.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::codec::MapperFailure;
    /// use eventsourcing::recording::StateLocation;
    /// use eventsourcing::{Mapper, Uuid};
    ///
    /// let mapper = Mapper::new("universe").without_key();
    /// let place = StateLocation::event(Uuid::new_v4(), 1, "World.Started");
    /// let refused = mapper.seal(&place, b"{}".to_vec()).unwrap_err();
    /// assert_eq!(refused.failure, MapperFailure::KeyMissing);
    /// ```
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.cipher = None;
        self.lacks_key = true;
        self.dictionaries = Arc::default();
        self
    }

    /// Returns whether the mapper was made [without the key](Self::without_key).
    pub fn lacks_key(&self) -> bool {
        self.lacks_key
    }
}
