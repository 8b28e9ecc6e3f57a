//! The events that are dead-lettered, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::database::PostgresViews;
use eventsourcing::projection::{Progress, Views as _};
use eventsourcing::{EventContext, MemoryViews, StoredEvent};

use sqlx::PgConnection;

use super::super::{AccountDeposited, postgres_pool};
use super::*;

in_each_place! {
    others_go_on_and_later_events_of_the_aggregate_wait
    whoever_runs_the_projection_next_lets_them_wait_too
    what_is_put_aside_twice_over_is_put_aside_once
    an_event_that_cannot_be_decoded_is_put_aside
}

async fn others_go_on_and_later_events_of_the_aggregate_wait<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = account(&office, &[1, 13, 2]).await;
    let mut lucky = account(&office, &[5]).await;
    let runner = run(&office, &place, &bad, PARK).await;
    runner.wait_for(6, PATIENCE).await.unwrap();
    let letters = letters(&office, &place, &bad);
    let all = letters.list(0, 10).await.unwrap();
    assert_eq!(versions(&all), [(3, true), (4, false)]);
    assert!(all[0].reason.as_deref().unwrap().contains("13 brings bad luck"), "{all:?}");
    let of = (all[0].notification_id, all[0].originator_id, all[0].topic.as_str());
    assert_eq!(of, (3, unlucky.id(), "Account.Deposited"));
    assert!(all[0].parked_at <= Timestamp::now() && all[1].parked_at >= all[0].parked_at);

    // also what comes later, one by one
    deposit(&office, &mut unlucky, &[3]).await;
    let last = deposit(&office, &mut lucky, &[6]).await;
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(versions(&letters.list(0, 10).await.unwrap()), [(3, true), (4, false), (5, false)]);
    let handled = place.by_account().await;
    assert_eq!((&handled[&unlucky.id()], &handled[&lucky.id()]), (&vec![1, 2], &vec![1, 2, 3]));

    let status = runner.status().await.unwrap();
    assert_eq!((status.dead_letters, status.position), (3, last));
    assert!(matches!(status.progress, Progress::Running), "{status:?}");
    assert!(matches!(status.last_error, Some(RunnerError::Handler { notification_id: 3, .. })), "{status:?}");
    runner.stop().await.unwrap();
}

async fn whoever_runs_the_projection_next_lets_them_wait_too<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = account(&office, &[13]).await;
    process(&office, &place, &bad, PARK).await;
    // even if it would stop, and although the handler is mended
    bad.is(&[]);
    deposit(&office, &mut unlucky, &[1, 2]).await;
    let lucky = account(&office, &[3]).await;
    process(&office, &place, &bad, OnFailure::Stop).await;
    let handled = place.by_account().await;
    assert_eq!((&handled[&unlucky.id()], &handled[&lucky.id()]), (&vec![1], &vec![1, 2]));
    let all = letters(&office, &place, &bad).list(0, 10).await.unwrap();
    assert_eq!(versions(&all), [(2, true), (3, false), (4, false)]);
}

async fn what_is_put_aside_twice_over_is_put_aside_once<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut runners = Vec::new();
    for batch_size in [1, 3, 7] {
        let runner = ProjectionRunner::builder(&office, P::ledger(&bad), place.views()).on_failure(PARK);
        runners.push(runner.batch_size(batch_size).start().await.unwrap());
    }
    for _ in 0..10 {
        account(&office, &[1, 13, 2]).await;
    }
    for runner in runners {
        runner.wait_for(40, PATIENCE).await.unwrap();
        runner.stop().await.unwrap();
    }
    let all = letters(&office, &place, &bad).list(0, 100).await.unwrap();
    assert_eq!(versions(&all), [(3, true), (4, false)].repeat(10));
    assert!(place.by_account().await.into_values().all(|versions| versions == [1, 2]));
}

async fn an_event_that_cannot_be_decoded_is_put_aside<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    let account = account(&office, &[1]).await;
    let (originator_id, state) = (account.id(), b"{\"timestamp\":\"yesterday\"}".to_vec());
    let broken = StoredEvent::new(originator_id, 3, "Account.Deposited", state, Uuid::new_v4()).checksummed();
    office.recorder().insert_events(vec![broken]).await.unwrap();
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    assert_eq!(versions(&letters.list(0, 10).await.unwrap()), [(3, true)]);
    let error = letters.retry(originator_id).await.unwrap_err();
    assert!(matches!(error, DeadLetterError::Runner(RunnerError::Handler { notification_id: 3, .. })), "{error:?}");
    letters.discard(3).await.unwrap();
    assert_eq!(place.entries().await.len(), 2);
}

/// Refuses this number of events.
struct Refusing(Arc<AtomicU32>);

#[projection("ledger")]
impl Refusing {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut u32) -> std::result::Result<(), String> {
        *view += 1;
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => Err("not yet".to_owned()),
            Err(_) => Ok(()),
        }
    }
}

#[tokio::test]
async fn an_event_is_put_aside_after_as_many_attempts_as_the_policy_says() {
    let policy = OnFailure::park(3, Duration::from_millis(1));
    for (refusals, letters) in [(0, 0), (3, 0), (4, 1)] {
        let office = office().await;
        let last = deposits(&office, 2, 1).await;
        let views = MemoryViews::new(0);
        let refusing = Refusing(Arc::new(AtomicU32::new(refusals)));
        let runner = ProjectionRunner::builder(&office, refusing, views.clone()).batch_size(1).on_failure(policy);
        let runner = runner.start().await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
        assert_eq!(views.count_dead_letters("ledger", "Office").await.unwrap(), letters, "{refusals}");
        assert_eq!(views.read(|handled| u64::from(*handled)), 1 - letters);
    }
}

#[tokio::test]
async fn a_runner_that_is_stopped_between_attempts_puts_nothing_aside() {
    let office = office().await;
    deposits(&office, 2, 1).await;
    let views = MemoryViews::new(0);
    let policy = OnFailure::park(1, Duration::from_secs(3_600));
    let refusing = Refusing(Arc::new(AtomicU32::new(u32::MAX)));
    let runner = ProjectionRunner::builder(&office, refusing, views.clone()).on_failure(policy).start().await.unwrap();
    while !matches!(runner.status().await.unwrap().progress, Progress::Retrying(_)) {
        tokio::task::yield_now().await;
    }
    assert!(matches!(runner.stop().await, Err(RunnerError::Handler { notification_id: 2, .. })));
    assert_eq!(views.count_dead_letters("ledger", "Office").await.unwrap(), 0);
    assert!(views.position("ledger", "Office").await.unwrap().id < 2);
}

/// Refuses with a reason that PostgreSQL cannot store as text.
struct Mumbling;

#[projection("mumbling")]
impl Mumbling {
    #[on]
    async fn deposited(
        &self,
        _: &AccountDeposited,
        _: &EventContext,
        _: &mut PgConnection,
    ) -> std::result::Result<(), String> {
        Err("it said \0".to_owned())
    }
}

#[tokio::test]
async fn a_reason_that_the_database_cannot_keep_is_no_reason_to_stop() {
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = PostgresViews::open(postgres_pool().await).await.unwrap();
    let runner = ProjectionRunner::builder(&office, Mumbling, views.clone()).on_failure(PARK).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let letters = views.dead_letters("mumbling", "Office", 0, 10).await.unwrap();
    assert_eq!(letters[0].reason.as_deref(), Some("it said \u{fffd}"));
}
