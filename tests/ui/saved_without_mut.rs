use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new() -> Self {
        Self { name: String::new() }
    }
}

#[application]
pub struct Universe;

pub async fn by_value(universe: &Universe) -> Result<()> {
    let world = World::new();
    universe.save(world).await?;
    Ok(())
}

pub async fn by_reference(universe: &Universe) -> Result<()> {
    let world = World::new();
    universe.save(&world).await?;
    Ok(())
}

pub async fn many(universe: &Universe, worlds: Vec<World>) -> Result<()> {
    universe.save(worlds).await?;
    Ok(())
}

pub async fn tracked(universe: &Universe, world: World, tracking: Tracking) -> Result<()> {
    universe.save_tracked(world, tracking).await?;
    Ok(())
}

pub fn in_a_policy(work: &mut UnitOfWork) -> Result<()> {
    work.save(World::new())
}

fn main() {}
