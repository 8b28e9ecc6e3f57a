//! Decisions over several aggregates, by an application in memory.

use eventsourcing::testing::{Clock, Log, given_log, id};
use eventsourcing::{DomainEvent, Metadata};

use super::model::{
    Account, AccountDeposited, AccountEvent, AccountOpened, AccountWithdrawn, Bank, Overdrawn, TransferError, fifty,
};
use super::said_by;

fn log() -> Log {
    given_log().of(id(101), fifty()).of(id(102), AccountOpened { owner: "Bea".to_owned() })
}

fn withdrawn(amount: u64) -> AccountWithdrawn {
    AccountWithdrawn { amount, at: Clock::START, receipt: id(1) }
}

#[tokio::test]
async fn a_decision_changes_several_aggregates() {
    log()
        .when(async |bank: &Bank| bank.transfer(id(101), id(102), 30).await)
        .await
        .then((withdrawn(30), AccountDeposited { amount: 30 }))
        .then_of(id(101), withdrawn(30))
        .then_of(id(102), AccountDeposited { amount: 30 })
        .then_state(id(102), |bea: &Account| assert_eq!(bea.balance(), 30))
        .await;
}

#[tokio::test]
async fn a_decision_that_is_refused_records_nothing() {
    log()
        .when(async |bank: &Bank| bank.transfer(id(101), id(102), 60).await)
        .await
        .then_error(TransferError::Overdrawn(Overdrawn { missing: 10 }))
        .then_error_that(|error| matches!(error, TransferError::Overdrawn(_)));
}

#[tokio::test]
async fn other_events_of_an_application_are_shown() {
    let decided = || log().when(async |bank: &Bank| bank.transfer(id(101), id(102), 30).await);
    let said = said_by(async {
        decided().await.then((withdrawn(30), AccountDeposited { amount: 31 }));
    });
    let said = said.await;
    let story = "\ngiven Account.Opened, Account.Deposited, Account.Opened\n when the application returned Ok(())";
    assert!(said.starts_with(story), "{said}");
    assert!(said.contains("-   \"amount\": 31\n+   \"amount\": 30\n"), "{said}");
    let of = said_by(async {
        decided().await.then_of(id(102), withdrawn(30));
    });
    let of = of.await;
    assert!(of.contains("- Account.Withdrawn {"), "{of}");
    assert!(of.contains("+ Account.Deposited {"), "{of}");
}

#[tokio::test]
async fn assertions_on_a_refused_decision_say_what_it_returned() {
    let refused = || log().when(async |bank: &Bank| bank.transfer(id(101), id(102), 60).await);
    let nothing = said_by(async {
        refused().await.then_nothing();
    });
    let nothing = nothing.await;
    assert!(nothing.contains("returned Err(Overdrawn(Overdrawn { missing: 10 }))"), "{nothing}");
    let error = said_by(async {
        refused().await.then_error(TransferError::Overdrawn(Overdrawn { missing: 11 }));
    });
    let error = error.await;
    assert!(error.contains("-         missing: 11,\n+         missing: 10,\n"), "{error}");
    let predicate = said_by(async {
        refused().await.then_error_that(|error| matches!(error, TransferError::Library(_)));
    });
    assert!(predicate.await.contains("not the error that was expected"));
}

#[tokio::test]
async fn then_returned_compares_what_an_application_returned() {
    let count = async |bank: &Bank| bank.log().max_id().await.ok().flatten();
    log().when(count).await.then_returned(Some(3)).then_nothing();
    let said = said_by(async {
        log().when(count).await.then_returned(Some(4));
    });
    let said = said.await;
    assert!(said.contains("another value was returned than expected"), "{said}");
}

#[tokio::test]
async fn then_state_names_an_aggregate_that_is_not_there() {
    let said = said_by(async {
        log().when(async |_: &Bank| ()).await.then_state(id(9), |_: &Account| ()).await;
    });
    let said = said.await;
    assert!(said.contains("no Account with the id 00000000-0000-4000-8000-000000000009 is recorded"), "{said}");
}

#[tokio::test]
async fn then_state_that_fails_names_the_line_of_the_test() {
    let outcome = log().when(async |_: &Bank| ()).await;
    let (line, test) = (line!(), outcome.then_state(id(9), |_: &Account| ()));
    let said = said_by(async { drop(test.await) }).await;
    assert!(said.contains(&format!("\n  at {}:{line}:", file!())), "{said}");
}

#[tokio::test]
async fn events_that_cannot_be_recorded_name_the_line_of_the_test() {
    let log = given_log().of(id(101), fifty()).of(id(101), DomainEvent::new(id(101), 2, Clock::START, deposited()));
    let (line, test) = (line!(), log.when(async |_: &Bank| ()));
    let said = said_by(async { drop(test.await) }).await;
    assert!(said.contains("the events that were given cannot be recorded"), "{said}");
    assert!(said.contains(&format!("\n  at {}:{line}:", file!())), "{said}");
}

fn deposited() -> AccountEvent {
    AccountEvent::Deposited(AccountDeposited { amount: 1 })
}

#[tokio::test]
async fn an_application_without_events_is_empty() {
    let outcome = given_log().when(async |bank: &Bank| bank.save(&mut Account::open("Ada")).await.is_ok()).await;
    let outcome = outcome.then_of(id(1), AccountOpened { owner: "Ada".to_owned() });
    assert_eq!(outcome.application().name(), "Bank");
}

#[tokio::test]
async fn the_metadata_of_what_was_recorded_is_looked_at() {
    let open = async |bank: &Bank| {
        let ada = Metadata::new().with_actor("ada");
        bank.save(&mut [Account::open("Ada"), Account::open("Bea")]).metadata(ada).await.is_ok()
    };
    let mut looked = 0;
    given_log().when(open).await.then_metadata(|metadata| {
        assert_eq!(metadata.actor(), Some("ada"));
        looked += 1;
    });
    assert_eq!(looked, 2);
    let said = said_by(async { drop(given_log().when(async |_: &Bank| ()).await.then_metadata(|_| ())) }).await;
    assert!(said.contains("no event was recorded, so there is no metadata"), "{said}");
}
