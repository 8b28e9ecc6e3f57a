//! Commands that are retried after a conflict, and recorded once.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::prelude::*;
use futures::future::join_all;

use super::{Account, Office, in_each_database, office};

in_each_database! {
    a_decision_s_own_error_passes_through_and_records_nothing
    of_many_transfers_between_two_accounts_none_gives_up
    of_many_who_create_an_aggregate_one_does_and_all_change_it
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the balance is {0} already")]
    Enough(i64),
}

#[tokio::test]
async fn a_decision_is_made_on_the_aggregate_as_it_then_is() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let id = account.id();
    let made = AtomicU32::new(0);
    let rival = office.clone();
    // each of the first three times somebody else is quicker
    let value = office
        .retry(id, |account: &mut Account| {
            let made = made.fetch_add(1, Ordering::Relaxed);
            assert_eq!(account.balance, i64::from(made) * 10);
            if made < 3 {
                let mut other = account.clone();
                other.deposit(10);
                futures::executor::block_on(rival.save(&mut other)).unwrap();
            }
            account.deposit(1);
            Ok::<_, Error>(account.balance)
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(value, 31);
    assert_eq!(office.repository().get::<Account>(id).await.unwrap().balance, 31);
}

async fn a_decision_s_own_error_passes_through_and_records_nothing(office: Office) {
    let mut account = Account::open();
    account.deposit(5);
    office.save(&mut account).await.unwrap();
    let deposit = |account: &mut Account| {
        account.deposit(1);
        if account.balance > 5 { Err(Refused::Enough(account.balance)) } else { Ok(()) }
    };
    let error = office.retry(account.id(), deposit).await.unwrap().unwrap_err();
    assert!(matches!(error, Refused::Enough(6)), "{error}");
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));

    let error = office.retry(Uuid::new_v4(), deposit).await.unwrap_err();
    assert!(matches!(error, Error::AggregateNotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_command_and_its_outcome_may_stay_on_their_thread() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let runs = Rc::new(Cell::new(0));
    let retried = office.retry(account.id(), |account: &mut Account| {
        runs.set(runs.get() + 1);
        account.deposit(1);
        Ok::<_, Rc<str>>(Rc::clone(&runs))
    });
    assert_eq!(runs.get(), 0, "a future that is not polled does nothing");
    assert_eq!(retried.await.unwrap().unwrap().get(), 1);
}

#[tokio::test]
async fn a_conflict_that_comes_each_time_is_returned_in_the_end() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let rival = office.clone();
    let mut made = 0;
    let error = office
        .retry(account.id(), |account: &mut Account| {
            made += 1;
            let mut other = account.clone();
            other.deposit(10);
            futures::executor::block_on(rival.save(&mut other)).unwrap();
            account.deposit(1);
        })
        .await
        .unwrap_err();
    assert_eq!(made, 30);
    assert!(matches!(error, Error::Conflict { tried: 31, recorded: 31, .. }), "{error:?}");
}

#[tokio::test]
async fn a_conflict_that_no_attempt_can_end_is_returned_at_once() {
    let office = office().await;
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    let old = account.clone();
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    let mut made = 0;
    // an old copy is in conflict however often it is saved
    let error = office
        .retry(account.id(), |account: &mut Account| {
            made += 1;
            *account = old.clone();
            account.deposit(2);
        })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Conflict { tried: 2, recorded: 2, .. }), "{error:?}");
    assert_eq!(made, 1);
}

async fn of_many_transfers_between_two_accounts_none_gives_up(office: Office) {
    let (mut one, mut other) = (Account::open(), Account::open());
    office.save((&mut one, &mut other)).await.unwrap();
    let transfers = (0..40).map(|number| {
        let office = office.clone();
        // in both directions, so that two callers need the same accounts in opposite orders
        let ids = if number % 2 == 0 { (one.id(), other.id()) } else { (other.id(), one.id()) };
        tokio::spawn(async move {
            let transfer = |(from, to): &mut (Account, Account)| {
                from.deposit(-1);
                to.deposit(1);
            };
            office.retry_all(ids, transfer).await
        })
    });
    for transfer in join_all(transfers).await {
        transfer.unwrap().unwrap();
    }
    let accounts = [one.id(), other.id()];
    let versions = office.retry_all(accounts.to_vec(), |accounts: &mut Vec<Account>| {
        Ok::<_, Refused>(accounts.iter().map(|account| (account.version(), account.balance)).collect::<Vec<_>>())
    });
    assert_eq!(versions.await.unwrap().unwrap(), [(41, 0), (41, 0)]);
}

#[tokio::test]
async fn a_refused_command_records_nothing_of_any_aggregate() {
    let office = office().await;
    let (mut one, mut other) = (Account::open(), Account::open());
    office.save((&mut one, &mut other)).await.unwrap();
    let refuse = |(one, _): &mut (Account, Account)| {
        one.deposit(1);
        Err::<(), _>(Refused::Enough(one.balance))
    };
    office.retry_all((one.id(), other.id()), refuse).await.unwrap().unwrap_err();
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));
}

/// An account under an id that callers know before it exists.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Counter {
    count: u64,
}

#[aggregate]
impl Counter {
    #[event("Started", id = id)]
    fn start(id: Uuid) -> Self {
        Self { count: 0 }
    }

    #[event("Counted")]
    fn count(&mut self) {
        self.count += 1;
    }
}

async fn of_many_who_create_an_aggregate_one_does_and_all_change_it(office: Office) {
    let id = Uuid::new_v4();
    assert_eq!(office.repository().find::<Counter>(id).await.unwrap(), None);
    let counts = (0..10).map(|_| {
        let office = office.clone();
        tokio::spawn(async move { office.retry_or_create(id, || Counter::start(id), Counter::count).await })
    });
    for count in join_all(counts).await {
        count.unwrap().unwrap();
    }
    let counter = office.repository().get_or_create(id, || Counter::start(id)).await.unwrap();
    assert_eq!((counter.count, counter.version()), (10, 11));
}

#[tokio::test]
async fn an_aggregate_that_is_created_under_another_id_is_refused() {
    let office = office().await;
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let refused = |error: Error| matches!(error, Error::CreatedWithOtherId { expected, found, .. } if (expected, found) == (id, other));
    let error = office.retry_or_create(id, || Counter::start(other), Counter::count).await.unwrap_err();
    assert!(error.to_string().contains("id = id"), "{error}");
    assert!(refused(error));
    assert!(refused(office.repository().get_or_create(id, || Counter::start(other)).await.unwrap_err()));
    assert_eq!(office.log().max_id().await.unwrap(), None);
}

/// What a program prints whose `main` returns the error.
#[tokio::test]
async fn debug_of_an_error_is_its_text() {
    let error = office().await.repository().get::<Account>(Uuid::nil()).await.unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(error.to_string().starts_with("no Account"), "{error}");
}
