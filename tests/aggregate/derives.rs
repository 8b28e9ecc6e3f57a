//! Derives on the aggregate, and on its events.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

#[aggregate]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dog {
    first_name: String,
    tricks: Vec<String>,
}

#[aggregate(derive(PartialEq, Eq, Hash))]
impl Dog {
    #[event("Registered")]
    pub fn register(first_name: &str) -> Self {
        Self { first_name: first_name.to_owned(), tricks: Vec::new() }
    }

    #[event("TrickAdded")]
    pub fn add_trick(&mut self, trick: String) {
        self.tricks.push(trick);
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_clone_has_the_same_id_version_and_pending_events() {
    let mut dog = Dog::register("Fido");
    dog.add_trick("roll over".to_owned());
    let copy = dog.clone();
    assert_eq!((copy.id(), copy.version(), copy.pending_events().len()), (dog.id(), 2, 2));
    assert_eq!(copy, dog);
    assert_eq!(hash(&copy), hash(&dog));
}

#[test]
fn equality_compares_the_version_but_not_what_is_pending() {
    let mut dog = Dog::register("Fido");
    let copy = dog.clone();
    drop(dog.collect_events());
    assert_eq!(copy, dog);
    assert_ne!(Dog::register("Fido"), dog);
}

#[test]
fn debug_shows_id_and_version() {
    let dog = Dog::register("Fido");
    let text = format!("{dog:?}");
    assert!(
        text.contains("first_name: \"Fido\"") && text.contains(&dog.id().to_string()) && text.contains("version: 1"),
        "{text}"
    );
    assert!(!text.contains("Registered"), "{text}");
}

#[test]
fn a_serialised_aggregate_keeps_its_id_and_version() {
    let mut dog = Dog::register("Fido");
    dog.add_trick("roll over".to_owned());
    let text = serde_json::to_string(&dog).unwrap();
    assert!(text.contains("\"firstName\":\"Fido\""), "{text}");
    let back: Dog = serde_json::from_str(&text).unwrap();
    assert_eq!(back, dog);
    assert!(back.pending_events().is_empty());
}

#[test]
fn a_default_aggregate_has_no_version() {
    let dog = Dog::default();
    assert_eq!((dog.version(), dog.id()), (0, Uuid::nil()));
}

#[test]
fn events_derive_what_the_impl_says() {
    let registered = DogEvent::Registered(DogRegistered { first_name: "Fido".to_owned() });
    let events: HashSet<DogEvent> = [registered.clone(), registered.clone()].into();
    assert_eq!(events.len(), 1);
    assert_eq!(registered, DogEvent::Registered(DogRegistered { first_name: "Fido".to_owned() }));
}
