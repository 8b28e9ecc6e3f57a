//! Dead letters change together with the events and the tracking of their append, and only if the letters it relies on exist.

use futures::FutureExt as _;
use uuid::Uuid;

use super::Fixture;
use super::atomicity::{assert_log_is_whole, dropped_after};
use super::store::{Store, append, assert_conflict, assert_same, at_once, deal, expect, numbered, versions};
use crate::recording::{
    Append, LetterChanges, LetterQuery, Notification, RecorderError, StoredEvent, StoredLetter, Tracking,
};

/// One append records events, tracking and letters, and all recorders of the store find them; an empty store has no letters.
pub async fn events_tracking_and_letters_are_recorded_by_one_append(fixture: &dyn Fixture) {
    let rule = "events, tracking and letters are recorded by one append";
    let (early, store) = (Store::open(fixture).await, Store::open(fixture).await);
    assert_eq!(store.count("Orders").await, 0, "{rule}: there are none in an empty store");
    let (events, letters) = (versions(Uuid::new_v4(), 1..=2), vec![letter(1, id(7)), letter(3, id(8))]);
    let recorded = store.append(&parking(&events, (0, 4), &letters)).await;
    assert_same(&recorded, &numbered(1, &events), rule);
    for store in [&early, &store, &Store::open(fixture).await] {
        assert_eq!(store.letters(orders()).await, letters, "{rule}: the letters");
        assert_eq!(store.count("Orders").await, 2, "{rule}: their number");
        assert_eq!(store.with_letters(&[id(8), id(9), id(7)]).await, [id(7), id(8)], "{rule}: whose they are");
        let position = expect("tracked_position", store.recorder().tracked_position("Orders").await);
        assert_eq!(position.id, 4, "{rule}: the position");
        assert_same(&store.log().await, &recorded, rule);
    }
}

/// Letters of any bytes are stored unchanged, with a checksum or without; a letter uses no notification id.
pub async fn letters_are_kept_as_they_are(fixture: &dyn Fixture) {
    let rule = "letters are kept as they are";
    let store = Store::open(fixture).await;
    let largest = i64::MAX.unsigned_abs();
    let all: Vec<u8> = (0..=255).collect();
    let letters = vec![
        StoredLetter { state: all.repeat(1_000).into(), checksum: None, ..letter(1, Uuid::nil()) },
        StoredLetter { state: [].into(), checksum: Some(u32::MAX), ..letter(2, Uuid::max()) },
        StoredLetter { state: b"\0".as_slice().into(), checksum: Some(0), ..letter(largest, id(1)) },
    ];
    store.append(&Append::new(vec![]).changing(parked(&letters))).await;
    assert_eq!(store.letters(orders()).await, letters, "{rule}");
    assert_eq!(store.last_id().await, None, "{rule}: a letter takes no place in the log");
    for changes in [
        parked(&[letter(largest + 1, id(1))]),
        taken(&[largest + 1]),
        LetterChanges { upstream: "a\0b".to_owned(), ..parked(&[letter(9, id(1))]) },
    ] {
        let outcome = store.try_append(&Append::new(versions(id(2), [1])).changing(changes.clone())).await;
        let is_refused = matches!(outcome, Err(RecorderError::OutOfRange { .. } | RecorderError::Name { .. }));
        assert!(is_refused, "{rule}: {changes:?} gives {outcome:?}");
    }
    assert_eq!(store.last_id().await, None, "{rule}: what is out of range is recorded with nothing");
}

/// Bounds, a limit and an aggregate select a part of the letters, by id; letters of other upstream applications are separate.
pub async fn letters_are_selected_by_id(fixture: &dyn Fixture) {
    let rule = "letters are selected by id";
    let store = Store::open(fixture).await;
    let letters: Vec<_> = (1..=9).map(|place| letter(place, id(u128::from(place % 2)))).collect();
    // not inserted in order
    let mut mixed = letters.clone();
    mixed.rotate_left(4);
    store.append(&Append::new(vec![]).changing(parked(&mixed))).await;
    let of_others = LetterChanges { upstream: "orders".to_owned(), ..parked(&[letter(4, id(0)), letter(11, id(3))]) };
    store.append(&Append::new(vec![]).changing(of_others)).await;
    for (query, expected) in [
        (orders(), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (orders().after(3), vec![4, 5, 6, 7, 8, 9]),
        (orders().after(3).up_to(5), vec![4, 5]),
        (orders().after(3).up_to(3), vec![]),
        (orders().after(5).up_to(3), vec![]),
        (orders().limit(2), vec![1, 2]),
        (orders().limit(0), vec![]),
        (orders().originator(id(0)), vec![2, 4, 6, 8]),
        (orders().originator(id(1)).after(3).limit(2), vec![5, 7]),
        (orders().originator(id(1)).after(2).up_to(5), vec![3, 5]),
        (orders().originator(id(3)), vec![]),
        (orders().after(u64::MAX), vec![]),
        (orders().up_to(u64::MAX).originator(id(0)), vec![2, 4, 6, 8]),
        (LetterQuery::of("orders"), vec![4, 11]),
        (LetterQuery::of("Payments"), vec![]),
    ] {
        let found: Vec<_> = store.letters(query.clone()).await.iter().map(|letter| letter.notification_id).collect();
        assert_eq!(found, expected, "{rule}: {query:?}");
    }
    assert_eq!(store.count("orders").await, 2, "{rule}: letters are counted by upstream");
    assert!(store.with_letters(&[id(3)]).await.is_empty(), "{rule}: aggregates are those of the upstream");
}

/// Each event has one letter: the first is kept.
pub async fn the_first_letter_of_an_event_stays(fixture: &dyn Fixture) {
    let rule = "the first letter of an event stays";
    let store = Store::open(fixture).await;
    let first = letter(5, id(1));
    let other = StoredLetter { state: b"another".as_slice().into(), ..first.clone() };
    store.append(&Append::new(vec![]).changing(parked(std::slice::from_ref(&first)))).await;
    store.append(&Append::new(vec![]).changing(parked(&[other.clone(), letter(6, id(1))]))).await;
    assert_eq!(store.letters(orders()).await, [first, letter(6, id(1))], "{rule}");
    // a letter that the same append takes out is replaced
    let replace = LetterChanges { taken: vec![5], ..parked(std::slice::from_ref(&other)) };
    store.append(&Append::new(vec![]).changing(replace)).await;
    assert_eq!(store.letters(orders()).await, [other, letter(6, id(1))], "{rule}, unless it is taken out");
}

/// A dead letter is taken out once: a second append that takes it out is refused, and none of its events are recorded.
pub async fn a_letter_is_taken_out_once(fixture: &dyn Fixture) {
    let rule = "a letter is taken out once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    one.append(&Append::new(vec![]).changing(parked(&[letter(1, id(1)), letter(2, id(1)), letter(3, id(2))]))).await;
    let events = versions(Uuid::new_v4(), [1]);
    one.append(&Append::new(events.clone()).changing(taken(&[1, 2]))).await;
    assert_eq!(other.letters(orders()).await, [letter(3, id(2))], "{rule}");
    assert_eq!(other.with_letters(&[id(1), id(2)]).await, [id(2)], "{rule}: an aggregate without letters has none");
    for ids in [&[1][..], &[3, 2], &[3, 3], &[4]] {
        for store in [&one, &other] {
            let late = Append::new(versions(Uuid::new_v4(), [1])).changing(taken(ids));
            assert_changed(store.try_append(&late).await, rule);
            assert_changed(store.try_append(&Append::new(vec![]).changing(taken(ids))).await, rule);
        }
    }
    assert_eq!(one.letters(orders()).await, [letter(3, id(2))], "{rule}: a refused append takes nothing out");
    assert_log_is_whole(&one, 1, rule).await;
}

/// An append that parks an event behind earlier dead letters of its aggregate is refused if those letters do not exist.
pub async fn who_waits_behind_letters_finds_them_there(fixture: &dyn Fixture) {
    let rule = "who waits behind letters finds them there";
    let store = Store::open(fixture).await;
    store.append(&parking(&[], (0, 1), &[letter(1, id(1))])).await;
    let behind = |place, who: &[Uuid]| {
        let changes = LetterChanges { behind: who.to_vec(), ..parked(&[letter(place, id(1))]) };
        Append::new(vec![]).tracked(Tracking::new("Orders", place - 1, place)).changing(changes)
    };
    store.append(&behind(2, &[id(1)])).await;
    assert_changed(store.try_append(&behind(3, &[id(1), id(2)])).await, rule);
    // the append may also take out the letters that it relies on
    let replace = LetterChanges { behind: vec![id(1)], taken: vec![1, 2], ..LetterChanges::of("Orders") };
    store.append(&Append::new(vec![]).changing(replace)).await;
    assert_changed(store.try_append(&behind(3, &[id(1)])).await, rule);
    assert_eq!(store.count("Orders").await, 0, "{rule}");
    let position = expect("tracked_position", store.recorder().tracked_position("Orders").await);
    assert_eq!(position.id, 2, "{rule}: a refused append leaves the position where it was");
}

/// Conflicts, and logs that are processed already, are reported before letters are checked, and leave the letters unchanged.
pub async fn a_refused_append_leaves_letters_as_they_were(fixture: &dyn Fixture) {
    let rule = "a refused append leaves letters as they were";
    let store = Store::open(fixture).await;
    let who = Uuid::new_v4();
    store.append(&parking(&versions(who, [1]), (0, 3), &[letter(1, id(1))])).await;
    let changes = LetterChanges { taken: vec![1], ..parked(&[letter(4, id(2))]) };
    for changes in [changes, taken(&[9])] {
        let conflict = Append::new(versions(who, [1])).tracked(Tracking::new("Orders", 3, 4)).changing(changes.clone());
        assert_conflict(store.try_append(&conflict).await, who, rule);
        let late = Append::new(versions(who, [2])).tracked(Tracking::new("Orders", 2, 4)).changing(changes);
        let outcome = store.try_append(&late).await;
        assert!(matches!(outcome, Err(RecorderError::AlreadyProcessed { recorded: 3, .. })), "{rule}: {outcome:?}");
    }
    assert_eq!(store.letters(orders()).await, [letter(1, id(1))], "{rule}");
    assert_log_is_whole(&store, 1, rule).await;
}

/// A repeated append with events is recorded once, including its letters, even after others have changed the letters.
pub async fn an_append_with_letters_repeated_is_done_once(fixture: &dyn Fixture) {
    let rule = "an append with letters repeated is done once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let (first, second) = (versions(Uuid::new_v4(), 1..=2), versions(Uuid::new_v4(), [1]));
    let park = parking(&first, (0, 3), &[letter(1, id(1)), letter(2, id(1))]);
    let take = Append::new(second).changing(taken(&[1]));
    let (parked, taken_out) = (one.append(&park).await, one.append(&take).await);
    for store in [&one, &other] {
        for (append, recorded) in [(&park, &parked), (&take, &taken_out)] {
            assert_same(&store.append(append).await, recorded, rule);
            assert_eq!(store.letters(orders()).await, [letter(2, id(1))], "{rule}: the letters");
        }
    }
    assert_log_is_whole(&one, 3, rule).await;
}

/// A repeated append without events is recognized by the letters that it parks, and changes nothing.
///
/// It is recognized if these letters are stored unchanged, its position is the tracked one, and the letters that it takes out are gone.
pub async fn an_append_that_parks_letters_repeated_is_done_once(fixture: &dyn Fixture) {
    let rule = "an append that parks letters, repeated without events, is done once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let park = parking(&[], (0, 3), &[letter(1, id(1)), letter(2, id(1))]);
    let replace = LetterChanges { taken: vec![1], ..parked(&[letter(4, id(1))]) };
    let replace = Append::new(vec![]).changing(replace);
    for (append, left) in [(&park, vec![1, 2]), (&replace, vec![2, 4])] {
        for store in [&one, &other, &one] {
            store.append(append).await;
            let letters: Vec<_> = store.letters(orders()).await.iter().map(|letter| letter.notification_id).collect();
            assert_eq!(letters, left, "{rule}");
        }
    }
    // others have changed the letters since, or these letters differ
    for append in [
        park,
        parking(&[], (0, 3), &[StoredLetter { checksum: Some(8), ..letter(2, id(1)) }]),
        parking(&[], (0, 3), &[letter(2, id(2))]),
        parking(&[], (0, 2), &[letter(2, id(1))]),
    ] {
        let outcome = one.try_append(&append).await;
        let is_refused = matches!(outcome, Err(RecorderError::AlreadyProcessed { recorded: 3, .. }));
        assert!(is_refused, "{rule}, and another is refused: {append:?} gives {outcome:?}");
    }
    assert_eq!(one.count("Orders").await, 2, "{rule}: the letters in the end");
    assert_eq!(one.last_id().await, None, "{rule}: a letter takes no place in the log");
}

/// An append with letters that is dropped at any await is recorded or not recorded, with its letters, and blocks no other.
pub async fn an_append_with_letters_dropped_half_way_is_done_or_not_done(fixture: &dyn Fixture) {
    let rule = "an append with letters dropped half way is done or not done";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    for (polls, after) in (0..=20).zip(0..) {
        let dropped = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
        let append = parking(&dropped, (after, after + 1), &[letter(after + 1, id(1))]);
        dropped_after(polls, one.recorder().append(append.clone())).await;
        let next = if polls % 2 == 0 { &one } else { &other };
        assert_same(&next.append(&append).await, &numbered(after * 2 + 1, &dropped), rule);
        assert_eq!(other.count("Orders").await, after + 1, "{rule}: the letters after {polls} polls");
    }
    assert_log_is_whole(&one, 42, rule).await;
}

/// Of many writers that take out the same letter concurrently one succeeds, whatever else they record.
pub async fn of_many_who_take_out_a_letter_one_does(fixture: &dyn Fixture) {
    let rule = "of many who take out a letter one does";
    let stores = Store::open_several(fixture, 3).await;
    let letters: Vec<_> = (1..=10).map(|place| letter(place, id(1))).collect();
    stores[0].append(&Append::new(vec![]).changing(parked(&letters))).await;
    let take = |store: Store| async move {
        let mut done = 0;
        for place in 1..=10 {
            let events = versions(Uuid::new_v4(), [1]);
            match store.try_append(&Append::new(events).changing(taken(&[place]))).await {
                Ok(_) => done += 1,
                outcome => assert_changed(outcome, rule),
            }
        }
        done
    };
    let done: usize = at_once(deal(&stores, 8).map(|store| take(store).boxed())).await.into_iter().sum();
    assert_eq!(done, 10, "{rule}: the number of appends that succeeded");
    assert_eq!(stores[1].count("Orders").await, 0, "{rule}");
    assert_log_is_whole(&stores[2], 10, rule).await;
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn letter(notification_id: u64, originator_id: Uuid) -> StoredLetter {
    let state = format!("letter {notification_id}").into_bytes().into();
    StoredLetter { notification_id, originator_id, state, checksum: Some(7) }
}

fn orders() -> LetterQuery {
    LetterQuery::of("Orders")
}

fn parked(letters: &[StoredLetter]) -> LetterChanges {
    LetterChanges { parked: letters.to_vec(), ..LetterChanges::of("Orders") }
}

fn taken(ids: &[u64]) -> LetterChanges {
    LetterChanges { taken: ids.to_vec(), ..LetterChanges::of("Orders") }
}

fn parking(events: &[StoredEvent], (after, position): (u64, u64), letters: &[StoredLetter]) -> Append {
    Append::new(events.to_vec()).tracked(Tracking::new("Orders", after, position)).changing(parked(letters))
}

/// Asserts that an append was refused because letters of Orders do not exist.
fn assert_changed(outcome: Result<Vec<Notification>, RecorderError>, rule: &str) {
    match outcome {
        Err(RecorderError::LettersChanged { upstream }) => {
            assert_eq!(upstream, "Orders", "{rule}: the upstream of the error")
        }
        Err(error) => panic!("{rule}: LettersChanged was expected, and the error is: {error} ({error:?})"),
        Ok(_) => panic!("{rule}: LettersChanged was expected, and the append was done"),
    }
}

/// Like [`Store::insert`] and [`Store::try_insert`], with letters.
impl Store {
    async fn try_append(&self, append: &Append) -> Result<Vec<Notification>, RecorderError> {
        self.patiently(|| self.recorder().append(append.clone())).await
    }

    async fn append(&self, append: &Append) -> Vec<Notification> {
        expect("append", self.try_append(append).await)
    }

    async fn letters(&self, query: LetterQuery) -> Vec<StoredLetter> {
        expect("select_letters", self.patiently(|| self.recorder().select_letters(query.clone())).await)
    }

    async fn count(&self, upstream: &str) -> u64 {
        expect("count_letters", self.patiently(|| self.recorder().count_letters(upstream)).await)
    }

    async fn with_letters(&self, originators: &[Uuid]) -> Vec<Uuid> {
        let look_up = || self.recorder().originators_with_letters("Orders", originators);
        let mut found = expect("originators_with_letters", self.patiently(look_up).await);
        found.sort_unstable();
        found
    }
}
