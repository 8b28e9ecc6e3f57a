//! The list of all aggregates of a type.

use eventsourcing::prelude::*;

use super::{Account, Note, Office, in_each_database};

in_each_database! {
    all_aggregates_of_a_type_are_listed_as_they_were_created
    a_list_continues_from_the_position_of_any_entry
    a_list_is_collected_or_read_as_a_stream
}

/// Saves accounts, each with a deposit, and a note after each of them.
async fn filled(office: &Office, accounts: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for _ in 0..accounts {
        let (mut account, mut note) = (Account::open(), Note::begin());
        account.deposit(1);
        office.save((&mut account, &mut note)).await.unwrap();
        ids.push(account.id());
    }
    ids
}

async fn all_aggregates_of_a_type_are_listed_as_they_were_created(office: Office) {
    assert_eq!(office.repository().count::<Account>().await.unwrap(), 0);
    assert!(office.repository().ids::<Account>().next().await.is_none());
    let ids = filled(&office, 7).await;
    // a later event is not another aggregate
    let mut first: Account = office.repository().get(ids[0]).await.unwrap();
    first.deposit(1);
    office.save(&mut first).await.unwrap();
    let listed: Vec<_> = office.repository().ids::<Account>().page_size(2).try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), ids);
    assert_eq!(office.repository().count::<Account>().await.unwrap(), 7);
    assert_eq!(office.repository().count::<Note>().await.unwrap(), 7);
}

async fn a_list_continues_from_the_position_of_any_entry(office: Office) {
    let ids = filled(&office, 5).await;
    let page = office.repository().ids::<Account>().page(2).await.unwrap();
    let rest = office.repository().ids::<Account>().after(page[1].position).page(10).await.unwrap();
    assert_eq!(page.iter().chain(&rest).map(|one| one.id).collect::<Vec<_>>(), ids);
    let end = rest.last().unwrap().position;
    assert!(office.repository().ids::<Account>().after(end).page(10).await.unwrap().is_empty());
    // later ones are found from there
    let later = filled(&office, 1).await;
    let found = office.repository().ids::<Account>().after(end).try_next().await.unwrap().unwrap();
    assert_eq!(found.id, later[0]);
}

async fn a_list_is_collected_or_read_as_a_stream(office: Office) {
    let ids = filled(&office, 5).await;
    let mut list = office.repository().ids::<Account>().page_size(2);
    assert_eq!(list.try_next().await.unwrap().unwrap().id, ids[0]);
    let rest: Vec<_> = list.try_collect().await.unwrap();
    assert_eq!(rest.iter().map(|one| one.id).collect::<Vec<_>>(), ids[1..]);
    let stream = office.repository().ids::<Account>().page_size(3);
    let streamed: Vec<_> = futures::StreamExt::collect::<Vec<_>>(stream).await;
    assert_eq!(streamed.into_iter().map(|one| one.unwrap().id).collect::<Vec<_>>(), ids);
}
