//! Metadata beyond a limit: a typed error without any value, and nothing is recorded.

use eventsourcing::MetadataError;
use eventsourcing::codec::MapperFailure;
use eventsourcing::prelude::*;

use super::{Variables, account, in_each_database, office, recorded};

in_each_database! {
    metadata_beyond_a_limit_is_refused_and_nothing_is_recorded
}

/// A value that no error may show.
const SECRET: &str = "4111-1111-1111-1111";

fn pairs(count: usize) -> Metadata {
    (0..count).fold(Metadata::new(), |metadata, number| metadata.with(format!("key-{number}"), SECRET))
}

/// Values that make the JSON of the metadata exactly this long.
fn of_len(len: usize) -> Metadata {
    let without = r#"{"pairs":{"document":""}}"#.len();
    Metadata::new().with("document", SECRET.chars().cycle().take(len - without).collect::<String>())
}

async fn metadata_beyond_a_limit_is_refused_and_nothing_is_recorded(variables: Variables) {
    let office = office(variables).await;
    let mut account = account();
    let long_id = SECRET.repeat(60);
    let refused = [
        (
            of_len(8_193),
            "its metadata is 8193 bytes long, which exceeds the limit of 8192; the longest value is that of `document`, with 8168 bytes: \
             record it in an event, and a reference to it in the metadata",
        ),
        (pairs(65), "its metadata has 65 pairs, which exceeds the limit of 64; record such data in an event"),
        (Metadata::new().with("", SECRET), "its metadata has a pair without a name; pass a key to `Metadata::with`"),
        (
            Metadata::new().with("k".repeat(129), SECRET),
            "its metadata has a key of 129 bytes, which exceeds the limit of 128: `kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…`; \
             choose a short name, and put data into the value",
        ),
        (
            Metadata::new().with_actor(&long_id),
            "the `actor` of its metadata is 1140 bytes long, which exceeds the limit of 1024; \
             use an id there, and record what it stands for in an event",
        ),
        (
            Metadata::new().with_correlation_id(&long_id),
            "the `correlation_id` of its metadata is 1140 bytes long, which exceeds the limit of 1024; \
             use an id there, and record what it stands for in an event",
        ),
    ];
    for (metadata, told) in refused {
        let error = office.save(&mut account).metadata(metadata.clone()).await.unwrap_err();
        let place = format!("the event `Account.Opened`, version 1 of {}, cannot be recorded: ", account.id());
        assert_eq!(error.to_string(), place + told);
        assert!(!format!("{error:?}").contains("1111-1111"), "{error:?}");
        let Error::Mapper(failed) = &error else { panic!("{error}") };
        assert!(matches!(failed.failure, MapperFailure::Metadata(_)) && !error.is_retryable(), "{error}");
        // the twin: a scope is no way around it
        assert!(metadata.scope(async { office.save(&mut account).await }).await.is_err());
    }
    assert_eq!(recorded(&office).await, []);
    assert_eq!(account.pending_events().len(), 2);

    office.save(&mut account).metadata(of_len(8_192)).await.unwrap();
    assert_eq!(recorded(&office).await, [of_len(8_192), of_len(8_192)]);
    account.deposit(1);
    let largest = Metadata::new().with("k".repeat(128), "").with_actor("a".repeat(1_024));
    office.save(&mut account).metadata(largest.clone()).await.unwrap();
    account.deposit(1);
    office.save(&mut account).metadata(pairs(64)).await.unwrap();
    assert_eq!(recorded(&office).await[2..], [largest, pairs(64)]);
}

#[tokio::test]
async fn metadata_and_event_together_count_for_the_limits() {
    let office = office(super::in_memory()).await;
    let event = account().collect_events().remove(0).with_metadata(Metadata::new().with("another", ""));
    let error = office.save(event).metadata(pairs(64)).await.unwrap_err();
    let Error::Mapper(failed) = &error else { panic!("{error}") };
    assert_eq!(failed.failure, MapperFailure::from(MetadataError::TooManyPairs { count: 65, max: 64 }));
}
