//! Saves: whole or refused, with the versions in a conflict, and never recorded twice.

use eventsourcing::RecorderError;
use eventsourcing::prelude::*;

use super::{Account, Note, Office, in_each_database};

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

in_each_database! {
    an_aggregate_comes_back_as_it_was_saved
    a_save_of_nothing_records_nothing
    everything_of_one_save_is_recorded_or_nothing
    anything_with_events_can_be_saved
    pending_events_leave_only_when_recorded
    a_conflict_names_the_versions
    of_two_clones_one_is_in_conflict
    an_id_that_is_taken_is_named_with_what_was_to_be_made
    sixty_four_tasks_lose_no_update
    a_dropped_save_is_done_or_not_done_and_can_be_repeated
}

async fn an_aggregate_comes_back_as_it_was_saved(office: Office) {
    let mut account = Account::open();
    account.deposit(10);
    let recorded = office.save(&mut account).await.unwrap();
    assert_eq!(recorded.iter().map(|it| (it.id, it.originator_version)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    assert!(account.pending_events().is_empty());
    let copy: Account = office.repository().get(account.id()).await.unwrap();
    assert_eq!(copy, account);
    assert_eq!((copy.created_on(), copy.modified_on()), (account.created_on(), account.modified_on()));
}

async fn a_save_of_nothing_records_nothing(office: Office) {
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    assert!(office.save(&mut account).await.unwrap().is_empty());
    assert!(office.save(Vec::<&mut Account>::new()).await.unwrap().is_empty());
    assert_eq!(office.log().max_id().await.unwrap(), Some(1));
}

async fn everything_of_one_save_is_recorded_or_nothing(office: Office) {
    let mut stale = Account::open();
    office.save(&mut stale).await.unwrap();
    let mut current: Account = office.repository().get(stale.id()).await.unwrap();
    current.deposit(1);
    office.save(&mut current).await.unwrap();

    stale.deposit(2);
    let (mut before, mut after) = (Account::open(), Note::begin());
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
    let (mut one, mut two, mut note) = (Account::open(), Account::open(), Note::begin());
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
    let mut account = Account::open();
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
    let mut account = Account::open();
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
        format!("version 2 of {id} was not recorded: version 4 is already recorded; get the aggregate again and retry")
    );
}

#[test]
fn a_conflict_about_a_missing_predecessor_says_what_is_recorded() {
    let originator_id = Uuid::nil();
    let conflict = RecorderError::Conflict { originator_id, tried: 5, recorded: 3 };
    let said = format!("version 5 of {originator_id} was not recorded: the last recorded version is 3");
    assert_eq!(conflict.to_string(), said);
    assert_eq!(Error::from(conflict).to_string(), format!("{said}; get the aggregate again and retry"));
}

async fn of_two_clones_one_is_in_conflict(office: Office) {
    let mut one = Account::open();
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
            "`Page.Created` was not recorded: an aggregate with the id {id} already exists, at version 2; \
             get the existing aggregate, or create the new one with another id"
        )
    );
    assert!(!error.is_retryable());
    // also among others, as an event, and together with a position
    let (mut account, mut taken) = (Account::open(), Page::create(id));
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

async fn sixty_four_tasks_lose_no_update(office: Office) {
    let mut account = Account::open();
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
        let mut account = Account::open();
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
