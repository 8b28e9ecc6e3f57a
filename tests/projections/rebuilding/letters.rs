//! Dead letters and switches: those of the old version are removed with it, and those of the new one stay to be retried.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing::{DeadLetterError, DeadLetters, OnFailure, ProjectionRunner, Rebuild, RunnerError};
use tokio::sync::Semaphore;

use super::super::{PATIENCE, deposits, office};
use super::places::{self, Place, Version as _};

const PARK: OnFailure = OnFailure::park(0, Duration::ZERO);

/// A gate whose handlers fail.
fn broken() -> Arc<Semaphore> {
    let gate = Semaphore::new(0);
    gate.close();
    Arc::new(gate)
}

async fn letters_go_with_their_version<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 3, 1).await;
    let views = place.views().await;
    let old = ProjectionRunner::builder(&office, P::V1::gated(broken()), views.clone()).on_failure(PARK);
    let old = old.start().await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(old.status().await.unwrap().dead_letters, 2);
    assert_eq!(place.seen().await, (0, 1, 1, 1));

    // one account more, so that the letters of the two versions are not the same
    let last = deposits(&office, 2, 1).await;
    old.wait_for(last, PATIENCE).await.unwrap();
    let rebuild = Rebuild::builder(&office, P::V2::gated(broken()), views.clone()).on_failure(PARK);
    let mut rebuilding = rebuild.start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (0, 2, 2, 2));

    let of_old = DeadLetters::new(&office, P::V1::open(), views.clone());
    assert_eq!(of_old.count().await.unwrap(), 0);
    let of_new = DeadLetters::new(&office, P::V2::open(), views.clone());
    let list = of_new.list(0, 10).await.unwrap();
    assert_eq!(list.iter().map(|letter| letter.notification_id).collect::<Vec<_>>(), [2, 3, 5]);
    // by nobody who has the handlers of before
    let refused = of_old.retry(list[0].originator_id).await.unwrap_err();
    let is_superseded = matches!(refused, DeadLetterError::Runner(RunnerError::Superseded { version: 1, live: 2, .. }));
    assert!(is_superseded, "{refused:?}");
    assert_eq!(of_new.retry(list[0].originator_id).await.unwrap(), 2);
    assert_eq!(of_new.retry(list[2].originator_id).await.unwrap(), 1);
    assert_eq!(place.seen().await, (6, 5, 2, 2));
    assert_eq!(of_new.count().await.unwrap(), 0);
}

async fn an_aborted_rebuild_takes_its_letters_with_it<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = place.views().await;
    let live = ProjectionRunner::start(&office, P::V1::open(), views.clone()).await.unwrap();
    live.wait_for(last, PATIENCE).await.unwrap();
    let before = place.traces().await;
    let rebuild = Rebuild::builder(&office, P::V2::gated(broken()), views.clone()).on_failure(PARK);
    let rebuilding = rebuild.start().await.unwrap();
    while rebuilding.progress().await.unwrap().position < last {
        tokio::task::yield_now().await;
    }
    rebuilding.abort().await.unwrap();
    assert_eq!(place.traces().await, before);
    assert_eq!(DeadLetters::new(&office, P::V2::open(), views).count().await.unwrap(), 0);
}

mod in_memory {
    use super::places::memory;

    #[tokio::test]
    async fn letters_go_with_their_version() {
        super::letters_go_with_their_version(memory().await).await;
    }

    #[tokio::test]
    async fn an_aborted_rebuild_takes_its_letters_with_it() {
        super::an_aborted_rebuild_takes_its_letters_with_it(memory().await).await;
    }
}

mod in_sqlite {
    use super::places::sqlite;

    #[tokio::test]
    async fn letters_go_with_their_version() {
        super::letters_go_with_their_version(sqlite().await).await;
    }

    #[tokio::test]
    async fn an_aborted_rebuild_takes_its_letters_with_it() {
        super::an_aborted_rebuild_takes_its_letters_with_it(sqlite().await).await;
    }
}

mod in_postgres {
    use super::places::postgres;

    #[tokio::test]
    async fn letters_go_with_their_version() {
        super::letters_go_with_their_version(postgres().await).await;
    }

    #[tokio::test]
    async fn an_aborted_rebuild_takes_its_letters_with_it() {
        super::an_aborted_rebuild_takes_its_letters_with_it(postgres().await).await;
    }
}
