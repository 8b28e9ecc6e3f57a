// The model of the documentation's examples, which include it: seats, and a theatre that sells them. `#[aggregate]` and the other
// attributes of the crate `eventsourcing`, on which this crate does not depend, write most of it.

use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::projection::Recorded;
use eventsourcing_core::recording::Cause;
use eventsourcing_core::{
    Aggregate, AggregateEvent, Application, ApplicationStruct, ApplyError, EventStruct, Projection, Root, Uuid,
};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(crate) struct Seats {
    pub(crate) left: u64,
    pub(crate) root: Root<Seats>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) seats: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {}

impl EventStruct for Opened {
    const TOPIC: &'static str = "Seats.Opened";
}

impl EventStruct for Taken {
    const TOPIC: &'static str = "Seats.Taken";
}

#[derive(Clone, Debug)]
pub(crate) enum SeatsEvent {
    Opened(Opened),
    Taken(Taken),
}

#[derive(Debug)]
pub(crate) struct SoldOut;

impl Seats {
    pub(crate) fn open(seats: u64) -> Self {
        let opened = SeatsEvent::Opened(Opened { seats });
        Self::create_from(eventsourcing_core::domain::new_id(), opened).expect("a creation")
    }

    pub(crate) fn take(&mut self) -> Result<(), SoldOut> {
        if self.left == 0 {
            return Err(SoldOut);
        }
        self.trigger(SeatsEvent::Taken(Taken {})).expect("a change");
        Ok(())
    }
}

impl AggregateEvent for SeatsEvent {
    const TOPICS: &'static [&'static str] = &[Opened::TOPIC, Taken::TOPIC];

    fn topic(&self) -> &'static str {
        match self {
            Self::Opened(_) => Opened::TOPIC,
            Self::Taken(_) => Taken::TOPIC,
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Opened(event) => state.write(event),
            Self::Taken(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            Opened::TOPIC => state.read().map(Self::Opened),
            Taken::TOPIC => state.read().map(Self::Taken),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

impl Aggregate for Seats {
    type Event = SeatsEvent;

    const NAME: &'static str = "Seats";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: SeatsEvent) -> Result<Self, ApplyError> {
        match event {
            SeatsEvent::Opened(Opened { seats }) => Ok(Seats { left: seats, root: Root::default() }),
            SeatsEvent::Taken(_) => Err(ApplyError::NotACreation),
        }
    }

    fn apply(&mut self, event: SeatsEvent) -> Result<(), ApplyError> {
        match event {
            SeatsEvent::Taken(_) => self.left -= 1,
            SeatsEvent::Opened(_) => return Err(ApplyError::IsACreation),
        }
        Ok(())
    }
}

pub(crate) struct Theatre(Application);

impl Theatre {
    /// Takes a seat in each of two parts, or none.
    pub(crate) async fn take_both(&self, first: Uuid, second: Uuid) -> Result<(), SoldOut> {
        let take = |(first, second): &mut (Seats, Seats)| first.take().and_then(|()| second.take());
        self.retry_all((first, second), take).await.expect("a recorder in memory")
    }
}

impl From<Application> for Theatre {
    fn from(application: Application) -> Self {
        Self(application)
    }
}

impl std::ops::Deref for Theatre {
    type Target = Application;

    fn deref(&self) -> &Application {
        &self.0
    }
}

impl ApplicationStruct for Theatre {
    const NAME: &'static str = "Theatre";

    async fn open_in(_: Option<Vec<(String, String)>>) -> eventsourcing_core::Result<Self> {
        Application::builder(Self::NAME).open().map(Self)
    }
}

/// A projection that counts the seats which were taken.
pub(crate) struct SeatsTaken;

impl Projection for SeatsTaken {
    type View = u64;

    const NAME: &'static str = "seats_taken";
    const TOPICS: &'static [&'static str] = &[Taken::TOPIC];

    async fn handle(&self, _: &str, events: &[Recorded<'_>], taken: &mut u64) -> Result<(), Cause> {
        *taken += events.len() as u64;
        Ok(())
    }
}
