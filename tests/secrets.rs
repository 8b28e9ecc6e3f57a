//! Values that are encrypted in the log are nowhere in plain text: not in errors, log lines or tables.
#![cfg(all(feature = "sqlite", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/logger.rs"]
mod logger;

use std::fmt::{Debug, Display};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing::database::SqliteViews;
use eventsourcing::prelude::*;
use eventsourcing::projection::Views as _;
use eventsourcing::{DeadLetters, EventContext, OnFailure, ProjectionRunner};
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use logger::Logger;

const SECRET: &str = "4111-1111-1111-1111";
/// The reason that a handler returns: it may be in logs and errors, and not in tables.
const SAID: &str = "Hedy Lamarr";

/// The program that recorded.
mod before {
    use std::collections::BTreeMap;

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(super) struct Customer {
        cards: usize,
    }

    #[aggregate]
    impl Customer {
        #[event("Registered")]
        pub(super) fn register() -> Self {
            Self { cards: 0 }
        }

        #[event("Paid")]
        pub(super) fn pay(&mut self, card: String) {
            self.cards += card.len();
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by_card: BTreeMap<String, u32>) {
            self.cards += by_card.len();
        }

        #[event("Shown")]
        pub(super) fn show(&mut self, card: String) {
            self.cards += card.len();
        }
    }
}

/// A program that reads it as something else.
#[expect(dead_code, reason = "it only reads")]
mod after {
    use std::collections::BTreeMap;

    use eventsourcing::prelude::*;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize};

    /// Repeats its input in an error.
    #[derive(Clone, Debug, Serialize)]
    pub(super) struct Talkative(String);

    impl<'de> Deserialize<'de> for Talkative {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
            Err(D::Error::custom(format!("`{}` is no card", String::deserialize(deserializer)?)))
        }
    }

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(super) struct Customer {
        cards: usize,
    }

    #[aggregate]
    impl Customer {
        #[event("Registered")]
        pub(super) fn register() -> Self {
            Self { cards: 0 }
        }

        #[event("Paid")]
        pub(super) fn pay(&mut self, card: u64) {
            self.cards += usize::from(card > 0);
        }

        #[event("Counted")]
        pub(super) fn count(&mut self, by_card: BTreeMap<u64, u32>) {
            self.cards += by_card.len();
        }

        #[event("Shown")]
        pub(super) fn show(&mut self, card: Talkative) {
            drop(card);
        }
    }
}

#[application]
#[derive(Clone, Debug)]
struct Shop;

struct Cards;

#[projection("cards")]
impl Cards {
    #[on]
    async fn registered(
        &self,
        _: &after::CustomerRegistered,
        _: &EventContext,
        _: &mut SqliteConnection,
    ) -> std::result::Result<(), String> {
        Err(format!("{SAID} {}", "and so on ".repeat(1_000)))
    }

    #[on]
    async fn paid(&self, _: &after::CustomerPaid, _: &EventContext, _: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }

    #[on]
    async fn counted(
        &self,
        _: &after::CustomerCounted,
        _: &EventContext,
        _: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        Ok(())
    }

    #[on]
    async fn shown(&self, _: &after::CustomerShown, _: &EventContext, _: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }
}

/// An error and its sources, in every format.
fn shown<E: std::error::Error + 'static>(error: &E) -> String {
    let mut shown = all_of(error);
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        shown.push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        source = error.source();
    }
    shown
}

fn all_of(it: &(impl Debug + Display)) -> String {
    format!("{it}\n{it:?}\n{it:#?}\n")
}

fn files_of(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.flatten().collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn recorded(shop: &Shop, event: impl FnOnce(&mut before::Customer)) -> Uuid {
    let mut customer = before::Customer::register();
    event(&mut customer);
    shop.save(&mut customer).await.unwrap();
    customer.id()
}

async fn views(folder: &Path) -> SqliteViews {
    let options = SqliteConnectOptions::new().filename(folder.join("views.db")).create_if_missing(true);
    SqliteViews::open(SqlitePoolOptions::new().connect_with(options).await.unwrap()).await.unwrap()
}

async fn nothing_leaks(writer: &Shop, key: &str, folder: &Path) {
    let ids = [
        recorded(writer, |customer| customer.pay(SECRET.to_owned())).await,
        recorded(writer, |customer| customer.count([(SECRET.to_owned(), 1)].into())).await,
        recorded(writer, |customer| customer.show(SECRET.to_owned())).await,
    ];
    let recorder = Arc::clone(writer.recorder());
    let shop = &Shop::builder().variables([("CIPHER_KEY", key)]).recorder(recorder).open().await.unwrap();
    let mut told = String::new();
    for id in ids {
        let error = shop.repository().get::<after::Customer>(id).await.unwrap_err();
        assert!(error.to_string().contains(&id.to_string()), "{error}");
        told.push_str(&shown(&error));
    }
    let place = views(folder).await;
    let park = OnFailure::park(1, Duration::ZERO);
    let runner = ProjectionRunner::builder(shop, Cards, place.clone()).on_failure(park).start().await.unwrap();
    runner.wait_for(6, Duration::from_secs(60)).await.unwrap();
    told.push_str(&format!("{:?}", runner.status().await.unwrap()));
    runner.stop().await.unwrap();
    let letters = DeadLetters::new(shop, Cards, place.clone());
    told.push_str(&shown(&letters.retry(ids[0]).await.unwrap_err()));

    let list = letters.list(0, 10).await.unwrap();
    let reason = list[0].reason.as_deref().unwrap();
    assert!(
        reason.starts_with(SAID) && reason.ends_with("… (truncated: the whole reason has 10012 bytes)"),
        "{reason}"
    );
    assert!(reason.len() < 5_000);
    let stored = place.dead_letters("cards", "Shop", 0, 10).await.unwrap();
    assert!(stored[0].reason.as_deref().unwrap().starts_with("sealed:1:"), "{stored:?}");
    let discarded = letters.discard(stored[0].notification_id).await.unwrap();
    assert_eq!(discarded.reason, list[0].reason);
    // the secrets of the first two events are refused once those before them are gone
    for id in &ids[1..] {
        letters.discard(list.iter().find(|letter| letter.originator_id == *id).unwrap().notification_id).await.unwrap();
    }
    for id in ids {
        told.push_str(&shown(&letters.retry(id).await.unwrap_err()));
    }
    told.push_str(&format!("{:?}", letters.list(0, 10).await.unwrap()));
    assert!(told.contains("invalid type: string, expected u64"), "{told}");
    assert!(!told.contains(SECRET), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_of_an_encrypted_event_is_in_an_error_a_log_line_or_a_table() {
    let logger = Logger::default();
    tracing::subscriber::set_global_default(logger.clone()).unwrap();
    let key = ChaCha20Poly1305Cipher::create_key();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let sqlite =
        [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", file.to_str().unwrap()), ("CIPHER_KEY", key.as_str())];
    let shop = Shop::open_with(sqlite).await.unwrap();
    nothing_leaks(&shop, key.as_str(), folder.path()).await;
    let other = tempfile::tempdir().unwrap();
    let memory = Shop::open_with([("PERSISTENCE_MODULE", "memory"), ("CIPHER_KEY", key.as_str())]).await.unwrap();
    nothing_leaks(&memory, key.as_str(), other.path()).await;
    for folder in [&folder, &other] {
        let files = files_of(folder.path());
        assert!(holds(&files, "sealed:1:"));
        assert!(!holds(&files, SECRET) && !holds(&files, SAID));
    }
    let logged = logger.logged();
    assert!(logged.contains("a handler failed") && logged.contains(SAID), "{logged}");
    assert!(!logged.contains(SECRET), "{logged}");
}

/// The twin: without a cipher, the same search finds what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_cipher_the_same_search_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", file.to_str().unwrap())];
    let shop = Shop::open_with(variables).await.unwrap();
    recorded(&shop, |customer| customer.pay(SECRET.to_owned())).await;
    let place = views(folder.path()).await;
    let park = OnFailure::park(0, Duration::ZERO);
    let runner = ProjectionRunner::builder(&shop, Cards, place.clone()).on_failure(park).start().await.unwrap();
    runner.wait_for(2, Duration::from_secs(60)).await.unwrap();
    runner.stop().await.unwrap();
    let files = files_of(folder.path());
    assert!(holds(&files, SECRET) && holds(&files, SAID));

    // what was stored in plain text stays readable once there is a cipher
    let key = ChaCha20Poly1305Cipher::create_key();
    let variables = [("CIPHER_KEY", key.as_str()), ("CIPHER_ALLOW_UNENCRYPTED", "y")];
    let encrypted = Shop::open_with(variables).await.unwrap();
    let letters = DeadLetters::new(&encrypted, Cards, place).list(0, 10).await.unwrap();
    assert!(letters[0].reason.as_deref().unwrap().starts_with(SAID), "{letters:?}");
}
