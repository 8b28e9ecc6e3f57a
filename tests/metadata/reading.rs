//! Where metadata is read: events of subscriptions, contexts of handlers, and the log. Aggregates never see it.

use std::collections::HashSet;

use eventsourcing::prelude::*;
use eventsourcing::recording::EventQuery;
use eventsourcing::{MemoryViews, ProjectionRunner};
use tokio::time::timeout;

use super::common::PATIENCE;
use super::common::office::{Account, AccountDeposited, AccountEvent, AccountOpened};
use super::{Variables, account, in_each_database, in_memory, office};

in_each_database! {
    metadata_is_read_from_the_events_of_a_subscription
    metadata_is_read_from_the_contexts_of_handlers
    an_aggregate_is_replayed_as_without_metadata
}

fn request() -> Metadata {
    Metadata::new().with_correlation_id("request-7").with_actor("ada").with("tenant", "12")
}

async fn metadata_is_read_from_the_events_of_a_subscription(variables: Variables) {
    let office = office(variables).await;
    office.save(&mut Account::open()).metadata(request()).await.unwrap();
    office.save(&mut Account::open()).await.unwrap();
    let mut events = office.subscribe(0).events::<AccountEvent>();
    for metadata in [request(), Metadata::new()] {
        let followed = timeout(PATIENCE, events.try_next()).await.expect("events are missing").unwrap().unwrap();
        assert_eq!(*followed.item.metadata(), metadata);
    }
}

/// The metadata that handlers were given.
struct Seen;

#[projection("seen")]
impl Seen {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, seen: &mut Vec<Metadata>) -> Result<()> {
        seen.push(context.metadata().clone());
        Ok(())
    }

    #[on]
    async fn deposited(&self, events: &[EventEnvelope<AccountDeposited>], seen: &mut Vec<Metadata>) -> Result<()> {
        seen.extend(events.iter().map(|event| event.context.metadata().clone()));
        Ok(())
    }
}

async fn metadata_is_read_from_the_contexts_of_handlers(variables: Variables) {
    let office = office(variables).await;
    office.save(&mut account()).metadata(request()).await.unwrap();
    let last = office.save(&mut account()).await.unwrap().last().unwrap().id;
    let views = MemoryViews::new(Vec::new());
    let runner = ProjectionRunner::start(&office, Seen, views.clone()).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let seen = views.read(Clone::clone);
    assert_eq!(seen, [request(), request(), Metadata::new(), Metadata::new()]);
}

async fn an_aggregate_is_replayed_as_without_metadata(variables: Variables) {
    let office = office(variables).await;
    let mut account = account();
    office.save(&mut account).metadata(request()).await.unwrap();
    account.deposit(3);
    office.save(&mut account).await.unwrap();
    let again: Account = office.repository().get(account.id()).await.unwrap();
    assert_eq!(again, account);
    assert_eq!((again.version(), again.balance, again.modified_on()), (3, 13, account.modified_on()));
}

#[test]
fn an_event_is_the_same_with_other_metadata_and_shows_its_own() {
    let event = DomainEvent::new(Uuid::from_u128(7), 1, Timestamp::UNIX_EPOCH, "it");
    let with = event.clone().with_metadata(request());
    assert_eq!(with, event);
    assert_eq!(HashSet::from([with.clone(), event.clone()]).len(), 1);
    assert!(format!("{with:?}").contains(r#"actor: Some("ada")"#), "{with:?}");
    assert!(!format!("{event:?}").contains("metadata"), "{event:?}");
    // the twin
    assert_ne!(DomainEvent::new(Uuid::from_u128(7), 2, Timestamp::UNIX_EPOCH, "it"), event);
}

/// The recorded states of an aggregate, as text.
async fn states(application: &Application, id: Uuid) -> Vec<String> {
    let stored = application.recorder().select_events(EventQuery::of(id)).await.unwrap();
    stored.iter().map(|stored| String::from_utf8(stored.state.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn without_metadata_a_state_has_not_one_byte_of_it() {
    let office = office(in_memory()).await;
    let mut account = Account::open();
    office.save(&mut account).metadata(Metadata::new()).await.unwrap();
    account.deposit(10);
    Metadata::new().scope(async { office.save(&mut account).await }).await.unwrap();
    let (opened, deposited) = (account.created_on(), account.modified_on());
    let expected =
        [format!(r#"{{"timestamp":"{opened:.6}"}}"#), format!(r#"{{"timestamp":"{deposited:.6}","amount":10}}"#)];
    assert_eq!(states(&office, account.id()).await, expected);
}

#[tokio::test]
async fn metadata_stands_between_the_time_and_the_fields() {
    let office = office(in_memory()).await;
    let mut account = account();
    let metadata = request().with_causation_id("command-1").with_cause("Shop", 3).with_traceparent("00-1-2-01");
    office.save(&mut account).metadata(metadata).await.unwrap();
    let deposited = account.modified_on();
    let expected = format!(
        r#"{{"timestamp":"{deposited:.6}","$metadata":{{"correlation_id":"request-7","causation_id":"command-1","actor":"ada","cause":{{"application":"Shop","notification_id":3}},"traceparent":"00-1-2-01","pairs":{{"tenant":"12"}}}},"amount":10}}"#
    );
    assert_eq!(states(&office, account.id()).await[1], expected);
}
