//! Aggregates whose events were taken: a save leaves no gap in their history.

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

use super::{Account, AccountEvent, Office, in_each_database};

in_each_database! {
    events_that_were_taken_and_lost_leave_no_hole
    an_aggregate_goes_on_once_the_events_that_were_taken_are_recorded
    events_of_another_writer_do_not_stand_for_those_that_were_taken
    events_that_were_only_looked_at_are_recorded
    a_fold_of_events_can_be_saved_where_they_are_recorded
}

async fn events_that_were_taken_and_lost_leave_no_hole(office: Office) {
    let mut account = Account::open();
    account.deposit(1);
    assert_eq!(account.collect_events().len(), 2);
    // also with nothing else pending: a save that records nothing would look like success
    for _ in 0..2 {
        let error = office.save(&mut account).await.unwrap_err();
        let id = account.id();
        assert!(
            matches!(error, Error::Aggregate(AggregateError::EventsMissing { aggregate: "Account", originator_id, first: 1, last: 2 }) if originator_id == id),
            "{error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!(
                "the Account {id} cannot be saved, because its versions 1 to 2 are not recorded: \
                 they were taken with `collect_events` or applied with `mutate`; save these events first, or get the aggregate again; \
                 to read pending events without taking them, use `pending_events`"
            )
        );
        assert!(!error.is_retryable());
        account.deposit(2);
    }
    // nor can a clone be saved
    assert!(matches!(
        office.save(&mut account.clone()).await,
        Err(Error::Aggregate(AggregateError::EventsMissing { .. }))
    ));
    assert_eq!(office.log().max_id().await.unwrap(), None);
}

async fn an_aggregate_goes_on_once_the_events_that_were_taken_are_recorded(office: Office) {
    let mut account = Account::open();
    let opened = account.collect_events();
    account.deposit(1);
    let deposited = account.collect_events();
    account.deposit(2);
    office.save(opened).await.unwrap();
    assert!(matches!(
        office.save(&mut account).await,
        Err(Error::Aggregate(AggregateError::EventsMissing { first: 1, last: 2, .. }))
    ));
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

async fn events_of_another_writer_do_not_stand_for_those_that_were_taken(office: Office) {
    let mut account = Account::open();
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
    assert!(matches!(
        office.save(&mut account).await,
        Err(Error::Aggregate(AggregateError::EventsMissing { first: 2, last: 2, .. }))
    ));
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap().balance, 10);
}

async fn events_that_were_only_looked_at_are_recorded(office: Office) {
    let mut account = Account::open();
    assert_eq!(account.pending_events().len(), 1);
    office.save(&mut account).await.unwrap();
    // nothing was pending, so nothing was taken
    assert!(account.collect_events().is_empty());
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));
}

async fn a_fold_of_events_can_be_saved_where_they_are_recorded(office: Office) {
    let mut account = Account::open();
    account.deposit(1);
    let fold = |events: Vec<DomainEvent<AccountEvent>>| {
        events.into_iter().try_fold(None, |account: Option<Account>, event| event.mutate(account)).unwrap().unwrap()
    };
    let mut early = fold(account.pending_events().to_vec());
    early.deposit(2);
    assert!(matches!(
        office.save(&mut early).await,
        Err(Error::Aggregate(AggregateError::EventsMissing { first: 1, last: 2, .. }))
    ));
    assert_eq!(office.log().max_id().await.unwrap(), None);

    office.save(&mut account).await.unwrap();
    office.save(&mut early).await.unwrap();
    let recorded = office.log().select(1, 10).await.unwrap();
    let mut late = fold(recorded.iter().map(|it| office.mapper().to_notified_event(it).unwrap()).collect());
    late.deposit(3);
    office.save(&mut late).await.unwrap();
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap().balance, 6);
}
