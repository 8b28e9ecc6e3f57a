//! Scopes and saves: which metadata an event is recorded with.

use eventsourcing::application::SaveBatch;
use eventsourcing::prelude::*;
use tokio::task::yield_now;

use super::common::office::{Account, Note};
use super::{Variables, account, in_each_database, in_memory, office, recorded};

in_each_database! {
    each_event_of_a_save_carries_the_metadata_of_its_scope
    what_is_given_to_a_save_counts_more_than_its_scope
    a_repeated_save_keeps_the_metadata_of_the_first_one
}

fn request() -> Metadata {
    Metadata::new().with_correlation_id("request-7").with_actor("ada").with("tenant", "12")
}

async fn each_event_of_a_save_carries_the_metadata_of_its_scope(variables: Variables) {
    let office = office(variables).await;
    let save = async { office.save((&mut account(), &mut Note::begin())).await };
    request().scope(save).await.unwrap();
    assert_eq!(recorded(&office).await, [request(), request(), request()]);

    office.save(&mut Note::begin()).await.unwrap();
    assert_eq!(recorded(&office).await[3], Metadata::new());
}

async fn what_is_given_to_a_save_counts_more_than_its_scope(variables: Variables) {
    let office = office(variables).await;
    let given = Metadata::new().with_causation_id("command-1").with_actor("grace").with("tenant", "13");
    request().scope(async { office.save(&mut Note::begin()).metadata(given).await }).await.unwrap();
    let both = request().with_causation_id("command-1").with_actor("grace").with("tenant", "13");
    assert_eq!(recorded(&office).await, [both]);
}

#[tokio::test]
async fn a_scope_lasts_across_await_points_and_no_longer() {
    let office = office(in_memory()).await;
    let saves = async {
        office.save(&mut Note::begin()).await.unwrap();
        yield_now().await;
        office.save(&mut Note::begin()).await.unwrap();
    };
    request().scope(saves).await;
    office.save(&mut Note::begin()).await.unwrap();
    assert_eq!(recorded(&office).await, [request(), request(), Metadata::new()]);
}

#[tokio::test]
async fn of_two_scopes_the_inner_one_counts_and_the_rest_of_both_applies() {
    let office = office(in_memory()).await;
    let inner =
        Metadata::new().with_actor("grace").with("step", "2").with_cause("Shop", 3).with_traceparent("00-1-2-01");
    let saves = async {
        inner.clone().scope(async { office.save(&mut Note::begin()).await.unwrap() }).await;
        office.save(&mut Note::begin()).await.unwrap();
    };
    request().scope(saves).await;
    let both = request().with_actor("grace").with("step", "2").with_cause("Shop", 3).with_traceparent("00-1-2-01");
    assert_eq!(recorded(&office).await, [both, request()]);
}

#[tokio::test]
async fn two_tasks_have_scopes_of_their_own() {
    let office = office(in_memory()).await;
    let save = async |actor: &str| {
        let metadata = Metadata::new().with_actor(actor);
        let saves = async {
            yield_now().await;
            office.save(&mut Note::begin()).await.unwrap();
        };
        metadata.scope(saves).await;
    };
    tokio::join!(save("ada"), save("grace"));
    let recorded = recorded(&office).await;
    let mut actors: Vec<_> = recorded.iter().filter_map(Metadata::actor).collect();
    actors.sort_unstable();
    assert_eq!(actors, ["ada", "grace"]);
}

#[tokio::test]
async fn a_spawned_task_has_no_metadata_unless_it_is_given_some() {
    let office = office(in_memory()).await;
    let save = |office: &super::Office| {
        let office = office.clone();
        async move { office.save(&mut Note::begin()).await.unwrap() }
    };
    let spawns = async {
        tokio::spawn(save(&office)).await.unwrap();
        tokio::spawn(Metadata::current().scope(save(&office))).await.unwrap();
    };
    request().scope(spawns).await;
    assert_eq!(recorded(&office).await, [Metadata::new(), request()]);
    assert_eq!(Metadata::current(), Metadata::new());
}

#[tokio::test]
async fn a_retried_command_is_saved_with_the_metadata_of_its_scope() {
    let office = office(in_memory()).await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let id = account.id();
    request().scope(office.retry(id, |account: &mut Account| account.deposit(5))).await.unwrap();
    let deposit = |account: &mut Account| account.deposit(5);
    request().scope(office.retry_or_create(id, Account::open, deposit)).await.unwrap();
    assert_eq!(recorded(&office).await, [Metadata::new(), request(), request()]);
}

#[tokio::test]
async fn a_save_without_events_needs_no_valid_metadata() {
    let office = office(in_memory()).await;
    let too_long = Metadata::new().with_actor("a".repeat(10_000));
    assert_eq!(office.save(()).metadata(too_long).await.unwrap(), []);
}

/// Two aggregates that are saved together, and are never told that they are recorded.
struct Pair {
    account: Account,
    note: Note,
}

impl Saveable for &mut Pair {
    fn add_to(&mut self, batch: &mut SaveBatch<'_>) -> Result<()> {
        (&mut self.account).add_to(batch)?;
        (&mut self.note).add_to(batch)
    }

    fn recorded(&mut self) {}
}

async fn a_repeated_save_keeps_the_metadata_of_the_first_one(variables: Variables) {
    let office = office(variables).await;
    let mut pair = Pair { account: Account::open(), note: Note::begin() };
    // as if the first future had been dropped before it learned that the events are recorded
    office.save(&mut pair).metadata(request()).await.unwrap();
    office.save(&mut pair).metadata(Metadata::new().with_actor("grace")).await.unwrap();
    assert_eq!(recorded(&office).await, [request(), request()]);
}

#[tokio::test]
async fn metadata_of_an_event_counts_more_than_that_of_its_save() {
    let office = office(in_memory()).await;
    let events = account().collect_events();
    let [opened, deposited] = <[_; 2]>::try_from(events).unwrap();
    let deposited = deposited.with_metadata(Metadata::new().with_actor("grace"));
    office.save(vec![opened, deposited]).metadata(request()).await.unwrap();
    assert_eq!(recorded(&office).await, [request(), request().with_actor("grace")]);
}
