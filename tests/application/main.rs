//! What an application promises, the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod lost_answers;
mod names;
mod opening;
mod refusals;
mod retrying;
mod taking;
mod topics;
mod tracking;
mod turns;

use eventsourcing::StoredEvent;
use eventsourcing::persistence::{Kind, Place};
use eventsourcing::prelude::*;
use retrying::a_decision_s_own_error_passes_through_and_records_nothing;
use taking::{
    a_fold_of_events_can_be_saved_where_they_are_recorded,
    an_aggregate_goes_on_once_the_events_that_were_taken_are_recorded,
    events_of_another_writer_do_not_stand_for_those_that_were_taken, events_that_were_only_looked_at_are_recorded,
    events_that_were_taken_and_lost_leave_no_hole,
};
use turns::many_deposits_of_many_tasks_are_each_recorded_once;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Account {
    owner: String,
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned(), balance: 0 }
    }

    #[event("Deposited")]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Note {
    lines: Vec<String>,
}

#[aggregate]
impl Note {
    #[event("Begun")]
    fn begin() -> Self {
        Self { lines: Vec::new() }
    }

    #[event("LineAdded")]
    fn add(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Page {
    text: String,
}

#[aggregate]
impl Page {
    #[event("Created", id = id)]
    fn create(id: Uuid) -> Self {
        Self { text: String::new() }
    }

    #[event("Written")]
    fn write(&mut self, text: &str) {
        self.text = text.to_owned();
    }
}

#[application(aggregates(Account, Note, Page))]
#[derive(Clone, Debug)]
struct Office;

/// A test of each function, in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(super::Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()).await;
        })* }
        mod sqlite_file { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(super::Office::open_with(super::common::sqlite_file(&folder)).await.unwrap()).await;
        })* }
        mod sqlite_memory { $(#[tokio::test] async fn $name() {
            super::$name(super::Office::open_with(super::common::sqlite(":memory:")).await.unwrap()).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(super::Office::open_with(super::common::postgres()).await.unwrap()).await;
        })* }
    };
}

in_each_database! {
    an_aggregate_comes_back_as_it_was_saved
    a_save_of_nothing_records_nothing
    everything_of_one_save_is_recorded_or_nothing
    anything_with_events_can_be_saved
    pending_events_leave_only_when_recorded
    a_conflict_names_the_versions
    of_two_clones_one_is_in_conflict
    an_id_that_is_taken_is_named_with_what_was_to_be_made
    a_version_that_is_not_there_yet_is_an_error
    the_past_is_read_as_of_a_time
    an_id_that_does_not_exist_is_named
    an_aggregate_of_another_type_is_named
    existence_is_known_without_replay
    sections_are_numbered_as_they_should_be
    a_section_id_that_is_none_is_refused
    selections_can_be_limited
    a_selection_over_the_maximum_is_refused
    a_long_history_is_read_in_pages
    a_topic_nobody_knows_is_named_and_does_not_stop_the_log
    an_altered_state_is_named_and_does_not_stop_the_log
    sixty_four_tasks_lose_no_update
    a_dropped_save_is_done_or_not_done_and_can_be_repeated
    many_deposits_of_many_tasks_are_each_recorded_once
    a_decision_s_own_error_passes_through_and_records_nothing
    events_that_were_taken_and_lost_leave_no_hole
    an_aggregate_goes_on_once_the_events_that_were_taken_are_recorded
    events_of_another_writer_do_not_stand_for_those_that_were_taken
    events_that_were_only_looked_at_are_recorded
    a_fold_of_events_can_be_saved_where_they_are_recorded
}

async fn an_aggregate_comes_back_as_it_was_saved(office: Office) {
    let mut account = Account::open("Ada");
    account.deposit(10);
    let recorded = office.save(&mut account).await.unwrap();
    assert_eq!(recorded.iter().map(|it| (it.id, it.originator_version)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    assert!(account.pending_events().is_empty());
    let copy: Account = office.repository().get(account.id()).await.unwrap();
    assert_eq!(copy, account);
    assert_eq!((copy.created_on(), copy.modified_on()), (account.created_on(), account.modified_on()));
}

async fn a_save_of_nothing_records_nothing(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    assert!(office.save(&mut account).await.unwrap().is_empty());
    assert!(office.save(Vec::<&mut Account>::new()).await.unwrap().is_empty());
    assert_eq!(office.log().max_id().await.unwrap(), Some(1));
}

async fn everything_of_one_save_is_recorded_or_nothing(office: Office) {
    let mut stale = Account::open("Ada");
    office.save(&mut stale).await.unwrap();
    let mut current: Account = office.repository().get(stale.id()).await.unwrap();
    current.deposit(1);
    office.save(&mut current).await.unwrap();

    stale.deposit(2);
    let (mut before, mut after) = (Account::open("Bea"), Note::begin());
    let error = office.save((&mut before, &mut stale, &mut after)).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));
    assert!(!office.repository().exists(before.id()).await.unwrap());
    assert!(!office.repository().exists(after.id()).await.unwrap());
    // the ids of what was refused are not lost
    let recorded = office.save((&mut before, &mut after)).await.unwrap();
    assert_eq!(recorded.iter().map(|it| it.id).collect::<Vec<_>>(), [3, 4]);
}

async fn anything_with_events_can_be_saved(office: Office) {
    let (mut one, mut two, mut note) = (Account::open("Ada"), Account::open("Bea"), Note::begin());
    office.save((&mut one, &mut note)).await.unwrap();
    one.deposit(1);
    office.save(vec![&mut one, &mut two]).await.unwrap();
    one.deposit(1);
    office.save([&mut one, &mut two]).await.unwrap();
    let mut many = vec![one, two];
    many.iter_mut().for_each(|account| account.deposit(2));
    office.save(&mut many).await.unwrap();
    many.iter_mut().for_each(|account| account.deposit(2));
    office.save(&mut many[..1]).await.unwrap();
    office.save(Some(&mut many[1])).await.unwrap();
    many[0].deposit(3);
    note.add("three");
    office.save(vec![Box::new(&mut many[0]) as Box<dyn Saveable>, Box::new(&mut note)]).await.unwrap();
    // domain events, from wherever they come
    many[0].deposit(4);
    office.save(many[0].collect_events()).await.unwrap();
    many[1].deposit(4);
    let event = many[1].collect_events().remove(0);
    office.save(event).await.unwrap();

    for account in many {
        assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap(), account);
    }
    assert_eq!(office.repository().get::<Note>(note.id()).await.unwrap(), note);
}

async fn pending_events_leave_only_when_recorded(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    let mut stale = account.clone();
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    stale.deposit(2);
    for _ in 0..2 {
        // not the first time only
        office.save(&mut stale).await.unwrap_err();
        assert_eq!(stale.pending_events().len(), 1);
    }
}

async fn a_conflict_names_the_versions(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    let mut stale = account.clone();
    (0..3).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
    stale.deposit(1);
    let error = office.save(&mut stale).await.unwrap_err();
    assert!(error.is_retryable());
    let id = account.id();
    assert!(
        matches!(error, Error::Conflict { originator_id, tried: 2, recorded: 4 } if originator_id == id),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        format!("version 2 of {id} was not recorded, because version 4 already is; get the aggregate again and retry")
    );
}

async fn of_two_clones_one_is_in_conflict(office: Office) {
    let mut one = Account::open("Ada");
    let mut other = one.clone();
    office.save(&mut one).await.unwrap();
    let error = office.save(&mut other).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyExists { recorded: 1, .. }), "{error:?}");
    one.deposit(1);
    other = one.clone();
    office.save(&mut one).await.unwrap();
    let error = office.save(&mut other).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { tried: 2, recorded: 2, .. }), "{error:?}");
}

async fn an_id_that_is_taken_is_named_with_what_was_to_be_made(office: Office) {
    let id = Uuid::new_v4();
    let mut page = Page::create(id);
    page.write("first");
    office.save(&mut page).await.unwrap();
    let error = office.save(&mut Page::create(id)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`Page.Created` was not recorded, because an aggregate of the id {id} exists already, at version 2; \
             get that one, or give the new one another id"
        )
    );
    assert!(!error.is_retryable());
    // also among others, as an event, and together with a position
    let (mut account, mut taken) = (Account::open("Ada"), Page::create(id));
    let errors = [
        office.save((&mut account, &mut taken)).await.unwrap_err(),
        office.save(taken.pending_events().to_vec()).await.unwrap_err(),
        office.save_tracked((&mut account, &mut taken), Tracking::new("Upstream", 0, 1)).await.unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, Error::AlreadyExists { topic, originator_id, recorded: 2 } if topic == "Page.Created" && *originator_id == id),
            "{error:?}"
        );
    }
    // nothing of it was recorded, and all of it is still pending
    assert_eq!(office.log().max_id().await.unwrap(), Some(2));
    assert_eq!((account.pending_events().len(), taken.pending_events().len()), (1, 1));
}

async fn a_version_that_is_not_there_yet_is_an_error(office: Office) {
    let mut account = Account::open("Ada");
    account.deposit(1);
    office.save(&mut account).await.unwrap();
    assert_eq!(office.repository().get_at::<Account>(account.id(), 1).await.unwrap().balance, 0);
    assert_eq!(office.repository().get_at::<Account>(account.id(), 2).await.unwrap(), account);
    for version in [0, 3, u64::MAX] {
        let error = office.repository().get_at::<Account>(account.id(), version).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Account {} has no version {version}: its versions are 1 to 2", account.id())
        );
    }
}

async fn the_past_is_read_as_of_a_time(office: Office) {
    let mut account = Account::open("Ada");
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
            "{} is not a Account: its events are recorded as `Note.Begun`; get it as the type that records those",
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

async fn sections_are_numbered_as_they_should_be(_: Office) {
    let office = Office::builder().variables([("PERSISTENCE_MODULE", "memory")]).section_size(5).open().await.unwrap();
    let mut account = Account::open("Ada");
    (0..4).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
    let section = async |id: &str| {
        let Section { id, items, next_id } = office.log().section(id).await.unwrap();
        (id, items.iter().map(|it| it.id).collect::<Vec<_>>(), next_id)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(section("1,10").await, (text("1,5"), vec![1, 2, 3, 4, 5], text("6,10")));
    assert_eq!(section("3,2").await, (None, vec![], None));
    assert_eq!(section("0,3").await, (text("1,3"), vec![1, 2, 3], text("4,6")));
    assert_eq!(section("-5,3").await, section("1,3").await);
    assert_eq!(section("4,8").await, (text("4,5"), vec![4, 5], None));
    assert_eq!(section("6,10").await, (None, vec![], None));
    assert_eq!(section("1,18446744073709551615").await.0, text("1,5"));
}

async fn a_section_id_that_is_none_is_refused(office: Office) {
    for id in [
        "1;10",
        "",
        "1",
        "1,",
        ",10",
        "a,b",
        "1,2,3",
        "-,10",
        "-a,10",
        "1,-10",
        "+1,10",
        " 1,10",
        "1,18446744073709551616",
    ] {
        let error = office.log().section(id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{id}` is no section id; expected the first and the last notification id, such as `1,10`")
        );
    }
}

async fn selections_can_be_limited(office: Office) {
    let (mut account, mut note) = (Account::open("Ada"), Note::begin());
    account.deposit(1);
    note.add("one");
    office.save((&mut account, &mut note)).await.unwrap();
    let log = office.log();
    let ids = |all: Vec<Notification>| all.iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(log.select(2, 2).await.unwrap()), [2, 3]);
    assert_eq!(ids(log.select(2, 10).exclusive().await.unwrap()), [3, 4]);
    assert_eq!(ids(log.select(0, 10).stop(2).await.unwrap()), [1, 2]);
    assert_eq!(ids(log.select(1, 10).topics(["Note.Begun", "Account.Deposited"]).await.unwrap()), [2, 3]);
    assert_eq!(ids(log.select(1, 0).await.unwrap()), Vec::<u64>::new());
    assert_eq!(ids(log.select(u64::MAX, 10).await.unwrap()), Vec::<u64>::new());
    let reader = NotificationLogReader::new(log).page_size(1);
    assert_eq!(ids(reader.read(2).try_collect().await.unwrap()), [2, 3, 4]);
    assert_eq!(ids(reader.read_topics(1, ["Note.LineAdded"]).try_collect().await.unwrap()), [4]);
}

async fn a_selection_over_the_maximum_is_refused(office: Office) {
    let error = office.log().select(1, 10_001).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "10001 notifications are more than one selection may hold, which is 10000; read on page by page, or with a NotificationLogReader"
    );
}

async fn a_long_history_is_read_in_pages(office: Office) {
    let mut account = Account::open("Ada");
    (0..2_500).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap(), account);
    assert_eq!(office.repository().get_at::<Account>(account.id(), 2_000).await.unwrap().balance, 1_999);
    let all: Vec<Notification> = NotificationLogReader::new(office.log()).read(1).try_collect().await.unwrap();
    assert!(all.iter().map(|it| it.id).eq(1..=2_501));
}

/// An account's next event, as something else than this program would record it.
async fn record_by_hand(office: &Office, account: &mut Account, alter: impl FnOnce(&mut StoredEvent)) {
    account.deposit(1);
    let event = account.collect_events().remove(0);
    let mut stored = office.mapper().to_stored_event(&event, Uuid::new_v4()).unwrap();
    alter(&mut stored);
    office.recorder().insert_events(vec![stored]).await.unwrap();
}

async fn a_topic_nobody_knows_is_named_and_does_not_stop_the_log(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    record_by_hand(&office, &mut account, |stored| {
        stored.topic = "Account.Frozen".into();
        let StoredEvent { originator_id, originator_version, ref topic, .. } = *stored;
        let place = Place { kind: Kind::Event, originator_id, originator_version, topic };
        stored.checksum = Some(place.checksum(&stored.state));
    })
    .await;
    let error = office.repository().get::<Account>(account.id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the event `Account.Frozen`, version 2 of {}, cannot be read: \
             no event of this aggregate has that topic; it was removed or renamed since it was recorded: \
             bring it back, or pin its topic with `#[event(\"…\", topic = \"…\")]`",
            account.id()
        )
    );
    // up to there, and past it, all can be read
    assert_eq!(office.repository().get_at::<Account>(account.id(), 1).await.unwrap().version(), 1);
    assert_eq!(office.log().section("1,10").await.unwrap().items.len(), 2);
}

async fn an_altered_state_is_named_and_does_not_stop_the_log(office: Office) {
    let mut account = Account::open("Ada");
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

async fn sixty_four_tasks_lose_no_update(office: Office) {
    let mut account = Account::open("Ada");
    office.save(&mut account).await.unwrap();
    let id = account.id();
    let deposits = (0..64).map(|_| {
        let office = office.clone();
        tokio::spawn(async move {
            for _ in 0..2 {
                loop {
                    let mut account: Account = office.repository().get(id).await.unwrap();
                    account.deposit(1);
                    match office.save(&mut account).await {
                        Ok(_) => break,
                        Err(Error::Conflict { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
        })
    });
    for deposit in deposits.collect::<Vec<_>>() {
        deposit.await.unwrap();
    }
    let account: Account = office.repository().get(id).await.unwrap();
    assert_eq!((account.balance, account.version()), (128, 129));
}

async fn a_dropped_save_is_done_or_not_done_and_can_be_repeated(office: Office) {
    for polls in 0..12 {
        let mut account = Account::open("Ada");
        account.deposit(1);
        {
            let mut save = std::pin::pin!(office.save(&mut account));
            let mut left = polls;
            let dropped = std::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(true);
                }
                left -= 1;
                save.as_mut().poll(context).map(|done| done.is_err())
            });
            if !dropped.await {
                continue;
            }
        }
        // it goes on where it was dropped, with what has happened since
        account.deposit(2);
        let recorded = office.save(&mut account).await.unwrap();
        assert_eq!(recorded.iter().map(|it| it.originator_version).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap().balance, 3);
    }
    let all: Vec<Notification> = NotificationLogReader::new(office.log()).read(1).try_collect().await.unwrap();
    assert!(all.iter().map(|it| it.id).eq(1..=all.len() as u64));
}
