//! The tutorial's `World`, hand-written without macros.

use eventsourcing::domain::{StateError, StateReader, StateWriter};
use eventsourcing::{Aggregate, AggregateEvent, ApplyError, Root, Uuid};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq)]
pub struct World {
    pub name: String,
    pub history: Vec<String>,
    root: Root<World>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Started {
    name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SomethingHappened {
    what: String,
}

#[derive(Clone, Debug)]
pub enum WorldEvent {
    Started(Started),
    SomethingHappened(SomethingHappened),
}

impl World {
    pub fn new(name: &str) -> Self {
        let started = Started { name: name.to_owned() };
        Root::create(Uuid::new_v4(), started, WorldEvent::Started, |started| Self {
            name: started.name.clone(),
            history: Vec::new(),
            root: Root::default(),
        })
    }

    pub fn make_it_so(&mut self, what: &str) {
        let happened = SomethingHappened { what: what.to_owned() };
        Root::trigger(self, happened, WorldEvent::SomethingHappened, |world, happened| {
            world.history.push(happened.what.clone());
        });
    }
}

impl Aggregate for World {
    type Event = WorldEvent;

    const NAME: &'static str = "World";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: WorldEvent) -> Result<Self, ApplyError> {
        match event {
            WorldEvent::Started(Started { name }) => Ok(Self { name, history: Vec::new(), root: Root::default() }),
            WorldEvent::SomethingHappened(_) => Err(ApplyError::NotACreation),
        }
    }

    fn apply(&mut self, event: WorldEvent) -> Result<(), ApplyError> {
        match event {
            WorldEvent::Started(_) => Err(ApplyError::IsACreation),
            WorldEvent::SomethingHappened(SomethingHappened { what }) => {
                self.history.push(what);
                Ok(())
            }
        }
    }
}

impl AggregateEvent for WorldEvent {
    const TOPICS: &'static [&'static str] = &["World.Started", "World.SomethingHappened"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Started(_) => "World.Started",
            Self::SomethingHappened(_) => "World.SomethingHappened",
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Started(event) => state.write(event),
            Self::SomethingHappened(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "World.Started" => state.read().map(Self::Started),
            "World.SomethingHappened" => state.read().map(Self::SomethingHappened),
            _ => Err(StateError::UnknownTopic),
        }
    }
}
