//! An encrypted log without its key: what is beside the states is shown, and no state is opened or recorded.

use eventsourcing::RecorderError;
use eventsourcing::codec::cipher::ChaCha20Poly1305Cipher;
use eventsourcing::codec::{MapperError, MapperFailure};
use eventsourcing::prelude::*;

use super::{Account, Office, Variables, filled, in_each_database, open};

in_each_database! {
    an_encrypted_log_is_listed_without_its_key
    nothing_is_recorded_without_the_key
    both_settings_combine
    a_log_that_is_not_encrypted_is_read_as_always
}

/// Variables with a new key, and the same without it.
fn encrypted(variables: &Variables) -> Variables {
    let key = ChaCha20Poly1305Cipher::create_key().as_str().to_owned();
    let more = [("CIPHER_KEY", key), ("COMPRESSOR_TOPIC", "zstd".to_owned())];
    variables.iter().cloned().chain(more.map(|(name, value)| (name.to_owned(), value))).collect()
}

fn lacks_key(error: Error) {
    let Error::Mapper(MapperError { failure, .. }) = &error else { panic!("{error:?}") };
    assert_eq!(*failure, MapperFailure::KeyMissing);
    assert!(error.to_string().contains("the key is missing"), "{error}");
}

async fn an_encrypted_log_is_listed_without_its_key(variables: Variables) {
    let office = open(&encrypted(&variables)).await;
    let account = filled(&office).await;
    // ordinary opening refuses to go on without the key
    let refused = Office::builder().variables(variables.clone()).open().await.unwrap_err();
    assert!(matches!(&refused, Error::Mapper(error) if matches!(error.failure, MapperFailure::OtherCipher { .. })));
    let blind = Office::builder().variables(variables).without_key().open().await.unwrap();
    let log = blind.log().last(10).await.unwrap();
    assert_eq!(log, office.log().last(10).await.unwrap());
    assert_eq!((log[0].id, &*log[0].topic, log[0].originator_id), (1, "Account.Opened", account.id()));
    assert!(blind.mapper().inspect(&log[0].state, log[0].checksum).cipher().is_some());
    assert_eq!(blind.log().recorded_times(&[1, 4]).await.unwrap().len(), 2);
    assert_eq!(blind.log().find_aggregates("", 10).await.unwrap().len(), 2);
    lacks_key(blind.repository().get::<Account>(account.id()).await.unwrap_err());
}

async fn nothing_is_recorded_without_the_key(variables: Variables) {
    let with_key = encrypted(&variables);
    let office = open(&with_key).await;
    filled(&office).await;
    // the key is left alone even if it is there
    let blind = Office::builder().variables(with_key).without_key().open().await.unwrap();
    assert!(blind.mapper().lacks_key() && !blind.mapper().has_cipher());
    lacks_key(blind.save(&mut Account::open()).await.unwrap_err());
    assert_eq!(office.log().max_id().await.unwrap(), Some(4));
}

async fn both_settings_combine(variables: Variables) {
    let office = open(&encrypted(&variables)).await;
    let account = filled(&office).await;
    let blind = Office::builder().variables(variables).read_only().without_key().open().await.unwrap();
    assert_eq!(blind.log().max_id().await.unwrap(), Some(4));
    lacks_key(blind.repository().get::<Account>(account.id()).await.unwrap_err());
    lacks_key(blind.save(&mut Account::open()).await.unwrap_err());
    let refused = blind.recorder().insert_events(Vec::new()).await.unwrap_err();
    assert!(matches!(refused, RecorderError::OpenedReadOnly { .. }), "{refused:?}");
}

async fn a_log_that_is_not_encrypted_is_read_as_always(variables: Variables) {
    let account = filled(&open(&variables).await).await;
    let blind = Office::builder().variables(variables).without_key().open().await.unwrap();
    assert_eq!(blind.repository().get::<Account>(account.id()).await.unwrap(), account);
}
