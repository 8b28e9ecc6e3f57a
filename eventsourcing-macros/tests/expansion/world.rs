/// An aggregate: plain state, plain methods. `#[event]` methods are recorded and replayed.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub name: String,
    history: Vec<String>,
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for World {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for World
where
    for<'a> Self: ::eventsourcing::Aggregate,
    for<'a> String: ::std::default::Default,
    for<'a> Vec<String>: ::std::default::Default,
{
    fn default_fields() -> Self {
        Self {
            name: ::std::default::Default::default(),
            history: ::std::default::Default::default(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

/// A creation event: an associated function that returns `Self`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct WorldStarted {
    /// The parameter `name`.
    pub name: String,
}

impl ::eventsourcing::EventStruct for WorldStarted {
    const TOPIC: &'static str = "World.Started";
}

impl ::eventsourcing::CreationEvent for WorldStarted {}

/// A change: the body runs when the command is called, and again whenever the event is replayed.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct WorldSomethingHappened {
    /// The parameter `what`.
    pub what: ::std::string::String,
}

impl ::eventsourcing::EventStruct for WorldSomethingHappened {
    const TOPIC: &'static str = "World.SomethingHappened";
}

/// The events of `World`.
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
pub enum WorldEvent {
    /// The event `Started`.
    Started(WorldStarted),
    /// The event `SomethingHappened`.
    SomethingHappened(WorldSomethingHappened),
}

impl ::eventsourcing::AggregateEvent for WorldEvent {
    const TOPICS: &'static [&'static str] = &[
        "World.Started",
        "World.SomethingHappened",
    ];

    fn topic(&self) -> &'static str {
        match self {
            Self::Started(_) => "World.Started",
            Self::SomethingHappened(_) => "World.SomethingHappened",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::Started(event) => state.write(event),
            Self::SomethingHappened(event) => state.write(event),
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "World.Started" => state.read().map(Self::Started),
            "World.SomethingHappened" => state.read().map(Self::SomethingHappened),
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Started(_) => ::eventsourcing::__private::is_exact::<String>(),
            Self::SomethingHappened(_) => {
                ::eventsourcing::__private::is_exact::<::std::string::String>()
            }
        }
    }
}

impl World {
    /// A creation event: an associated function that returns `Self`.
    #[must_use = "a new aggregate is recorded only once it is saved"]
    pub fn new(name: impl Into<String>) -> Self {
        ::eventsourcing::Root::create(
            ::eventsourcing::domain::new_id(),
            WorldStarted {
                name: ::std::convert::Into::into(name),
            },
            WorldEvent::Started,
            |event| Self::body_of_new(event.name.clone()),
        )
    }

    /// The body of `new`, which runs at each call and at each replay.
    fn body_of_new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            history: Vec::new(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }

    /// A change: the body runs when the command is called, and again whenever the event is replayed.
    pub fn make_it_so(&mut self, what: &str) {
        ::eventsourcing::Root::trigger(
            self,
            WorldSomethingHappened {
                what: ::std::borrow::ToOwned::to_owned(what),
            },
            WorldEvent::SomethingHappened,
            |aggregate, event| aggregate.body_of_make_it_so(&event.what),
        )
    }

    /// The body of `make_it_so`, which runs at each call and at each replay.
    fn body_of_make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }

    /// A command that decides first and may refuse: a plain method that calls event methods.
    pub fn make_it_so_once(&mut self, what: &str) -> std::result::Result<(), AlreadySo> {
        if self.history.iter().any(|so| so == what) {
            return Err(AlreadySo);
        }
        self.make_it_so(what);
        Ok(())
    }

    pub fn history(&self) -> &[String] {
        &self.history
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for World {}

impl ::eventsourcing::Aggregate for World {
    type Event = WorldEvent;

    const NAME: &'static str = "World";

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
        event: WorldEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        match event {
            WorldEvent::Started(WorldStarted { name }) => {
                ::std::result::Result::Ok(Self::body_of_new(name))
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::NotACreation),
        }
    }

    fn apply(
        &mut self,
        event: WorldEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            WorldEvent::SomethingHappened(WorldSomethingHappened { what }) => {
                self.body_of_make_it_so(&what);
                ::std::result::Result::Ok(())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::IsACreation),
        }
    }

    fn is_creation(event: &WorldEvent) -> bool {
        match event {
            WorldEvent::Started(_) => true,
            _ => false,
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct AlreadySo;
