//! Dictionaries are stored unchanged, the first of each id permanently, and all recorders of the store find them.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, assert_same, at_once, numbered, versions};
use crate::recording::{NotificationQuery, StoredDictionary};

/// A dictionary is returned as it was stored: any bytes, with a checksum or without one.
pub async fn dictionaries_are_kept_as_they_are(fixture: &dyn Fixture) {
    let rule = "a dictionary is kept as it is";
    let store = Store::open(fixture).await;
    assert_eq!(store.dictionaries(0).await, [], "{rule}: an empty store has none");
    let any_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    let dictionaries = [
        StoredDictionary { id: 1, bytes: any_bytes, checksum: Some(u32::MAX) },
        StoredDictionary { id: 2, bytes: vec![0], checksum: None },
        StoredDictionary { id: 3, bytes: Vec::new(), checksum: Some(0) },
        StoredDictionary { id: u32::MAX, bytes: b"'\"\\".to_vec(), checksum: Some(1 << 31) },
    ];
    for dictionary in &dictionaries {
        assert!(store.insert_dictionary(dictionary).await, "{rule}: {dictionary:?} is kept, and was said not to be");
    }
    assert_eq!(store.dictionaries(0).await, dictionaries, "{rule}");
}

/// A second dictionary with the same id is not stored, is reported as not stored, and changes nothing.
pub async fn the_first_dictionary_of_an_id_stays(fixture: &dyn Fixture) {
    let rule = "the first dictionary of an id stays";
    let store = Store::open(fixture).await;
    let (first, second) = (dictionary(1, 1), dictionary(1, 2));
    assert!(store.insert_dictionary(&first).await, "{rule}: it is kept");
    for later in [&second, &first] {
        assert!(!store.insert_dictionary(later).await, "{rule}: a later one is not kept");
        assert_eq!(store.dictionaries(0).await, std::slice::from_ref(&first), "{rule}");
    }
}

/// Only dictionaries with ids greater than the given one are selected, the lowest id first.
pub async fn dictionaries_are_selected_by_id(fixture: &dyn Fixture) {
    let rule = "dictionaries after an id are selected, by id";
    let store = Store::open(fixture).await;
    for id in [10, 2, 1, 300] {
        assert!(store.insert_dictionary(&dictionary(id, 1)).await, "{rule}");
    }
    for (after, expected) in
        [(0, vec![1, 2, 10, 300]), (1, vec![2, 10, 300]), (10, vec![300]), (300, vec![]), (u32::MAX, vec![])]
    {
        let ids: Vec<u32> = store.dictionaries(after).await.iter().map(|dictionary| dictionary.id).collect();
        assert_eq!(ids, expected, "{rule}: after {after}");
    }
}

/// A dictionary is found by all recorders of the store, whether they opened it before or after it was stored.
pub async fn dictionaries_are_found_by_all_who_open_the_store(fixture: &dyn Fixture) {
    let rule = "a dictionary is found by all who open the store";
    let (early, writer) = (Store::open(fixture).await, Store::open(fixture).await);
    let kept = dictionary(1, 7);
    assert!(writer.insert_dictionary(&kept).await, "{rule}: it is kept");
    for store in [&early, &writer, &Store::open(fixture).await] {
        assert_eq!(store.dictionaries(0).await, std::slice::from_ref(&kept), "{rule}");
        assert!(!store.insert_dictionary(&dictionary(1, 8)).await, "{rule}: its id is taken");
    }
}

/// Of many writers that store a dictionary of one id concurrently, one succeeds, and its dictionary is stored.
pub async fn of_many_dictionaries_of_an_id_at_once_one_is_kept(fixture: &dyn Fixture) {
    let rule = "of many dictionaries of an id at once one is kept";
    let stores = Store::open_several(fixture, 4).await;
    for id in 1..=10 {
        let tasks = stores.iter().cloned().zip(0..).map(|(store, writer)| async move {
            let dictionary = dictionary(id, writer);
            store.insert_dictionary(&dictionary).await.then_some(dictionary)
        });
        let kept: Vec<_> = at_once(tasks).await.into_iter().flatten().collect();
        assert_eq!(kept.len(), 1, "{rule}: the number of dictionaries that were kept for id {id}");
        for store in &stores {
            assert_eq!(store.dictionaries(id - 1).await, kept, "{rule}: id {id}");
        }
    }
}

/// Storing a dictionary uses no notification id.
pub async fn a_dictionary_is_no_event(fixture: &dyn Fixture) {
    let rule = "a dictionary takes no place in the log";
    let store = Store::open(fixture).await;
    let events = versions(Uuid::new_v4(), 1..=2);
    store.insert(&events[..1]).await;
    store.insert_dictionary(&dictionary(1, 1)).await;
    assert_eq!(store.last_id().await, Some(1), "{rule}");
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
    assert_same(&store.notifications(NotificationQuery::after(0, 10)).await, &numbered(1, &events), rule);
}

fn dictionary(id: u32, byte: u8) -> StoredDictionary {
    StoredDictionary { id, bytes: vec![byte; 1_000], checksum: Some(u32::from(byte)) }
}
