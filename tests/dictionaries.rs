//! Dictionaries in each database: created when an application opens, trained on its log, shared by all its processes.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use eventsourcing::prelude::*;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Parcel {
    recipient: String,
    places: Vec<String>,
}

#[aggregate]
impl Parcel {
    #[event("Accepted")]
    fn accept(recipient: &str) -> Self {
        Self { recipient: recipient.to_owned(), places: Vec::new() }
    }

    #[event("Scanned")]
    fn scan(&mut self, place: &str, grams: u32) {
        let _ = grams;
        self.places.push(place.to_owned());
    }
}

#[application(aggregates(Parcel))]
#[derive(Debug)]
struct Post;

/// 32 bytes from 1 to 32.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

async fn open(variables: &[(String, String)], more: &[(&str, &str)]) -> Post {
    try_open(variables, more).await.unwrap()
}

async fn try_open(variables: &[(String, String)], more: &[(&str, &str)]) -> Result<Post> {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Post::open_with(variables.iter().cloned().chain(more)).await
}

const ZSTD: (&str, &str) = ("COMPRESSOR_TOPIC", "zstd");

fn sent(scans: u32) -> Parcel {
    let mut parcel = Parcel::accept("Grace Hopper");
    for scan in 0..scans {
        parcel.scan(["Arlington", "New York", "Philadelphia"][scan as usize % 3], 1_906 + scan * 7_919 % 1_000);
    }
    parcel
}

async fn save(post: &Post, mut parcel: Parcel) -> Parcel {
    post.save(&mut parcel).await.unwrap();
    parcel
}

async fn stored_len(post: &Post) -> usize {
    post.log().select(1, 10_000).await.unwrap().iter().map(|it| it.state.len()).sum()
}

#[tokio::test]
async fn states_of_any_dictionary_are_read_by_earlier_and_later_openers() {
    let folder = tempfile::tempdir().unwrap();
    for (variables, key) in [
        (common::sqlite_file(&folder), ""),
        (common::sqlite_file(&folder), KEY),
        (common::postgres(), ""),
        (common::postgres(), KEY),
    ] {
        let settings = [ZSTD, ("CIPHER_KEY", key)];
        let (early, trainer) = (open(&variables, &settings).await, open(&variables, &settings).await);
        assert_eq!(early.mapper().dictionary_in_use(), Some(1));
        let first = save(&early, sent(200)).await;
        let trained = trainer.train_dictionary().await.unwrap();
        assert_eq!(trained.id, Some(2), "{trained:?}");
        let second = save(&trainer, sent(200)).await;
        let mut both: Parcel = trainer.repository().get(first.id()).await.unwrap();
        both.scan("Arlington", 1_992);
        let both = save(&trainer, both).await;
        // the one that opened before, one that opens later, and one that does not compress
        for post in [early, open(&variables, &settings).await, open(&variables, &[("CIPHER_KEY", key)]).await] {
            assert_eq!(post.repository().get::<Parcel>(both.id()).await.unwrap(), both);
            assert_eq!(post.repository().get_at::<Parcel>(both.id(), 201).await.unwrap(), first);
            assert_eq!(post.repository().get::<Parcel>(second.id()).await.unwrap(), second);
        }
        let dictionaries = trainer.recorder().select_dictionaries(0).await.unwrap();
        let shows = |word: &[u8]| dictionaries[1].bytes.windows(word.len()).any(|bytes| bytes == word);
        assert_eq!((dictionaries.len(), shows(b"Philadelphia")), (2, key.is_empty()));
    }
}

#[tokio::test]
async fn a_history_goes_on_with_a_dictionary_that_was_trained_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    for variables in [common::sqlite_file(&folder), common::postgres()] {
        let early = [open(&variables, &[ZSTD]).await, open(&variables, &[ZSTD]).await];
        let trainer = open(&variables, &[ZSTD]).await;
        let mut parcel = save(&trainer, sent(200)).await;
        assert_eq!(trainer.train_dictionary().await.unwrap().id, Some(2));
        (0..3).for_each(|_| parcel.scan("Arlington", 1_992));
        save(&trainer, parcel.clone()).await;
        // the dictionary is missing in the middle of a page, and at the beginning of one
        for (early, page_size) in early.iter().zip([100, 201]) {
            let mut history = early.repository().history::<Parcel>(parcel.id()).page_size(page_size);
            let mut last = None;
            for version in 1..=204 {
                let next = history.try_next().await.unwrap().unwrap();
                assert_eq!(next.state.version(), version);
                last = Some(next.state);
            }
            assert_eq!(last.unwrap(), parcel);
            assert!(history.try_next().await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn many_who_open_at_once_make_one_dictionary() {
    let folder = tempfile::tempdir().unwrap();
    for variables in [common::sqlite_file(&folder), common::postgres()] {
        open(&variables, &[]).await.close().await;
        let settings = [ZSTD, ("POSTGRES_POOL_SIZE", "1")];
        let posts = futures::future::join_all((0..8).map(|_| open(&variables, &settings))).await;
        for post in &posts {
            assert_eq!(post.mapper().dictionary_in_use(), Some(1));
            save(post, sent(1)).await;
        }
        assert_eq!(posts[0].recorder().select_dictionaries(0).await.unwrap().len(), 1);
        let log = posts[0].log().select(1, 100).await.unwrap();
        assert!(log.len() == 16 && log.iter().all(|it| it.state[1] >> 4 == 2), "{log:?}");
    }
}

#[tokio::test]
async fn the_schema_s_dictionary_shrinks_a_log_and_a_trained_one_more() {
    let mut lens = Vec::new();
    for settings in [[].as_slice(), &[ZSTD]] {
        let post = open(&common::sqlite(":memory:"), settings).await;
        save(&post, sent(300)).await;
        lens.push(stored_len(&post).await);
        if !settings.is_empty() {
            let trained = post.train_dictionary().await.unwrap();
            assert!(trained.id == Some(2) && trained.ratio_before > 1.1 && trained.ratio_after > 1.5, "{trained:?}");
        }
    }
    // of the 77 bytes of each, 20 are digits of its time
    assert!(lens[1] * 10 < lens[0] * 9, "{lens:?}");
}

#[tokio::test]
async fn a_wrong_key_leaves_no_dictionary_behind() {
    let folder = tempfile::tempdir().unwrap();
    let variables = common::sqlite_file(&folder);
    let post = open(&variables, &[ZSTD, ("CIPHER_KEY", KEY)]).await;
    save(&post, sent(1)).await;
    let other = CipherKey::create();
    for settings in [[ZSTD, ("CIPHER_KEY", other.as_str())].as_slice(), &[ZSTD]] {
        try_open(&variables, settings).await.unwrap_err();
    }
    assert_eq!(post.recorder().select_dictionaries(0).await.unwrap().len(), 1);
}

/// The application opens with damaged dictionaries, and reads of their states are errors that name the cause.
#[tokio::test]
async fn states_name_their_dictionary_if_it_was_altered_or_swapped() {
    let swap = "UPDATE post_dictionaries SET id = 9 WHERE id = 1; UPDATE post_dictionaries SET id = 1 WHERE id = 2; \
                UPDATE post_dictionaries SET id = 2 WHERE id = 9";
    let flip =
        "UPDATE post_dictionaries SET bytes = CAST(substr(bytes, 1, 500) || x'ff00ff' || substr(bytes, 504) AS BLOB)";
    let altered = "(its checksum does not match)";
    let moved = "moved here from another";
    // another one was made in its place
    let gone = "dictionary 1 is not the one that it was compressed with";
    for (key, damage, said) in [
        ("", swap, altered),
        ("", flip, altered),
        ("", "UPDATE post_dictionaries SET checksum = checksum + 1", altered),
        ("", "DELETE FROM post_dictionaries", gone),
        (KEY, swap, moved),
        (KEY, flip, moved),
        (KEY, "UPDATE post_dictionaries SET bytes = x'37a430ec', checksum = 1", "its state is not encrypted"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let variables = common::sqlite_file(&folder);
        let settings = [ZSTD, ("CIPHER_KEY", key)];
        let post = open(&variables, &settings).await;
        let parcel = save(&post, sent(200)).await;
        assert_eq!(post.train_dictionary().await.unwrap().id, Some(2));
        let later = save(&post, sent(3)).await;
        post.close().await;
        let options = SqliteConnectOptions::new().filename(&variables[1].1);
        let mut outsider = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(damage)).execute(&mut outsider).await.unwrap();
        outsider.close().await.unwrap();

        let post = open(&variables, &settings).await;
        let error = post.repository().get::<Parcel>(parcel.id()).await.unwrap_err();
        assert!(error.to_string().contains(said), "{damage}: {error}");
        post.repository().get::<Parcel>(later.id()).await.unwrap_err();
        let new = save(&post, sent(3)).await;
        // what is written from now on is read
        let read: Result<Parcel> = post.repository().get(new.id()).await;
        assert_eq!(read.unwrap(), new, "{damage}");
    }
}
