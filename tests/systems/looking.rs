//! Who processes whose log, and how far: as the pipes say, and as it is recorded.

use eventsourcing::prelude::*;
use eventsourcing::system::{SingleThreadedRunner, System};

use super::{Orders, Payments, Reservations, events, in_each_database, in_memory};

in_each_database! {
    the_upstreams_of_each_consumer_are_those_of_the_edges
}

#[test]
fn the_edges_of_a_system_are_those_of_its_pipes() {
    let edges = in_memory().edges();
    let shown: Vec<String> = edges.iter().map(ToString::to_string).collect();
    let expected = ["Orders => Reservations", "Reservations => Orders", "Orders => Payments", "Payments => Orders"];
    assert_eq!(shown, expected);
    assert_eq!(
        (edges[2].upstream, edges[2].consumer, edges[2].topics),
        ("Orders", "Payments", &["Order.Reserved"][..])
    );
}

async fn the_upstreams_of_each_consumer_are_those_of_the_edges(system: System) {
    let mut runner = SingleThreadedRunner::open(&system).await.unwrap();
    runner.get::<Orders>().unwrap().place(1).await.unwrap();
    runner.settled().await.unwrap();
    let applications: [Application; 3] = [
        Application::clone(&*runner.get::<Orders>().unwrap()),
        Application::clone(&*runner.get::<Reservations>().unwrap()),
        Application::clone(&*runner.get::<Payments>().unwrap()),
    ];
    for consumer in &applications {
        let mut upstreams: Vec<&str> =
            system.edges().iter().filter(|edge| edge.consumer == consumer.name()).map(|edge| edge.upstream).collect();
        upstreams.sort_unstable();
        let tracked = consumer.tracked_upstreams().await.unwrap();
        assert_eq!(tracked.iter().map(|tracked| tracked.upstream.as_str()).collect::<Vec<_>>(), upstreams);
        for tracked in tracked {
            let upstream = applications.iter().find(|upstream| upstream.name() == tracked.upstream).unwrap();
            assert!((1..=events(upstream).await).contains(&tracked.position.id), "{tracked:?}");
            let event = upstream.recorder().position_at(tracked.position.id).await.unwrap();
            assert_eq!(event, Some(tracked.position), "the anchor is that of the event");
        }
    }
}
