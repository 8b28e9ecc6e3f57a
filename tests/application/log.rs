//! The notification log: its sections and its selections.

use eventsourcing::prelude::*;

use super::{Account, Note, Office, in_each_database};

in_each_database! {
    sections_are_numbered_as_they_should_be
    a_section_id_that_is_none_is_refused
    selections_can_be_limited
    a_selection_over_the_maximum_is_refused
}

async fn sections_are_numbered_as_they_should_be(_: Office) {
    let office = Office::builder().variables([("PERSISTENCE_MODULE", "memory")]).section_size(5).open().await.unwrap();
    let mut account = Account::open();
    (0..4).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
    let section = async |id: &str| {
        let Section { id, items, next_id, .. } = office.log().section(id).await.unwrap();
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
            format!("`{id}` is not a section id; expected the first and the last notification id, such as `1,10`")
        );
    }
}

async fn selections_can_be_limited(office: Office) {
    let (mut account, mut note) = (Account::open(), Note::begin());
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
        "a selection of 10001 notifications exceeds the limit of 10000; read the log page by page, or with a NotificationLogReader"
    );
}
