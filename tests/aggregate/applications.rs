//! The expansion of `#[application]`.

use eventsourcing::prelude::*;

use crate::fold;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Cat {}

#[aggregate(name = "Pet")]
impl Cat {
    #[event("Registered")]
    pub fn register() -> Self {
        Self {}
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Dog {}

#[aggregate(name = "Pet")]
impl Dog {
    #[event("Registered")]
    pub fn register() -> Self {
        Self {}
    }
}

/// Kept, like the derives.
#[application]
#[derive(Clone, Debug)]
pub struct Shelter {}

#[application(aggregates(Cat, Dog))]
struct BothPets;

#[application(name = "Home", aggregates(Cat,))]
struct OneOfThem;

#[tokio::test]
async fn an_application_opens_by_variables_with_its_own_prefix() {
    let home =
        OneOfThem::open_with([("HOME_PERSISTENCE_MODULE", "memory"), ("PERSISTENCE_MODULE", "none")]).await.unwrap();
    assert_eq!(home.name(), "Home");
    let error = OneOfThem::open_with([("PERSISTENCE_MODULE", "none")]).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
}

#[tokio::test]
async fn a_clone_of_an_application_sees_what_the_other_saved() {
    let shelter = Shelter::builder().variables([("PERSISTENCE_MODULE", "memory")]).open().await.unwrap();
    let other = shelter.clone();
    let mut cat = Cat::register();
    shelter.save(&mut cat).await.unwrap();
    let got: Cat = other.repository().get(cat.id()).await.unwrap();
    assert_eq!(got, cat);
    assert!(format!("{shelter:?}").contains("Shelter"));
}

#[tokio::test]
async fn two_named_aggregates_with_one_topic_do_not_open() {
    let error = BothPets::open_with([("PERSISTENCE_MODULE", "memory")]).await.map(|_| ()).unwrap_err();
    let Error::TopicTaken { topic, .. } = error else { panic!("{error}") };
    assert_eq!(topic, "Pet.Registered");
}

#[tokio::test]
async fn an_application_may_stand_in_a_function() {
    #[application]
    struct Local;

    let local = Local::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut dog = Dog::register();
    assert_eq!(fold(&dog), dog);
    assert_eq!(local.save(&mut dog).await.unwrap().len(), 1);
}
