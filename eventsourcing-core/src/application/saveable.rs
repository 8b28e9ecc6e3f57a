//! What can be saved: an aggregate, several aggregates, or domain events.

use std::collections::HashSet;

use uuid::Uuid;

use super::command_compare::Comparison;
use super::due_snapshot::Due;
use super::saved_states::SavedStates;
use super::snapshots::Snapshots;
use super::topics::Topics;
use crate::codec::{Mapper, SharedMetadata};
use crate::domain::{Aggregate, AggregateEvent, DomainEvent, MissingEvents, Root};
use crate::recording::StoredEvent;
use crate::{Error, Result};

/// A value whose events can be saved in one append.
///
/// | what | how |
/// |---|---|
/// | an aggregate | `&mut world` |
/// | aggregates of different types | `(&mut world, &mut ship)`, up to twelve |
/// | aggregates of one type | `&mut worlds` of a `Vec`, a slice or an array; a `Vec` or array of `&mut` |
/// | nothing | `()`, or `None` of an `Option` |
/// | any number of aggregates of different types | a `Vec` of `Box<dyn Saveable>` |
/// | domain events | a [`DomainEvent`], a `Vec` of them |
///
/// Any type may implement it, for instance a struct of several aggregates that calls the methods of each. A later version of this
/// library may add methods, each with a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be saved",
    label = "not an aggregate by `&mut`, and not domain events",
    note = "saving takes the pending events of an aggregate: write `save(&mut world)`, `save(&mut worlds)` or `save((&mut world, &mut ship))`"
)]
pub trait Saveable: Send {
    /// Adds the pending events.
    ///
    /// # Errors
    /// The errors of [`SaveBatch::add`].
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()>;

    /// Marks the events as recorded, so that they are no longer pending.
    ///
    /// Not called if the save fails or its future is dropped: the events are still pending, and the next save repeats the attempt.
    fn recorded(&mut self);

    /// Adds the aggregates to the application's cache, once [`recorded`](Self::recorded) was called. It is called only if there is a cache.
    ///
    /// The default adds none. The cache asks the database for their events then.
    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        let _ = saved;
    }
}

/// The events of one save, before they are recorded.
#[derive(Debug)]
pub struct SaveBatch<'a> {
    mapper: &'a Mapper,
    topics: &'a Topics,
    snapshots: &'a Snapshots,
    events: Vec<StoredEvent>,
    metadata: SharedMetadata,
    /// The number of aggregates and single events that the events come from.
    sources: usize,
    /// Earlier events of the aggregates, which must already be recorded.
    missing: Vec<MissingEvents>,
    /// The snapshots that are due once the events are recorded.
    due: Vec<Due>,
    /// The logs whose first event is among the events.
    logs: Vec<Uuid>,
    pub(super) purpose: Purpose<'a>,
}

/// What a pass through aggregates and events is for.
#[derive(Debug)]
pub(super) enum Purpose<'a> {
    /// Their events are to be recorded.
    Record,
    /// Their events are compared with those that their command has recorded.
    Compare(Comparison<'a>),
    /// Their events are not to be recorded any more, because their command is recorded.
    Discard,
}

/// What is recorded by one save, and what it depends on.
pub(crate) struct Batch {
    /// The events, without duplicate versions of an aggregate.
    pub(crate) events: Vec<StoredEvent>,
    /// The events that must already be recorded.
    pub(crate) missing: Vec<MissingEvents>,
    /// The snapshots that are due once the events are recorded.
    pub(crate) due: Vec<Due>,
    /// The logs whose first event is among the events.
    pub(crate) logs: Vec<Uuid>,
}

impl<'a> SaveBatch<'a> {
    pub(super) fn new(
        mapper: &'a Mapper,
        topics: &'a Topics,
        snapshots: &'a Snapshots,
        metadata: SharedMetadata,
    ) -> Self {
        let (events, missing, due, logs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let purpose = Purpose::Record;
        Self { mapper, topics, snapshots, events, metadata, sources: 0, missing, due, logs, purpose }
    }

    /// Adds an event, which is recorded with the metadata of the save.
    ///
    /// # Errors
    /// [`Error::Mapper`] if it cannot be stored, [`Error::TopicTaken`] if another type records under its topics,
    /// [`Error::InvalidOriginator`] if its aggregate id is nil or its version is 0.
    pub fn add<E: AggregateEvent>(&mut self, event: &DomainEvent<E>, append_id: Uuid) -> Result<()> {
        self.add_all(std::slice::from_ref(event), append_id)
    }

    fn add_all<E: AggregateEvent>(&mut self, events: &[DomainEvent<E>], append_id: Uuid) -> Result<()> {
        match &mut self.purpose {
            Purpose::Record => {}
            Purpose::Compare(comparison) => return comparison.compare(self.mapper, events),
            Purpose::Discard => return Ok(()),
        }
        self.topics.claim::<E>()?;
        self.sources += 1;
        let is_homeless = |event: &&DomainEvent<E>| event.originator_id.is_nil() || event.originator_version == 0;
        if let Some(event) = events.iter().find(is_homeless) {
            let DomainEvent { originator_id, originator_version: version, .. } = *event;
            return Err(Error::InvalidOriginator { topic: event.event.topic(), originator_id, version });
        }
        let stored = self.mapper.store_all(events, append_id, &mut self.metadata)?;
        if self.events.is_empty() {
            self.events = stored;
        } else {
            self.events.extend(stored);
        }
        Ok(())
    }

    /// The whole batch, if it contains no version of an aggregate twice.
    pub(super) fn finish(self) -> Result<Batch> {
        // a single aggregate cannot have a version twice
        if self.sources > 1 {
            let mut seen = HashSet::with_capacity(self.events.len());
            let again = |event: &&StoredEvent| !seen.insert((event.originator_id, event.originator_version));
            if let Some(event) = self.events.iter().find(again) {
                let (originator_id, version) = (event.originator_id, event.originator_version);
                return Err(Error::SavedTwice { originator_id, version });
            }
        }
        Ok(Batch { events: self.events, missing: self.missing, due: self.due, logs: self.logs })
    }

    fn add_pending<A: Aggregate>(&mut self, root: &mut Root<A>) -> Result<()> {
        root.check()?;
        self.missing.extend(root.missing().cloned());
        if root.pending_events().is_empty() {
            return Ok(());
        }
        if matches!(self.purpose, Purpose::Discard) {
            root.discard();
            return Ok(());
        }
        let append_id = root.append_id();
        let (after, pending) = (root.version(), root.pending_events());
        let before = after.saturating_sub(pending.len() as u64);
        self.logs.extend((before == 0 && A::EMPTY_LOG.is_some()).then(|| root.id()));
        self.due.extend(self.snapshots.due::<A>(root.id(), before, after));
        self.add_all(pending, append_id)
    }
}

// errors recommend an aggregate by `&mut` and domain events, and not all that they can be in

impl<A: Aggregate> Saveable for &mut A {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        batch.add_pending(self.root_mut())
    }

    fn recorded(&mut self) {
        self.root_mut().recorded();
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        saved.add(&**self);
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> Saveable for &mut [A] {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|mut aggregate| aggregate.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(|mut aggregate| aggregate.recorded());
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|aggregate| saved.add(aggregate));
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate> Saveable for &mut Vec<A> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.as_mut_slice().add_to(batch)
    }

    fn recorded(&mut self) {
        self.as_mut_slice().recorded();
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|aggregate| saved.add(aggregate));
    }
}

#[diagnostic::do_not_recommend]
impl<A: Aggregate, const N: usize> Saveable for &mut [A; N] {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.as_mut_slice().add_to(batch)
    }

    fn recorded(&mut self) {
        self.as_mut_slice().recorded();
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|aggregate| saved.add(aggregate));
    }
}

#[diagnostic::do_not_recommend]
impl<S: Saveable> Saveable for Vec<S> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|item| item.cache_in(saved));
    }
}

#[diagnostic::do_not_recommend]
impl<S: Saveable, const N: usize> Saveable for [S; N] {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|item| item.cache_in(saved));
    }
}

#[diagnostic::do_not_recommend]
impl<S: Saveable> Saveable for Option<S> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|item| item.add_to(batch))
    }

    fn recorded(&mut self) {
        self.iter_mut().for_each(S::recorded);
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        self.iter().for_each(|item| item.cache_in(saved));
    }
}

#[diagnostic::do_not_recommend]
impl<S: Saveable + ?Sized> Saveable for Box<S> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        (**self).add_to(batch)
    }

    fn recorded(&mut self) {
        (**self).recorded();
    }

    fn cache_in(&self, saved: &mut SavedStates<'_>) {
        (**self).cache_in(saved);
    }
}

impl<E: AggregateEvent> Saveable for DomainEvent<E> {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        batch.add(self, Uuid::new_v4())
    }

    fn recorded(&mut self) {}
}

#[diagnostic::do_not_recommend]
impl Saveable for () {
    fn add_to(&mut self, _: &mut SaveBatch<'_>) -> Result<()> {
        Ok(())
    }

    fn recorded(&mut self) {}
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($name: Saveable),*> Saveable for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
                let ($($name,)*) = self;
                $($name.add_to(batch)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn recorded(&mut self) {
                let ($($name,)*) = self;
                $($name.recorded();)*
            }

            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn cache_in(&self, saved: &mut SavedStates<'_>) {
                let ($($name,)*) = self;
                $($name.cache_in(saved);)*
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
