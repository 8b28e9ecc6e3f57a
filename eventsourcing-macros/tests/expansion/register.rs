/// The worlds, in the order in which they were registered.
#[derive(Clone, Debug)]
pub struct Register {
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for Register {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for Register
where
    for<'a> Self: ::eventsourcing::Aggregate,
{
    fn default_fields() -> Self {
        Self {
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

impl ::eventsourcing::__private::NoFields for Register
where
    for<'a> Self: ::eventsourcing::Aggregate,
{
    fn with_root(root: ::eventsourcing::Root<Self>) -> Self {
        Self { aggregate_root: root }
    }
}

/// The event `WorldRegistered` of `Register`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct RegisterWorldRegistered {
    /// The parameter `world`.
    pub world: eventsourcing::Uuid,
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::EventStruct for RegisterWorldRegistered {
    const TOPIC: &'static str = "Register.WorldRegistered";
}

/// The event `WorldRemoved` of `Register`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct RegisterWorldRemoved {
    /// The parameter `world`.
    pub world: eventsourcing::Uuid,
}

impl ::eventsourcing::EventStruct for RegisterWorldRemoved {
    const TOPIC: &'static str = "Register.WorldRemoved";
}

/// The events of `Register`.
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
pub enum RegisterEvent {
    /// The event `WorldRegistered`.
    WorldRegistered(RegisterWorldRegistered),
    /// The event `WorldRemoved`.
    WorldRemoved(RegisterWorldRemoved),
}

impl ::eventsourcing::AggregateEvent for RegisterEvent {
    const TOPICS: &'static [&'static str] = &[
        "Register.WorldRegistered",
        "Register.WorldRemoved",
    ];

    fn topic(&self) -> &'static str {
        match self {
            Self::WorldRegistered(_) => "Register.WorldRegistered",
            Self::WorldRemoved(_) => "Register.WorldRemoved",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::WorldRegistered(event) => state.write(event),
            Self::WorldRemoved(event) => state.write(event),
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "Register.WorldRegistered" => state.read().map(Self::WorldRegistered),
            "Register.WorldRemoved" => state.read().map(Self::WorldRemoved),
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::WorldRegistered(_) => {
                ::eventsourcing::__private::is_exact::<eventsourcing::Uuid>()
                    && ::eventsourcing::__private::is_exact::<::std::string::String>()
            }
            Self::WorldRemoved(_) => {
                ::eventsourcing::__private::is_exact::<eventsourcing::Uuid>()
            }
        }
    }
}

impl Register {
    pub fn register(&mut self, world: eventsourcing::Uuid, name: &str) {
        ::eventsourcing::Root::trigger(
            self,
            RegisterWorldRegistered {
                world,
                name: ::std::borrow::ToOwned::to_owned(name),
            },
            RegisterEvent::WorldRegistered,
            |aggregate, event| {
                aggregate.body_of_register(event.world.clone(), &event.name)
            },
        )
    }

    /// The body of `register`, which runs at each call and at each replay.
    fn body_of_register(
        &mut self,
        #[allow(unused_variables)]
        world: eventsourcing::Uuid,
        #[allow(unused_variables)]
        name: &str,
    ) {}

    pub fn remove(&mut self, world: eventsourcing::Uuid) -> Result<(), String> {
        ::eventsourcing::Root::try_trigger(
            self,
            RegisterWorldRemoved { world },
            RegisterEvent::WorldRemoved,
            |aggregate, event| aggregate.body_of_remove(event.world.clone()),
        )
    }

    /// The body of `remove`, which runs at each call and at each replay.
    fn body_of_remove(
        &mut self,
        #[allow(unused_variables)]
        world: eventsourcing::Uuid,
    ) -> Result<(), String> {
        if world.is_nil() { Err("no world".to_owned()) } else { Ok(()) }
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for Register {}

impl ::eventsourcing::EventSourcedLog for Register {
    fn empty(id: ::eventsourcing::Uuid) -> Self {
        <Self as ::eventsourcing::__private::NoFields>::with_root(
            ::eventsourcing::Root::empty(id),
        )
    }
}

impl ::eventsourcing::Aggregate for Register {
    type Event = RegisterEvent;

    const NAME: &'static str = "Register";

    const EMPTY_LOG: ::std::option::Option<fn(::eventsourcing::Uuid) -> Self> = ::std::option::Option::Some(
        <Self as ::eventsourcing::EventSourcedLog>::empty,
    );

    fn root(&self) -> &::eventsourcing::Root<Self> {
        &self.aggregate_root
    }

    fn root_mut(&mut self) -> &mut ::eventsourcing::Root<Self> {
        &mut self.aggregate_root
    }

    fn create(
        event: RegisterEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        let mut log = <Self as ::eventsourcing::EventSourcedLog>::empty(
            ::eventsourcing::Uuid::nil(),
        );
        ::eventsourcing::Aggregate::apply(&mut log, event)?;
        ::std::result::Result::Ok(log)
    }

    fn apply(
        &mut self,
        event: RegisterEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            RegisterEvent::WorldRegistered(RegisterWorldRegistered { world, name }) => {
                self.body_of_register(world, &name);
                ::std::result::Result::Ok(())
            }
            RegisterEvent::WorldRemoved(RegisterWorldRemoved { world }) => {
                self.body_of_remove(world)
                    .map(|_| ())
                    .map_err(|_| ::eventsourcing::ApplyError::Refused)
            }
        }
    }

    fn is_creation(_: &RegisterEvent) -> bool {
        false
    }
}
