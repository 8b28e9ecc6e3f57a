//! A steady load: a process that serves it has no reason to use more and more.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::{Error, Projection, ProjectionRunner};
use futures::future::{join_all, poll_immediate};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::counting::{Count, Counted};
use super::{Account, Office};

/// The number of tasks that save and load.
const WRITERS: usize = 4;

/// The time between two rounds of a writer, which limits the load.
const PACE: Duration = Duration::from_millis(5);

/// The number of accounts that each writer changes again.
const KNOWN: usize = 32;

/// One round in this number fails or is given up.
const RARELY: usize = 16;

/// The end of the load.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    Minutes(u64),
    /// The number of rounds of each writer.
    Rounds(usize),
}

impl Extent {
    fn is_over(self, rounds: usize, start: Instant) -> bool {
        match self {
            Self::Minutes(minutes) => start.elapsed() >= Duration::from_secs(60 * minutes),
            Self::Rounds(wanted) => rounds >= wanted,
        }
    }
}

/// Saves, loads, projects and subscribes until the load ends; then every event was counted and delivered once.
pub(super) async fn serve<P, V, Q>(office: &Office, projection: impl Fn() -> P, counted: &Counted<V, Q>, extent: Extent)
where
    P: Projection,
    V: Views<View = P::View> + Clone,
    Counted<V, Q>: Count,
{
    let (written, is_written) = watch::channel(false);
    let writing = async {
        join_all((0..WRITERS).map(|_| write(office, extent))).await;
        written.send_replace(true);
    };
    let projecting = project(office, projection, &counted.views, is_written.clone());
    let ((), (), followed) = tokio::join!(writing, projecting, follow(office, is_written.clone()));
    let last = last(office).await;
    assert_eq!((counted.count().await, followed), (last, last));
}

async fn last(office: &Office) -> u64 {
    office.recorder().max_notification_id().await.unwrap().unwrap_or_default()
}

/// Saves new accounts, and loads and changes earlier ones; some saves are refused, and some are dropped.
async fn write(office: &Office, extent: Extent) {
    let start = Instant::now();
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = VecDeque::with_capacity(KNOWN);
    for round in 0.. {
        if extent.is_over(round, start) {
            return;
        }
        ticks.tick().await;
        let mut account = Account::open();
        (0..4).for_each(|amount| account.deposit(amount));
        office.save(&mut account).await.unwrap();
        known.push_back(account.id());
        // so no account is changed more than once, and none has a history that gets long
        let Some(id) = (known.len() == KNOWN).then(|| known.pop_front()).flatten() else { continue };
        let mut account: Account = office.repository().get(id).await.unwrap();
        let mut late = account.clone();
        account.deposit(1);
        if round % RARELY == 0 {
            // its outcome is not waited for: recorded or not, the next save is answered
            let _ = poll_immediate(office.save(&mut account)).await;
        }
        office.save(&mut account).await.unwrap();
        if round % RARELY == 1 {
            late.deposit(2);
            let refused = office.save(&mut late).await;
            assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
            let unknown = office.repository().get::<Account>(Uuid::new_v4()).await;
            assert!(matches!(unknown, Err(Error::AggregateNotFound { .. })), "{unknown:?}");
        }
    }
}

/// Runs the projection repeatedly, each time for a while, until all events are counted.
async fn project<P, V>(office: &Office, projection: impl Fn() -> P, views: &V, written: watch::Receiver<bool>)
where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    let mut is_last = false;
    while !is_last {
        let runner = ProjectionRunner::start(office, projection(), views.clone()).await.unwrap();
        is_last = *written.borrow();
        let wanted = if is_last { last(office).await } else { last(office).await + 1_000 };
        tokio::select! {
            outcome = runner.wait_for(wanted, Duration::MAX) => outcome.unwrap(),
            () = until(written.clone()), if !is_last => {}
        }
        runner.stop().await.unwrap();
    }
}

/// Consumes the log with one subscription after another until all events have arrived, and returns the last id.
async fn follow(office: &Office, written: watch::Receiver<bool>) -> u64 {
    let mut position = 0;
    loop {
        let is_last = *written.borrow();
        let wanted = if is_last { last(office).await } else { position + 1_000 };
        let mut subscription = office.subscribe(position).notifications();
        while position < wanted {
            tokio::select! {
                next = subscription.next() => {
                    let next = next.expect("a subscription has no end").unwrap();
                    assert_eq!(next.item.id, position + 1, "an event was missed, or came twice");
                    position = next.item.id;
                }
                () = until(written.clone()), if !is_last => break,
            }
        }
        if is_last {
            return position;
        }
    }
}

/// Waits until all events are written.
async fn until(mut written: watch::Receiver<bool>) {
    // a sender that is gone has ended too
    let _ = written.wait_for(|is_written| *is_written).await;
}
