//! What policies and other process applications record carries the event that caused it, and its correlation id.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing::Projection;
use eventsourcing::prelude::*;
use eventsourcing::projection::Recorded;
use eventsourcing::recording::Cause;
use tokio::time::timeout;

use super::common::PATIENCE;
use super::common::office::{AccountDeposited, AccountEvent, AccountOpened, Archive, Mirror, Note};
use super::{Variables, account, in_each_database, in_memory, recorded};

in_each_database! {
    a_chain_of_policies_keeps_the_correlation_id_and_names_each_cause
    effects_that_are_saved_with_a_position_name_the_event_there
}

fn request() -> Metadata {
    Metadata::new().with_correlation_id("request-7").with_actor("ada").with("tenant", "12")
}

/// A process application at the end of a chain, which reads the context of events.
#[application(aggregates(Note))]
struct Notary;

#[policy]
impl Notary {
    #[on]
    async fn opened(&self, _: &AccountOpened, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut note = Note::begin();
        note.add(&format!("caused by {:?}", context.metadata().cause().map(ToString::to_string)));
        work.save(&mut note)
    }
}

async fn follow<P: ProcessApplication>(downstream: &P, upstream: &Application) {
    let last = upstream.log().max_id().await.unwrap().unwrap();
    let runner = downstream.follow(upstream).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
}

async fn a_chain_of_policies_keeps_the_correlation_id_and_names_each_cause(variables: Variables) {
    let office = super::office(variables.clone()).await;
    let mirror = Mirror::open_with(variables.clone()).await.unwrap();
    let notary = Notary::open_with(variables).await.unwrap();
    office.save(&mut account()).metadata(request()).await.unwrap();
    office.save(&mut account()).await.unwrap();
    // whatever scope the consumer is started in
    let consume = async {
        follow(&mirror, &office).await;
        follow(&notary, &mirror).await;
    };
    Metadata::new().with_actor("the operator").with_correlation_id("deployment").scope(consume).await;

    let caused = |application: &str, id| Metadata::new().with_cause(application, id);
    assert_eq!(recorded(&mirror).await, [caused("Office", 2).with_correlation_id("request-7"), caused("Office", 4)]);
    let first = caused("Mirror", 1).with_correlation_id("request-7");
    assert_eq!(recorded(&notary).await, [first.clone(), first, caused("Mirror", 2), caused("Mirror", 2)]);

    let id = notary.log().select(1, 1).await.unwrap()[0].originator_id;
    let note: Note = notary.repository().get(id).await.unwrap();
    assert_eq!(note.lines, [r#"caused by Some("Office:2")"#]);
}

/// A process application whose handlers take many events, or save with metadata of their own.
#[application(aggregates(Note))]
struct Tellers;

#[policy]
impl Tellers {
    #[on]
    async fn deposited(&self, events: &[EventEnvelope<AccountDeposited>], work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Note::begin())?;
        work.save_with(&mut Note::begin(), events[0].context.effect_metadata().with_actor("teller"))
    }

    #[on]
    async fn opened(&self, _: &AccountOpened, work: &mut UnitOfWork) -> Result<()> {
        let scope = Metadata::new().with_correlation_id("of the handler").with("tenant", "13");
        scope.scope(async { work.save(&mut Note::begin()) }).await
    }
}

#[tokio::test]
async fn a_handler_of_many_events_names_the_last_one_or_the_one_that_it_chooses() {
    let office = super::office(in_memory()).await;
    let tellers = Tellers::open_with(in_memory()).await.unwrap();
    let mut account = account();
    office.save(&mut account).await.unwrap();
    follow(&tellers, &office).await;
    for id in ["request-1", "request-1"] {
        account.deposit(1);
        office.save(&mut account).metadata(Metadata::new().with_correlation_id(id)).await.unwrap();
    }
    follow(&tellers, &office).await;
    for id in ["request-2", "request-3"] {
        account.deposit(1);
        office.save(&mut account).metadata(Metadata::new().with_correlation_id(id)).await.unwrap();
    }
    follow(&tellers, &office).await;

    let caused = |id| Metadata::new().with_cause("Office", id);
    let expected = [
        caused(1).with_correlation_id("of the handler").with("tenant", "13"),
        caused(2),
        caused(2).with_actor("teller"),
        // both have the same correlation id
        caused(4).with_correlation_id("request-1"),
        caused(3).with_correlation_id("request-1").with_actor("teller"),
        // they have different ones
        caused(6),
        caused(5).with_correlation_id("request-2").with_actor("teller"),
    ];
    assert_eq!(recorded(&tellers).await, expected);
}

/// A process application without `#[policy]`.
#[application(aggregates(Note))]
struct ByHand;

impl Projection for ByHand {
    type View = UnitOfWork;

    const NAME: &'static str = "ByHand";
    const TOPICS: &'static [&'static str] = &["Account.Deposited"];

    async fn handle(&self, _: &str, events: &[Recorded<'_>], work: &mut UnitOfWork) -> std::result::Result<(), Cause> {
        work.save(&mut Note::begin())?;
        let first = events[0].decode::<AccountDeposited>()?;
        Ok(first.context.effect_metadata().scope(async { work.save(&mut Note::begin()) }).await?)
    }
}

impl ProcessApplication for ByHand {}

#[tokio::test]
async fn a_policy_written_by_hand_names_the_last_event_of_a_call() {
    let office = super::office(in_memory()).await;
    let by_hand = ByHand::open_with(in_memory()).await.unwrap();
    let mut account = account();
    account.deposit(1);
    office.save(&mut account).metadata(request()).await.unwrap();
    follow(&by_hand, &office).await;
    let caused = |id| Metadata::new().with_cause("Office", id);
    assert_eq!(recorded(&by_hand).await, [caused(3), caused(2).with_correlation_id("request-7")]);
}

async fn effects_that_are_saved_with_a_position_name_the_event_there(variables: Variables) {
    let office = super::office(variables.clone()).await;
    let archive = Archive::open_with(variables).await.unwrap();
    office.save(&mut account()).metadata(request()).await.unwrap();
    let mut events = office.subscribe(0).events::<AccountEvent>();
    for effects in [false, true] {
        let followed = timeout(PATIENCE, events.try_next()).await.expect("events are missing").unwrap().unwrap();
        let metadata = if effects { followed.effect_metadata() } else { Metadata::new() };
        let mut note = Note::begin();
        metadata.scope(archive.save_tracked(&mut note, followed.tracking)).await.unwrap();
    }
    let caused = |id| Metadata::new().with_cause("Office", id);
    assert_eq!(recorded(&archive).await, [caused(1), caused(2).with_correlation_id("request-7")]);
}

/// Whether the handler of `Careful` succeeds.
static IS_MENDED: AtomicBool = AtomicBool::new(false);

/// A process application whose handler refuses events at first.
#[application(aggregates(Note))]
struct Careful;

#[policy]
impl Careful {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> std::result::Result<(), Cause> {
        match IS_MENDED.load(Ordering::Relaxed) {
            true => Ok(work.save(&mut Note::begin())?),
            false => Err("not yet".into()),
        }
    }
}

#[tokio::test]
async fn a_dead_letter_that_is_retried_names_its_own_event() {
    let office = super::office(in_memory()).await;
    let careful = Careful::open_with(in_memory()).await.unwrap();
    let mut account = account();
    office.save(&mut account).metadata(request()).await.unwrap();
    let park = OnFailure::park(1, Duration::from_millis(1));
    let runner = careful.follow(&office).on_failure(park).start().await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(recorded(&careful).await, []);

    IS_MENDED.store(true, Ordering::Relaxed);
    let letters = careful.dead_letters(&office);
    let operator = Metadata::new().with_actor("the operator").with_correlation_id("repair");
    assert_eq!(operator.scope(letters.retry(account.id())).await.unwrap(), 1);
    let caused = Metadata::new().with_cause("Office", 2).with_correlation_id("request-7");
    assert_eq!(recorded(&careful).await, [caused]);
}
