//! `log --follow` and `status --watch`: what another process records is shown as it is recorded.

use serde_json::json;

use super::common::{Database, Running, fido, pack};

#[tokio::test]
async fn events_of_another_process_are_followed() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        fido(&kennel).await;
        let mut log = Running::start(&mut database.command(&["log", "--follow", "--last", "1", "--json"]));
        assert_eq!(log.json()["position"], json!(3));
        for position in [4, 6] {
            pack(&kennel, 1).await;
            assert_eq!(log.json()["position"], json!(position));
            assert_eq!(log.json()["state"]["trick"], json!("bark"));
        }
        // Ctrl-C is how it ends
        assert_eq!(log.interrupt(), 0);
    }
}

#[tokio::test]
async fn a_filter_holds_for_new_events_too() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    for filter in [&["--topic", "Dog.TrickAdded"][..], &["--not", "Dog.R*"], &["--grep", "bark"]] {
        let before = database.json(&["status"])[0]["last_position"].as_u64().unwrap();
        pack(&kennel, 1).await;
        let mut log =
            Running::start(&mut database.command(&[&["log", "-f", "--last", "1", "--json"], filter].concat()));
        assert_eq!(log.json()["position"], json!(before + 2));
        pack(&kennel, 1).await;
        assert_eq!(log.json()["position"], json!(before + 4), "{filter:?}");
        assert_eq!(log.interrupt(), 0);
    }
}

#[tokio::test]
async fn a_watched_status_is_printed_when_it_changes() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    let mut status = Running::start(&mut database.command(&["status", "--watch", "--every", "1", "--json"]));
    assert_eq!(status.json()["last_position"], json!(3));
    pack(&kennel, 1).await;
    assert_eq!(status.json()["last_position"], json!(5));
    assert_eq!(status.interrupt(), 0);
}
