//! Position, view and dead letters change together, also with dropped and concurrent runners.

use std::collections::BTreeSet;

use eventsourcing::projection::{MemoryTransaction, ViewTransaction, Views};
use eventsourcing::recording::LogPosition;
use eventsourcing::{MemoryViews, ViewError};
use futures::future::{FutureExt as _, join_all};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::ledger::Entries;
use super::*;

in_each_place! {
    runners_dropped_at_any_moment_handle_each_event_or_put_it_aside
    retries_dropped_at_any_moment_handle_each_event_once
    retries_beside_runners_and_writers_lose_double_and_reorder_nothing
    who_retries_at_the_same_time_takes_turns
}

/// Whether each event is either handled or dead-lettered, once, and the handled ones are in order.
async fn is_whole<P: Place>(place: &P, letters: &DeadLetters<P::Ledger, P::Views>, events: usize) -> bool {
    let handled = place.by_account().await;
    let aside = letters.list(0, usize::MAX).await.unwrap();
    let mut all: BTreeSet<(Uuid, u64)> = place.entries().await.into_iter().collect();
    all.extend(aside.iter().map(|letter| (letter.originator_id, letter.originator_version)));
    let counted = place.entries().await.len() + aside.len();
    all.len() == events && counted == events && handled.values().all(|versions| versions.is_sorted())
}

async fn runners_dropped_at_any_moment_handle_each_event_or_put_it_aside<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut accounts = Vec::new();
    for number in 0..40 {
        accounts.push(account(&office, if number % 2 == 0 { &[1, 2] } else { &[13, 2] }).await);
    }
    for polls in 0..200 {
        let runner = ProjectionRunner::builder(&office, P::ledger(&bad), place.views()).on_failure(PARK);
        let runner = runner.batch_size(1 + polls % 5).start().await.unwrap();
        for _ in 0..polls {
            yield_now().await;
        }
        drop(runner);
    }
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    assert!(is_whole(&place, &letters, 120).await);
    assert_eq!(letters.count().await.unwrap(), 40);
}

async fn retries_dropped_at_any_moment_handle_each_event_once<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = Vec::new();
    for _ in 0..6 {
        unlucky.push(account(&office, &[&[13], [1; 110].as_slice()].concat()).await.id());
    }
    process(&office, &place, &bad, PARK).await;
    bad.is(&[]);
    let letters = letters(&office, &place, &bad);
    for (polls, id) in unlucky.iter().cycle().take(90).enumerate() {
        let mut retry = Box::pin(letters.retry(*id));
        for _ in 0..polls {
            if (&mut retry).now_or_never().is_some() {
                break;
            }
            yield_now().await;
        }
    }
    let finished = async {
        // a transaction that was dropped may hold its lock for a moment
        while letters.count().await.unwrap() > 0 {
            join_all(unlucky.iter().map(|id| letters.retry(*id))).await;
        }
    };
    timeout(PATIENCE, finished).await.unwrap();
    assert!(is_whole(&place, &letters, 6 * 112).await);
}

async fn retries_beside_runners_and_writers_lose_double_and_reorder_nothing<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    let runners = [run(&office, &place, &bad, PARK).await, run(&office, &place, &bad, PARK).await];
    let mut accounts = Vec::new();
    for _ in 0..4 {
        accounts.push(account(&office, &[1]).await);
    }
    let ids: Vec<_> = accounts.iter().map(Account::id).collect();
    let letters = letters(&office, &place, &bad);
    let (mut retried, mut last) = (0, 0);
    for _ in 0..20 {
        // as if the program was replaced by one that cannot do it, and that again by one that can
        bad.is(&[13]);
        for account in &mut accounts {
            last = deposit(&office, account, &[13, 1]).await;
        }
        let put_aside = async {
            while letters.count().await.unwrap() == 0 {
                yield_now().await;
            }
        };
        timeout(PATIENCE, put_aside).await.unwrap();
        bad.is(&[]);
        let write = async {
            for _ in 0..3 {
                for account in &mut accounts {
                    last = deposit(&office, account, &[1]).await;
                    yield_now().await;
                }
            }
        };
        let retry = async {
            for id in ids.iter().cycle().take(8) {
                retried += letters.retry(*id).await.unwrap_or_default();
            }
        };
        futures::join!(write, retry);
    }
    for runner in runners {
        runner.wait_for(last, PATIENCE).await.unwrap();
        runner.stop().await.unwrap();
    }
    let finished = async {
        while letters.count().await.unwrap() > 0 {
            for id in &ids {
                retried += letters.retry(*id).await.unwrap_or_default();
            }
        }
    };
    timeout(PATIENCE, finished).await.unwrap();
    assert!(retried >= 20, "{retried}");
    for (id, versions) in place.by_account().await {
        assert_eq!(versions, (1..=102).collect::<Vec<_>>(), "{id}");
    }
}

async fn who_retries_at_the_same_time_takes_turns<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[&[13], [1; 300].as_slice()].concat()).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[]);
    let letters = [(); 4].map(|()| letters(&office, &place, &bad));
    let counts = join_all(letters.iter().map(|letters| letters.retry(unlucky.id()))).await;
    let retried: usize = counts
        .into_iter()
        .map(|count| match count {
            Ok(count) => count,
            Err(DeadLetterError::NoneOf { .. }) => 0,
            Err(error) => panic!("{error}"),
        })
        .sum();
    assert_eq!(retried, 301);
    assert_eq!(place.by_account().await[&unlucky.id()], (1..=302).collect::<Vec<_>>());
}

/// Views that park dead letters in a second transaction, after the one that moves the position.
#[derive(Clone)]
struct Unprotected(MemoryViews<Entries>);

struct UnprotectedTransaction {
    inner: MemoryTransaction<Entries>,
    views: MemoryViews<Entries>,
    parks: Vec<DeadLetter>,
}

impl Unprotected {
    fn transaction(&self, inner: MemoryTransaction<Entries>) -> UnprotectedTransaction {
        UnprotectedTransaction { inner, views: self.0.clone(), parks: Vec::new() }
    }
}

impl Views for Unprotected {
    type View = Entries;
    type Transaction = UnprotectedTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> std::result::Result<LogPosition, ViewError> {
        self.0.position(projection, upstream).await
    }

    async fn begin(
        &self,
        projection: &str,
        tracking: &Tracking,
    ) -> std::result::Result<UnprotectedTransaction, ViewError> {
        Ok(self.transaction(self.0.begin(projection, tracking).await?))
    }

    async fn begin_without_advance(
        &self,
        projection: &str,
        upstream: &str,
    ) -> std::result::Result<UnprotectedTransaction, ViewError> {
        Ok(self.transaction(self.0.begin_without_advance(projection, upstream).await?))
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> std::result::Result<Vec<DeadLetter>, ViewError> {
        self.0.dead_letters(projection, upstream, after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> std::result::Result<u64, ViewError> {
        self.0.count_dead_letters(projection, upstream).await
    }
}

impl ViewTransaction for UnprotectedTransaction {
    type View = Entries;

    fn view(&mut self) -> &mut Entries {
        self.inner.view()
    }

    async fn parked(&mut self, originators: &[Uuid]) -> std::result::Result<Vec<Uuid>, ViewError> {
        self.inner.parked(originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> std::result::Result<(), ViewError> {
        self.parks.extend_from_slice(letters);
        Ok(())
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> std::result::Result<Vec<DeadLetter>, ViewError> {
        self.inner.unpark(originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> std::result::Result<Option<DeadLetter>, ViewError> {
        self.inner.discard(notification_id).await
    }

    async fn commit(self) -> std::result::Result<(), ViewError> {
        self.inner.commit().await?;
        if !self.parks.is_empty() {
            yield_now().await;
            let mut after = self.views.begin_without_advance("ledger", "Office").await?;
            after.park(&self.parks).await?;
            after.commit().await?;
        }
        Ok(())
    }
}

struct Twin(Unprotected);

impl Place for Twin {
    type Views = Unprotected;
    type Ledger = super::ledger::InMemory;

    fn ledger(bad: &Bad) -> Self::Ledger {
        super::ledger::Memory::ledger(bad)
    }

    fn views(&self) -> Unprotected {
        self.0.clone()
    }

    async fn entries(&self) -> Entries {
        self.0.0.read(Clone::clone)
    }
}

/// The twin: without one transaction for both, a runner that is dropped between the two loses an event.
#[tokio::test]
async fn with_two_transactions_an_event_is_neither_handled_nor_put_aside() {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let place = Twin(Unprotected(MemoryViews::new(Entries::new())));
    let mut unlucky = account(&office, &[]).await;
    process(&office, &place, &bad, PARK).await;
    deposit(&office, &mut unlucky, &[13]).await;
    for polls in 0.. {
        let runner = run(&office, &place, &bad, PARK).await;
        for _ in 0..polls {
            yield_now().await;
        }
        drop(runner);
        yield_now().await;
        if place.views().position("ledger", "Office").await.unwrap() == 2 {
            break;
        }
    }
    let letters = letters(&office, &place, &bad);
    assert!(!is_whole(&place, &letters, 2).await);
    assert_eq!((place.entries().await.len(), letters.count().await.unwrap()), (1, 0));
}
