//! Names: an event that is called otherwise today, and one that has become another.

use eventsourcing::AggregateEvent;
use eventsourcing::prelude::*;

use super::common::PATIENCE;
use super::{Store, first, in_each_database, third};

in_each_database! {
    renamed_events_and_aggregates_are_read_under_their_old_names
    an_event_that_became_another_is_read_as_that_one
    consumers_get_events_of_two_shapes_as_the_one_that_they_became
}

/// The world is called a planet today, and one of its events too is called otherwise.
mod planet {
    #![allow(dead_code, reason = "some of these events are only read")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Planet {
        pub(crate) title: String,
        pub(crate) history: Vec<String>,
    }

    #[aggregate(was = ["World"], retired = ["Planet.Painted"])]
    impl Planet {
        #[event("Formed", was = ["Planet.Started"])]
        pub(crate) fn new(title: &str) -> Self {
            Self { title: title.to_owned(), history: Vec::new() }
        }

        #[event("SomethingHappened")]
        pub(crate) fn make_it_so(&mut self, what: &str) {
            self.history.push(what.to_owned());
        }

        #[event("Named", topic = "Planet.Christened")]
        pub(crate) fn name(&mut self, title: &str) {
            self.title = title.to_owned();
        }
    }
}

async fn renamed_events_and_aggregates_are_read_under_their_old_names(store: Store) {
    let mut world = first::World::new("Earth");
    world.make_it_so("dinosaurs");
    world.paint("blue");
    store.program().await.save(&mut world).await.unwrap();
    let id = world.id();

    let program = store.program().await;
    let mut planet: planet::Planet = program.repository().get(id).await.unwrap();
    assert_eq!((planet.title.as_str(), planet.history.len(), planet.version()), ("Earth", 1, 3));
    planet.make_it_so("people");
    program.save(&mut planet).await.unwrap();
    assert_eq!(program.repository().get::<planet::Planet>(id).await.unwrap(), planet);

    let log = program.log().select(1, 10).await.unwrap();
    let topics: Vec<_> = log.iter().map(|notification| notification.topic.as_ref()).collect();
    assert_eq!(topics, ["World.Started", "World.SomethingHappened", "World.Painted", "Planet.SomethingHappened"]);
}

#[test]
fn topics_are_those_of_today_and_the_old_ones_are_apart() {
    use planet::PlanetEvent;
    assert_eq!(PlanetEvent::TOPICS, ["Planet.Formed", "Planet.SomethingHappened", "Planet.Christened"]);
    // a topic that is written out was no other
    let old = ["World.Formed", "Planet.Started", "World.Started", "World.SomethingHappened"];
    assert_eq!(PlanetEvent::OLD_TOPICS, old);
    assert_eq!(PlanetEvent::RETIRED_TOPICS, ["World.Painted", "Planet.Painted"]);
}

/// Deposits and interest were two events; both are bookings today.
mod merged {
    #![allow(dead_code, reason = "some of these events are only read")]

    use eventsourcing::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct DepositedV1 {
        cents: i64,
    }
    #[derive(Deserialize)]
    pub(crate) struct DepositedV2 {
        cents: i64,
        note: String,
    }
    #[derive(Deserialize)]
    pub(crate) struct Interest {
        rate: i64,
    }
    #[derive(Deserialize)]
    pub(crate) struct BookedV1 {
        amount: i64,
    }

    fn deposited_v1(old: DepositedV1) -> DepositedV2 {
        DepositedV2 { cents: old.cents, note: "a deposit".to_owned() }
    }
    fn deposited_to_booked(old: DepositedV2) -> AccountBooked {
        AccountBooked { amount: old.cents, text: old.note }
    }
    fn interest_to_booked(old: Interest) -> AccountBooked {
        AccountBooked { amount: old.rate, text: "interest".to_owned() }
    }
    fn booked_v1(old: BookedV1) -> AccountBooked {
        AccountBooked { amount: old.amount, text: String::new() }
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Account {
        pub(crate) bookings: Vec<(i64, String)>,
    }

    #[aggregate]
    impl Account {
        #[event("Opened")]
        pub(crate) fn open() -> Self {
            Self { bookings: Vec::new() }
        }

        #[event(
            "Booked",
            version = 2,
            upcasts = [booked_v1],
            was = [
                "Account.Posted",
                "Account.Deposited" => [deposited_v1, deposited_to_booked],
                "Account.InterestPaid" => interest_to_booked,
            ]
        )]
        pub(crate) fn book(&mut self, amount: i64, text: &str) {
            self.bookings.push((amount, text.to_owned()));
        }
    }
}

async fn an_event_that_became_another_is_read_as_that_one(store: Store) {
    let id = Uuid::new_v4();
    let recorded = [
        ("Account.Opened", "", None),
        ("Account.Deposited", r#","cents":1"#, Some((1, "a deposit"))),
        ("Account.Deposited", r#","class_version":2,"cents":2,"note":"rent""#, Some((2, "rent"))),
        ("Account.InterestPaid", r#","rate":3"#, Some((3, "interest"))),
        ("Account.Posted", r#","amount":4"#, Some((4, ""))),
        ("Account.Booked", r#","amount":5"#, Some((5, ""))),
        ("Account.Posted", r#","class_version":2,"amount":6,"text":"six""#, Some((6, "six"))),
        ("Account.Booked", r#","class_version":2,"amount":7,"text":"seven""#, Some((7, "seven"))),
    ];
    let mut expected = Vec::new();
    for (version, (topic, state, booking)) in (1..).zip(recorded) {
        store.insert(id, version, topic, state).await;
        expected.extend(booking.map(|(amount, text)| (amount, text.to_owned())));
    }
    let account: merged::Account = store.program().await.repository().get(id).await.unwrap();
    assert_eq!((account.version(), account.bookings), (8, expected));

    // each old event has versions of its own
    let other = Uuid::new_v4();
    store.insert(other, 1, "Account.Opened", "").await;
    store.insert(other, 2, "Account.Deposited", r#","class_version":3,"cents":1"#).await;
    let error = store.program().await.repository().get::<merged::Account>(other).await.unwrap_err().to_string();
    assert!(error.contains("version 3 of its shape, and this program reads versions up to 2"), "{error}");
    store.insert(other, 3, "Account.InterestPaid", "").await;
}

struct Bookings;

#[projection("bookings")]
impl Bookings {
    #[on]
    async fn booked(&self, event: &merged::AccountBooked, bookings: &mut Vec<(i64, String)>) -> Result<()> {
        bookings.push((event.amount, event.text.clone()));
        Ok(())
    }
}

async fn consumers_get_events_of_two_shapes_as_the_one_that_they_became(store: Store) {
    let id = Uuid::new_v4();
    store.insert(id, 1, "Account.Opened", "").await;
    store.insert(id, 2, "Account.Deposited", r#","cents":1"#).await;
    store.insert(id, 3, "Account.InterestPaid", r#","rate":3"#).await;
    let program = store.program().await;
    let views = MemoryViews::new(Vec::new());
    let runner = ProjectionRunner::start(&program, Bookings, views.clone()).await.unwrap();
    runner.wait_for(3, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    let booked = [(1, "a deposit".to_owned()), (3, "interest".to_owned())];
    assert_eq!(views.read(Clone::clone), booked);

    let mut events = program.subscribe(1).events::<merged::AccountEvent>();
    for (amount, _) in booked {
        let event = events.try_next().await.unwrap().unwrap().item.event;
        assert!(matches!(&event, merged::AccountEvent::Booked(booked) if booked.amount == amount), "{event:?}");
        assert_eq!(event.topic(), "Account.Booked");
    }
}

/// Another aggregate that claims events of the world.
mod claiming {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct Moon {}

    #[aggregate(was = ["World"])]
    impl Moon {
        #[event("Started")]
        pub(crate) fn new() -> Self {
            Self {}
        }
    }

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct Star {}

    #[aggregate]
    impl Star {
        #[event("Painted", topic = "World.Painted")]
        pub(crate) fn new() -> Self {
            Self {}
        }
    }
}

#[tokio::test]
async fn aggregates_that_claim_the_same_old_events_are_refused() {
    let program = Store::in_memory().program().await;
    program.save(&mut third::World::new("Earth", 1)).await.unwrap();
    let taken = program.save(&mut claiming::Moon::new()).await.unwrap_err();
    assert!(matches!(taken, Error::TopicTaken { topic: "World.Started", .. }), "{taken}");
    let retired = program.save(&mut claiming::Star::new()).await.unwrap_err();
    assert!(matches!(retired, Error::TopicTaken { topic: "World.Painted", .. }), "{retired}");
}

#[tokio::test]
async fn a_topic_that_nobody_claims_says_how_to_claim_it() {
    let store = Store::in_memory();
    let id = Uuid::new_v4();
    store.insert(id, 1, "World.Born", "").await;
    let error = store.program().await.repository().get::<third::World>(id).await.unwrap_err().to_string();
    assert!(
        error.contains("write `was = [\"…\"]` on the `#[event]` that it became, or `retired = [\"…\"]`"),
        "{error}"
    );
}
