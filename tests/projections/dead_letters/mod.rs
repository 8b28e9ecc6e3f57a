//! Dead letters: other aggregates continue, later events of the same one wait, and retried events are handled in order and once.

mod ledger;
mod listing;
mod noted;
mod operating;
mod parking;
mod together;
mod transactions;
mod tried;

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::{DeadLetter, DeadLetterError, DeadLetters, OnFailure, ProjectionRunner, RunnerError};

use self::ledger::{Bad, Place};
use super::{Account, Office, PATIENCE, deposits, office};

/// A test of each function in each database.
macro_rules! in_each_place {
    ($($name:ident)*) => {
        mod in_memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::ledger::memory().await).await;
        })* }
        mod in_sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::ledger::sqlite().await).await;
        })* }
        mod in_postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::super::ledger::postgres().await).await;
        })* }
    };
}
use in_each_place;

const PARK: OnFailure = OnFailure::park(0, Duration::ZERO);

/// Saves a new account with these deposits.
async fn account(office: &Office, amounts: &[i64]) -> Account {
    let mut account = Account::open();
    amounts.iter().for_each(|amount| account.deposit(*amount));
    office.save(&mut account).await.unwrap();
    account
}

/// Deposits more, and returns the last notification id.
async fn deposit(office: &Office, account: &mut Account, amounts: &[i64]) -> u64 {
    amounts.iter().for_each(|amount| account.deposit(*amount));
    office.save(account).await.unwrap().last().unwrap().id
}

async fn run<P: Place>(office: &Office, place: &P, bad: &Bad, on_failure: OnFailure) -> ProjectionRunner {
    let runner = ProjectionRunner::builder(office, P::ledger(bad), place.views()).on_failure(on_failure);
    runner.start().await.unwrap()
}

/// Runs the projection until it has processed the log.
async fn process<P: Place>(office: &Office, place: &P, bad: &Bad, on_failure: OnFailure) {
    let runner = run(office, place, bad, on_failure).await;
    let last = office.recorder().max_notification_id().await.unwrap().unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
}

fn letters<P: Place>(office: &Office, place: &P, bad: &Bad) -> DeadLetters<P::Ledger, P::Views> {
    DeadLetters::new(office, P::ledger(bad), place.views())
}

/// The versions of dead letters, and whether each has a reason.
fn versions(letters: &[DeadLetter]) -> Vec<(u64, bool)> {
    letters.iter().map(|letter| (letter.originator_version, letter.reason.is_some())).collect()
}
