//! A renamed aggregate: what an older program says about events under the new name, and how the name is deployed.

use eventsourcing::Error;
use eventsourcing::prelude::*;

use super::{Store, in_each_database};

in_each_database! {
    an_older_program_says_that_newer_code_renamed_the_aggregate
    an_aggregate_of_another_type_is_told_from_a_renamed_one
    a_renamed_aggregate_is_deployed_in_two_steps
}

/// The same aggregate in a version of the program.
macro_rules! item {
    ($module:ident, $name:ident, [$($of_impl:tt)*]) => {
        mod $module {
            use eventsourcing::prelude::*;

            #[aggregate]
            #[derive(Clone, Debug, PartialEq)]
            pub(crate) struct $name {
                pub(crate) loans: u32,
            }

            #[aggregate $($of_impl)*]
            impl $name {
                #[event("Bought")]
                #[allow(dead_code, reason = "not each of the programs creates one")]
                pub(crate) fn buy() -> Self {
                    Self { loans: 0 }
                }

                #[event("Lent")]
                pub(crate) fn lend(&mut self) {
                    self.loans += 1;
                }
            }
        }
    };
}

item!(before, Book, []);
item!(expanding, Item, [(name = "Book", was = ["Item"])]);
item!(after, Item, [(was = ["Book"])]);
item!(other, Reader, []);

async fn an_older_program_says_that_newer_code_renamed_the_aggregate(store: Store) {
    let (old, new) = (store.program().await, store.program().await);
    let mut book = before::Book::buy();
    old.save(&mut book).await.unwrap();
    let mut item: after::Item = new.repository().get(book.id()).await.unwrap();
    item.lend();
    new.save(&mut item).await.unwrap();
    let error = old.repository().get::<before::Book>(book.id()).await.unwrap_err();
    assert!(matches!(error, Error::WrongAggregate { version: 2, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("recorded as `Item.Lent`") && text.contains("newer code may have renamed"), "{text}");
    assert!(text.contains("deploy that code here too"), "{text}");
}

async fn an_aggregate_of_another_type_is_told_from_a_renamed_one(store: Store) {
    let program = store.program().await;
    let mut reader = other::Reader::buy();
    reader.lend();
    assert_eq!(reader.loans, 1);
    program.save(&mut reader).await.unwrap();
    let error = program.repository().get::<after::Item>(reader.id()).await.unwrap_err().to_string();
    assert!(error.contains("is no Item: its first event is recorded as `Reader.Bought`"), "{error}");
}

async fn a_renamed_aggregate_is_deployed_in_two_steps(store: Store) {
    let (old, new) = (store.program().await, store.program().await);
    // first, the new code beside the old one: it records under the old name
    let mut book = before::Book::buy();
    old.save(&mut book).await.unwrap();
    let mut item: expanding::Item = new.repository().get(book.id()).await.unwrap();
    item.lend();
    new.save(&mut item).await.unwrap();
    let mut book: before::Book = old.repository().get(book.id()).await.unwrap();
    assert_eq!(book.loans, 1);
    book.lend();
    old.save(&mut book).await.unwrap();
    let mut made = expanding::Item::buy();
    new.save(&mut made).await.unwrap();
    assert_eq!(old.repository().get::<before::Book>(made.id()).await.unwrap().loans, 0);
    // once no old program runs any more, the switch beside it
    let switched = store.program().await;
    let mut item: after::Item = switched.repository().get(book.id()).await.unwrap();
    item.lend();
    switched.save(&mut item).await.unwrap();
    let mut made = after::Item::buy();
    switched.save(&mut made).await.unwrap();
    assert_eq!(new.repository().get::<expanding::Item>(made.id()).await.unwrap().loans, 0);
    let mut item: expanding::Item = new.repository().get(book.id()).await.unwrap();
    assert_eq!(item.loans, 3);
    item.lend();
    new.save(&mut item).await.unwrap();
    let item: after::Item = switched.repository().get(book.id()).await.unwrap();
    assert_eq!((item.loans, item.version()), (4, 5));
}
