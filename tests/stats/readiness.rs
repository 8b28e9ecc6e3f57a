//! Readiness: the database, consumers and limits, and no waiting without end.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use eventsourcing::application::{Reachability, ReadinessState};
use eventsourcing::prelude::*;
use futures::FutureExt as _;

use crate::common::PATIENCE;
use crate::faulty::Faulty;
use crate::{Account, Bank, Total, bank, in_each_database};

async fn an_open_application_is_ready_and_a_closed_one_unreachable(bank: Bank) {
    let readiness = bank.readiness().within(PATIENCE).await;
    assert!(readiness.is_ready(), "{readiness:?}");
    assert_eq!((readiness.application.as_str(), readiness.state.to_string().as_str()), ("Bank", "ready"));

    bank.close().await;
    let readiness = bank.readiness().within(PATIENCE).await;
    assert_eq!(readiness.state, ReadinessState::Unreachable);
    assert!(matches!(readiness.database, Reachability::Failed(_)), "{readiness:?}");
}

async fn a_consumer_that_gave_up_is_not_ready(bank: Bank) {
    bank.save(&mut Account::open(-1)).await.unwrap();
    let runner = ProjectionRunner::start(&bank, Total, MemoryViews::new(0)).await.unwrap();
    assert!(runner.wait_for(1, PATIENCE).await.is_err());
    let readiness = bank.readiness().within(PATIENCE).await;
    assert_eq!((readiness.state, readiness.last_id), (ReadinessState::ConsumerFailed, 1));
    drop(runner);
    assert!(bank.readiness().within(PATIENCE).await.is_ready());
}

in_each_database! {
    an_open_application_is_ready_and_a_closed_one_unreachable
    a_consumer_that_gave_up_is_not_ready
}

/// A consumer that waits in its handler until the test lets it go on.
struct Slow(std::sync::Arc<tokio::sync::Semaphore>);

#[projection("slow")]
impl Slow {
    #[on]
    async fn opened(&self, _: &crate::AccountOpened, _: &mut i64) -> Result<(), String> {
        self.0.acquire().await.map_err(|error| error.to_string())?.forget();
        Ok(())
    }
}

#[tokio::test]
async fn a_lag_counts_above_the_limit_and_only_with_one() {
    let bank = bank().await;
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let slow = Slow(std::sync::Arc::clone(&permits));
    let runner = ProjectionRunner::start(&bank, slow, MemoryViews::new(0)).await.unwrap();
    bank.save(&mut vec![Account::open(1), Account::open(2)]).await.unwrap();

    assert!(bank.readiness().within(PATIENCE).await.is_ready());
    assert!(bank.readiness().within(PATIENCE).max_lag_events(2).await.is_ready());
    assert_eq!(bank.readiness().within(PATIENCE).max_lag_events(1).await.state, ReadinessState::Lagging);
    assert!(bank.readiness().within(PATIENCE).max_lag_time(Duration::MAX).await.is_ready());
    assert_eq!(bank.readiness().within(PATIENCE).max_lag_time(Duration::ZERO).await.state, ReadinessState::Lagging);

    permits.add_permits(2);
    runner.wait_for(2, PATIENCE).await.unwrap();
    let strict = bank.readiness().within(PATIENCE).max_lag_events(0).max_lag_time(Duration::ZERO);
    assert!(strict.await.is_ready());
    runner.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_database_that_does_not_answer_is_unreachable_in_time() {
    let (recorder, bank) = Faulty::application();
    recorder.is_silent.store(true, SeqCst);
    // the twin: a question without a limit waits
    assert!(bank.log().max_id().now_or_never().is_none());
    let within = Duration::from_millis(300);
    let begun = tokio::time::Instant::now();
    let readiness = bank.readiness().within(within).await;
    assert_eq!((readiness.state, begun.elapsed()), (ReadinessState::Unreachable, within));
    assert!(matches!(readiness.database, Reachability::NoAnswer { within: waited } if waited == within));

    recorder.is_silent.store(false, SeqCst);
    assert!(bank.readiness().await.is_ready());
}
