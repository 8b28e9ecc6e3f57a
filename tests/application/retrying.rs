//! Decisions that are made again when somebody else was quicker, each recorded once.

use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::prelude::*;

use super::{Account, Office};

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the balance is {0} already")]
    Enough(i64),
    #[error(transparent)]
    Library(#[from] Error),
}

#[tokio::test]
async fn a_decision_is_made_on_the_aggregate_as_it_then_is() {
    let office = Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut account = Account::open("Ada");
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
        .unwrap();
    assert_eq!(value, 31);
    assert_eq!(office.repository().get::<Account>(id).await.unwrap().balance, 31);
}

pub(super) async fn a_decision_s_own_error_passes_through_and_records_nothing(office: Office) {
    let mut account = Account::open("Ada");
    account.deposit(5);
    office.save(&mut account).await.unwrap();
    let deposit = |account: &mut Account| {
        account.deposit(1);
        if account.balance > 5 { Err(Refused::Enough(account.balance)) } else { Ok(()) }
    };
    let error = office.retry(account.id(), deposit).await.unwrap_err();
    assert!(matches!(error, Refused::Enough(6)), "{error}");
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));

    let error = office.retry(Uuid::new_v4(), deposit).await.unwrap_err();
    assert!(matches!(error, Refused::Library(Error::AggregateNotFound { .. })), "{error}");
}

#[tokio::test]
async fn a_conflict_that_comes_each_time_is_returned_in_the_end() {
    let office = Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut account = Account::open("Ada");
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
    let office = Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut account = Account::open("Ada");
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
