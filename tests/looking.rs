//! Looking inside an application without its types: the registered aggregates, their topics, and their states as JSON or as text.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/mod.rs"]
mod common;

use eventsourcing::application::{AggregateType, ShownState, StateView, TopicKind};
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[aggregate]
#[derive(Debug, Serialize, Deserialize)]
struct Planet {
    #[serde(rename = "title")]
    name: String,
    mass: u64,
}

#[aggregate(was = ["World"], retired = ["Planet.Painted"], snapshot_every = 100)]
impl Planet {
    #[event("Formed", version = 2, upcasts = [formed_v1], was = ["Planet.Started"])]
    fn form(name: &str, mass: u64) -> Self {
        Self { name: name.to_owned(), mass }
    }

    #[event("Grown")]
    fn grow(&mut self, by: u64) {
        self.mass += by;
    }
}

fn formed_v1(mut state: Value) -> Value {
    state["mass"] = json!(1);
    state
}

#[aggregate]
#[derive(Debug)]
struct Moon {
    craters: u32,
}

#[aggregate]
impl Moon {
    #[event("Caught")]
    fn catch(craters: u32) -> Self {
        Self { craters }
    }
}

/// Neither `Serialize` nor `Debug`.
#[aggregate]
struct Comet {
    tail: u32,
}

#[aggregate]
impl Comet {
    #[event("Seen")]
    fn see(tail: u32) -> Self {
        Self { tail }
    }

    fn is_bright(&self) -> bool {
        self.tail > 9
    }
}

/// The same aggregate, with a number that JSON cannot represent.
#[aggregate]
#[derive(Debug, Serialize)]
struct Orbit {
    eccentricity: f64,
}

#[aggregate]
impl Orbit {
    #[event("Measured")]
    fn measure(tenths: u8) -> Self {
        Self { eccentricity: f64::from(tenths) / 10.0 / if tenths == 0 { 0.0 } else { 1.0 } }
    }
}

#[application(aggregates(Planet, Moon, Comet, Orbit))]
struct Sky;

async fn in_each_database(test: impl AsyncFn(Sky)) {
    let folder = tempfile::tempdir().unwrap();
    let memory = vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())];
    for variables in [memory, common::sqlite_file(&folder), common::postgres()] {
        test(Sky::open_with(variables).await.unwrap()).await;
    }
}

fn named<'a>(sky: &'a Sky, name: &str) -> &'a AggregateType {
    sky.aggregate_types().iter().find(|of_type| of_type.name() == name).unwrap()
}

#[tokio::test]
async fn the_types_of_an_application_are_listed_with_all_their_topics() {
    let sky = Sky::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let names: Vec<_> = sky.aggregate_types().iter().map(|of_type| (of_type.name(), of_type.has_snapshots())).collect();
    assert_eq!(names, [("Planet", true), ("Moon", false), ("Comet", false), ("Orbit", false)]);

    let mut topics: Vec<_> =
        named(&sky, "Planet").topics().into_iter().map(|topic| (topic.topic, topic.kind, topic.version)).collect();
    topics.sort_by_key(|(topic, ..)| *topic);
    let expected = [
        ("Planet.Formed", TopicKind::Current, Some(2)),
        ("Planet.Grown", TopicKind::Current, Some(1)),
        ("Planet.Painted", TopicKind::Retired, None),
        ("Planet.Started", TopicKind::Old, Some(2)),
        ("World.Formed", TopicKind::Old, Some(2)),
        ("World.Grown", TopicKind::Old, Some(1)),
        ("World.Painted", TopicKind::Retired, None),
        ("World.Started", TopicKind::Old, Some(2)),
    ];
    assert_eq!(topics, expected);
    for (topic, ..) in expected {
        assert_eq!(sky.aggregate_type_of(topic).unwrap().name(), "Planet");
    }
    assert!(sky.aggregate_type_of("Planet.Sold").is_none());
}

#[tokio::test]
async fn a_state_is_json_without_the_root_at_any_version() {
    in_each_database(async |sky| {
        let mut planet = Planet::form("Earth", u64::MAX - 5);
        planet.grow(2);
        planet.grow(3);
        sky.save(&mut planet).await.unwrap();
        let of_type = named(&sky, "Planet");
        for (version, mass) in [(1, u64::MAX - 5), (2, u64::MAX - 3), (3, u64::MAX)] {
            let shown = of_type.load_at(&sky, planet.id(), version).await.unwrap();
            assert_eq!(shown.state, ShownState::Json(json!({ "title": "Earth", "mass": mass })));
            assert_eq!((shown.aggregate, shown.id, shown.version), ("Planet", planet.id(), version));
        }
        let shown = of_type.load(&sky, planet.id()).await.unwrap();
        assert_eq!((shown.version, shown.created_on), (3, planet.created_on()));
        assert_eq!(of_type.load_as_of(&sky, planet.id(), planet.modified_on()).await.unwrap(), shown);

        let error = of_type.load_at(&sky, planet.id(), 4).await.unwrap_err();
        assert!(matches!(error, Error::VersionNotFound { version: 4, current: 3, .. }), "{error}");
        let error = named(&sky, "Moon").load(&sky, planet.id()).await.unwrap_err();
        assert!(matches!(error, Error::WrongAggregate { .. }), "{error}");
        let error = of_type.load(&sky, Uuid::new_v4()).await.unwrap_err();
        assert!(matches!(error, Error::AggregateNotFound { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_type_without_serialize_is_text_and_one_without_debug_is_hidden() {
    in_each_database(async |sky| {
        let (mut moon, mut comet) = (Moon::catch(7), Comet::see(10));
        sky.save((&mut moon, &mut comet)).await.unwrap();
        let shown = named(&sky, "Moon").load(&sky, moon.id()).await.unwrap();
        assert_eq!(shown.state, ShownState::Debug(format!("{moon:#?}")));
        assert_eq!(moon.craters, 7);
        let shown = named(&sky, "Comet").load(&sky, comet.id()).await.unwrap();
        assert_eq!((shown.state, shown.version), (ShownState::Hidden, 1));
        assert!(comet.is_bright());
    })
    .await;
}

#[tokio::test]
async fn a_state_that_json_cannot_represent_is_an_error() {
    let sky = Sky::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut orbit = Orbit::measure(0);
    sky.save(&mut orbit).await.unwrap();
    assert!(orbit.eccentricity.is_nan());
    let error = named(&sky, "Orbit").load(&sky, orbit.id()).await.unwrap_err();
    assert!(matches!(error, Error::StateNotJson { .. }), "{error}");
}

#[tokio::test]
async fn a_type_registered_twice_is_listed_once_as_it_shows_most() {
    let registered = |sky: Application| sky.aggregate_types().len();
    let view = StateView::hidden().debug();
    let builder = Application::builder("Sky").aggregate_with::<Moon>(view).aggregate::<Moon>();
    let sky = builder.open().unwrap();
    let mut moon = Moon::catch(1);
    sky.save(&mut moon).await.unwrap();
    let shown = sky.aggregate_types()[0].load(&sky, moon.id()).await.unwrap();
    assert!(matches!(shown.state, ShownState::Debug(_)), "{shown:?}");
    assert_eq!(registered(sky), 1);
    assert_eq!(registered(Application::builder("Sky").open().unwrap()), 0);
}
