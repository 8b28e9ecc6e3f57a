//! A rebuild that is killed repeatedly completes, and a runner that is told to stop stops.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::{EventEnvelope, MemoryViews, ProjectionRunner, Rebuild};
use futures::{FutureExt as _, future::pending};
use tokio::sync::Notify;

use super::super::{AccountDeposited, PATIENCE, deposits, office};

struct Before;

#[projection("killed")]
impl Before {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut u64) -> Result<()> {
        *view += 1;
        Ok(())
    }
}

/// Lives for this number of events.
#[derive(Clone)]
struct ShortLived {
    left: Arc<AtomicUsize>,
    dies: Arc<Notify>,
}

#[projection("killed", version = 2)]
impl ShortLived {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut u64) -> Result<()> {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            self.dies.notify_one();
            return pending().await;
        }
        *view += 1;
        Ok(())
    }
}

#[tokio::test]
async fn a_rebuild_that_never_lives_for_a_whole_batch_comes_to_its_end() {
    let office = office().await;
    let last = deposits(&office, 1_000, 1).await;
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::start(&office, Before, views.clone()).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    for _ in 0..1_000 {
        // a tenth of a batch
        let life = ShortLived { left: Arc::new(AtomicUsize::new(100)), dies: Arc::default() };
        let mut rebuilding = Rebuild::builder(&office, life.clone(), views.clone()).start().await.unwrap();
        tokio::select! {
            () = life.dies.notified() => {}
            switched = rebuilding.switch(PATIENCE) => {
                switched.unwrap();
                assert_eq!(views.read(|events| *events), 999);
                return;
            }
        }
    }
    panic!("the rebuild got nowhere");
}

/// Refuses events that come together, and waits at the third that comes alone.
#[derive(Clone, Default)]
struct OneByOne {
    waits: Arc<Notify>,
    goes_on: Arc<Notify>,
}

#[projection("one_by_one")]
impl OneByOne {
    #[on]
    async fn deposited(
        &self,
        events: &[EventEnvelope<AccountDeposited>],
        view: &mut u64,
    ) -> std::result::Result<(), String> {
        if events.len() > 1 {
            return Err("one by one, please".to_owned());
        }
        *view += 1;
        if *view == 3 {
            self.waits.notify_one();
            self.goes_on.notified().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_runner_that_takes_a_batch_apart_stops_between_two_events() {
    let office = office().await;
    deposits(&office, 100, 1).await;
    let views = MemoryViews::new(0);
    let projection = OneByOne::default();
    let runner = ProjectionRunner::builder(&office, projection.clone(), views.clone());
    let runner = runner.poll_interval(Duration::from_secs(1)).start().await.unwrap();
    projection.waits.notified().await;
    let status = runner.status().await.unwrap();
    assert!(status.handling_for.is_some(), "{status:?}");
    let mut stop = pin!(runner.stop());
    assert!(stop.as_mut().now_or_never().is_none());
    projection.goes_on.notify_one();
    stop.await.unwrap();
    assert_eq!(views.read(|events| *events), 3);
}
