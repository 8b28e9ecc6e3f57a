//! Two types that record under one topic: refused when the application opens, or at first use.

use eventsourcing::prelude::*;

use super::{Account, office};

mod other {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Debug)]
    pub(super) struct Account {}

    #[aggregate]
    impl Account {
        #[event("Opened")]
        pub(super) fn open() -> Self {
            Self {}
        }
    }
}

#[tokio::test]
async fn two_aggregates_with_one_topic_do_not_open() {
    #[application(aggregates(Account, other::Account))]
    #[derive(Debug)]
    struct Confused;
    let error = Confused::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap_err();
    assert!(matches!(error, Error::TopicTaken { topic: "Account.Opened", .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "`application::common::office::AccountEvent` and `application::topics::other::AccountEvent` both record events under the topic `Account.Opened`; \
         name one of them differently with `#[aggregate(name = \"…\")]`"
    );
}

#[tokio::test]
async fn two_aggregates_with_one_topic_are_found_out_at_first_use() {
    let office = office().await;
    office.save(&mut Account::open()).await.unwrap();
    let error = office.save(&mut other::Account::open()).await.unwrap_err();
    assert!(matches!(error, Error::TopicTaken { .. }), "{error}");
    assert_eq!(office.log().max_id().await.unwrap(), Some(1));
}
