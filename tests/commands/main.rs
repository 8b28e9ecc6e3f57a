//! Commands with an id: recorded once, whoever sends them again, and answered with the recordings of the first time.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod content;
mod dropped;
mod encrypted;
mod evolved;
mod held_snapshot;
mod processes;
mod racing;
mod repeats;
mod retention;
mod retrying;
mod saving;
mod scopes;
mod without;

use eventsourcing::prelude::*;

/// How an application is opened.
pub(crate) type Variables = Vec<(String, String)>;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    article: String,
    notes: Vec<String>,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    fn place(article: &str) -> Self {
        Self { article: article.to_owned(), notes: Vec::new() }
    }

    #[event("Imported", id = id)]
    fn import(id: Uuid, article: &str) -> Self {
        Self { article: article.to_owned(), notes: Vec::new() }
    }

    #[event("Noted")]
    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}

/// A second type of aggregate.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invoice {
    total: u64,
}

#[aggregate]
impl Invoice {
    #[event("Issued")]
    fn issue(total: u64) -> Self {
        Self { total }
    }
}

#[application]
#[derive(Clone, Debug)]
pub(crate) struct Shop;

pub(crate) fn in_memory() -> Variables {
    vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())]
}

/// A shop with one order, and the id of the order.
pub(crate) async fn shop_with_order(variables: Variables) -> (Shop, Uuid) {
    let shop = Shop::open_with(variables).await.unwrap();
    let mut order = Order::place("book");
    shop.save(&mut order).await.unwrap();
    (shop, order.id())
}

/// The order as it is recorded.
pub(crate) async fn order(shop: &Application, id: Uuid) -> Order {
    shop.repository().get(id).await.unwrap()
}

/// The number of recorded events.
pub(crate) async fn recorded(shop: &Application) -> u64 {
    shop.recorder().max_notification_id().await.unwrap().unwrap_or(0)
}

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::in_memory()).await;
        })* }
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
