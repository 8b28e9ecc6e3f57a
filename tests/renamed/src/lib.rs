//! The macros find the library under the name that `Cargo.toml` gives it. A manifest belongs to a crate, so this test is one.
#![cfg(test)]

use std::time::Duration;

use es::prelude::*;

#[aggregate]
struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[es::event("Renamed")]
    fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

#[application]
struct Universe;

#[application]
struct Observatory;

#[policy]
impl Observatory {
    #[on]
    async fn started(&self, event: &WorldStarted, _: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut World::new(&event.name))
    }
}

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn started(&self, event: &WorldStarted, names: &mut Vec<String>) -> Result<()> {
        names.push(event.name.clone());
        Ok(())
    }
}

#[tokio::test]
async fn every_macro_finds_the_library_under_another_name() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let universe = Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let observatory = Observatory::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let views = MemoryViews::new(Vec::new());
    let names = ProjectionRunner::start(&universe, Names, views.clone()).await?;
    let policy = observatory.follow(&universe).start().await?;
    let mut world = World::new("Earth");
    world.rename("Terra");
    universe.save(&mut world).await?;
    let got: World = universe.repository().get(world.id()).await?;
    assert_eq!(got.name, "Terra");
    names.wait_for(1, Duration::from_secs(60)).await?;
    assert_eq!(views.read(Vec::clone), ["Earth"]);
    policy.wait_for(1, Duration::from_secs(60)).await?;
    assert_eq!(observatory.log().max_id().await?, Some(1));
    Ok(())
}
