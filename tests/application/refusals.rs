//! Saves that are refused before the recorder is called.

use eventsourcing::codec::MapperFailure;
use eventsourcing::prelude::*;

use super::{Account, Note, Office, office};

#[tokio::test]
async fn an_event_over_the_limit_is_refused_and_nothing_is_written() {
    let office = Office::open_with([("MAX_STATE_SIZE", "1000")]).await.unwrap();
    let (mut account, mut note) = (Account::open(), Note::begin());
    note.add(&"x".repeat(2_000));
    let error = office.save((&mut account, &mut note)).await.unwrap_err();
    let Error::Mapper(error) = error else { panic!("{error}") };
    assert!(matches!(error.failure, MapperFailure::TooLarge { max: 1_000, .. }), "{error}");
    assert_eq!(office.log().max_id().await.unwrap(), None);
    assert_eq!(note.pending_events().len(), 2);
}

#[tokio::test]
async fn an_aggregate_that_is_in_one_save_twice_is_refused() {
    let office = office().await;
    let mut account = Account::open();
    let mut clone = account.clone();
    let error = office.save((&mut account, &mut clone)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("this save contains version 1 of {} twice; save each aggregate once", account.id())
    );
    assert_eq!(office.log().max_id().await.unwrap(), None);
}

#[tokio::test]
async fn an_event_of_no_aggregate_is_refused() {
    let office = office().await;
    let event = Account::open().collect_events().remove(0);
    let DomainEvent { originator_id, timestamp, event, .. } = event;
    for (originator_id, version) in [(originator_id, 0), (Uuid::nil(), 1)] {
        let event = DomainEvent::new(originator_id, version, timestamp, event.clone());
        let error = office.save(event).await.unwrap_err();
        assert!(matches!(error, Error::InvalidOriginator { topic: "Account.Opened", .. }), "{error}");
    }
    assert_eq!(office.log().max_id().await.unwrap(), None);
}
