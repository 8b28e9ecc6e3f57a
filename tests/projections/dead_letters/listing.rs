//! Projections and their dead letters are listed without the types of the projections.

use eventsourcing::Views;
use eventsourcing::projection::{
    ConsumedUpstream, ProjectionKey, RecordedProjection, RecordedVersion, ViewTransaction as _,
};
use eventsourcing::recording::LogPosition;

use super::*;

in_each_place! {
    a_projection_is_listed_with_its_position_and_its_letters
    letters_are_listed_by_key_and_upstream_alone
    letters_of_a_position_at_the_start_are_counted
    projections_are_listed_page_by_page
}

/// The live first version of a projection.
fn live(name: &str, upstreams: Vec<ConsumedUpstream>) -> RecordedProjection {
    RecordedProjection::new(name, RecordedVersion::new(ProjectionKey::new(name, 1), upstreams))
}

async fn a_projection_is_listed_with_its_position_and_its_letters<P: Place>(place: P) {
    let (views, office, bad) = (place.views(), office().await, Bad::default());
    assert_eq!(views.projections("", 10).await.unwrap(), []);
    bad.is(&[13]);
    account(&office, &[1, 2]).await;
    account(&office, &[13, 3]).await;
    process(&office, &place, &bad, PARK).await;
    let last = office.log().last_position().await.unwrap();
    assert!(last.anchor.is_some());
    let expected = live("ledger", vec![ConsumedUpstream::new("Office", last, 2)]);
    assert_eq!(views.projections("", 10).await.unwrap(), [expected]);
}

async fn letters_are_listed_by_key_and_upstream_alone<P: Place>(place: P) {
    let key = eventsourcing::codec::CipherKey::create();
    let office = Office::open_with([("PERSISTENCE_MODULE", "memory"), ("CIPHER_KEY", key.as_str())]).await.unwrap();
    let bad = Bad::default();
    bad.is(&[13]);
    account(&office, &[13, 3]).await;
    process(&office, &place, &bad, PARK).await;

    let mut reasons = Vec::new();
    for projection in place.views().projections("", 10).await.unwrap() {
        for version in projection.versions() {
            for of in &version.upstreams {
                for letter in place.views().dead_letters(&version.key, &of.upstream, 0, 10).await.unwrap() {
                    let shown = format!("{letter:?}");
                    assert!(!shown.contains("bad luck"), "without the key, the reason is not shown: {shown}");
                    reasons.push(letter.opened(office.mapper()).reason);
                }
            }
        }
    }
    let [Some(reason), None] = &reasons[..] else { panic!("{reasons:?}") };
    assert!(reason.contains("13 brings bad luck"), "{reason}");
}

async fn letters_of_a_position_at_the_start_are_counted<P: Place>(place: P) {
    let (views, office, bad) = (place.views(), office().await, Bad::default());
    bad.is(&[13]);
    account(&office, &[13]).await;
    process(&office, &place, &bad, PARK).await;
    let last = office.log().last_position().await.unwrap();
    views.move_position("ledger", "Office", last, LogPosition::START).await.unwrap();
    let expected = live("ledger", vec![ConsumedUpstream::new("Office", LogPosition::START, 1)]);
    assert_eq!(views.projections("", 10).await.unwrap(), [expected]);
}

async fn projections_are_listed_page_by_page<P: Place>(place: P) {
    let views = place.views();
    let names = ["accounts", "bookings", "customers", "deposits", "entries"];
    let expected = names.map(|name| {
        let upstreams = [("Office", 5), ("Bank", 7), ("Archive", 9)];
        live(name, upstreams.map(|(upstream, id)| ConsumedUpstream::new(upstream, id.into(), 0)).to_vec())
    });
    for name in names {
        // the second position of an upstream replaces the first one
        for (upstream, after, to) in [("Office", 0, 2), ("Bank", 0, 7), ("Office", 2, 5), ("Archive", 0, 9)] {
            views.begin(name, &Tracking::new(upstream, after, to)).await.unwrap().commit().await.unwrap();
        }
    }
    assert_eq!(views.projections("", 100).await.unwrap(), expected);
    assert_eq!(views.projections("", 0).await.unwrap(), []);
    for limit in 1..=5 {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = views.projections(&after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            pages.extend(page);
        }
        assert_eq!(pages, expected, "{limit}");
    }
}
