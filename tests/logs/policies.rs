//! Policies add to logs, projections read them, and the test kit tests them.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::testing::{given, given_log, replays};

use super::{NoName, Register, RegisterWorldAdded, RegisterWorldNamed, Universe, World, WorldStarted, worlds};

/// Registers the worlds of a universe.
#[application]
struct Registry;

#[policy]
impl Registry {
    #[on]
    async fn started(&self, event: &WorldStarted, work: &mut UnitOfWork) -> Result<()> {
        let mut register: Register = work.log(worlds()).await?;
        let number = register.version() + 1;
        register.add(number);
        work.save(&mut register)?;
        // it is opened again with what was saved
        let mut register: Register = work.log(worlds()).await?;
        let _ = register.give_name(&event.name);
        work.save(&mut register)
    }
}

#[tokio::test]
async fn a_policy_adds_to_a_log_in_its_unit_of_work() {
    let universe = Application::builder("Universe").open().unwrap();
    let registry = Registry::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    universe.save(&mut ["Earth", "", "Mars"].map(World::new)).await.unwrap();
    let runner = registry.follow(&universe).start().await.unwrap();
    runner.wait_for(3, Duration::from_secs(60)).await.unwrap();
    let events = registry.repository().events::<Register>(worlds()).page(10).await.unwrap();
    let numbers: Vec<_> = events.iter().map(super::number).collect();
    assert_eq!(numbers, [1, 0, 3, 4, 0]);
    runner.stop().await.unwrap();
}

#[test]
fn the_test_kit_tests_a_log() {
    given((RegisterWorldAdded { number: 1 }, RegisterWorldNamed { name: "Earth".to_owned() }))
        .when(|register: &mut Register| register.give_name("Mars"))
        .then(RegisterWorldNamed { name: "Mars".to_owned() })
        .then_replays();
    given(()).when(|register: &mut Register| register.give_name("")).then_error(NoName);
    given(()).when(|register: &mut Register| register.add(1)).then(RegisterWorldAdded { number: 1 }).then_replays();
    let mut register = Register::empty(worlds());
    register.add(1);
    replays(&register);
}

#[tokio::test]
async fn a_decision_with_a_log_is_tested() {
    given_log()
        .when(async |universe: &Universe| universe.retry(worlds(), |register: &mut Register| register.add(7)).await)
        .await
        .then(RegisterWorldAdded { number: 7 });
}
