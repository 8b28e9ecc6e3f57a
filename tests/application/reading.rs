//! Reads of aggregates: at any version or time, from a long history, and from events that cannot be read.

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;

use super::{Account, Note, Office, in_each_database};

in_each_database! {
    a_version_that_is_not_there_yet_is_an_error
    the_past_is_read_as_of_a_time
    an_id_that_does_not_exist_is_named
    an_aggregate_of_another_type_is_named
    existence_is_known_without_replay
    a_long_history_is_read_in_pages
    a_topic_nobody_knows_is_named_and_does_not_stop_the_log
    an_altered_state_is_named_and_does_not_stop_the_log
}

async fn a_version_that_is_not_there_yet_is_an_error(office: Office) {
    let mut account = Account::open();
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    assert_eq!(office.repository().get_at::<Account>(account.id(), 1).await.unwrap().balance, 0);
    assert_eq!(office.repository().get_at::<Account>(account.id(), 2).await.unwrap(), account);
    for version in [0, 3, u64::MAX] {
        let error = office.repository().get_at::<Account>(account.id(), version).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Account {} has no version {version}; it has the versions 1 to 2", account.id())
        );
    }
}

async fn the_past_is_read_as_of_a_time(office: Office) {
    let mut account = Account::open();
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    let (created, modified) = (account.created_on(), account.modified_on());
    assert_eq!(office.repository().get_as_of::<Account>(account.id(), modified).await.unwrap(), account);
    let microsecond = std::time::Duration::from_micros(1);
    let before = created.checked_sub(microsecond).unwrap();
    let error = office.repository().get_as_of::<Account>(account.id(), before).await.unwrap_err();
    assert!(matches!(error, Error::AggregateNotFound { .. }), "{error}");
}

async fn an_id_that_does_not_exist_is_named(office: Office) {
    let id = Uuid::new_v4();
    for error in [
        office.repository().get::<Account>(id).await.unwrap_err(),
        office.repository().get_at::<Account>(id, 1).await.unwrap_err(),
    ] {
        assert_eq!(error.to_string(), format!("no Account with the id {id} is recorded"));
    }
}

async fn an_aggregate_of_another_type_is_named(office: Office) {
    let mut note = Note::begin();
    office.save(&mut note).await.unwrap();
    let error = office.repository().get::<Account>(note.id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} is no Account: its first event is recorded as `Note.Begun`; \
             get it as the type that records that topic, or deploy the newer code that does",
            note.id()
        )
    );
}

async fn existence_is_known_without_replay(office: Office) {
    let mut note = Note::begin();
    assert!(!office.repository().exists(note.id()).await.unwrap());
    office.save(&mut note).await.unwrap();
    assert!(office.repository().exists(note.id()).await.unwrap());
}

async fn a_long_history_is_read_in_pages(office: Office) {
    let mut account = Account::open();
    (0..2_500).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap(), account);
    assert_eq!(office.repository().get_at::<Account>(account.id(), 2_000).await.unwrap().balance, 1_999);
    let all: Vec<Notification> = NotificationLogReader::new(office.log()).read(1).try_collect().await.unwrap();
    assert!(all.iter().map(|it| it.id).eq(1..=2_501));
}

/// Records an account's next event, altered.
async fn record_by_hand(office: &Office, account: &mut Account, alter: impl FnOnce(&mut StoredEvent)) {
    account.deposit(1);
    let event = account.collect_events().remove(0);
    let mut stored = office.mapper().to_stored_event(&event, Uuid::new_v4()).unwrap();
    alter(&mut stored);
    office.recorder().insert_events(vec![stored]).await.unwrap();
}

async fn a_topic_nobody_knows_is_named_and_does_not_stop_the_log(office: Office) {
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    record_by_hand(&office, &mut account, |stored| {
        stored.topic = "Account.Frozen".into();
        *stored = stored.clone().checksummed();
    })
    .await;
    let error = office.repository().get::<Account>(account.id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the event `Account.Frozen`, version 2 of {}, cannot be read: \
             this aggregate has no event with that topic: newer code recorded it, and has to be deployed here too; \
             or it was removed or renamed after the event was recorded: write `was = [\"…\"]` on the `#[event]` that it became, \
             or `retired = [\"…\"]` on the `#[aggregate]` impl block if it became none, which drops all such events; \
             an event that became several is `#[event(\"…\", split)]`",
            account.id()
        )
    );
    // up to there, and past it, all can be read
    assert_eq!(office.repository().get_at::<Account>(account.id(), 1).await.unwrap().version(), 1);
    assert_eq!(office.log().section("1,10").await.unwrap().items.len(), 2);
}

async fn an_altered_state_is_named_and_does_not_stop_the_log(office: Office) {
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    record_by_hand(&office, &mut account, |stored| {
        // one million rather than one
        let json = str::from_utf8(&stored.state).unwrap();
        stored.state = json.replace(r#""amount":1"#, r#""amount":1000000"#).into_bytes().into();
    })
    .await;
    let error = office.repository().get::<Account>(account.id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the event `Account.Deposited`, version 2 of {}, cannot be read: \
             its state was altered since it was recorded (its checksum does not match); restore it from a backup",
            account.id()
        )
    );
    assert_eq!(office.log().section("1,10").await.unwrap().items.len(), 2);
}
