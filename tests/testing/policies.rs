//! Policies: given upstream events, then these events.

use eventsourcing::projection::RunnerError;
use eventsourcing::testing::{given_log, id};

use super::model::{AccountDeposited, AccountOpened, Gift, GiftIncreased, GiftPromised, Marketing, fifty};
use super::said_by;

fn opened(owner: &str) -> AccountOpened {
    AccountOpened { owner: owner.to_owned() }
}

#[tokio::test]
async fn a_policy_reacts_to_upstream_events() {
    given_log()
        .of(id(101), fifty())
        .when_followed_by::<Marketing>()
        .await
        .then(GiftPromised { to: "Ada".to_owned() })
        .then_state(Gift::id_for("Ada"), |gift: &Gift| assert_eq!((gift.to.as_str(), gift.count), ("Ada", 1)))
        .await;
}

#[tokio::test]
async fn a_policy_knows_what_its_application_recorded_before() {
    given_log()
        .of(id(101), opened("Ada"))
        .given_downstream(given_log().of(Gift::id_for("Ada"), GiftPromised { to: "Ada".to_owned() }))
        .when_followed_by::<Marketing>()
        .await
        .then(GiftIncreased {});
}

#[tokio::test]
async fn a_policy_without_a_reaction_records_nothing() {
    given_log().of(id(101), AccountDeposited { amount: 1 }).when_followed_by::<Marketing>().await.then_nothing();
    let said = said_by(async {
        given_log().of(id(101), opened("Ada")).when_followed_by::<Marketing>().await.then_nothing();
    });
    let said = said.await;
    assert!(said.contains("when the policy returned Ok(())"), "{said}");
    assert!(said.contains("+ Gift.Promised {\n+   \"to\": \"Ada\"\n+ }\n"), "{said}");
}

#[tokio::test]
async fn a_policy_that_fails_is_an_error() {
    let fails = || given_log().of(id(101), opened("")).when_followed_by::<Marketing>();
    fails().await.then_error_that(|error| matches!(error, RunnerError::Handler { .. }));
    let said = said_by(async {
        fails().await.then_nothing();
    });
    let said = said.await;
    assert!(said.contains("`then_error` expects one"), "{said}");
}
