//! Runners: what they have handled, retried and parked, and how far they are behind.

use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::stats::ConsumerState;

use crate::common::{OFTEN, PATIENCE};
use crate::{Account, Bank, Total, bank, in_each_database};

async fn a_runner_counts_what_it_handles_and_parks(bank: Bank) {
    bank.save(&mut vec![Account::open(1), Account::open(-1), Account::open(2)]).await.unwrap();
    let park = OnFailure::park(1, Duration::ZERO);
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::builder(&bank, Total, views).on_failure(park).poll_interval(OFTEN);
    let runner = runner.start().await.unwrap();
    runner.wait_for(3, PATIENCE).await.unwrap();

    let stats = runner.stats();
    assert_eq!((stats.name, &*stats.upstream, stats.is_rebuild), ("total", "Bank", false));
    assert_eq!((stats.position, stats.last, stats.lag()), (3, 3, 0));
    assert_eq!((stats.events, stats.parked, stats.retries), (3, 1, 1));
    assert_eq!((stats.state, stats.behind_for), (ConsumerState::Running, Some(Duration::ZERO)));
    assert_eq!(stats.dead_letters, None, "nobody has looked");

    bank.readiness().await;
    assert_eq!(runner.stats().dead_letters, Some(1));
    assert_eq!(bank.stats().consumers, [runner.stats()]);
    runner.stop().await.unwrap();
    assert_eq!(bank.stats().consumers, [], "a stopped runner is none");
}

async fn a_runner_that_gave_up_says_so_and_lags(bank: Bank) {
    bank.save(&mut vec![Account::open(1), Account::open(-1), Account::open(2)]).await.unwrap();
    let runner = ProjectionRunner::start(&bank, Total, MemoryViews::new(0)).await.unwrap();
    assert!(runner.wait_for(3, PATIENCE).await.is_err());

    let stats = runner.stats();
    assert_eq!((stats.state, stats.position, stats.lag()), (ConsumerState::Failed, 1, 2));
    assert_eq!(stats.behind_for, None);
    bank.readiness().await;
    assert!(runner.stats().behind_for > Some(Duration::ZERO));
}

in_each_database! {
    a_runner_counts_what_it_handles_and_parks
    a_runner_that_gave_up_says_so_and_lags
}

#[tokio::test]
async fn a_rebuild_is_told_from_the_live_version() {
    struct Better;

    #[projection("total", version = 2)]
    impl Better {
        #[on]
        async fn opened(&self, event: &crate::AccountOpened, total: &mut i64) -> Result<(), Error> {
            *total += event.balance.abs();
            Ok(())
        }
    }

    let bank = bank().await;
    bank.save(&mut vec![Account::open(1), Account::open(2)]).await.unwrap();
    let views = MemoryViews::new(0);
    let live = ProjectionRunner::start(&bank, Total, views.clone()).await.unwrap();
    live.wait_for(2, PATIENCE).await.unwrap();
    let mut rebuild = Rebuild::builder(&bank, Better, views).start().await.unwrap();
    let kinds: Vec<_> = bank.stats().consumers.iter().map(|consumer| consumer.is_rebuild).collect();
    assert_eq!(kinds, [false, true]);
    drop(live);
    rebuild.switch(PATIENCE).await.unwrap();
    assert_eq!(bank.stats().consumers, []);
}
