//! Dictionaries: small states shrink, and a state stays readable for every application that has its dictionary.
#![cfg(all(feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "dictionaries/bank.rs"]
mod bank;

use std::sync::Arc;

use async_trait::async_trait;
use bank::{Account, balance, bank, compressors, deposit, save_account, stored_len, sum, zstd};
use eventsourcing_core::codec::cipher::ChaCha20Poly1305Cipher;
use eventsourcing_core::codec::{CipherKey, Dictionary, MapperFailure};
use eventsourcing_core::recording::{EventQuery, MemoryRecorder, NotificationQuery, StoredDictionary};
use eventsourcing_core::{
    Application, Error, Mapper, Notification, Recorder, RecorderError, StoredEvent, TrainingError,
};

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

const PLAIN: u8 = 0;
const ZSTD_WITH_A_DICTIONARY: u8 = 2;

fn encrypting(key: &CipherKey) -> Mapper {
    zstd().with_cipher(ChaCha20Poly1305Cipher::new(key))
}

/// An application with the dictionary of its schema.
async fn prepared(recorder: &MemoryRecorder, mapper: Mapper) -> Application {
    let bank = bank(recorder, mapper);
    bank.prepare_dictionaries().await.unwrap();
    bank
}

/// Records enough events to train on.
async fn fill(bank: &Application) {
    for _ in 0..20 {
        save_account(bank, 20).await;
    }
}

async fn stored(recorder: &MemoryRecorder) -> Vec<StoredDictionary> {
    recorder.select_dictionaries(0).await.unwrap()
}

#[tokio::test]
async fn the_first_dictionary_is_made_of_the_schema_and_shrinks_events() {
    let plain = bank(&MemoryRecorder::new(), Mapper::new("bank"));
    let without = bank(&MemoryRecorder::new(), zstd());
    let with = prepared(&MemoryRecorder::new(), zstd()).await;
    assert_eq!(with.mapper().dictionary_in_use(), Some(1));
    let mut lens = Vec::new();
    for bank in [&plain, &without, &with] {
        let id = save_account(bank, 50).await;
        assert_eq!(balance(bank, id).await, sum(50));
        lens.push(stored_len(bank).await);
    }
    // of the 180 bytes of each, 36 are a random id
    assert!(lens[2] * 4 < lens[0] * 3 && lens[2] * 4 < lens[1] * 3, "{lens:?}");
}

#[tokio::test]
async fn a_dictionary_is_made_once() {
    let recorder = MemoryRecorder::new();
    let first = prepared(&recorder, zstd()).await;
    let (second, third) = (prepared(&recorder, zstd()).await, prepared(&recorder, Mapper::new("bank")).await);
    assert_eq!(stored(&recorder).await.len(), 1);
    let id = save_account(&first, 3).await;
    assert_eq!(compressors(&first).await, [ZSTD_WITH_A_DICTIONARY; 4]);
    for bank in [&second, &third] {
        assert_eq!(balance(bank, id).await, sum(3));
    }
    // whoever does not compress reads, and writes plain JSON
    assert_eq!(third.mapper().dictionary_in_use(), None);
    save_account(&third, 0).await;
    assert_eq!(compressors(&first).await[4], PLAIN);
}

#[tokio::test]
async fn no_dictionary_is_made_where_none_is_asked_for() {
    for mapper in [Mapper::new("bank"), zstd()] {
        let recorder = MemoryRecorder::new();
        prepared(&recorder, Mapper::new("bank")).await;
        let unnamed = Application::builder("Bank").recorder(Arc::new(recorder.clone())).mapper(mapper).open().unwrap();
        unnamed.prepare_dictionaries().await.unwrap();
        assert!(stored(&recorder).await.is_empty());
    }
}

#[tokio::test]
async fn states_of_an_older_dictionary_are_read_after_a_newer_one_was_trained() {
    let recorder = MemoryRecorder::new();
    let bank = prepared(&recorder, zstd()).await;
    let old = save_account(&bank, 30).await;
    fill(&bank).await;
    let trained = bank.train_dictionary().await.unwrap();
    assert_eq!((trained.id, bank.mapper().dictionary_in_use()), (Some(2), Some(2)));
    assert!(trained.ratio_after > trained.ratio_before && trained.samples == 451, "{trained:?}");
    let new = save_account(&bank, 30).await;
    for bank in [&bank, &prepared(&recorder, zstd()).await] {
        assert_eq!((balance(bank, old).await, balance(bank, new).await), (sum(30), sum(30)));
    }
    let lens = |log: Vec<StoredEvent>| log.iter().map(|event| event.state.len()).sum::<usize>();
    let of = |id| recorder.select_events(EventQuery::of(id));
    assert!(lens(of(new).await.unwrap()) < lens(of(old).await.unwrap()));
}

#[tokio::test]
async fn an_application_reads_states_of_a_dictionary_trained_after_it_opened() {
    for mapper in [zstd, || encrypting(&CipherKey::parse(KEY).unwrap())] {
        let recorder = MemoryRecorder::new();
        let (early, trainer) = (prepared(&recorder, mapper()).await, prepared(&recorder, mapper()).await);
        fill(&early).await;
        let mixed = save_account(&early, 5).await;
        assert_eq!(trainer.train_dictionary().await.unwrap().id, Some(2));
        let mut account: Account = trainer.repository().get(mixed).await.unwrap();
        deposit(&trainer, &mut account, 5).await;
        assert_eq!(early.mapper().dictionary_in_use(), Some(1));
        // in the middle of its events it needs the other dictionary
        assert_eq!(balance(&early, mixed).await, 2 * sum(5));
        assert_eq!(early.mapper().dictionary_in_use(), Some(2));
    }
}

#[tokio::test]
async fn a_state_whose_dictionary_is_gone_says_which() {
    let recorder = MemoryRecorder::new();
    let bank = prepared(&recorder, zstd()).await;
    let id = save_account(&bank, 1).await;
    let copy = MemoryRecorder::new();
    copy.insert_events(recorder.select_events(EventQuery::of(id)).await.unwrap()).await.unwrap();
    let error = bank::bank(&copy, zstd()).repository().get::<Account>(id).await.unwrap_err();
    let Error::Mapper(error) = error else { panic!("{error}") };
    assert_eq!(error.unknown_dictionary(), Some(1));
    assert_eq!(
        error.failure.to_string(),
        "its state was compressed with dictionary 1, which is not loaded; load the dictionaries of the application, \
         or restore the table that keeps them from a backup"
    );
}

#[tokio::test]
async fn a_trained_dictionary_that_is_no_better_is_given_up() {
    let recorder = MemoryRecorder::new();
    let bank = prepared(&recorder, zstd()).await;
    fill(&bank).await;
    assert_eq!(bank.train_dictionary().await.unwrap().id, Some(2));
    let again = bank.train_dictionary().await.unwrap();
    if let Some(id) = again.id {
        // trained on the same events it is hardly ever better; if so it is stored
        assert!(again.ratio_after > again.ratio_before && stored(&recorder).await.last().unwrap().id == id);
    } else {
        assert!(again.ratio_after <= again.ratio_before && stored(&recorder).await.len() == 2, "{again:?}");
    }
}

#[tokio::test]
async fn of_two_trainers_at_once_one_stores_and_both_use_it() {
    let recorder = MemoryRecorder::new();
    let (one, other) = (prepared(&recorder, zstd()).await, prepared(&recorder, zstd()).await);
    fill(&one).await;
    let (of_one, of_other) = futures::join!(one.train_dictionary(), other.train_dictionary());
    let ids = [of_one.unwrap().id, of_other.unwrap().id];
    // unless one was done before the other began, and then the other's is compared with it
    assert!(ids.contains(&Some(2)), "{ids:?}");
    let last = stored(&recorder).await.last().unwrap().id;
    for bank in [&one, &other] {
        bank.load_dictionaries().await.unwrap();
        assert_eq!(bank.mapper().dictionary_in_use(), Some(last));
    }
}

#[tokio::test]
async fn the_loser_of_a_race_takes_the_winners_dictionary() {
    let recorder = MemoryRecorder::new();
    let loser = bank(&recorder, zstd());
    fill(&loser).await;
    let rigged = Application::builder("Bank").recorder(Arc::new(Overtaken(recorder.clone()))).mapper(zstd());
    let rigged = rigged.open().unwrap();
    let trained = rigged.train_dictionary().await.unwrap();
    assert_eq!((trained.id, rigged.mapper().dictionary_in_use()), (None, Some(1)));
    assert_eq!(stored(&recorder).await.len(), 1);
}

/// A recorder on which another process always stores a dictionary first.
#[derive(Debug)]
struct Overtaken(MemoryRecorder);

#[async_trait]
impl Recorder for Overtaken {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.0.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.0.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.0.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.0.max_notification_id().await
    }

    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let samples = (0..500).map(|number: u32| format!(r#"{{"amount":{},"purpose":"invoice"}}"#, number * 7_919));
        let winner = Dictionary::train(dictionary.id, samples, 1024).unwrap();
        assert!(self.0.insert_dictionary(zstd().seal_dictionary(&winner).unwrap()).await?);
        self.0.insert_dictionary(dictionary).await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.0.select_dictionaries(after).await
    }
}

#[tokio::test]
async fn too_few_events_and_another_compressor_are_refused_with_what_is_needed() {
    let bank = prepared(&MemoryRecorder::new(), zstd()).await;
    save_account(&bank, 98).await;
    let error = bank.train_dictionary().await.unwrap_err();
    assert!(matches!(error, Error::Training(TrainingError::TooFewEvents { found: 99, needed: 100 })), "{error}");
    assert_eq!(
        error.to_string(),
        "99 events are too few to train a dictionary, which needs 100; record more events first"
    );
    save_account(&bank, 0).await;
    bank.train_dictionary().await.unwrap();
    let plain = bank::bank(&MemoryRecorder::new(), Mapper::new("bank"));
    let error = plain.train_dictionary().await.unwrap_err();
    assert!(matches!(error, Error::Training(TrainingError::NotZstd)), "{error}");
}

#[tokio::test]
async fn an_event_that_cannot_be_opened_is_named_and_nothing_is_trained() {
    let recorder = MemoryRecorder::new();
    let bank = bank(&recorder, zstd());
    let id = save_account(&bank, 200).await;
    let mut events = recorder.select_events(EventQuery::of(id)).await.unwrap();
    Arc::make_mut(&mut events[120].state)[40] ^= 1;
    let altered = MemoryRecorder::new();
    altered.insert_events(events).await.unwrap();
    let error = bank::bank(&altered, zstd()).train_dictionary().await.unwrap_err();
    assert!(matches!(&error, Error::Mapper(error) if error.originator_version == 121), "{error}");
    assert!(stored(&altered).await.is_empty());
}

#[tokio::test]
async fn no_flipped_bit_of_a_dictionary_passes() {
    let recorder = MemoryRecorder::new();
    let bank = prepared(&recorder, zstd()).await;
    let id = save_account(&bank, 1).await;
    let [whole] = <[_; 1]>::try_from(stored(&recorder).await).unwrap();
    for bit in (0..whole.bytes.len() * 8).step_by(61) {
        let mut altered = whole.clone();
        altered.bytes[bit / 8] ^= 1 << (bit % 8);
        let error = zstd().learn_dictionary(&altered).unwrap_err();
        assert!(matches!(error.failure, MapperFailure::Corrupt { .. }), "bit {bit}: {error}");
    }
    let mut altered = whole;
    altered.bytes[1_000] ^= 1;
    let copy = MemoryRecorder::new();
    copy.insert_dictionary(altered).await.unwrap();
    copy.insert_events(recorder.select_events(EventQuery::of(id)).await.unwrap()).await.unwrap();
    // it opens, and makes itself another one
    let bank = prepared(&copy, zstd()).await;
    assert_eq!(bank.mapper().dictionary_in_use(), Some(2));
    let error = bank.repository().get::<Account>(id).await.unwrap_err();
    let expected = "its state was compressed with a dictionary that cannot be used: dictionary 1 cannot be read: \
                    its state was altered since it was recorded (its checksum does not match); restore it from a backup";
    assert!(error.to_string().ends_with(expected), "{error}");
}
