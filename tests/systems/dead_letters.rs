//! Dead letters of a policy: recorded with the position, in the downstream application, and handled in order when they are retried.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::{DeadLetterError, OnFailure};
use futures::future::join_all;

use super::{PATIENCE, common};

#[aggregate]
#[derive(Clone, Debug)]
struct Customer {
    name: String,
}

#[aggregate]
impl Customer {
    #[event("Registered")]
    fn register(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed")]
    fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

/// The newsletter's view of a customer.
#[aggregate]
#[derive(Clone, Debug)]
struct Reader {
    names: Vec<String>,
}

#[aggregate]
impl Reader {
    #[event("Begun", id = id)]
    fn begin(id: Uuid, name: &str) -> Self {
        Self { names: vec![name.to_owned()] }
    }

    #[event("Renamed")]
    fn rename(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }
}

#[application(aggregates(Customer))]
struct Shop;

#[application(aggregates(Reader))]
struct Newsletter;

/// Whether names with other characters are accepted.
static IS_MENDED: AtomicBool = AtomicBool::new(false);

fn check(name: &str) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    match name.is_ascii() || IS_MENDED.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err(format!("{name} cannot be spelled").into()),
    }
}

#[policy]
impl Newsletter {
    #[on]
    async fn registered(
        &self,
        event: &CustomerRegistered,
        context: &EventContext,
        work: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        work.save(&mut Reader::begin(context.originator_id, &event.name))?;
        check(&event.name)
    }

    #[on]
    async fn renamed(
        &self,
        event: &CustomerRenamed,
        context: &EventContext,
        work: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut reader: Reader = work.get(context.originator_id).await?;
        reader.rename(&event.name);
        work.save(&mut reader)?;
        check(&event.name)
    }
}

const PARK: OnFailure = OnFailure::park(1, Duration::from_millis(1));

async fn register(shop: &Shop, names: &[&str]) -> (Uuid, u64) {
    let mut customer = Customer::register(names[0]);
    names[1..].iter().for_each(|name| customer.rename(name));
    let last = shop.save(&mut customer).await.unwrap().last().unwrap().id;
    (customer.id(), last)
}

async fn names(newsletter: &Newsletter, id: Uuid) -> Vec<String> {
    newsletter.repository().get::<Reader>(id).await.unwrap().names
}

/// Runs one database after the other, since they share the flag.
#[tokio::test]
async fn what_a_policy_refuses_waits_in_each_database() {
    let folder = tempfile::tempdir().unwrap();
    let memory = vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())];
    for variables in [memory, common::sqlite_file(&folder), common::postgres()] {
        IS_MENDED.store(false, Ordering::Relaxed);
        let shop = Shop::open_with(variables.clone()).await.unwrap();
        what_a_policy_refuses_waits(&shop, &Newsletter::open_with(variables).await.unwrap()).await;
    }
}

async fn what_a_policy_refuses_waits(shop: &Shop, newsletter: &Newsletter) {
    let (ann, _) = register(shop, &["Ann"]).await;
    let (zoe, _) = register(shop, &["Zoe", "Zoë", "Zoe B."]).await;
    let (bob, last) = register(shop, &["Bob", "Rob"]).await;
    let runner = newsletter.follow(shop).on_failure(PARK).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(names(newsletter, ann).await, ["Ann"]);
    assert_eq!(names(newsletter, zoe).await, ["Zoe"]);
    assert_eq!(names(newsletter, bob).await, ["Bob", "Rob"]);
    assert_eq!(runner.status().await.unwrap().dead_letters, 2);
    runner.stop().await.unwrap();

    // whoever runs it next lets later events wait too
    let mut customer: Customer = shop.repository().get(zoe).await.unwrap();
    customer.rename("Z.");
    let last = shop.save(&mut customer).await.unwrap()[0].id;
    let runner = newsletter.follow(shop).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let letters = newsletter.dead_letters(shop);
    let list = letters.list(0, 10).await.unwrap();
    let reasons: Vec<_> = list.iter().map(|letter| (letter.originator_version, letter.reason.as_deref())).collect();
    assert_eq!(reasons, [(2, Some("Zoë cannot be spelled")), (3, None), (4, None)]);

    // the same without the type of the policy, for a tool that has only the names
    let listed = newsletter.dead_letters_of("Shop", 0, 10).await.unwrap();
    assert_eq!(listed.into_iter().map(|letter| letter.opened(shop.mapper())).collect::<Vec<_>>(), list);
    assert_eq!(newsletter.dead_letters_of("Shop", list[0].notification_id, 1).await.unwrap().len(), 1);
    assert_eq!(newsletter.count_dead_letters_of("Shop").await.unwrap(), 3);
    assert_eq!(newsletter.dead_letters_of("Bakery", 0, 10).await.unwrap(), []);

    let error = letters.retry(zoe).await.unwrap_err();
    assert!(error.to_string().contains("Zoë cannot be spelled"), "{error}");
    assert_eq!(letters.count().await.unwrap(), 3);

    IS_MENDED.store(true, Ordering::Relaxed);
    // of those who retry at the same time, while more comes, each event is handled by one
    let renaming = async {
        for number in 0..10 {
            shop.retry(zoe, |customer: &mut Customer| customer.rename(&number.to_string())).await.unwrap();
        }
    };
    let retrying = join_all((0..3).map(|_| letters.retry(zoe)));
    let (retried, ()) = tokio::join!(retrying, renaming);
    for outcome in retried {
        assert!(matches!(outcome, Ok(_) | Err(DeadLetterError::NoneOf { .. })), "{outcome:?}");
    }
    let last = shop.recorder().max_notification_id().await.unwrap().unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    while letters.count().await.unwrap() > 0 {
        letters.retry(zoe).await.unwrap();
    }
    let mut expected: Vec<String> = ["Zoe", "Zoë", "Zoe B.", "Z."].map(str::to_owned).to_vec();
    expected.extend((0..10).map(|number| number.to_string()));
    assert_eq!(names(newsletter, zoe).await, expected);
    runner.stop().await.unwrap();

    // given up, and all is as if it had never been
    IS_MENDED.store(false, Ordering::Relaxed);
    let (eve, last) = register(shop, &["Eve", "Ève", "Eve C."]).await;
    let runner = newsletter.follow(shop).on_failure(PARK).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let culprit = letters.list(0, 1).await.unwrap().remove(0);
    assert_eq!(letters.discard(culprit.notification_id).await.unwrap(), culprit);
    assert_eq!(letters.retry(eve).await.unwrap(), 1);
    assert_eq!(names(newsletter, eve).await, ["Eve", "Eve C."]);
    runner.stop().await.unwrap();
}
