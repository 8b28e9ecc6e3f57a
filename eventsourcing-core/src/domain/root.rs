//! The root of an aggregate: id, version, times and pending events, and the only way to add events.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::fault::Fault;
use super::pending::Pending;
use super::{Aggregate, AggregateError, AggregateEvent, ApplyError, DomainEvent, MissingEvents, Restorable, now};

/// The id, version, times and pending events of an aggregate.
///
/// `#[aggregate]` adds a field of this type to the struct. Two roots are equal if their ids, versions and times are equal; pending
/// events are not compared. A root serializes as these four values, without pending events.
pub struct Root<A: Aggregate> {
    identity: Identity,
    pending: Pending<A::Event>,
    /// The topic of the event whose body is running.
    applying: Option<&'static str>,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Identity {
    id: Uuid,
    version: u64,
    created_on: Timestamp,
    modified_on: Timestamp,
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

    /// Returns the root of an empty [log](super::EventSourcedLog) with this id, at version 0.
    ///
    /// An aggregate that is not a log cannot be changed with it: a creation event has to create it.
    pub fn empty(id: Uuid) -> Self {
        Self { identity: Identity { id, ..Identity::default() }, ..Self::default() }
    }

    /// Whether events can be added: a creation event created the aggregate, or it is a log with an id.
    fn is_open(&self) -> bool {
        self.version() > 0 || (A::EMPTY_LOG.is_some() && !self.id().is_nil())
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
        self.pending.events()
    }

    /// Takes the events that are not recorded yet, oldest first: see [`Aggregate::collect_events`].
    #[must_use = "dropping these events loses them, because they have left the aggregate; `pending_events` reads them without taking them"]
    pub fn collect_events(&mut self) -> Vec<DomainEvent<A::Event>> {
        self.pending.take(A::NAME)
    }

    /// Notes the last event, whose source may not have recorded it.
    pub(super) fn note_applied(&mut self) {
        let Identity { id, version, modified_on, .. } = self.identity;
        self.pending.note_missing(A::NAME, id, (version, version), modified_on);
    }

    /// Returns the events that were taken or applied, unless they are known to be recorded.
    pub(crate) fn missing(&self) -> Option<&MissingEvents> {
        self.pending.missing()
    }

    /// Removes the pending events once they are recorded.
    pub(crate) fn recorded(&mut self) {
        self.pending.recorded();
    }

    /// Drops the pending events, which must not be recorded. The aggregate has gone through them, and cannot be used any more.
    pub(crate) fn discard(&mut self) {
        self.pending = Pending::default();
        self.fault = Some(Fault::NotRecorded);
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
        let event = DomainEvent::new(id, 1, now(), wrap(event));
        let root = aggregate.root_mut();
        let fault = root.fault_of_creation(event.event.topic());
        *root = Root { identity: Identity::created(&event), fault, ..Root::default() };
        if fault.is_none() {
            root.pending.add(event);
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
        if root.applying.is_some() || root.fault.is_some() || !root.is_open() {
            return Self::trigger_in_fault(aggregate, event, wrap, apply);
        }
        let kept = root.identity;
        let pending = std::mem::take(&mut root.pending);
        // the topic is known only once the event is wrapped; until then any mark works
        root.applying = Some(A::NAME);
        let returned = catch_unwind(AssertUnwindSafe(|| apply(aggregate, &event)));
        let event = wrap(event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, event.topic());
        let returned = returned.unwrap_or_else(|panic| {
            root.fault = Some(Fault::Panicked { topic: event.topic() });
            resume_unwind(panic)
        });
        if returned.is_ok() && root.fault.is_none() {
            root.identity.advance(kept.version + 1, now());
            let Identity { version, modified_on, .. } = root.identity;
            root.pending.add(DomainEvent::new(kept.id, version, modified_on, event));
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
        let identity = Identity::created(&event);
        Self::made(event.event, identity)
    }

    /// Creates an aggregate from an event that is not split.
    pub(super) fn made_by_one(event: A::Event, identity: Identity) -> Result<A, AggregateError> {
        let topic = event.topic();
        let mut aggregate = A::create(event).map_err(|reason| identity.apply_error::<A>(topic, reason))?;
        let root = aggregate.root_mut();
        if let Some(fault) = root.fault_of_creation(topic) {
            return Err(fault.error::<A>(identity.id));
        }
        *root = Root { identity, ..Root::default() };
        Ok(aggregate)
    }

    /// Applies a recorded event, moving its fields into the body.
    pub(crate) fn replay(aggregate: &mut A, event: DomainEvent<A::Event>) -> Result<(), AggregateError> {
        let kept = aggregate.root_mut().identity;
        if event.originator_id != kept.id {
            return Err(AggregateError::OriginatorIdMismatch {
                aggregate: A::NAME,
                expected: kept.id,
                found: event.originator_id,
            });
        }
        event.expect_version(A::NAME, kept.version + 1)?;
        let (version, timestamp) = (event.originator_version, event.timestamp);
        Self::apply_recorded(aggregate, event.event)?;
        aggregate.root_mut().identity.advance(version, timestamp);
        Ok(())
    }

    /// Applies an event that is not split to the state alone.
    pub(super) fn apply_one(aggregate: &mut A, event: A::Event) -> Result<(), AggregateError> {
        let (root, topic) = (aggregate.root_mut(), event.topic());
        let kept = root.identity;
        let pending = std::mem::take(&mut root.pending);
        root.applying = Some(topic);
        let applied = aggregate.apply(event);
        let root = aggregate.root_mut();
        root.restore(kept, pending, topic);
        applied.map_err(|reason| kept.apply_error::<A>(topic, reason))?;
        match root.fault {
            Some(fault) => Err(fault.error::<A>(kept.id)),
            None => Ok(()),
        }
    }

    /// Counts an event that changes nothing else: a retired one, or the last one of a log that is opened.
    pub(crate) fn count(&mut self, version: u64, timestamp: Timestamp) {
        self.identity.advance(version, timestamp);
    }

    /// Restores what a body must not change. The body may even have replaced `*self`.
    fn restore(&mut self, kept: Identity, pending: Pending<A::Event>, outer: &'static str) {
        // pending events were moved out before, so new ones mean that the body replaced the aggregate by another, newly created one
        if let (None, Some(event)) = (self.fault, self.pending.events().first()) {
            self.fault = Some(Fault::Nested { outer, inner: event.event.topic() });
        }
        self.identity = kept;
        self.pending = pending;
        self.applying = None;
        // a nested command saw a mark (or, on a replaced `*self`, no creation): the outer topic is known only now
        if let Some(fault) = self.fault {
            self.fault = Some(fault.found_in(outer));
        }
    }

    /// Returns the fault of a body that creates an aggregate and calls its commands, which is not allowed.
    fn fault_of_creation(&self, outer: &'static str) -> Option<Fault> {
        match (self.fault, self.pending.events().first()) {
            (Some(fault), _) => Some(fault.found_in(outer)),
            (None, Some(event)) => Some(Fault::Nested { outer, inner: event.event.topic() }),
            (None, None) => None,
        }
    }

    /// Checks that the aggregate may be recorded.
    pub(crate) fn check(&self) -> Result<(), AggregateError> {
        match self.fault {
            Some(fault) => Err(fault.error::<A>(self.id())),
            // the mark of a running body, which only a copy keeps after the body has returned
            None if self.applying.is_some() => {
                Err(AggregateError::CopiedInBody { aggregate: A::NAME, originator_id: self.id() })
            }
            None if !self.is_open() => Err(AggregateError::not_created::<A>()),
            None => Ok(()),
        }
    }

    /// Returns the append id of the pending events, which stays the same until they are recorded or taken.
    pub(crate) fn append_id(&mut self) -> Uuid {
        self.pending.append_id()
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

    /// Counts an event. The first one of a log has no creation before it.
    fn advance(&mut self, version: u64, timestamp: Timestamp) {
        if self.version == 0 {
            self.created_on = timestamp;
        }
        self.version = version;
        self.modified_on = timestamp;
    }

    pub(super) fn apply_error<A: Aggregate>(&self, topic: &'static str, reason: ApplyError) -> AggregateError {
        AggregateError::Apply { aggregate: A::NAME, topic, originator_id: self.id, reason }
    }
}

// These impls are not derived, because deriving would add the same bounds to `A`.

impl<A: Aggregate> Default for Root<A> {
    fn default() -> Self {
        Self { identity: Identity::default(), pending: Pending::default(), applying: None, fault: None }
    }
}

impl<A: Aggregate> Clone for Root<A> {
    fn clone(&self) -> Self {
        Self { identity: self.identity, pending: self.pending.clone(), applying: self.applying, fault: self.fault }
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
