//! The root of an aggregate: id, version, times and pending events, and the only way to add events.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{Aggregate, AggregateError, AggregateEvent, ApplyError, DomainEvent, MissingEvents, Restorable, now};

/// The id, version, times and pending events of an aggregate.
///
/// `#[aggregate]` adds a field of this type to the struct. Two roots are equal if their ids, versions and times are equal; pending
/// events are not compared. A root serializes as these four values, without pending events.
pub struct Root<A: Aggregate> {
    identity: Identity,
    pending: Vec<DomainEvent<A::Event>>,
    /// The topic of the event whose body is running.
    applying: Option<&'static str>,
    fault: Option<Fault>,
    /// Identifies the attempt to record the pending events, so that a repeated save recognizes its own rows.
    append_id: Option<Uuid>,
    /// The events that were taken from the pending ones or applied with `mutate`, unless they are known to be recorded.
    missing: Option<Box<MissingEvents>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Identity {
    id: Uuid,
    version: u64,
    created_on: Timestamp,
    modified_on: Timestamp,
}

/// The reason why an aggregate's history cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A command was called on an aggregate that no creation event created.
    NotCreated {
        /// The topic of the command's event.
        topic: &'static str,
    },
    /// The body of an event method panicked, and the panic was caught: the state is undefined.
    Panicked {
        /// The topic of the event.
        topic: &'static str,
    },
    /// The body of an event method triggered another event.
    Nested {
        /// The topic of the event whose body was running.
        outer: &'static str,
        /// The topic of the event that was triggered inside that body.
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

    fn error<A: Aggregate>(self, id: Uuid) -> AggregateError {
        match self {
            Fault::NotCreated { .. } => AggregateError::NotCreated { aggregate: A::NAME },
            Fault::Panicked { topic } => AggregateError::BodyPanicked { originator_id: id, topic },
            Fault::Nested { outer, inner } => AggregateError::NestedEvent { originator_id: id, outer, inner },
        }
    }
}

impl<A: Aggregate> Root<A> {
    /// Returns the aggregate id. It is nil if no creation event created the aggregate.
    pub fn id(&self) -> Uuid {
        self.identity.id
    }

    /// Returns the version: the number of the last event, from 1. It is 0 if no creation event created the aggregate.
    pub fn version(&self) -> u64 {
        self.identity.version
    }

    /// Returns the time of the first event.
    pub fn created_on(&self) -> Timestamp {
        self.identity.created_on
    }

    /// Returns the time of the last event.
    pub fn modified_on(&self) -> Timestamp {
        self.identity.modified_on
    }

    /// Returns the events that are not recorded yet, oldest first.
    pub fn pending_events(&self) -> &[DomainEvent<A::Event>] {
        &self.pending
    }

    /// Takes the events that are not recorded yet, oldest first: see [`Aggregate::collect_events`].
    #[must_use = "dropping these events loses them, because they have left the aggregate; `pending_events` reads them without taking them"]
    pub fn collect_events(&mut self) -> Vec<DomainEvent<A::Event>> {
        self.append_id = None;
        let events = std::mem::take(&mut self.pending);
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            self.note_missing((first.originator_version, last.originator_version), last.timestamp);
        }
        events
    }

    /// Notes the last event, whose source may not have recorded it.
    pub(super) fn note_applied(&mut self) {
        self.note_missing((self.version(), self.version()), self.modified_on());
    }

    fn note_missing(&mut self, versions: (u64, u64), timestamp: Timestamp) {
        MissingEvents::note(&mut self.missing, A::NAME, self.identity.id, versions, timestamp);
    }

    /// Returns the events that were taken or applied, unless they are known to be recorded.
    pub(crate) fn missing(&self) -> Option<&MissingEvents> {
        self.missing.as_deref()
    }

    /// Removes the pending events once they are recorded.
    pub(crate) fn recorded(&mut self) {
        self.append_id = None;
        self.missing = None;
        // the buffer is kept, because an aggregate that was saved once is likely to be saved again
        self.pending.clear();
    }

    fn keep(&mut self, event: DomainEvent<A::Event>) {
        if self.pending.is_empty() {
            // most saves have a single event, and the default capacity of four is large
            self.pending.reserve_exact(1);
        }
        self.pending.push(event);
    }

    /// Creates an aggregate. `make` builds it from the event, which becomes its first pending event.
    pub fn create<T>(id: Uuid, event: T, wrap: impl FnOnce(T) -> A::Event, make: impl FnOnce(&T) -> A) -> A {
        let made: Result<A, std::convert::Infallible> = Self::try_create(id, event, wrap, |event| Ok(make(event)));
        let Ok(aggregate) = made;
        aggregate
    }

    /// Creates an aggregate, unless `make` returns an error.
    ///
    /// # Errors
    /// The error that `make` returns.
    pub fn try_create<T, E>(
        id: Uuid,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        make: impl FnOnce(&T) -> Result<A, E>,
    ) -> Result<A, E> {
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

    /// Runs the body of a command, and adds its event to the pending events, at the next version.
    ///
    /// The body is `apply`, and its return value is returned. The event is added whatever the body returns: use
    /// [`try_trigger`](Self::try_trigger) for a command that may be refused.
    pub fn trigger<T, R>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> R,
    ) -> R {
        let done: Result<R, std::convert::Infallible> =
            Self::trigger_checked(aggregate, event, wrap, |aggregate, event| Ok(apply(aggregate, event)));
        let Ok(returned) = done;
        returned
    }

    /// Runs the body of a command that may be refused. An error adds no event, keeps the version, and restores the previous state.
    ///
    /// # Errors
    /// The error that the body returns.
    pub fn try_trigger<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> Result<R, E>,
    ) -> Result<R, E>
    where
        A: Restorable,
    {
        // pending events are not part of the state, and need not be copied
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

    /// Runs the body. An error adds no event and keeps the version, and leaves the state as the body left it.
    pub(crate) fn trigger_checked<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> Result<R, E>,
    ) -> Result<R, E> {
        let root = aggregate.root_mut();
        if root.applying.is_some() || root.fault.is_some() || root.version() == 0 {
            return Self::trigger_in_fault(aggregate, event, wrap, apply);
        }
        let kept = root.identity;
        let pending = std::mem::take(&mut root.pending);
        let (append_id, missing) = (root.append_id, root.missing.take());
        // the topic is known only once the event is wrapped; until then any mark works
        root.applying = Some(A::NAME);
        let returned = catch_unwind(AssertUnwindSafe(|| apply(aggregate, &event)));
        let event = wrap(event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, append_id, missing, event.topic());
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

    /// Runs a command where none may be called. The body runs for its return value, but no event is added.
    #[cold]
    fn trigger_in_fault<T, R, E>(
        aggregate: &mut A,
        event: T,
        wrap: impl FnOnce(T) -> A::Event,
        apply: impl FnOnce(&mut A, &T) -> Result<R, E>,
    ) -> Result<R, E> {
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

    /// Creates an aggregate from a recorded creation event.
    pub(crate) fn replay_creation(event: DomainEvent<A::Event>) -> Result<A, AggregateError> {
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
    pub(crate) fn replay(aggregate: &mut A, event: DomainEvent<A::Event>) -> Result<(), AggregateError> {
        let root = aggregate.root_mut();
        let kept = root.identity;
        if event.originator_id != kept.id {
            return Err(AggregateError::OriginatorIdMismatch {
                aggregate: A::NAME,
                expected: kept.id,
                found: event.originator_id,
            });
        }
        event.expect_version(A::NAME, kept.version + 1)?;
        let topic = event.event.topic();
        let pending = std::mem::take(&mut root.pending);
        let (append_id, missing) = (root.append_id, root.missing.take());
        root.applying = Some(topic);
        let applied = aggregate.apply(event.event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, append_id, missing, topic);
        applied.map_err(|reason| kept.apply_error::<A>(topic, reason))?;
        if let Some(fault) = root.fault {
            return Err(fault.error::<A>(kept.id));
        }
        root.identity.version = event.originator_version;
        root.identity.modified_on = event.timestamp;
        Ok(())
    }

    /// Restores what a body must not change. The body may even have replaced `*self`.
    fn restore(
        &mut self,
        kept: Identity,
        pending: Vec<DomainEvent<A::Event>>,
        append_id: Option<Uuid>,
        missing: Option<Box<MissingEvents>>,
        outer: &'static str,
    ) {
        // pending events were moved out before, so new ones mean that the body replaced the aggregate by another, newly created one
        if let (None, Some(event)) = (self.fault, self.pending.first()) {
            self.fault = Some(Fault::Nested { outer, inner: event.event.topic() });
        }
        self.identity = kept;
        self.pending = pending;
        self.append_id = append_id;
        self.missing = missing;
        self.applying = None;
        // a nested command saw a mark (or, on a replaced `*self`, no creation): the outer topic is known only now
        if let Some(fault) = self.fault {
            self.fault = Some(Fault::Nested { outer, inner: fault.inner() });
        }
    }

    /// Returns the fault of a body that creates an aggregate and calls its commands, which is not allowed.
    fn fault_of_creation(&self, outer: &'static str) -> Option<Fault> {
        let inner = match (self.fault, self.pending.first()) {
            (Some(fault), _) => fault.inner(),
            (None, Some(event)) => event.event.topic(),
            (None, None) => return None,
        };
        Some(Fault::Nested { outer, inner })
    }

    /// Checks that the aggregate may be recorded.
    pub(crate) fn check(&self) -> Result<(), AggregateError> {
        match self.fault {
            Some(fault) => Err(fault.error::<A>(self.id())),
            // the mark of a running body, which only a copy keeps after the body has returned
            None if self.applying.is_some() => {
                Err(AggregateError::CopiedInBody { aggregate: A::NAME, originator_id: self.id() })
            }
            None if self.version() == 0 => Err(AggregateError::NotCreated { aggregate: A::NAME }),
            None => Ok(()),
        }
    }

    /// Returns the append id of the pending events, which stays the same until they are recorded or taken.
    ///
    /// It stays the same after a failed attempt too. An earlier attempt may have been recorded without an acknowledgement, and
    /// pending events have only been added since: rows with this append id are this aggregate's own.
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

    fn apply_error<A: Aggregate>(&self, topic: &'static str, reason: ApplyError) -> AggregateError {
        AggregateError::Apply { aggregate: A::NAME, topic, originator_id: self.id, reason }
    }
}

/// Returns a new append id, which no other attempt has.
///
/// It combines the clock with random bits. A process that was copied with its memory, such as a snapshot of a virtual machine,
/// continues with the same random numbers as its twin, and two attempts with one append id would count as one.
fn new_append_id() -> Uuid {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_else(|before| before.duration());
    let clock = u64::try_from(since_1970.as_nanos()).unwrap_or_default();
    let bytes = Uuid::from_u64_pair(high, low ^ clock).into_bytes();
    // restore the version 4 marks, which the clock may have changed
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

// These impls are not derived, because deriving would add the same bounds to `A`.

impl<A: Aggregate> Default for Root<A> {
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            pending: Vec::new(),
            applying: None,
            fault: None,
            append_id: None,
            missing: None,
        }
    }
}

/// A clone gets another append id: if both are saved, the second save is a conflict.
impl<A: Aggregate> Clone for Root<A> {
    fn clone(&self) -> Self {
        Self {
            identity: self.identity,
            pending: self.pending.clone(),
            applying: self.applying,
            fault: self.fault,
            append_id: None,
            missing: self.missing.clone(),
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
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.identity.serialize(serializer)
    }
}

impl<'de, A: Aggregate> Deserialize<'de> for Root<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { identity: Identity::deserialize(deserializer)?, ..Self::default() })
    }
}
