//! How snapshots of an aggregate are written, read, and told from those of other code.

use std::fmt::{self, Debug};
use std::num::NonZeroU64;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::fingerprint::Fingerprint;
use super::{Aggregate, SnapshotFault};
use crate::state::difference::looks_the_same;
use crate::state::{JsonError, StateDifference, aggregate_state};

/// The first part of each fingerprint: the form of what is stored.
const FORM: &[u8] = b"eventsourcing/snapshot/1";

/// An aggregate of which snapshots can be taken.
///
/// Every aggregate that is `Serialize` and `Deserialize` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has snapshots, so it must be `Serialize` and `Deserialize`",
    label = "not `Serialize` and `Deserialize`",
    note = "write `#[derive(Serialize, Deserialize)]` of serde below `#[aggregate]` on the struct: a snapshot is the aggregate as JSON"
)]
pub trait Snapshottable: Aggregate + Serialize + DeserializeOwned {}

impl<A: Aggregate + Serialize + DeserializeOwned> Snapshottable for A {}

/// How snapshots of an aggregate are written and read: the value of [`Aggregate::SNAPSHOTS`].
///
/// `#[aggregate(snapshot_every = 100)]` writes it. A hand-written aggregate makes one with [`serde`](Self::serde).
///
/// A snapshot is used only by code with the same fingerprint, which combines the name of the aggregate, [`version`](Self::version),
/// [`source`](Self::source) and the fields of the type as serde sees them.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing_core::{AggregateEvent, ApplyError, Root};
/// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
/// use eventsourcing::domain::SnapshotFormat;
/// use eventsourcing::{Aggregate, Application, Uuid};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Counter { total: u64, root: Root<Counter> }
/// # #[derive(Clone, Debug, Serialize, Deserialize)]
/// # struct Counted {}
/// # impl AggregateEvent for Counted {
/// #     const TOPICS: &'static [&'static str] = &["Counter.Counted"];
/// #     fn topic(&self) -> &'static str { "Counter.Counted" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Counter.Counted" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
///
/// impl Aggregate for Counter {
///     const SNAPSHOTS: Option<SnapshotFormat<Self>> = Some(SnapshotFormat::serde().debug().every(100).version(1));
/// #     type Event = Counted;
/// #     const NAME: &'static str = "Counter";
/// #     fn root(&self) -> &Root<Self> { &self.root }
/// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
/// #     fn create(_: Counted) -> Result<Self, ApplyError> { Ok(Counter { total: 1, root: Root::default() }) }
/// #     fn apply(&mut self, _: Counted) -> Result<(), ApplyError> { Err(ApplyError::IsACreation) }
///     // and what each aggregate has
/// }
///
/// # futures::executor::block_on(async {
/// # let application = Application::builder("Universe").open()?;
/// # let mut counter = Counter::create_from(Uuid::new_v4(), Counted {})?;
/// # application.save(&mut counter).await?;
/// assert_eq!(application.take_snapshot::<Counter>(counter.id()).await?, 1);
/// assert_eq!(application.repository().get::<Counter>(counter.id()).await?.total, 1);
/// assert_eq!(application.snapshot_counts().used, 1);
/// # Ok::<(), eventsourcing_core::Error>(())
/// # }).unwrap();
/// ```
pub struct SnapshotFormat<A> {
    every: Option<NonZeroU64>,
    version: u32,
    source: u64,
    write: fn(&A, Timestamp, &mut Vec<u8>) -> Result<(), JsonError>,
    read: Read<A>,
    writes: fn(&A, Timestamp, &[u8]) -> bool,
    difference: fn(&A, &A) -> Option<StateDifference>,
    shape: fn() -> Vec<Vec<u8>>,
    looks_the_same: Option<Look<A>>,
}

/// Reads an aggregate from the JSON of a snapshot, and the latest time of its events.
type Read<A> = fn(&[u8]) -> Result<(A, Timestamp), JsonError>;

/// Compares the `Debug` output of an aggregate with that of its copy.
pub(super) type Look<A> = fn(&A, &A) -> bool;

impl<A: Snapshottable> SnapshotFormat<A> {
    /// Writes and reads snapshots with the aggregate's `Serialize` and `Deserialize`. None is taken automatically.
    pub const fn serde() -> Self {
        Self {
            every: None,
            version: 1,
            source: 0,
            write: aggregate_state::write::<A>,
            read: aggregate_state::read::<A>,
            writes: aggregate_state::writes::<A>,
            difference: aggregate_state::difference::<A>,
            shape: aggregate_state::shape::<A>,
            looks_the_same: None,
        }
    }
}

impl<A> SnapshotFormat<A> {
    /// Takes a snapshot after each save that reaches a multiple of this number of events. With 0, none is taken automatically.
    #[must_use]
    pub const fn every(mut self, events: u64) -> Self {
        self.every = NonZeroU64::new(events);
        self
    }

    /// Sets the version of the aggregate's behaviour: 1 by default.
    ///
    /// Raise it if the same events result in another state, for a reason that the fingerprint does not contain. Older snapshots are then
    /// not used any more.
    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Sets a hash of the code that creates and changes the aggregate: 0 by default. `#[aggregate]` sets that of the event methods.
    #[must_use]
    pub const fn source(mut self, hash: u64) -> Self {
        self.source = hash;
        self
    }

    /// Compares the `Debug` output too when a snapshot is read back before it is stored, which shows fields that serde skips.
    #[must_use]
    pub const fn debug(self) -> Self
    where
        A: Debug,
    {
        self.looks(Some(look::<A>))
    }

    /// Sets how the `Debug` output is compared, if it is.
    #[doc(hidden)]
    #[must_use]
    pub const fn looks(mut self, look: Option<Look<A>>) -> Self {
        self.looks_the_same = look;
        self
    }

    /// Returns after how many events a snapshot is taken; none if none is taken automatically.
    pub(crate) fn interval(&self) -> Option<NonZeroU64> {
        self.every
    }

    /// Returns the JSON of a snapshot, which is read back and compared first.
    pub(crate) fn write(&self, aggregate: &A, latest: Timestamp) -> Result<Vec<u8>, SnapshotFault>
    where
        A: Aggregate,
    {
        let mut json = Vec::new();
        (self.write)(aggregate, latest, &mut json).map_err(SnapshotFault::NotWritten)?;
        let (copy, of_copy) = (self.read)(&json).map_err(SnapshotFault::NotReadBack)?;
        if (copy.id(), copy.version(), of_copy) != (aggregate.id(), aggregate.version(), latest) {
            return Err(SnapshotFault::OtherRoot);
        }
        if let Some(StateDifference { path, written, read }) = (self.difference)(aggregate, &copy) {
            return Err(SnapshotFault::NotTheSame { path, written, read });
        }
        if self.looks_the_same.is_some_and(|look| !look(aggregate, &copy)) {
            return Err(SnapshotFault::LooksDifferent);
        }
        Ok(json)
    }

    /// Returns the aggregate of a snapshot, and the latest time of its events; or why the snapshot does not fit.
    pub(crate) fn read(&self, json: &[u8], id: Uuid, version: u64) -> Result<(A, Timestamp), SnapshotFault>
    where
        A: Aggregate,
    {
        let (aggregate, latest) = (self.read)(json).map_err(SnapshotFault::NotReadBack)?;
        if (aggregate.id(), aggregate.version()) != (id, version) {
            return Err(SnapshotFault::OtherRoot);
        }
        if !(self.writes)(&aggregate, latest, json) {
            return Err(SnapshotFault::NotAllRead);
        }
        Ok((aggregate, latest))
    }

    /// Returns the fingerprint of the code that may use a snapshot.
    pub(crate) fn fingerprint(&self, aggregate: &str) -> u64 {
        let of_code = Fingerprint::new()
            .part(FORM)
            .part(aggregate.as_bytes())
            .part(&self.version.to_be_bytes())
            .part(&self.source.to_be_bytes());
        (self.shape)().iter().fold(of_code, |hash, sketch| hash.part(sketch)).value()
    }
}

fn look<A: Debug>(aggregate: &A, copy: &A) -> bool {
    looks_the_same(aggregate, copy, &mut String::new())
}

/// Selects whether the `Debug` output of an aggregate is compared, as generated code does: only if the aggregate is `Debug`.
///
/// A macro does not see whether a type is `Debug`. An associated constant of this type, which exists only then, takes precedence over that
/// of [`NotShown`].
#[derive(Debug)]
pub struct Shown<A>(std::marker::PhantomData<A>);

impl<A: Debug> Shown<A> {
    /// How the `Debug` output is compared.
    pub const LOOK: Option<Look<A>> = Some(look::<A>);
}

/// What applies to an aggregate that is not `Debug`.
pub trait NotShown<A> {
    /// How the `Debug` output is compared: not at all.
    const LOOK: Option<Look<A>> = None;
}

impl<A> NotShown<A> for Shown<A> {}

// not derived: derived impls would require the same of `A`

impl<A> Clone for SnapshotFormat<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for SnapshotFormat<A> {}

impl<A> Debug for SnapshotFormat<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotFormat")
            .field("every", &self.every)
            .field("version", &self.version)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
