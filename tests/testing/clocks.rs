//! The clock: the time and the ids of events in its scope.

use std::time::Duration;

use eventsourcing::domain;
use eventsourcing::prelude::*;
use eventsourcing::testing::{Clock, given, id, when_created};
use tokio::sync::oneshot;

use super::model::{Account, AccountEvent, AccountOpened, AccountWithdrawn, Bank, Marketing, fifty};

#[test]
fn an_event_in_a_scope_has_its_time_and_its_id() {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let mut account = clock.run(|| Account::open("Ada"));
    assert_eq!((account.id(), account.created_on()), (id(1), Timestamp::UNIX_EPOCH));
    clock.advance(Duration::from_secs(60));
    clock.run(|| account.deposit(1));
    assert_eq!(account.modified_on().as_second(), 60);
    clock.set(Clock::START);
    assert_eq!(clock.run(domain::now), Clock::START);
}

#[test]
fn outside_of_a_scope_the_time_is_real_and_ids_are_random() {
    let clock = Clock::new();
    drop(clock.enter());
    let account = Account::open("Ada");
    assert!(account.created_on() > Clock::START);
    assert_ne!(account.id(), Account::open("Ada").id());
    assert!(Clock::current().is_none());
}

#[test]
fn an_inner_scope_ends_where_the_outer_one_continues() {
    let (outer, inner) = (Clock::new(), Clock::new().with_seed(7));
    let _scope = outer.enter();
    let ids = (domain::new_id(), inner.run(domain::new_id), domain::new_id());
    assert_eq!((ids.0, ids.2), (id(1), id(2)));
    assert_eq!(ids.1.to_string(), "00000007-0000-4000-8000-000000000001");
}

#[test]
fn a_time_is_kept_in_microseconds_as_events_have_it() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::at("2026-11-23T04:11:04.123456789Z".parse()?);
    assert_eq!(clock.now().to_string(), "2026-11-23T04:11:04.123456Z");
    clock.advance(Duration::MAX);
    assert!(clock.now() > Clock::START);
    Ok(())
}

#[test]
fn given_uses_the_clock_of_the_tests_scope() {
    let clock = Clock::at(Timestamp::UNIX_EPOCH).with_seed(3);
    let _scope = clock.enter();
    given(fifty())
        .when(|account: &mut Account| {
            clock.advance(Duration::from_secs(1));
            account.withdraw(1)
        })
        .then_state(|account| assert_eq!(account.created_on(), Timestamp::UNIX_EPOCH))
        .then_state(|account| assert_eq!(account.modified_on(), clock.now()));
    when_created(|| Account::open("Ada")).then(DomainEvent::new(
        "00000003-0000-4000-8000-000000000003".parse().unwrap_or_default(),
        1,
        clock.now(),
        AccountEvent::Opened(AccountOpened { owner: "Ada".to_owned() }),
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_scope_moves_with_its_future_between_threads() {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let mut tasks = Vec::new();
    let mut continues = Vec::new();
    for _ in 0..20 {
        let (send, receive) = oneshot::channel::<()>();
        continues.push(send);
        tasks.push(tokio::spawn(clock.scope(async move {
            let before = domain::now();
            drop(receive.await);
            (before, domain::now())
        })));
    }
    // between two polls a thread has no clock
    assert!(domain::now() > Clock::START);
    drop(continues);
    for task in tasks {
        let times = task.await.unwrap_or_default();
        assert_eq!(times, (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH));
    }
}

#[tokio::test]
async fn a_scope_of_a_test_with_one_thread_covers_its_tasks() {
    let clock = Clock::new();
    let _scope = clock.enter();
    let opened = tokio::spawn(async { Account::open("Ada").id() }).await.unwrap_or_default();
    assert_eq!(opened, id(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_runs_its_policy_by_its_clock() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let variables = [("PERSISTENCE_MODULE", "memory")];
    let bank = Bank::builder().variables(variables).clock(&clock).open().await?;
    let marketing = Marketing::builder().variables(variables).clock(&clock).open().await?;
    // the runner is a task on another thread, where the test has no scope
    let runner = marketing.follow(&bank).start().await?;
    let recorded = bank.save(&mut Account::open("Ada")).await?;
    runner.wait_for(recorded[0].id, Duration::from_secs(60)).await?;
    runner.stop().await?;
    let promised = &marketing.log().select(1, 1).await?[0];
    assert!(String::from_utf8_lossy(&promised.state).contains("1970-01-01T00:00:00"), "{promised:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_retries_a_command_by_its_clock() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let bank = Bank::builder().variables([("PERSISTENCE_MODULE", "memory")]).clock(&clock).open().await?;
    let mut account = Account::open("Ada");
    account.deposit(5);
    bank.save(&mut account).await?;
    bank.retry(account.id(), |account: &mut Account| account.withdraw(1).map(drop).map_err(|_| ())).await?.ok();
    let last: Account = bank.repository().get(account.id()).await?;
    assert_eq!((last.version(), last.modified_on()), (3, Timestamp::UNIX_EPOCH));
    let event: DomainEvent<AccountEvent> = bank.mapper().to_notified_event(&bank.log().select(3, 1).await?[0])?;
    let AccountEvent::Withdrawn(AccountWithdrawn { receipt, .. }) = event.event else { panic!("{event:?}") };
    assert_eq!(receipt, id(1));
    Ok(())
}

#[tokio::test]
async fn an_application_creates_an_aggregate_by_its_clock() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::at(Timestamp::UNIX_EPOCH);
    let bank = Bank::builder().variables([("PERSISTENCE_MODULE", "memory")]).clock(&clock).open().await?;
    let account: Account = bank.repository().get_or_create(id(1), || Account::open("Ada")).await?;
    assert_eq!((account.id(), account.created_on()), (id(1), Timestamp::UNIX_EPOCH));
    Ok(())
}
