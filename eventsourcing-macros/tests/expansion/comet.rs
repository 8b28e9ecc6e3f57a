#[derive(Debug)]
pub struct Comet {
    name: String,
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for Comet {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for Comet
where
    for<'a> Self: ::eventsourcing::Aggregate,
    for<'a> String: ::std::default::Default,
{
    fn default_fields() -> Self {
        Self {
            name: ::std::default::Default::default(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

/// The event `Sighted` of `Comet`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct CometSighted {
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::EventStruct for CometSighted {
    const TOPIC: &'static str = "Comet.Sighted";
}

impl ::eventsourcing::CreationEvent for CometSighted {}

/// The event `Renamed` of `Comet`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct CometRenamed {
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::EventStruct for CometRenamed {
    const TOPIC: &'static str = "Comet.Renamed";

    const SPLITS: &'static [::eventsourcing::SplitTopic] = &[
        ::eventsourcing::SplitTopic::of::<CometEvent>("Comet.Passed"),
        ::eventsourcing::SplitTopic::of::<CometEvent>("Comet.Closed"),
    ];
}

/// It came close to the sun.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces)]
pub struct CometPassed {
    /// The parameter `name`.
    pub name: ::std::string::String,
}

impl ::eventsourcing::SplitEvent for CometPassed {
    const TOPIC: &'static str = "Comet.Passed";

    const VERSION: u32 = 2;
}

/// The events of `Comet`.
#[derive(::std::clone::Clone, ::std::fmt::Debug)]
#[allow(private_interfaces)]
pub enum CometEvent {
    /// The event `Sighted`.
    Sighted(CometSighted),
    /// The event `Renamed`.
    Renamed(CometRenamed),
    /// The event `Burnt`.
    Burnt(Burnt),
    /// The event `Passed`, which is split into these.
    Passed(::std::vec::Vec<CometEvent>),
}

impl ::eventsourcing::AggregateEvent for CometEvent {
    const TOPICS: &'static [&'static str] = &[
        "Comet.Sighted",
        "Comet.Renamed",
        "Comet.Burnt",
        "Comet.Passed",
    ];

    const OLD_TOPICS: &'static [&'static str] = &["Comet.Closed"];

    const SPLIT_TOPICS: &'static [&'static str] = &["Comet.Passed"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Sighted(_) => "Comet.Sighted",
            Self::Renamed(_) => "Comet.Renamed",
            Self::Burnt(_) => "Comet.Burnt",
            Self::Passed(_) => "Comet.Passed",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::Sighted(event) => state.write(event),
            Self::Renamed(event) => state.write(event),
            Self::Burnt(event) => state.write(event),
            Self::Passed(_) => {
                ::std::result::Result::Err(::eventsourcing::domain::StateError::IsSplit)
            }
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "Comet.Sighted" => state.read().map(Self::Sighted),
            "Comet.Renamed" => state.read().map(Self::Renamed),
            "Comet.Burnt" => state.read().map(Self::Burnt),
            "Comet.Passed" | "Comet.Closed" => {
                #[allow(unused_imports)]
                use ::eventsourcing::__private::split::{self, PlainSplit as _};
                let event: ::std::result::Result<
                    CometPassed,
                    ::eventsourcing::domain::StateError,
                > = {
                    #[allow(unused_imports)]
                    use ::eventsourcing::__private::upcast::{
                        self, FromJson as _, MisfitBetween as _, MisfitNewest as _,
                        PlainStep as _, ToJson as _,
                    };
                    match state.version(2)? {
                        1 => {
                            let shape = state.read()?;
                            let shape = upcast::step(state, passed_v1, shape)?.shape()?;
                            upcast::newest::<_, CometPassed>(shape).fit()
                        }
                        _ => state.read(),
                    }
                };
                let CometPassed { name } = event?;
                let returned = split::run(
                    ::std::concat!(::std::module_path!(), "::Comet::passed"),
                    || Comet::body_of_passed(&name),
                )?;
                let (part_1, part_2): (CometRenamed, Burnt) = returned.parts()?;
                ::std::result::Result::Ok(
                    Self::Passed(::std::vec![Self::Renamed(part_1), Self::Burnt(part_2)]),
                )
            }
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::Passed(parts) => parts,
            _ => ::std::slice::from_ref(self),
        }
    }

    fn into_parts(self) -> ::std::vec::Vec<Self> {
        match self {
            Self::Passed(parts) => parts,
            event => ::std::vec![event],
        }
    }

    fn into_part(self) -> ::eventsourcing::domain::Part {
        match self {
            Self::Sighted(event) => {
                ::eventsourcing::domain::Part::new("Comet.Sighted", event)
            }
            Self::Renamed(event) => {
                ::eventsourcing::domain::Part::new("Comet.Renamed", event)
            }
            Self::Burnt(event) => {
                ::eventsourcing::domain::Part::new("Comet.Burnt", event)
            }
            event @ Self::Passed(_) => {
                ::eventsourcing::domain::Part::new("Comet.Passed", event)
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Sighted(_) => {
                ::eventsourcing::__private::is_exact::<::std::string::String>()
            }
            Self::Renamed(_) => {
                ::eventsourcing::__private::is_exact::<::std::string::String>()
            }
            Self::Burnt(_) => false,
            Self::Passed(_) => false,
        }
    }
}

const _: () = {
    #[allow(unused_imports)]
    use ::eventsourcing::__private::NotHandled as _;

    ::eventsourcing::__private::gets_parts(
        ::eventsourcing::__private::Handled::<Burnt>::TOPICS,
        "Comet.Burnt",
        "Comet.Passed",
    )
};

impl Comet {
    #[must_use = "a new aggregate is recorded only once it is saved"]
    pub fn sight(name: &str) -> Self {
        ::eventsourcing::Root::create(
            ::eventsourcing::domain::new_id(),
            CometSighted {
                name: ::std::borrow::ToOwned::to_owned(name),
            },
            CometEvent::Sighted,
            |event| Self::body_of_sight(&event.name),
        )
    }

    /// The body of `sight`, which runs at each call and at each replay.
    fn body_of_sight(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }

    pub fn rename(&mut self, name: &str) {
        ::eventsourcing::Root::trigger(
            self,
            CometRenamed {
                name: ::std::borrow::ToOwned::to_owned(name),
            },
            CometEvent::Renamed,
            |aggregate, event| aggregate.body_of_rename(&event.name),
        )
    }

    /// The body of `rename`, which runs at each call and at each replay.
    fn body_of_rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }

    pub fn burn(&mut self) {
        ::eventsourcing::Root::trigger(
            self,
            Burnt {},
            CometEvent::Burnt,
            |aggregate, _| aggregate.body_of_burn(),
        )
    }

    /// The body of `burn`, which runs at each call and at each replay.
    fn body_of_burn(&mut self) {}

    /// The body of `passed`, which runs each time the event is read.
    fn body_of_passed(name: &str) -> Result<(CometRenamed, Burnt), String> {
        Ok((
            CometRenamed {
                name: name.to_owned(),
            },
            Burnt {},
        ))
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for Comet {}

impl ::eventsourcing::Aggregate for Comet {
    type Event = CometEvent;

    const NAME: &'static str = "Comet";

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
        event: CometEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        match event {
            CometEvent::Passed(_) => {
                ::std::result::Result::Err(::eventsourcing::ApplyError::IsSplit)
            }
            CometEvent::Sighted(CometSighted { name }) => {
                ::std::result::Result::Ok(Self::body_of_sight(&name))
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::NotACreation),
        }
    }

    fn apply(
        &mut self,
        event: CometEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            CometEvent::Passed(_) => {
                ::std::result::Result::Err(::eventsourcing::ApplyError::IsSplit)
            }
            CometEvent::Renamed(CometRenamed { name }) => {
                self.body_of_rename(&name);
                ::std::result::Result::Ok(())
            }
            CometEvent::Burnt(Burnt {}) => {
                self.body_of_burn();
                ::std::result::Result::Ok(())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::IsACreation),
        }
    }

    fn is_creation(event: &CometEvent) -> bool {
        match event {
            CometEvent::Sighted(_) => true,
            CometEvent::Passed(parts) => {
                parts
                    .first()
                    .is_some_and(<Self as ::eventsourcing::Aggregate>::is_creation)
            }
            _ => false,
        }
    }
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Burnt {}

#[derive(serde::Deserialize)]
pub struct PassedV1 {
    pub name: String,
}

fn passed_v1(old: PassedV1) -> CometPassed {
    CometPassed { name: old.name }
}
