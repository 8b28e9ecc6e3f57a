//! Split events: one recorded event is read as several, by everything that reads events.

mod consuming;
mod failing;
mod parking;
mod program;
mod replaying;
mod schema;

use eventsourcing::prelude::*;

use self::program::before;
use super::Store;

/// Records a world with the first program, and returns its id: a start, a relocation, a move and a relocation.
async fn recorded(store: &Store) -> Uuid {
    let mut world = before::World::new("Earth");
    world.relocate("the Sun", "Terra");
    world.go("Mars");
    world.relocate("Jupiter", "Gaia");
    store.program().await.save(&mut world).await.unwrap();
    world.id()
}
