//! Takes snapshots: on request, and after saves and loads.

use uuid::Uuid;

use super::handle::{Application, Shared};
use super::snapshot_counts::SnapshotCounts;
use crate::domain::{Aggregate, SnapshotFormat};
use crate::{Error, Result};

/// A snapshot that was taken.
struct Taken {
    version: u64,
    /// Whether the recorder has kept it.
    is_kept: bool,
    /// Whether it is new.
    is_new: bool,
}

impl Application {
    /// Takes a snapshot of an aggregate at its last version, and returns that version.
    ///
    /// Loads start from the last snapshot, and replay the events after it. `#[aggregate(snapshot_every = 100)]` takes snapshots
    /// automatically; this method is for snapshots at other times, of types with `#[aggregate(snapshots)]` too.
    ///
    /// # Errors
    /// [`Error::NoSnapshots`] if the type has none, the recorder keeps none, or they are disabled;
    /// [`Error::SnapshotNotTaken`] if the aggregate would not be restored exactly; the errors of
    /// [`get`](crate::Repository::get), [`Error::Mapper`] and [`Error::Recorder`].
    pub async fn take_snapshot<A: Aggregate>(&self, id: Uuid) -> Result<u64> {
        let format = self.shared.expect_format::<A>()?;
        match self.shared.take::<A>(&format, id, None).await? {
            Some(Taken { version, .. }) => Ok(version),
            None => Err(Error::AggregateNotFound { aggregate: A::NAME, originator_id: id }),
        }
    }

    /// Takes a snapshot of an aggregate as it was at a version, for [`get_at`](crate::Repository::get_at) and
    /// [`get_as_of`](crate::Repository::get_as_of).
    ///
    /// # Errors
    /// [`Error::SnapshotNotKept`] if as many later snapshots of the aggregate are stored as are kept; [`Error::VersionNotFound`] if the
    /// aggregate does not have that version; otherwise the errors of [`take_snapshot`](Self::take_snapshot).
    pub async fn take_snapshot_at<A: Aggregate>(&self, id: Uuid, version: u64) -> Result<()> {
        let format = self.shared.expect_format::<A>()?;
        match self.shared.take::<A>(&format, id, Some(version)).await? {
            Some(Taken { is_kept: true, .. }) => Ok(()),
            Some(Taken { is_kept: false, .. }) => {
                let kept = self.shared.snapshots.settings.keep;
                Err(Error::SnapshotNotKept { aggregate: A::NAME, originator_id: id, version, kept })
            }
            // the error says which versions there are
            None => self.repository().get_at::<A>(id, version).await.map(drop),
        }
    }

    /// Returns what became of the application's snapshots in this process, since it was opened.
    ///
    /// It is for metrics. A clone of the application has the same numbers.
    pub fn snapshot_counts(&self) -> SnapshotCounts {
        self.shared.snapshots.counts().all()
    }
}

impl Shared {
    /// Returns the format of a type's snapshots, or why none can be taken.
    fn expect_format<A: Aggregate>(&self) -> Result<SnapshotFormat<A>> {
        if A::SNAPSHOTS.is_none() {
            return Err(Error::no_snapshots_of_type(A::NAME));
        }
        let reason = if !self.snapshots.settings.is_enabled {
            "they are disabled; remove IS_SNAPSHOTTING_ENABLED or `snapshots(false)`"
        } else {
            "the recorder keeps none; give the application a recorder that does"
        };
        self.snapshots.format_of::<A>().ok_or(Error::NoSnapshots { aggregate: A::NAME, reason })
    }

    /// Takes a snapshot unless one of that version is stored, and returns its version if it is new.
    pub(super) async fn take_if_newer<A: Aggregate>(&self, id: Uuid, version: Option<u64>) -> Result<Option<u64>> {
        let Some(format) = self.snapshots.format_of::<A>() else { return Ok(None) };
        let taken = self.take::<A>(&format, id, version).await;
        if let Err(Error::SnapshotNotTaken { .. }) = taken {
            self.snapshots.mark_faulty::<A>();
        }
        Ok(taken?.filter(|taken| taken.is_new).map(|taken| taken.version))
    }

    /// Takes a snapshot at a version, or at the last one; none if the aggregate does not have the version.
    async fn take<A: Aggregate>(
        &self,
        format: &SnapshotFormat<A>,
        id: Uuid,
        version: Option<u64>,
    ) -> Result<Option<Taken>> {
        let replayed = self.replay::<A>(id, version, None).await?;
        let (Some(aggregate), Some(append_id)) = (replayed.aggregate, replayed.append_id) else { return Ok(None) };
        let found = aggregate.version();
        if version.is_some_and(|wanted| wanted != found) {
            return Ok(None);
        }
        if replayed.snapshot == Some(found) {
            return Ok(Some(Taken { version: found, is_kept: true, is_new: false }));
        }
        let json = format.write(&aggregate, replayed.latest).map_err(|fault| Error::SnapshotNotTaken {
            aggregate: A::NAME,
            originator_id: id,
            version: found,
            fault,
        })?;
        let fingerprint = self.snapshots.fingerprint_of(format);
        let snapshot = self.seal_snapshot(&aggregate, fingerprint, append_id, json)?;
        let is_kept = self.recorder.insert_snapshot(snapshot, self.snapshots.settings.keep).await?;
        if is_kept {
            self.snapshots.counts().take();
        }
        Ok(Some(Taken { version: found, is_kept, is_new: is_kept }))
    }
}
