#[derive(serde::Serialize, serde::Deserialize)]
pub struct Planet {
    name: String,
    moons: u32,
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for Planet {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for Planet
where
    for<'a> Self: ::eventsourcing::Aggregate,
    for<'a> String: ::std::default::Default,
    for<'a> u32: ::std::default::Default,
{
    fn default_fields() -> Self {
        Self {
            name: ::std::default::Default::default(),
            moons: ::std::default::Default::default(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

/// The event `Formed` of `Planet`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct PlanetFormed {
    /// The parameter `name`.
    pub name: ::std::string::String,
    /// The parameter `moons`.
    pub moons: u32,
}

impl ::eventsourcing::EventStruct for PlanetFormed {
    const TOPIC: &'static str = "Planet.Formed";

    const OLD_TOPICS: &'static [&'static str] = &[
        "World.Formed",
        "Planet.Started",
        "World.Started",
    ];

    const VERSION: u32 = 3;

    fn read(
        _topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::upcast::{
            self, FromJson as _, MisfitBetween as _, MisfitNewest as _, PlainStep as _,
            ToJson as _,
        };
        match state.version(3)? {
            1 => {
                let shape = state.read()?;
                let shape = upcast::step(state, formed_v1, shape)?.shape()?;
                let shape = upcast::between(shape, &formed_v2).fit()?;
                let shape = upcast::step(state, formed_v2, shape)?.shape()?;
                upcast::newest::<_, PlanetFormed>(shape).fit()
            }
            2 => {
                let shape = state.read()?;
                let shape = upcast::step(state, formed_v2, shape)?.shape()?;
                upcast::newest::<_, PlanetFormed>(shape).fit()
            }
            _ => state.read(),
        }
    }
}

impl ::eventsourcing::CreationEvent for PlanetFormed {}

/// The event `Renamed` of `Planet`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct PlanetRenamed {
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::EventStruct for PlanetRenamed {
    const TOPIC: &'static str = "Planet.Renamed";

    const OLD_TOPICS: &'static [&'static str] = &["World.Renamed"];

    const VERSION: u32 = 2;

    fn read(
        _topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::upcast::{
            self, FromJson as _, MisfitBetween as _, MisfitNewest as _, PlainStep as _,
            ToJson as _,
        };
        match state.version(2)? {
            1 => {
                let shape = state.read()?;
                let shape = upcast::step(state, renamed_v1, shape)?.shape()?;
                upcast::newest::<_, PlanetRenamed>(shape).fit()
            }
            _ => state.read(),
        }
    }
}

/// The events of `Planet`.
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
#[allow(private_interfaces)]
pub enum PlanetEvent {
    /// The event `Formed`.
    Formed(PlanetFormed),
    /// The event `Renamed`.
    Renamed(PlanetRenamed),
    /// The event `MoonFound`.
    MoonFound(MoonFound),
}

impl ::eventsourcing::AggregateEvent for PlanetEvent {
    const TOPICS: &'static [&'static str] = &[
        "Planet.Formed",
        "Planet.Renamed",
        "Planet.MoonFound",
    ];

    const OLD_TOPICS: &'static [&'static str] = &[
        "World.Formed",
        "Planet.Started",
        "World.Started",
        "World.Renamed",
        "World.MoonFound",
        "Planet.MoonSeen",
        "World.MoonSeen",
    ];

    const RETIRED_TOPICS: &'static [&'static str] = &["World.Painted", "Planet.Painted"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Formed(_) => "Planet.Formed",
            Self::Renamed(_) => "Planet.Renamed",
            Self::MoonFound(_) => "Planet.MoonFound",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::Formed(event) => state.write_version(3, event),
            Self::Renamed(event) => state.write_downcast(1, event, renamed_as_v1),
            Self::MoonFound(event) => state.write(event),
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "Planet.Formed" | "World.Formed" | "Planet.Started" | "World.Started" => {
                <PlanetFormed as ::eventsourcing::EventStruct>::read(topic, state)
                    .map(Self::Formed)
            }
            "Planet.Renamed" | "World.Renamed" => {
                <PlanetRenamed as ::eventsourcing::EventStruct>::read(topic, state)
                    .map(Self::Renamed)
            }
            "Planet.MoonFound" | "World.MoonFound" | "Planet.MoonSeen"
            | "World.MoonSeen" => {
                let event: ::std::result::Result<
                    MoonFound,
                    ::eventsourcing::domain::StateError,
                > = {
                    #[allow(unused_imports)]
                    use ::eventsourcing::__private::upcast::{
                        self, FromJson as _, MisfitBetween as _, MisfitNewest as _,
                        PlainStep as _, ToJson as _,
                    };
                    match topic {
                        "Planet.MoonSeen" | "World.MoonSeen" => {
                            let shape = state.read()?;
                            let shape = upcast::step(state, seen_to_found, shape)?
                                .shape()?;
                            upcast::newest::<_, MoonFound>(shape).fit()
                        }
                        _ => state.read(),
                    }
                };
                event.map(Self::MoonFound)
            }
            "World.Painted" | "Planet.Painted" => {
                ::std::result::Result::Err(::eventsourcing::domain::StateError::Retired)
            }
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Formed(_) => {
                ::eventsourcing::__private::is_exact::<::std::string::String>()
                    && ::eventsourcing::__private::is_exact::<u32>()
            }
            Self::Renamed(_) => false,
            Self::MoonFound(_) => false,
        }
    }
}

impl Planet {
    #[must_use = "a new aggregate is recorded only once it is saved"]
    pub fn new(name: &str, moons: u32) -> Self {
        ::eventsourcing::Root::create(
            ::eventsourcing::domain::new_id(),
            PlanetFormed {
                name: ::std::borrow::ToOwned::to_owned(name),
                moons,
            },
            PlanetEvent::Formed,
            |event| Self::body_of_new(&event.name, event.moons),
        )
    }

    /// The body of `new`, which runs at each call and at each replay.
    fn body_of_new(name: &str, moons: u32) -> Self {
        Self {
            name: name.to_owned(),
            moons,
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }

    pub fn rename(&mut self, name: &str) {
        ::eventsourcing::Root::trigger(
            self,
            PlanetRenamed {
                name: ::std::borrow::ToOwned::to_owned(name),
            },
            PlanetEvent::Renamed,
            |aggregate, event| aggregate.body_of_rename(&event.name),
        )
    }

    /// The body of `rename`, which runs at each call and at each replay.
    fn body_of_rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn find_moon(&mut self, moons: u32) {
        ::eventsourcing::Root::trigger(
            self,
            MoonFound { moons },
            PlanetEvent::MoonFound,
            |aggregate, event| aggregate.body_of_find_moon(event.moons),
        )
    }

    /// The body of `find_moon`, which runs at each call and at each replay.
    fn body_of_find_moon(&mut self, moons: u32) {
        self.moons += moons;
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for Planet {}

impl ::eventsourcing::Aggregate for Planet {
    type Event = PlanetEvent;

    const NAME: &'static str = "Planet";

    const SNAPSHOTS: ::std::option::Option<
        ::eventsourcing::domain::SnapshotFormat<Self>,
    > = {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::NotShown as _;
        ::std::option::Option::Some(
            ::eventsourcing::domain::SnapshotFormat::serde()
                .looks(::eventsourcing::__private::Shown::<Self>::LOOK)
                .source(0xdaf8_f043_9c68_6ffc)
                .every(100)
                .version(2),
        )
    };

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
        event: PlanetEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        match event {
            PlanetEvent::Formed(PlanetFormed { name, moons }) => {
                ::std::result::Result::Ok(Self::body_of_new(&name, moons))
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::NotACreation),
        }
    }

    fn apply(
        &mut self,
        event: PlanetEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            PlanetEvent::Renamed(PlanetRenamed { name }) => {
                self.body_of_rename(&name);
                ::std::result::Result::Ok(())
            }
            PlanetEvent::MoonFound(MoonFound { moons }) => {
                self.body_of_find_moon(moons);
                ::std::result::Result::Ok(())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::IsACreation),
        }
    }

    fn is_creation(event: &PlanetEvent) -> bool {
        match event {
            PlanetEvent::Formed(_) => true,
            _ => false,
        }
    }
}

#[derive(serde::Deserialize)]
pub struct FormedV1 {
    pub title: String,
}

#[derive(serde::Deserialize)]
pub struct FormedV2 {
    pub name: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub struct RenamedV1 {
    pub title: String,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct MoonFound {
    pub moons: u32,
}

fn formed_v1(old: FormedV1) -> FormedV2 {
    FormedV2 { name: old.title }
}

fn formed_v2(old: FormedV2) -> PlanetFormed {
    PlanetFormed {
        name: old.name,
        moons: 0,
    }
}

fn renamed_v1(old: RenamedV1) -> PlanetRenamed {
    PlanetRenamed { name: old.title }
}

fn renamed_as_v1(event: &PlanetRenamed) -> RenamedV1 {
    RenamedV1 {
        title: event.name.clone(),
    }
}

fn seen_to_found(_: serde_json::Value) -> MoonFound {
    MoonFound { moons: 1 }
}
