//! The snapshots of the macros' output are working code: this compiles and uses them.

#![allow(
    unreachable_pub,
    dead_code,
    unused_imports,
    clippy::all,
    reason = "the files are as the macros wrote them, made for a public module"
)]

// `include!`, because rustfmt would follow a `mod` and the files are not its to format
mod account {
    include!("../eventsourcing-macros/tests/expansion/account.rs");
}
mod comet {
    include!("../eventsourcing-macros/tests/expansion/comet.rs");
}
mod histories {
    include!("../eventsourcing-macros/tests/expansion/histories.rs");
}
mod island {
    include!("../eventsourcing-macros/tests/expansion/island.rs");
}
mod observatory {
    include!("../eventsourcing-macros/tests/expansion/observatory.rs");
}
mod planet {
    include!("../eventsourcing-macros/tests/expansion/planet.rs");
}
mod register {
    include!("../eventsourcing-macros/tests/expansion/register.rs");
}
mod universe {
    include!("../eventsourcing-macros/tests/expansion/universe.rs");
}
mod world {
    include!("../eventsourcing-macros/tests/expansion/world.rs");
}

use eventsourcing::prelude::*;

#[tokio::test]
async fn the_expanded_world_is_saved_by_the_expanded_universe() -> Result<()> {
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let mut world = world::World::new("Earth");
    world.make_it_so("dinosaurs");
    assert_eq!(world.make_it_so_once("dinosaurs"), Err(world::AlreadySo));
    universe.save(&mut world).await?;
    let got: world::World = universe.repository().get(world.id()).await?;
    assert_eq!(got, world);
    assert_eq!(got.history(), ["dinosaurs"]);
    Ok(())
}

#[tokio::test]
async fn the_expanded_register_is_a_log() -> Result<()> {
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let (id, mut world) = (register::Register::id_of("worlds"), world::World::new("Earth"));
    let mut register: register::Register = universe.repository().log(id).await?;
    register.register(world.id(), "Earth");
    assert!(register.remove(Uuid::nil()).is_err());
    universe.save((&mut world, &mut register)).await?;
    let events: Vec<_> = universe.repository().events::<register::Register>(id).try_collect().await?;
    assert!(matches!(&events[0].event, register::RegisterEvent::WorldRegistered(one) if one.name == "Earth"));
    assert_eq!(events.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_expanded_island_is_created_with_default_values() -> Result<()> {
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let mut island = island::Island::create();
    assert_eq!((island.name.as_str(), island.version()), ("", 1));
    island.give_name("Tromelin");
    universe.save(&mut island).await?;
    let got: island::Island = universe.repository().get(island.id()).await?;
    assert_eq!(got, island);
    Ok(())
}

#[tokio::test]
async fn the_expanded_planet_is_read_from_what_its_events_were() -> Result<()> {
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let id = Uuid::new_v4();
    let recorded = [
        ("World.Started", r#""title":"Earth""#),
        ("World.Renamed", r#""title":"Terra""#),
        ("Planet.MoonSeen", r#""by":"everybody""#),
        ("World.Painted", r#""colour":"blue""#),
    ];
    for (version, (topic, fields)) in (1..).zip(recorded) {
        let state = format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z",{fields}}}"#).into_bytes();
        let stored = eventsourcing::StoredEvent::new(id, version, topic, state, Uuid::new_v4()).checksummed();
        universe.recorder().insert_events(vec![stored]).await?;
    }
    let mut planet: planet::Planet = universe.repository().get(id).await?;
    planet.rename("Gaia");
    universe.save(&mut planet).await?;
    assert_eq!(universe.repository().get::<planet::Planet>(id).await?.version(), 5);
    Ok(())
}

#[tokio::test]
async fn the_expanded_account_is_saved_by_the_expanded_universe() -> Result<()> {
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let mut account = account::Account::import("Ann", 50).expect("50 is enough");
    assert_eq!(account.withdraw(60, None), Err(account::Refused));
    assert_eq!(account.withdraw(50, Some("all of it")), Ok(0));
    account.rename("Anne");
    universe.save(&mut account).await?;
    let got: account::Account = universe.repository().get(account.id()).await?;
    assert_eq!((got.version(), got), (3, account));
    Ok(())
}

#[tokio::test]
async fn the_expanded_histories_are_made_of_the_expanded_world() -> std::result::Result<(), Box<dyn std::error::Error>>
{
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let views = eventsourcing::MemoryViews::new(Vec::new());
    let runner = eventsourcing::ProjectionRunner::start(&universe, histories::Histories, views.clone()).await?;
    let mut world = world::World::new("Earth");
    world.make_it_so("dinosaurs");
    universe.save(&mut world).await?;
    runner.wait_for(2, std::time::Duration::from_secs(60)).await?;
    assert_eq!(views.read(Vec::clone), ["", "1: Earth", "dinosaurs"]);
    Ok(())
}

#[tokio::test]
async fn the_expanded_observatory_follows_the_expanded_universe() -> std::result::Result<(), Box<dyn std::error::Error>>
{
    let universe = universe::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let observatory = observatory::Observatory::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    universe.save(&mut world::World::new("Earth")).await?;
    let runner = observatory.follow(&universe).start().await?;
    runner.wait_for(1, std::time::Duration::from_secs(60)).await?;
    let looked_for = observatory.log().select(1, 1).await?.remove(0);
    let looked_for: world::World = observatory.repository().get(looked_for.originator_id).await?;
    assert_eq!(looked_for.name, "Earth of Universe");
    runner.stop().await?;
    Ok(())
}
