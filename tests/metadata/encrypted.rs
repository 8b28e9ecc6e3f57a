//! Encrypted applications: metadata is in no file and in no row in plain text.

use std::path::Path;

use eventsourcing::prelude::*;
use tempfile::tempdir;

use super::common::sqlite_file;
use super::{Variables, account, in_each_database, office, recorded};

const MARKERS: [&str; 4] = ["request-4111", "ada-4111", "tenant-4111", "twelve-4111"];

in_each_database! {
    an_encrypted_state_hides_its_metadata
}

fn metadata() -> Metadata {
    let [correlation_id, actor, key, value] = MARKERS;
    Metadata::new().with_correlation_id(correlation_id).with_actor(actor).with(key, value)
}

fn encrypted(mut variables: Variables) -> Variables {
    variables.push(("CIPHER_TOPIC".to_owned(), "chacha20poly1305".to_owned()));
    variables.push(("CIPHER_KEY".to_owned(), ChaCha20Poly1305Cipher::create_key().as_str().to_owned()));
    variables
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

async fn an_encrypted_state_hides_its_metadata(variables: Variables) {
    let office = office(encrypted(variables)).await;
    office.save(&mut account()).metadata(metadata()).await.unwrap();
    for notification in office.log().select(1, 10).await.unwrap() {
        assert!(!MARKERS.iter().any(|marker| contains(&notification.state, marker)));
    }
    assert_eq!(recorded(&office).await, [metadata(), metadata()]);
}

/// The number of files in a folder that contain a marker.
fn showing(folder: &Path) -> usize {
    let shows = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        MARKERS.iter().any(|marker| contains(&bytes, marker))
    };
    std::fs::read_dir(folder).unwrap().filter(|file| shows(&file.as_ref().unwrap().path())).count()
}

#[tokio::test]
async fn no_file_of_an_encrypted_database_shows_metadata() {
    let folder = tempdir().unwrap();
    let office = office(encrypted(sqlite_file(&folder))).await;
    office.save(&mut account()).metadata(metadata()).await.unwrap();
    office.close().await;
    assert_eq!(showing(folder.path()), 0);

    // the twin: without a cipher it is found
    let folder = tempdir().unwrap();
    let office = super::office(sqlite_file(&folder)).await;
    office.save(&mut account()).metadata(metadata()).await.unwrap();
    office.close().await;
    assert_ne!(showing(folder.path()), 0);
}
