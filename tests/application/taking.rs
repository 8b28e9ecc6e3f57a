//! Aggregates whose events were taken with `collect_events`: no hole comes into their history.

use eventsourcing::prelude::*;

use super::{Account, Office};

pub(super) async fn events_that_were_taken_and_lost_leave_no_hole(office: Office) {
    let mut account = Account::open("Ada");
    account.deposit(1);
    assert_eq!(account.collect_events().len(), 2);
    // also with nothing else pending: a save that records nothing would look like success
    for _ in 0..2 {
        let error = office.save(&mut account).await.unwrap_err();
        let id = account.id();
        assert!(
            matches!(error, Error::EventsTaken { aggregate: "Account", originator_id, first: 1, last: 2 } if originator_id == id),
            "{error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!(
                "versions 1 to 2 of the Account {id} were taken with `collect_events` and are not recorded, \
                 so the aggregate cannot be saved; save the events that were taken, or get the aggregate again, \
                 and look at events with `pending_events`"
            )
        );
        assert!(!error.is_retryable());
        account.deposit(2);
    }
    // nor can a clone be saved
    assert!(matches!(office.save(&mut account.clone()).await, Err(Error::EventsTaken { .. })));
    assert_eq!(office.log().max_id().await.unwrap(), None);
}

pub(super) async fn an_aggregate_goes_on_once_the_events_that_were_taken_are_recorded(office: Office) {
    let mut account = Account::open("Ada");
    let opened = account.collect_events();
    account.deposit(1);
    let deposited = account.collect_events();
    account.deposit(2);
    office.save(opened).await.unwrap();
    assert!(matches!(office.save(&mut account).await, Err(Error::EventsTaken { first: 1, last: 2, .. })));
    office.save(deposited).await.unwrap();
    office.save(&mut account).await.unwrap();

    // or in one save with those that came after them
    account.deposit(3);
    let taken = account.collect_events();
    account.deposit(4);
    office.save((taken, &mut account)).await.unwrap();
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap(), account);
    assert_eq!((account.balance, account.version()), (10, 5));
}

pub(super) async fn events_of_another_writer_do_not_stand_for_those_that_were_taken(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    let mut rival = account.clone();
    account.deposit(1);
    drop(account.collect_events());
    // the clock of the events tells them apart
    while Timestamp::now().as_microsecond() <= account.modified_on().as_microsecond() {
        std::hint::spin_loop();
    }
    rival.deposit(10);
    office.save(&mut rival).await.unwrap();
    account.deposit(2);
    assert!(matches!(office.save(&mut account).await, Err(Error::EventsTaken { first: 2, last: 2, .. })));
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap().balance, 10);
}

pub(super) async fn events_that_were_only_looked_at_are_recorded(office: Office) {
    let mut account = Account::open("Ada");
    assert_eq!(account.pending_events().len(), 1);
    office.save(&mut account).await.unwrap();
    // nothing was pending, so nothing was taken
    assert!(account.collect_events().is_empty());
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));
}
