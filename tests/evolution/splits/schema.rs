//! The lock file and the audit know split events.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::schema::{AuditProblem, EventsLock};

use super::program::{after, before};
use super::{Store, recorded};

/// A program that forgot the relocations.
mod forgetful {
    #![allow(dead_code, reason = "only the shapes of the events matter")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct World {}

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(crate) fn new(name: &str) -> Self {
            let _ = name;
            Self {}
        }

        #[event("Moved")]
        pub(crate) fn go(&mut self, place: &str) {
            let _ = place;
        }
    }
}

/// A program whose split event lacks a field that was recorded.
mod careless {
    #![allow(dead_code, reason = "only the shapes of the events matter")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct World {}

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(crate) fn new(name: &str) -> Self {
            let _ = name;
            Self {}
        }

        #[event("Moved")]
        pub(crate) fn go(&mut self, place: &str) {
            let _ = place;
        }

        #[event("Relocated", split)]
        fn relocated(place: String) -> (WorldMoved, WorldMoved) {
            (WorldMoved { place: place.clone() }, WorldMoved { place })
        }
    }
}

/// The same program with nothing but the split.
mod careful {
    #![allow(dead_code, reason = "only the shapes of the events matter")]

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug)]
    pub(crate) struct World {}

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(crate) fn new(name: &str) -> Self {
            let _ = name;
            Self {}
        }

        #[event("Moved")]
        pub(crate) fn go(&mut self, place: &str) {
            let _ = place;
        }

        #[event("Relocated", split)]
        fn relocated(place: String, name: String) -> (WorldMoved, WorldMoved) {
            (WorldMoved { place }, WorldMoved { place: name })
        }
    }
}

#[test]
fn a_lock_file_allows_a_split_and_misses_one_that_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    EventsLock::new(&path).aggregate::<before::World>().accept().unwrap();
    EventsLock::new(&path).aggregate::<careful::World>().check().unwrap();
    let before = std::fs::read_to_string(&path).unwrap();
    EventsLock::new(&path).aggregate::<careful::World>().accept().unwrap();
    // the recorded shape stays
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);

    let lost = EventsLock::new(&path).aggregate::<forgetful::World>().check().unwrap_err().to_string();
    assert!(lost.contains("World.Relocated") && lost.contains("! no event has this topic any more"), "{lost}");
    assert!(lost.contains("`#[event(\"…\", split)]`"), "{lost}");
    let field = EventsLock::new(&path).aggregate::<careless::World>().check().unwrap_err().to_string();
    assert!(field.contains("! `name` is gone (it was string)"), "{field}");
}

#[tokio::test]
async fn an_audit_finds_events_that_cannot_be_split() {
    let store = Store::in_memory();
    let id = recorded(&store).await;
    let program = || {
        let application = Application::builder("Universe").recorder(Arc::clone(&store.recorder));
        application.aggregate::<after::World>().open().unwrap()
    };
    assert!(program().audit_log().await.unwrap().is_clean());
    store.insert(id, 5, "World.Burnt", r#","class_version":2,"place":"","by":"fire""#).await;
    let audit = program().audit_log().await.unwrap();
    assert_eq!((audit.events, audit.findings.len(), audit.findings[0].first), (5, 1, 5));
    let AuditProblem::Undecodable { reason } = &audit.findings[0].problem else { panic!("{audit}") };
    assert!(reason.contains("does not return them: it burnt nowhere"), "{reason}");
}
