/// The simplest aggregate: it has no creation event of its own, so it is created with default values.
#[derive(Clone, Debug, PartialEq)]
pub struct Island {
    pub name: String,
    palms: Vec<u32>,
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for Island {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for Island
where
    for<'a> Self: ::eventsourcing::Aggregate,
    for<'a> String: ::std::default::Default,
    for<'a> Vec<u32>: ::std::default::Default,
{
    fn default_fields() -> Self {
        Self {
            name: ::std::default::Default::default(),
            palms: ::std::default::Default::default(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

/// Creates an aggregate `Island` whose fields have their default values.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct IslandCreated {}

impl ::eventsourcing::EventStruct for IslandCreated {
    const TOPIC: &'static str = "Island.Created";
}

impl ::eventsourcing::CreationEvent for IslandCreated {}

/// The event `Named` of `Island`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct IslandNamed {
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::EventStruct for IslandNamed {
    const TOPIC: &'static str = "Island.Named";
}

/// The event `Planted` of `Island`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde")]
#[allow(private_interfaces)]
pub struct IslandPlanted {
    /// The parameter `height`.
    pub height: u32,
}

impl ::eventsourcing::EventStruct for IslandPlanted {
    const TOPIC: &'static str = "Island.Planted";
}

/// The events of `Island`.
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
pub enum IslandEvent {
    /// The event `Created`.
    Created(IslandCreated),
    /// The event `Named`.
    Named(IslandNamed),
    /// The event `Planted`.
    Planted(IslandPlanted),
}

impl ::eventsourcing::AggregateEvent for IslandEvent {
    const TOPICS: &'static [&'static str] = &[
        "Island.Created",
        "Island.Named",
        "Island.Planted",
    ];

    fn topic(&self) -> &'static str {
        match self {
            Self::Created(_) => "Island.Created",
            Self::Named(_) => "Island.Named",
            Self::Planted(_) => "Island.Planted",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::Created(event) => state.write(event),
            Self::Named(event) => state.write(event),
            Self::Planted(event) => state.write(event),
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "Island.Created" => state.read().map(Self::Created),
            "Island.Named" => state.read().map(Self::Named),
            "Island.Planted" => state.read().map(Self::Planted),
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Created(_) => true,
            Self::Named(_) => {
                ::eventsourcing::__private::is_exact::<::std::string::String>()
            }
            Self::Planted(_) => ::eventsourcing::__private::is_exact::<u32>(),
        }
    }
}

impl Island {
    /// Creates an aggregate `Island` whose fields have their default values.
    #[must_use = "a new aggregate is recorded only once it is saved"]
    pub fn create() -> Self {
        ::eventsourcing::Root::create(
            ::eventsourcing::domain::new_id(),
            IslandCreated {},
            IslandEvent::Created,
            |_| Self::body_of_create(),
        )
    }

    /// The body of `create`, which runs at each call and at each replay.
    fn body_of_create() -> Self {
        <Self as ::eventsourcing::__private::DefaultFields>::default_fields()
    }

    pub fn give_name(&mut self, name: &str) {
        ::eventsourcing::Root::trigger(
            self,
            IslandNamed {
                name: ::std::borrow::ToOwned::to_owned(name),
            },
            IslandEvent::Named,
            |aggregate, event| aggregate.body_of_give_name(&event.name),
        )
    }

    /// The body of `give_name`, which runs at each call and at each replay.
    fn body_of_give_name(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn plant(&mut self, height: u32) {
        ::eventsourcing::Root::trigger(
            self,
            IslandPlanted { height },
            IslandEvent::Planted,
            |aggregate, event| aggregate.body_of_plant(event.height),
        )
    }

    /// The body of `plant`, which runs at each call and at each replay.
    fn body_of_plant(&mut self, height: u32) {
        self.palms.push(height);
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for Island {}

impl ::eventsourcing::Aggregate for Island {
    type Event = IslandEvent;

    const NAME: &'static str = "Island";

    const CLONE: ::std::option::Option<fn(&Self) -> Self> = {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::NotCloned as _;
        ::eventsourcing::__private::Cloned::<Self>::CLONE
    };

    const PERSONAL: &'static [&'static str] = {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::NothingPersonal as _;
        Self::__EVENTSOURCING_PERSONAL
    };

    fn root(&self) -> &::eventsourcing::Root<Self> {
        &self.aggregate_root
    }

    fn root_mut(&mut self) -> &mut ::eventsourcing::Root<Self> {
        &mut self.aggregate_root
    }

    fn create(
        event: IslandEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        match event {
            IslandEvent::Created(IslandCreated {}) => {
                ::std::result::Result::Ok(Self::body_of_create())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::NotACreation),
        }
    }

    fn apply(
        &mut self,
        event: IslandEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            IslandEvent::Named(IslandNamed { name }) => {
                self.body_of_give_name(&name);
                ::std::result::Result::Ok(())
            }
            IslandEvent::Planted(IslandPlanted { height }) => {
                self.body_of_plant(height);
                ::std::result::Result::Ok(())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::IsACreation),
        }
    }

    fn is_creation(event: &IslandEvent) -> bool {
        match event {
            IslandEvent::Created(_) => true,
            _ => false,
        }
    }
}
