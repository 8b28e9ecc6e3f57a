//! What an application and its environment say about the cache.

use std::sync::Arc;

use eventsourcing::prelude::*;

use super::{Store, Universe, World, read, watched::Watched};

async fn opened(store: &Store, variables: &[(&str, &str)]) -> Result<Universe> {
    let recorder: Arc<Watched> = Arc::clone(&store.recorder);
    Universe::builder().variables(variables.to_vec()).recorder(recorder).open().await
}

/// The queries of a read that follows a save and a read.
async fn queries(universe: &Universe, store: &Store) -> (usize, usize) {
    let mut world = World::of(5);
    universe.save(&mut world).await.unwrap();
    read(universe, world.id()).await;
    store.recorder.read_since();
    read(universe, world.id()).await;
    store.recorder.read_since()
}

#[tokio::test]
async fn the_environment_says_how_large_the_cache_is_and_whether_it_asks() {
    const SIZE: &str = "AGGREGATE_CACHE_MAXSIZE";
    const FORWARD: &str = "AGGREGATE_CACHE_FASTFORWARD";
    let store = Store::in_memory();
    for (variables, expected) in [
        (vec![], (5, 1)),
        (vec![(SIZE, "0")], (5, 1)),
        (vec![(SIZE, "")], (5, 1)),
        (vec![(FORWARD, "n")], (5, 1)),
        (vec![(SIZE, "10")], (1, 1)),
        (vec![(SIZE, "10"), (FORWARD, "yes")], (1, 1)),
        (vec![(SIZE, "10"), (FORWARD, "OFF")], (0, 0)),
        (vec![("UNIVERSE_AGGREGATE_CACHE_MAXSIZE", "0"), (SIZE, "10")], (5, 1)),
        (vec![(SIZE, "10"), ("UNIVERSE_AGGREGATE_CACHE_FASTFORWARD", "f"), (FORWARD, "y")], (0, 0)),
    ] {
        let universe = opened(&store, &variables).await.unwrap();
        assert_eq!(queries(&universe, &store).await, expected, "{variables:?}");
    }
}

#[tokio::test]
async fn a_size_that_is_no_number_is_refused() {
    let store = Store::in_memory();
    for value in ["many", "-1", "1.5", "0x10", "99999999999999999999"] {
        for name in ["AGGREGATE_CACHE_MAXSIZE", "UNIVERSE_AGGREGATE_CACHE_MAXSIZE"] {
            let error = opened(&store, &[(name, value)]).await.unwrap_err();
            let text = "expected a number of aggregates, such as 1000, or 0 for no cache";
            assert_eq!(error.to_string(), format!("environment variable {name} is `{value}`; {text}"));
        }
    }
    let error = opened(&store, &[("AGGREGATE_CACHE_FASTFORWARD", "maybe")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "environment variable AGGREGATE_CACHE_FASTFORWARD is `maybe`; \
         expected y, yes, t, true, on or 1, or n, no, f, false, off or 0"
    );
}

#[tokio::test]
async fn the_program_takes_precedence_over_the_environment() {
    let store = Store::in_memory();
    let recorder: Arc<Watched> = Arc::clone(&store.recorder);
    let variables = [("AGGREGATE_CACHE_MAXSIZE", "many"), ("AGGREGATE_CACHE_FASTFORWARD", "maybe")];
    let builder = Universe::builder().variables(variables).recorder(recorder).weight_in_cache(|_: &World| 11);
    let universe = builder.cache(10).cache_fast_forward(false).open().await.unwrap();
    // too heavy
    assert_eq!(queries(&universe, &store).await, (5, 1));
}
