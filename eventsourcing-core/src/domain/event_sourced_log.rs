//! An event-sourced log: a sequence of events without a state.

use uuid::Uuid;

use super::Aggregate;

/// An event-sourced log: a sequence of events without a state, such as a register of ids or an audit trail.
///
/// It is an aggregate whose events change nothing. `#[aggregate(log)]` on the impl block of a struct without fields generates it. Any event
/// may be the first one, so it needs no creation. It is opened by [`Repository::log`](crate::Repository::log), which reads its last
/// event alone, and its events are listed by [`Repository::events`](crate::Repository::events).
///
/// Its [`created_on`](Aggregate::created_on) is the time of the first event that this value knows: the one that was the last when the log
/// was opened.
///
/// A hand-written implementation also sets [`Aggregate::EMPTY_LOG`]. A later version of this library may add methods, each with a
/// default.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{Aggregate, AggregateEvent, Application, ApplyError, EventSourcedLog, Root, Uuid};
/// use eventsourcing::domain::{StateError, StateReader, StateWriter};
///
/// #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
/// struct WorldAdded { world: Uuid }
///
/// # impl AggregateEvent for WorldAdded {
/// #     const TOPICS: &'static [&'static str] = &["Register.WorldAdded"];
/// #     fn topic(&self) -> &'static str { "Register.WorldAdded" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Register.WorldAdded" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// #[derive(Debug)]
/// struct Register { root: Root<Register> }
///
/// impl Aggregate for Register {
///     type Event = WorldAdded;
///     const NAME: &'static str = "Register";
///     const EMPTY_LOG: Option<fn(Uuid) -> Self> = Some(Self::empty);
///     fn root(&self) -> &Root<Self> { &self.root }
///     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
///     fn create(_: WorldAdded) -> Result<Self, ApplyError> { Ok(Self { root: Root::default() }) }
///     fn apply(&mut self, _: WorldAdded) -> Result<(), ApplyError> { Ok(()) }
///     fn is_creation(_: &WorldAdded) -> bool { false }
/// }
///
/// impl EventSourcedLog for Register {
///     fn empty(id: Uuid) -> Self { Self { root: Root::empty(id) } }
/// }
///
/// # futures::executor::block_on(async {
/// let universe = Application::builder("Universe").open()?;
/// let id = Register::id_of("worlds");
/// for number in 1..=3 {
///     let mut register: Register = universe.repository().log(id).await?;
///     register.trigger(WorldAdded { world: Uuid::from_u128(number) })?;
///     universe.save(&mut register).await?;
/// }
///
/// let mut last = universe.repository().events::<Register>(id).descending().limit(1);
/// let added = last.try_next().await?.expect("three worlds were added");
/// assert_eq!((added.originator_version, added.event.world), (3, Uuid::from_u128(3)));
/// # Ok::<(), eventsourcing::Error>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event-sourced log",
    label = "not a log",
    note = "an aggregate is loaded with `repository().get(id)`; a log is a struct without fields whose impl block has `#[aggregate(log)]`"
)]
pub trait EventSourcedLog: Aggregate {
    /// Creates an empty log with this id, at version 0, without looking whether one is recorded.
    ///
    /// If one is, saving the first event is a conflict: [`Repository::log`](crate::Repository::log) opens it. A log without events is not
    /// recorded: saving it does nothing.
    fn empty(id: Uuid) -> Self;

    /// Returns the id of the log with a name, the same in each program and at any time: `Register::id_of("worlds")`.
    ///
    /// It is a UUID of version 5 of the name alone, and not of the type, so that it stays the same if the type is renamed. Logs of two types
    /// therefore need two names: opening one as the other is [`Error::WrongAggregate`](crate::Error::WrongAggregate).
    fn id_of(name: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("eventsourcing.Log {name}").as_bytes())
    }
}
