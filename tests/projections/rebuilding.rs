//! Zero-downtime rebuilds: the next version is built beside the live one, and replaces it at once and completely or leaves no trace.

mod killed;
mod letters;
mod places;
mod refusals;
mod twin;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing::projection::{ProjectionKey, RebuildState, RebuildableViews as _, Switched, Views as _};
use eventsourcing::{ProjectionRunner, Rebuild, RebuildError, RunnerError};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::sleep;

use self::places::{Place, Version as _};
use super::{PATIENCE, deposits, office};

/// A test of each function in each database.
macro_rules! in_each_place {
    ($($name:ident)*) => {
        mod in_memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::places::memory().await).await;
        })* }
        mod in_sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::places::sqlite().await).await;
        })* }
        mod in_postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
            super::$name(super::places::postgres().await).await;
        })* }
    };
}

// after the macro that it uses
mod another_log;
mod listed;
mod versions;

in_each_place! {
    the_old_view_serves_and_moves_on_while_the_new_one_is_built
    readers_see_each_event_once_after_a_switch_beside_writers
    an_old_runner_is_refused_after_the_switch_in_another_process_too
    an_old_runner_that_had_not_begun_is_refused_after_the_switch
    an_aborted_rebuild_leaves_no_trace
    a_rebuild_dropped_at_any_moment_goes_on_from_where_it_was
    a_view_never_goes_back_at_a_switch
    progress_says_how_fast_it_is_and_how_long_it_takes_yet
    the_next_rebuild_works_after_a_switch
    a_rebuild_that_somebody_else_switched_or_aborted_ends
    a_projection_of_several_applications_is_rebuilt_from_all
}

/// A gate that lets nothing through.
fn closed() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

fn open(gate: &Semaphore) {
    gate.add_permits(1_000_000);
}

async fn the_old_view_serves_and_moves_on_while_the_new_one_is_built<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 5).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let gate = closed();
    let rebuild = Rebuild::builder(&office, P::V2::gated(Arc::clone(&gate)), place.views().await).batch_size(3);
    let mut rebuilding = rebuild.start().await.unwrap();
    assert_eq!(place.seen().await, (45, 10, 1, 1));
    // in SQLite a writer holds the lock, so a rebuild must not hold it without end
    gate.add_permits(2);
    let last = {
        let more = deposits(&office, 10, 5).await;
        open(&gate);
        more
    };
    old.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (90, 20, 1, 1));
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (180, 20, 2, 2));
    // and goes on with the new version
    let new = ProjectionRunner::start(&office, P::V2::open(), place.views().await).await.unwrap();
    let last = deposits(&office, 10, 5).await;
    new.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (270, 30, 2, 2));
    new.stop().await.unwrap();
}

async fn readers_see_each_event_once_after_a_switch_beside_writers<P: Place>(place: P) {
    let office = office().await;
    deposits(&office, 300, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (office, is_over) = (office.clone(), Arc::clone(&is_over));
        async move {
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                last = deposits(&office, 2, 1).await;
                // as fast as views of databases can follow
                sleep(Duration::from_millis(3)).await;
            }
            last
        }
    });
    let rebuild = Rebuild::builder(&office, P::V2::open(), place.views().await).batch_size(50);
    let mut rebuilding = rebuild.start().await.unwrap();
    old.wait_for(300, PATIENCE).await.unwrap();
    let (_, before, _, _) = place.seen().await;
    rebuilding.switch(PATIENCE).await.unwrap();
    let (balance, events, least, greatest) = place.seen().await;
    assert_eq!((least, greatest), (2, 2));
    assert!(events >= before, "{events} are fewer than {before}");
    // each account has an opening and its deposits: 300 events of the first, two of each other
    assert_eq!(balance, 2 * (events - (1 + (events - 300 + 1) / 2)));

    let new = ProjectionRunner::start(&office, P::V2::open(), place.views().await).await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    let last = writer.await.unwrap();
    new.wait_for(last, PATIENCE).await.unwrap();
    let last = i64::try_from(last.max(300)).unwrap();
    assert_eq!(place.seen().await, (2 * (299 + (last - 300) / 2), last, 2, 2));
    // the old runner had no say in that
    deposits(&office, 1, 1).await;
    let error = old.wait_for(u64::MAX, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Superseded { version: 1, live: 2, .. }), "{error:?}");
    new.stop().await.unwrap();
}

async fn an_old_runner_is_refused_after_the_switch_in_another_process_too<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let mut olds = Vec::new();
    for _ in 0..2 {
        olds.push(ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap());
    }
    olds[0].wait_for(last, PATIENCE).await.unwrap();
    olds[1].wait_for(last, PATIENCE).await.unwrap();
    let mut rebuilding = Rebuild::builder(&office, P::V2::open(), place.views().await).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    let last = deposits(&office, 10, 1).await;
    let said = "version 1 of `sums` is not live (live: 2) and handles no more events; \
                run a program that has version 2";
    for old in &olds {
        let error = old.wait_for(last, PATIENCE).await.unwrap_err();
        assert!(matches!(error, RunnerError::Superseded { version: 1, live: 2, .. }), "{error:?}");
        assert_eq!(error.to_string(), said);
    }
    let error = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap_err();
    assert_eq!(error.to_string(), said);
    assert_eq!(place.seen().await, (18, 10, 2, 2));
}

async fn an_old_runner_that_had_not_begun_is_refused_after_the_switch<P: Place>(place: P) {
    let office = office().await;
    // both begin with nothing
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    let mut rebuilding = Rebuild::builder(&office, P::V2::open(), place.views().await).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    let last = deposits(&office, 10, 1).await;
    let error = old.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Superseded { version: 1, live: 2, .. }), "{error:?}");
    assert_eq!(place.seen().await, (0, 0, 0, 0));
}

async fn an_aborted_rebuild_leaves_no_trace<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let before = place.traces().await;
    for batch_size in [1, 4, 100] {
        let rebuild = Rebuild::builder(&office, P::V2::open(), place.views().await).batch_size(batch_size);
        let rebuilding = rebuild.start().await.unwrap();
        while rebuilding.progress().await.unwrap().position == 0 {
            yield_now().await;
        }
        rebuilding.abort().await.unwrap();
        assert_eq!(place.traces().await, before);
    }
    // also when nobody goes on with it
    drop(Rebuild::builder(&office, P::V2::open(), place.views().await).start().await.unwrap());
    let aborted = Rebuild::abort_any("sums", &place.views().await).await.unwrap();
    assert_eq!(aborted, Some(2));
    assert_eq!(place.traces().await, before);
    assert_eq!(Rebuild::abort_any("sums", &place.views().await).await.unwrap(), None);
    let last = deposits(&office, 10, 1).await;
    old.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (18, 20, 1, 1));
}

async fn a_rebuild_dropped_at_any_moment_goes_on_from_where_it_was<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 200, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let mut reached = 0;
    for polls in 0..60 {
        let rebuild = Rebuild::builder(&office, P::V2::open(), place.views().await).batch_size(1 + polls % 7);
        let rebuilding = rebuild.start().await.unwrap();
        let position = rebuilding.progress().await.unwrap().position;
        assert!(position >= reached, "{position} is before {reached}");
        for _ in 0..polls {
            yield_now().await;
        }
        reached = position;
    }
    let mut rebuilding = Rebuild::builder(&office, P::V2::open(), place.views().await).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (398, 200, 2, 2));
}

async fn a_view_never_goes_back_at_a_switch<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let gate = closed();
    let views = place.views().await;
    let rebuild = Rebuild::builder(&office, P::V2::gated(Arc::clone(&gate)), views.clone()).batch_size(1);
    let mut rebuilding = rebuild.start().await.unwrap();
    // it has got as far as the first deposit, and is kept there
    while rebuilding.progress().await.unwrap().position < 1 {
        yield_now().await;
    }
    let error = rebuilding.switch(Duration::from_millis(1)).await.unwrap_err();
    assert!(matches!(error, RebuildError::NotCaughtUp { .. }), "{error:?}");
    // neither does somebody who does not wait first
    let key = ProjectionKey::new("sums", 2).rebuilt();
    let (switched, ()) = tokio::join!(views.switch(key, &[]), async { open(&gate) });
    match switched {
        Ok(Switched::Done) => assert_eq!(place.seen().await, (18, 10, 2, 2)),
        Ok(Switched::Behind) => {
            assert_eq!(place.seen().await, (9, 10, 1, 1));
            rebuilding.switch(PATIENCE).await.unwrap();
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(place.seen().await, (18, 10, 2, 2));
}

async fn progress_says_how_fast_it_is_and_how_long_it_takes_yet<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 100, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    drop(old);
    let gate = closed();
    let rebuild = Rebuild::builder(&office, P::V2::gated(Arc::clone(&gate)), place.views().await).batch_size(10);
    let mut rebuilding = rebuild.start().await.unwrap();
    let progress = rebuilding.progress().await.unwrap();
    assert_eq!((progress.position, progress.last, progress.lag(), progress.time_left), (0, 100, 100, None));
    assert!(matches!(progress.state, RebuildState::CatchingUp), "{progress:?}");
    // an opening and nine deposits are a batch
    gate.add_permits(9);
    let progress = loop {
        match rebuilding.progress().await.unwrap() {
            progress if progress.position > 0 => break progress,
            _ => yield_now().await,
        }
    };
    assert_eq!((progress.position, progress.last, progress.lag()), (10, 100, 90));
    let left = progress.time_left.unwrap().as_secs_f64();
    assert!(progress.per_second > 0.0 && (left * progress.per_second - 90.0).abs() < 0.1, "{progress:?}");
    open(&gate);
    let caught_up = loop {
        match rebuilding.progress().await.unwrap() {
            progress if progress.lag() == 0 => break progress,
            _ => yield_now().await,
        }
    };
    assert_eq!(caught_up.time_left, Some(Duration::ZERO));
    assert!(matches!(caught_up.state, RebuildState::CaughtUp), "{caught_up:?}");
    rebuilding.switch(PATIENCE).await.unwrap();
    let progress = rebuilding.progress().await.unwrap();
    assert_eq!((progress.position, progress.last), (100, 100));
    assert!(matches!(progress.state, RebuildState::Switched), "{progress:?}");
}

async fn the_next_rebuild_works_after_a_switch<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    Rebuild::builder(&office, P::V2::open(), place.views().await)
        .start()
        .await
        .unwrap()
        .switch(PATIENCE)
        .await
        .unwrap();
    assert_eq!(place.seen().await, (18, 10, 2, 2));
    let second = ProjectionRunner::start(&office, P::V2::open(), place.views().await).await.unwrap();
    let last = deposits(&office, 10, 1).await;
    let mut rebuilding = Rebuild::builder(&office, P::V3::open(), place.views().await).start().await.unwrap();
    second.wait_for(last, PATIENCE).await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    // to switch again changes nothing
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (54, 20, 3, 3));
    let last = deposits(&office, 10, 1).await;
    let error = second.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Superseded { version: 2, live: 3, .. }), "{error:?}");
    let third = ProjectionRunner::start(&office, P::V3::open(), place.views().await).await.unwrap();
    third.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (81, 30, 3, 3));
}

async fn a_rebuild_that_somebody_else_switched_or_aborted_ends<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let start = async || Rebuild::builder(&office, P::V2::open(), place.views().await).start().await.unwrap();
    let (mut one, mut other) = (start().await, start().await);
    Rebuild::abort_any("sums", &place.views().await).await.unwrap();
    deposits(&office, 1, 1).await;
    for rebuilding in [&mut one, &mut other] {
        let error = rebuilding.switch(PATIENCE).await.unwrap_err();
        assert!(matches!(error, RebuildError::Ended { version: 2, .. }), "{error:?}");
    }
    assert!(matches!(one.abort().await, Err(RebuildError::Ended { .. })));

    // two who rebuild the same share the work, and to have been switched to by the other is as good
    let (mut one, mut other) = (start().await, start().await);
    old.wait_for(11, PATIENCE).await.unwrap();
    one.switch(PATIENCE).await.unwrap();
    deposits(&office, 1, 1).await;
    let state = loop {
        match other.progress().await.unwrap().state {
            state @ RebuildState::Failed(_) => break state,
            _ => yield_now().await,
        }
    };
    let ended = matches!(&state, RebuildState::Failed(error) if error.to_string().contains("switched to or aborted"));
    assert!(ended, "{state:?}");
    other.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (18, 11, 2, 2));
}

async fn a_projection_of_several_applications_is_rebuilt_from_all<P: Place>(place: P) {
    let office = office().await;
    let branch = super::Branch::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let here = deposits(&office, 10, 1).await;
    let mut account = super::Account::open();
    account.deposit(100);
    let there = branch.save(&mut account).await.unwrap()[1].id;
    let views = place.views().await;
    for (application, last) in [(&*office, here), (&*branch, there)] {
        let runner = ProjectionRunner::start(application, P::V1::open(), views.clone()).await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
    }
    let before = place.traces().await;
    let error = Rebuild::builder(&office, P::V2::open(), views.clone()).start().await.unwrap_err();
    let said = "the live version of `sums` also consumes `Branch`, which its rebuild does not; \
                add it with `also(&application)`";
    assert_eq!(error.to_string(), said);
    assert_eq!(place.traces().await, before);
    let mut rebuilding = Rebuild::builder(&office, P::V2::open(), views.clone()).also(&branch).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(rebuilding.progress().await.unwrap().last, here + there);
    assert_eq!(place.seen().await, (218, 12, 2, 2));
    assert_eq!(views.position("sums_v2", "Branch").await.unwrap(), there);
}
