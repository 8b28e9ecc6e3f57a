//! Applications that are opened to look at them: read-only, without the key, or both.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod refusals;
mod without_key;

use common::office::{Account, Note, Office};

type Variables = Vec<(String, String)>;

/// A test of each function in each database that two programs can open.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::common::sqlite_file(&folder)).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::common::postgres()).await;
        })* }
    };
}
use in_each_database;

async fn open(variables: &Variables) -> Office {
    Office::builder().variables(variables.clone()).open().await.unwrap()
}

async fn open_read_only(variables: &Variables) -> Office {
    Office::builder().variables(variables.clone()).read_only().open().await.unwrap()
}

/// Records an account with two deposits and a note, in two saves.
async fn filled(office: &Office) -> Account {
    let mut account = Account::open();
    account.deposit(5);
    office.save((&mut account, &mut Note::begin())).await.unwrap();
    account.deposit(2);
    office.save(&mut account).await.unwrap();
    account
}
