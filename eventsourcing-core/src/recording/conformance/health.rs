//! Whether a recorder says that it accepts events.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, expect, versions};

/// A recorder that records events does not say that it accepts none.
pub async fn a_recorder_that_records_does_not_deny_it(fixture: &dyn Fixture) {
    let rule = "a recorder that records does not deny it";
    let store = Store::open(fixture).await;
    for count in 1..=2 {
        let writable = expect("is_writable", store.recorder().is_writable().await);
        assert_ne!(writable, Some(false), "{rule}");
        store.insert(&versions(Uuid::new_v4(), 1..=1)).await;
        assert_eq!(store.last_id().await, Some(count), "{rule}: nothing else is recorded");
    }
}
