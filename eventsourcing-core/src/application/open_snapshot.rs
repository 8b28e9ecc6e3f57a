//! Seals a snapshot for its place, and opens a stored one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use uuid::Uuid;

use super::handle::Shared;
use crate::codec::MapperError;
use crate::domain::{Aggregate, SnapshotFormat};
use crate::recording::{StateKind, StateLocation, StoredSnapshot, StoredSnapshotRef};

/// What a stored snapshot turned out to be.
pub(super) enum Opened<A> {
    /// The aggregate, and the latest time of its events.
    Fits(Box<A>, Timestamp),
    /// It needs this dictionary, which may have been stored after the application was opened.
    NeedsDictionary(u32),
    /// It cannot be used, for this reason.
    Unfit(String),
}

impl Shared {
    /// Opens a stored snapshot.
    pub(super) fn open_snapshot<A: Aggregate>(
        &self,
        format: &SnapshotFormat<A>,
        stored: StoredSnapshotRef<'_>,
    ) -> Opened<A> {
        if stored.topic != A::NAME {
            return Opened::Unfit(format!("it is a snapshot of `{}`", stored.topic));
        }
        let (id, version) = (stored.originator_id, stored.originator_version);
        let topic = bound_topic(A::NAME, stored.fingerprint, stored.append_id);
        let place = StateLocation::new(StateKind::Snapshot, id, version, &topic);
        let json = match self.mapper.open(&place, stored.state, stored.checksum) {
            Ok(json) => json,
            Err(error) => {
                return error
                    .unknown_dictionary()
                    .map_or_else(|| Opened::Unfit(error.to_string()), Opened::NeedsDictionary);
            }
        };
        // the type's `Deserialize` may panic on JSON that its own `Serialize` never writes
        match catch_unwind(AssertUnwindSafe(|| format.read(&json, id, version))) {
            Ok(Ok((aggregate, latest))) => Opened::Fits(Box::new(aggregate), latest),
            Ok(Err(fault)) => Opened::Unfit(fault.to_string()),
            Err(_) => Opened::Unfit("deserializing it panicked".to_owned()),
        }
    }

    /// Compresses and encrypts the JSON of a snapshot, bound to its place.
    pub(super) fn seal_snapshot<A: Aggregate>(
        &self,
        aggregate: &A,
        fingerprint: u64,
        append_id: Uuid,
        json: Vec<u8>,
    ) -> Result<StoredSnapshot, MapperError> {
        let (id, version) = (aggregate.id(), aggregate.version());
        let topic = bound_topic(A::NAME, fingerprint, append_id);
        let place = StateLocation::new(StateKind::Snapshot, id, version, &topic);
        let (state, checksum) = self
            .mapper
            .seal(&place, json)
            // the text of the error is for people
            .map_err(|error| MapperError { topic: A::NAME.to_owned(), ..error })?;
        Ok(StoredSnapshot::new(id, version, A::NAME, fingerprint, state, append_id).with_checksum(checksum))
    }
}

/// The topic to which the state of a snapshot is bound: with all columns of its row that are not part of a place otherwise.
fn bound_topic(name: &str, fingerprint: u64, append_id: Uuid) -> String {
    format!("{name}#{fingerprint:016x}#{}", append_id.simple())
}
