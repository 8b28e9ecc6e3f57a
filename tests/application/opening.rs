//! Opening an application: with existing events, under a valid name, and with the right key.

use eventsourcing::RecorderError;
use eventsourcing::prelude::*;

use super::{Account, Archive, Note, Office, common};

#[tokio::test]
async fn two_applications_in_one_database_keep_their_events_apart() {
    let folder = tempfile::tempdir().unwrap();
    for variables in [common::sqlite_file(&folder), common::postgres()] {
        let (office, archive) =
            (Office::open_with(variables.clone()).await.unwrap(), Archive::open_with(variables).await.unwrap());
        let (mut account, mut note) = (Account::open(), Note::begin());
        office.save(&mut account).await.unwrap();
        archive.save(&mut note).await.unwrap();
        assert_eq!(office.log().max_id().await.unwrap(), Some(1));
        assert_eq!(archive.log().max_id().await.unwrap(), Some(1));
        assert!(!archive.repository().exists(account.id()).await.unwrap());
    }
}

#[tokio::test]
async fn what_was_saved_is_there_when_the_application_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    for variables in [common::sqlite_file(&folder), common::postgres()] {
        let mut account = Account::open();
        let office = Office::open_with(variables.clone()).await.unwrap();
        office.save(&mut account).await.unwrap();
        office.close().await;
        let error = office.log().max_id().await.unwrap_err();
        assert!(matches!(error, Error::Recorder(RecorderError::Closed)), "{error}");
        let office = Office::open_with(variables).await.unwrap();
        assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap(), account);
    }
}

#[tokio::test]
async fn a_name_that_is_none_in_a_database_is_none_in_memory() {
    #[application]
    #[derive(Debug)]
    struct Größe;
    let error = Größe::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Größe` cannot be the name of an application: \
         its tables are named after it, and `ö` is no ASCII letter, digit or underscore"
    );
}

/// An application with another key would record events that the others cannot read.
#[tokio::test]
async fn a_log_opens_only_with_the_key_that_it_is_written_with() {
    let folder = tempfile::tempdir().unwrap();
    let variables = common::sqlite_file(&folder);
    let (key, other) = (CipherKey::create(), CipherKey::create());
    let open = async |more: &[(&str, &str)]| {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Office::open_with(variables.iter().cloned().chain(more)).await
    };
    let office = open(&[("CIPHER_KEY", key.as_str())]).await.unwrap();
    let mut account = Account::open();
    office.save(&mut account).await.unwrap();
    for (variables, told) in [
        (vec![("CIPHER_KEY", other.as_str())], "but the configured key is"),
        (vec![], "was encrypted with chacha20poly1305, but no cipher is configured"),
        (vec![("CIPHER_KEY", key.as_str()), ("CIPHER_TOPIC", "aes")], "but another cipher is configured"),
    ] {
        match open(&variables).await {
            // a build without AES cannot even say that the key is another cipher's
            Err(Error::Environment(_)) if !cfg!(feature = "aes") => {}
            Err(error) => assert!(error.to_string().contains(told), "{error}"),
            Ok(_) => panic!("opened with {told}"),
        }
    }
    open(&[("CIPHER_KEY", key.as_str())]).await.unwrap();

    let plain = common::sqlite_file(&folder);
    Office::open_with(plain.clone()).await.unwrap().save(&mut Account::open()).await.unwrap();
    let encrypted = |more: Option<(&str, &str)>| {
        let given = [("CIPHER_KEY", key.as_str())].into_iter().chain(more);
        plain.iter().cloned().chain(given.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect::<Vec<_>>()
    };
    let error = Office::open_with(encrypted(None)).await.unwrap_err();
    assert!(error.to_string().contains("set CIPHER_ALLOW_UNENCRYPTED=y if it was recorded before"), "{error}");
    Office::open_with(encrypted(Some(("CIPHER_ALLOW_UNENCRYPTED", "y")))).await.unwrap();
}
