//! What every aggregate has: id, version, times and pending events, and the one way to add to them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{Aggregate, AggregateEvent, ApplyError, DomainEvent, Restorable, Taken};
use crate::{Error, Result};

/// The id, version, times and pending events of an aggregate.
///
/// `#[aggregate]` adds a field of this type to the struct. Two roots are equal when id, version and times are: what
/// is pending does not count. Serialised, it is those four.
pub struct Root<A: Aggregate> {
    identity: Identity,
    pending: Vec<DomainEvent<A::Event>>,
    /// The topic of the event whose body is running.
    applying: Option<&'static str>,
    fault: Option<Fault>,
    /// Names the attempt to record what is pending, so that a repeated save knows its own rows.
    append_id: Option<Uuid>,
    /// The events that were taken from what was pending, or applied from outside, unless they are known to be recorded.
    taken: Option<Box<Taken>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Identity {
    id: Uuid,
    version: u64,
    created_on: Timestamp,
    modified_on: Timestamp,
}

/// Why an aggregate's history cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A command was called on an aggregate that no creation event made.
    NotCreated {
        /// The topic of the command's event.
        topic: &'static str,
    },
    /// The body of an event panicked, and the panic was caught: the state is what it left.
    Panicked {
        /// The topic of the event.
        topic: &'static str,
    },
    /// The body of an event called the command of another.
    Nested {
        /// The topic of the event whose body was running.
        outer: &'static str,
        /// The topic of the event that was triggered in it.
        inner: &'static str,
    },
}

impl Fault {
    fn inner(self) -> &'static str {
        match self {
            Fault::Nested { inner, .. } => inner,
            Fault::NotCreated { topic } | Fault::Panicked { topic } => topic,
        }
    }

    fn error<A: Aggregate>(self, id: Uuid) -> Error {
        match self {
            Fault::NotCreated { .. } => Error::NotCreated { aggregate: A::NAME },
            Fault::Panicked { topic } => Error::BodyPanicked { originator_id: id, topic },
            Fault::Nested { outer, inner } => Error::NestedEvent { originator_id: id, outer, inner },
        }
    }
}

impl<A: Aggregate> Root<A> {
    /// The id of the aggregate; nil if no creation event made it.
    pub fn id(&self) -> Uuid {
        self.identity.id
    }

    /// The number of the last event, from 1; 0 if no creation event made the aggregate.
    pub fn version(&self) -> u64 {
        self.identity.version
    }

    /// When the first event happened.
    pub fn created_on(&self) -> Timestamp {
        self.identity.created_on
    }

    /// When the last event happened.
    pub fn modified_on(&self) -> Timestamp {
        self.identity.modified_on
    }

    /// The events that are not recorded yet, oldest first.
    pub fn pending_events(&self) -> &[DomainEvent<A::Event>] {
        &self.pending
    }

    /// Takes the events that are not recorded yet, oldest first: see [`Aggregate::collect_events`].
    #[must_use = "the events leave the aggregate and are lost if they are dropped; `pending_events` only looks at them"]
    pub fn collect_events(&mut self) -> Vec<DomainEvent<A::Event>> {
        self.append_id = None;
        let events = std::mem::take(&mut self.pending);
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            self.note_taken((first.originator_version, last.originator_version), last.timestamp);
        }
        events
    }

    /// Takes note of the last event, which came from somebody who may not have recorded it.
    pub(super) fn note_applied(&mut self) {
        self.note_taken((self.version(), self.version()), self.modified_on());
    }

    fn note_taken(&mut self, versions: (u64, u64), timestamp: Timestamp) {
        Taken::note(&mut self.taken, A::NAME, self.identity.id, versions, timestamp);
    }

    /// The events that were taken or applied, unless they are known to be recorded.
    pub(crate) fn taken(&self) -> Option<&Taken> {
        self.taken.as_deref()
    }

    /// Forgets the events that were recorded.
    pub(crate) fn recorded(&mut self) {
        self.append_id = None;
        self.taken = None;
        // the room is kept: whoever saves once is likely to go on
        self.pending.clear();
    }

    fn keep(&mut self, event: DomainEvent<A::Event>) {
        if self.pending.is_empty() {
            // most saves are of one event, and a list that begins with room for four is large
            self.pending.reserve_exact(1);
        }
        self.pending.push(event);
    }

    /// Makes an aggregate: `make` builds it from the event, which becomes its first pending event.
    pub fn create<T>(id: Uuid, event: T, wrap: impl FnOnce(T) -> A::Event, make: impl FnOnce(&T) -> A) -> A {
        let made: std::result::Result<A, std::convert::Infallible> =
            Self::try_create(id, event, wrap, |event| Ok(make(event)));
        let Ok(aggregate) = made;
        aggregate
    }

    /// Makes an aggregate, or nothing if `make` returns an error.
    ///
    /// # Errors
    /// What `make` returns.
    pub fn try_create<T, E>(
        id: Uuid,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        make: impl FnOnce(&T) -> std::result::Result<A, E>,
    ) -> std::result::Result<A, E> {
        let mut aggregate = make(&event)?;
        let event = DomainEvent { originator_id: id, originator_version: 1, timestamp: now(), event: wrap(event) };
        let root = aggregate.root_mut();
        let fault = root.fault_of_creation(event.event.topic());
        *root = Root { identity: Identity::created(&event), fault, ..Root::default() };
        if fault.is_none() {
            root.keep(event);
        }
        Ok(aggregate)
    }

    /// Runs the body of a command, and keeps its event as pending, at the next version.
    ///
    /// The body is `apply`; what it returns is returned. The event is kept whatever the body does: use
    /// [`try_trigger`](Self::try_trigger) for one that may refuse.
    pub fn trigger<T, R>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> R,
    ) -> R {
        let done: std::result::Result<R, std::convert::Infallible> =
            Self::trigger_checked(aggregate, event, wrap, |aggregate, event| Ok(apply(aggregate, event)));
        let Ok(returned) = done;
        returned
    }

    /// Runs the body of a command that may refuse: an error leaves no event, no new version and the state as it was.
    ///
    /// # Errors
    /// What the body returns.
    pub fn try_trigger<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E>
    where
        A: Restorable,
    {
        // what is pending is no part of the state, and need not be copied
        let pending = std::mem::take(&mut aggregate.root_mut().pending);
        let before = aggregate.clone();
        aggregate.root_mut().pending = pending;
        let done = Self::trigger_checked(aggregate, event, wrap, apply);
        if done.is_err() {
            let root = std::mem::take(aggregate.root_mut());
            *aggregate = before;
            *aggregate.root_mut() = root;
        }
        done
    }

    /// Runs the body; an error leaves no event and no new version, and the state as the body left it.
    pub(crate) fn trigger_checked<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E> {
        let root = aggregate.root_mut();
        if root.applying.is_some() || root.fault.is_some() || root.version() == 0 {
            return Self::trigger_in_fault(aggregate, event, wrap, apply);
        }
        let kept = root.identity;
        let pending = std::mem::take(&mut root.pending);
        let (append_id, taken) = (root.append_id, root.taken.take());
        // the topic is known only once the event is wrapped; until then any mark will do
        root.applying = Some(A::NAME);
        let returned = catch_unwind(AssertUnwindSafe(|| apply(aggregate, &event)));
        let event = wrap(event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, append_id, taken, event.topic());
        let returned = returned.unwrap_or_else(|panic| {
            root.fault = Some(Fault::Panicked { topic: event.topic() });
            resume_unwind(panic)
        });
        if returned.is_ok() && root.fault.is_none() {
            root.identity.version += 1;
            root.identity.modified_on = now();
            root.keep(DomainEvent {
                originator_id: kept.id,
                originator_version: root.identity.version,
                timestamp: root.identity.modified_on,
                event,
            });
        }
        returned
    }

    /// A command where none may be called: its body runs, for what it returns, but the history is closed.
    #[cold]
    fn trigger_in_fault<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> std::result::Result<R, E>,
    ) -> std::result::Result<R, E> {
        let returned = apply(aggregate, &event);
        let root = aggregate.root_mut();
        if root.fault.is_none() {
            let inner = wrap(event).topic();
            root.fault = Some(match root.applying {
                Some(outer) => Fault::Nested { outer, inner },
                None => Fault::NotCreated { topic: inner },
            });
        }
        returned
    }

    /// The aggregate that a recorded creation event makes.
    pub(crate) fn replay_creation(event: DomainEvent<A::Event>) -> Result<A> {
        event.expect_version(A::NAME, 1)?;
        let (topic, identity) = (event.event.topic(), Identity::created(&event));
        let mut aggregate = A::create(event.event).map_err(|reason| identity.apply_error::<A>(topic, reason))?;
        let root = aggregate.root_mut();
        if let Some(fault) = root.fault_of_creation(topic) {
            return Err(fault.error::<A>(identity.id));
        }
        *root = Root { identity, ..Root::default() };
        Ok(aggregate)
    }

    /// Applies a recorded event, moving its fields into the body.
    pub(crate) fn replay(aggregate: &mut A, event: DomainEvent<A::Event>) -> Result<()> {
        let root = aggregate.root_mut();
        let kept = root.identity;
        if event.originator_id != kept.id {
            return Err(Error::OriginatorIdMismatch {
                aggregate: A::NAME,
                expected: kept.id,
                found: event.originator_id,
            });
        }
        event.expect_version(A::NAME, kept.version + 1)?;
        let topic = event.event.topic();
        let pending = std::mem::take(&mut root.pending);
        let (append_id, taken) = (root.append_id, root.taken.take());
        root.applying = Some(topic);
        let applied = aggregate.apply(event.event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, append_id, taken, topic);
        applied.map_err(|reason| kept.apply_error::<A>(topic, reason))?;
        if let Some(fault) = root.fault {
            return Err(fault.error::<A>(kept.id));
        }
        root.identity.version = event.originator_version;
        root.identity.modified_on = event.timestamp;
        Ok(())
    }

    /// Puts back what a body must not change: it may even have replaced `*self`.
    fn restore(
        &mut self,
        kept: Identity,
        pending: Vec<DomainEvent<A::Event>>,
        append_id: Option<Uuid>,
        taken: Option<Box<Taken>>,
        outer: &'static str,
    ) {
        // what is pending was taken: something new is there if the body put another, newly created aggregate in its place
        if let (None, Some(event)) = (self.fault, self.pending.first()) {
            self.fault = Some(Fault::Nested { outer, inner: event.event.topic() });
        }
        self.identity = kept;
        self.pending = pending;
        self.append_id = append_id;
        self.taken = taken;
        self.applying = None;
        // a nested command saw a mark (or, on a replaced `*self`, no creation): now the outer topic is known
        if let Some(fault) = self.fault {
            self.fault = Some(Fault::Nested { outer, inner: fault.inner() });
        }
    }

    /// A body that makes an aggregate must not call its commands.
    fn fault_of_creation(&self, outer: &'static str) -> Option<Fault> {
        let inner = match (self.fault, self.pending.first()) {
            (Some(fault), _) => fault.inner(),
            (None, Some(event)) => event.event.topic(),
            (None, None) => return None,
        };
        Some(Fault::Nested { outer, inner })
    }

    /// What must be so before anything of this aggregate is recorded.
    pub(crate) fn check(&self) -> Result<()> {
        match self.fault {
            Some(fault) => Err(fault.error::<A>(self.id())),
            // the mark of a running body, which only a copy keeps beyond it
            None if self.applying.is_some() => {
                Err(Error::CopiedInBody { aggregate: A::NAME, originator_id: self.id() })
            }
            None if self.version() == 0 => Err(Error::NotCreated { aggregate: A::NAME }),
            None => Ok(()),
        }
    }

    /// The name of the attempt to record what is pending, the same until that is recorded or taken.
    ///
    /// An attempt that failed keeps its name too. An earlier one under it may have been recorded without anybody knowing, and
    /// what is pending has only grown since: rows under this name are this aggregate's own.
    pub(crate) fn append_id(&mut self) -> Uuid {
        *self.append_id.get_or_insert_with(new_append_id)
    }
}

impl Identity {
    fn created<E>(event: &DomainEvent<E>) -> Self {
        Self {
            id: event.originator_id,
            version: event.originator_version,
            created_on: event.timestamp,
            modified_on: event.timestamp,
        }
    }

    fn apply_error<A: Aggregate>(&self, topic: &'static str, reason: ApplyError) -> Error {
        Error::Apply { aggregate: A::NAME, topic, originator_id: self.id, reason }
    }
}

/// The name of a new attempt, which no other attempt has.
///
/// The clock is in it beside random bits. A process that was copied with its memory, as a snapshot of a virtual machine is, goes
/// on with the random numbers of its twin, and two attempts of one name would count as one.
fn new_append_id() -> Uuid {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_else(|before| before.duration());
    let clock = u64::try_from(since_1970.as_nanos()).unwrap_or_default();
    let bytes = Uuid::from_u64_pair(high, low ^ clock).into_bytes();
    // with the marks of version 4, which the clock may have touched
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The time, to the microsecond: a live aggregate must equal the replayed one, and states hold microseconds.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

// The impls below are written out because deriving them would ask the same of `A`.

impl<A: Aggregate> Default for Root<A> {
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            pending: Vec::new(),
            applying: None,
            fault: None,
            append_id: None,
            taken: None,
        }
    }
}

/// A clone is another attempt: if both are saved, the second is in conflict.
impl<A: Aggregate> Clone for Root<A> {
    fn clone(&self) -> Self {
        Self {
            identity: self.identity,
            pending: self.pending.clone(),
            applying: self.applying,
            fault: self.fault,
            append_id: None,
            taken: self.taken.clone(),
        }
    }
}

impl<A: Aggregate> PartialEq for Root<A> {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

impl<A: Aggregate> Eq for Root<A> {}

impl<A: Aggregate> Hash for Root<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity.hash(state);
    }
}

impl<A: Aggregate> fmt::Debug for Root<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("id", &self.identity.id).field("version", &self.identity.version).finish()
    }
}

impl<A: Aggregate> Serialize for Root<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.identity.serialize(serializer)
    }
}

impl<'de, A: Aggregate> Deserialize<'de> for Root<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self { identity: Identity::deserialize(deserializer)?, ..Self::default() })
    }
}
