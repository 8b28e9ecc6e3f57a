//! Blame: for each field of a state, the event that last changed it.

use eventsourcing::Blame;
use eventsourcing::application::StateView;
use eventsourcing::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::{Office, in_each_database};

in_each_database! {
    each_field_names_the_event_that_last_changed_it
    a_blame_of_an_earlier_version_knows_nothing_of_later_ones
    a_version_that_is_not_recorded_has_no_blame
}

#[aggregate]
#[derive(Clone, Debug, Serialize)]
struct Basket {
    owner: String,
    /// More than a double can represent.
    number: u64,
    lines: Vec<Line>,
    total: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    sku: String,
    quantity: u64,
}

#[aggregate]
impl Basket {
    #[event("Taken")]
    fn take(owner: &str, number: u64) -> Self {
        Self { owner: owner.to_owned(), number, lines: Vec::new(), total: 0 }
    }

    /// New lines come first.
    #[event("Added")]
    fn add(&mut self, sku: &str, quantity: u64) {
        self.lines.insert(0, Line { sku: sku.to_owned(), quantity });
        self.total += quantity;
    }

    #[event("Doubled")]
    fn double(&mut self, sku: &str) {
        for line in self.lines.iter_mut().filter(|line| line.sku == sku) {
            self.total += line.quantity;
            line.quantity *= 2;
        }
    }

    /// Changes nothing.
    #[event("Seen")]
    fn see(&mut self) {}
}

/// Position 1 is another aggregate, so that positions are not versions.
async fn basket(office: &Office) -> Basket {
    office.save(&mut Basket::take("grace", 1)).await.unwrap();
    let mut basket = Basket::take("ada", 9_007_199_254_740_993);
    basket.add("a", 1);
    basket.add("b", 1);
    basket.double("a");
    basket.see();
    office.save(&mut basket).await.unwrap();
    basket
}

fn versions(blame: &Blame) -> Vec<(&str, Option<u64>)> {
    let version = |path: &str| blame.changed_by(path).map(|by| by.version);
    blame.fields.iter().map(|field| (field.path.as_str(), version(&field.path))).collect()
}

async fn each_field_names_the_event_that_last_changed_it(office: Office) {
    let id = basket(&office).await.id();
    let blame = office.repository().blame::<Basket>(id, None).await.unwrap();
    let expected = [
        ("/lines", 4),
        ("/lines/0", 3),
        ("/lines/0/quantity", 3),
        ("/lines/0/sku", 3),
        ("/lines/1", 4),
        ("/lines/1/quantity", 4),
        // it moved down when the other line came, and is the same
        ("/lines/1/sku", 2),
        ("/number", 1),
        ("/owner", 1),
        ("/total", 4),
    ];
    assert_eq!(versions(&blame), expected.map(|(path, version)| (path, Some(version))));
    assert_eq!((blame.version, blame.since, blame.is_whole()), (5, 1, true));
    assert_eq!(blame.state["number"], json!(9_007_199_254_740_993_u64));
    assert_eq!(blame.changes, [], "the last event changed nothing");
    let total = blame.changed_by("/total").unwrap();
    assert_eq!((total.topic.as_str(), total.position), ("Basket.Doubled", Some(5)));
    let times = office.log().recorded_times(&[5]).await.unwrap();
    assert_eq!(total.recorded_at, times.first().map(|one| one.time));
    assert!(json!(blame)["fields"][0]["changed_by"]["version"] == 4);
}

async fn a_blame_of_an_earlier_version_knows_nothing_of_later_ones(office: Office) {
    let id = basket(&office).await.id();
    let blame = office.repository().blame::<Basket>(id, 2).await.unwrap();
    assert_eq!(blame.changed_by("/total").map(|by| by.version), Some(2));
    assert_eq!((blame.state["total"].clone(), blame.version), (json!(1), 2));
    let changes = office.repository().diff::<Basket>(id, 1, 2).await.unwrap();
    assert_eq!(blame.changes, changes);
    let created = office.repository().blame::<Basket>(id, 1).await.unwrap();
    assert_eq!(created.changes, office.repository().diff::<Basket>(id, 0, 1).await.unwrap());
}

async fn a_version_that_is_not_recorded_has_no_blame(office: Office) {
    let id = basket(&office).await.id();
    for missing in [0, 6, 9_999, u64::MAX] {
        let error = office.repository().blame::<Basket>(id, missing).await.unwrap_err();
        assert!(
            matches!(error, Error::VersionNotFound { version, current: 5, .. } if version == missing),
            "{missing}: {error}"
        );
    }
    for version in [None, Some(0), Some(1)] {
        let error = office.repository().blame::<Basket>(Uuid::new_v4(), version).await.unwrap_err();
        assert!(matches!(error, Error::AggregateNotFound { .. }), "{error}");
    }
}

#[tokio::test]
async fn of_a_long_history_only_the_last_events_are_looked_at() {
    let office = super::office().await;
    let mut basket = Basket::take("ada", 1);
    basket.add("a", 1);
    while basket.version() < Blame::WHOLE {
        basket.see();
    }
    office.save(&mut basket).await.unwrap();
    let whole = office.repository().blame::<Basket>(basket.id(), None).await.unwrap();
    assert!(whole.is_whole());
    assert_eq!(whole.changed_by("/total").map(|by| by.version), Some(2));

    basket.double("a");
    office.save(&mut basket).await.unwrap();
    let cut = office.repository().blame::<Basket>(basket.id(), None).await.unwrap();
    assert_eq!((cut.version, cut.since, cut.is_whole()), (2_001, 1_802, false));
    assert_eq!(cut.changed_by("/total").map(|by| by.version), Some(2_001));
    assert_eq!(cut.changed_by("/owner"), None, "it was changed before the events that were looked at");
    assert!(cut.fields.iter().any(|field| field.path == "/owner"));
}

#[tokio::test]
async fn a_registered_type_is_compared_without_its_rust_type() {
    let builder = Application::builder("Office");
    let office = builder.aggregate_with::<Basket>(StateView::hidden().json()).open().unwrap();
    let mut basket = Basket::take("ada", 1);
    basket.add("a", 3);
    office.save(&mut basket).await.unwrap();
    let of_type = office.aggregate_type_of("Basket.Added").unwrap();
    assert!(of_type.shows_json());
    let blame = of_type.blame(&office, basket.id(), None).await.unwrap().unwrap();
    assert_eq!(blame, office.repository().blame::<Basket>(basket.id(), 2).await.unwrap());
    let diff = of_type.diff(&office, basket.id(), 1, 2).await.unwrap().unwrap();
    assert_eq!(diff, office.repository().diff::<Basket>(basket.id(), 1, 2).await.unwrap());

    let builder = Application::builder("Office");
    let office = builder.aggregate_with::<Basket>(StateView::hidden().debug()).open().unwrap();
    office.save(&mut Basket::take("ada", 1)).await.unwrap();
    let of_type = office.aggregate_type_of("Basket.Taken").unwrap();
    assert!(!of_type.shows_json());
    assert_eq!(of_type.blame(&office, basket.id(), None).await.unwrap(), None);
    assert_eq!(of_type.diff(&office, basket.id(), 1, 2).await.unwrap(), None);
}
