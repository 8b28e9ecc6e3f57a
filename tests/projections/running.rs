//! Starting, waiting for and stopping a runner.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::projection::{Progress, ViewTransaction as _, Views as _};
use eventsourcing::{EventContext, MemoryViews, ProjectionRunner, RunnerError};
use tokio::sync::Semaphore;

use super::{AccountDeposited, AccountOpened, Note, NoteBegun, PATIENCE, deposits, office};

/// Counts events, each of which takes a permit.
struct Slow(Arc<Semaphore>);

#[projection("slow")]
impl Slow {
    #[on]
    async fn opened(&self, _: &AccountOpened, view: &mut u64) -> Result<()> {
        self.0.acquire().await.unwrap().forget();
        *view += 1;
        Ok(())
    }

    #[on]
    async fn deposited(&self, _: &AccountDeposited, context: &EventContext, view: &mut u64) -> Result<()> {
        assert_eq!(&*context.upstream, "Office");
        self.0.acquire().await.unwrap().forget();
        *view += 1;
        Ok(())
    }

    /// Of another aggregate.
    #[on]
    async fn begun(&self, _: &NoteBegun, view: &mut u64) -> Result<()> {
        *view += 100;
        Ok(())
    }
}

#[tokio::test]
async fn events_of_several_aggregates_are_handled_in_the_order_of_the_log() {
    let office = office().await;
    deposits(&office, 2, 1).await;
    office.save(&mut Note::begin()).await.unwrap();
    let last = deposits(&office, 1, 1).await;
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::start(&office, Slow(Arc::new(Semaphore::new(3))), views.clone()).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(views.read(|count| *count), 103);
}

#[tokio::test]
async fn who_waits_longer_than_it_may_is_told_how_far_it_is() {
    let office = office().await;
    let last = deposits(&office, 3, 1).await;
    let permits = Arc::new(Semaphore::new(0));
    let runner = ProjectionRunner::start(&office, Slow(Arc::clone(&permits)), MemoryViews::new(0)).await.unwrap();
    let error = runner.wait_for(last, Duration::from_millis(1)).await.unwrap_err();
    let said = "`slow` did not process `Office` up to 3 within 1ms; it is at 0: \
                wait longer, or check its status for an error";
    assert_eq!(error.to_string(), said);
    permits.add_permits(3);
    runner.wait_for(last, PATIENCE).await.unwrap();
    // what is there already is not waited for
    runner.wait_for(1, Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn stopping_finishes_the_batch_that_is_under_way() {
    let office = office().await;
    deposits(&office, 3, 1).await;
    let permits = Arc::new(Semaphore::new(1));
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::builder(&office, Slow(Arc::clone(&permits)), views.clone()).batch_size(3);
    let runner = runner.start().await.unwrap();
    while permits.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let more = async {
        tokio::task::yield_now().await;
        deposits(&office, 1, 1).await;
        permits.add_permits(10);
    };
    let (stopped, ()) = tokio::join!(runner.stop(), more);
    stopped.unwrap();
    assert_eq!(views.read(|count| *count), 3);
    assert_eq!(views.position("slow", "Office").await.unwrap(), 3);
}

#[tokio::test]
async fn a_runner_that_waits_is_stopped_at_once_and_one_that_is_dropped_ends() {
    let office = office().await;
    let views = MemoryViews::new(0);
    let permits = Arc::new(Semaphore::new(0));
    let start = || ProjectionRunner::start(&office, Slow(Arc::clone(&permits)), views.clone());
    start().await.unwrap().stop().await.unwrap();
    let runner = start().await.unwrap();
    deposits(&office, 1, 1).await;
    drop(runner);
    permits.add_permits(1);
    // with its task the permits' other handles go
    while Arc::strong_count(&permits) > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(views.read(|count| *count), 0);
}

#[tokio::test]
async fn a_view_that_is_ahead_of_the_log_is_not_made_worse() {
    let office = office().await;
    deposits(&office, 2, 1).await;
    let views = MemoryViews::new(0);
    views.begin("slow", &Tracking::new("Office", 0, 5)).await.unwrap().commit().await.unwrap();
    let error = ProjectionRunner::start(&office, Slow(Arc::default_permits()), views).await.unwrap_err();
    let said = "`slow` cannot consume the log of `Office`: \
                position 5 is after the end of the log of `Office`, whose last notification id is 2; \
                the log is another one, or was restored from a backup: find out which processed events are lost";
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn an_application_that_is_closed_ends_the_projection_with_an_error() {
    let office = office().await;
    let runner = ProjectionRunner::start(&office, Slow(Arc::default_permits()), MemoryViews::new(0)).await.unwrap();
    office.close().await;
    let error = runner.wait_for(1, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::Upstream { .. }), "{error:?}");
    assert!(error.to_string().ends_with("the application is closed; open it again"), "{error}");
}

#[test]
fn outside_of_a_runtime_it_is_an_error_to_start() {
    futures::executor::block_on(async {
        let office = office().await;
        let started = ProjectionRunner::start(&office, Slow(Arc::default_permits()), MemoryViews::new(0)).await;
        let said = "`slow` needs a Tokio runtime; start it inside of `#[tokio::main]`";
        assert_eq!(started.unwrap_err().to_string(), said);
    });
}

#[test]
fn a_runner_outlived_by_who_waits_is_said_to_be_stopped() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let other = tokio::runtime::Runtime::new().unwrap();
    let runner = runtime.block_on(async {
        let office = office().await;
        ProjectionRunner::start(&office, Slow(Arc::default_permits()), MemoryViews::new(0)).await.unwrap()
    });
    drop(runtime);
    other.block_on(async {
        let error = runner.wait_for(1, PATIENCE).await.unwrap_err();
        assert!(matches!(error, RunnerError::Stopped { .. }), "{error:?}");
        assert!(matches!(runner.status().await.unwrap().progress, Progress::Stopped));
    });
}

trait DefaultPermits {
    fn default_permits() -> Self;
}

impl DefaultPermits for Arc<Semaphore> {
    fn default_permits() -> Self {
        Arc::new(Semaphore::new(1_000))
    }
}

/// Handles events of an aggregate that the office does not record.
struct Elsewhere;

#[expect(dead_code, reason = "nobody launches a ship here")]
mod elsewhere {
    use eventsourcing::prelude::*;

    #[aggregate]
    pub(super) struct Ship {
        name: String,
    }

    #[aggregate]
    impl Ship {
        #[event("Launched")]
        pub(super) fn launch(name: &str) -> Self {
            Self { name: name.to_owned() }
        }
    }
}

#[projection("elsewhere")]
impl Elsewhere {
    #[on]
    async fn launched(&self, _: &elsewhere::ShipLaunched, _: &mut u64) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_projection_of_events_that_are_not_recorded_is_refused() {
    let office = office().await;
    let error = ProjectionRunner::start(&office, Elsewhere, MemoryViews::new(0)).await.unwrap_err();
    let said = "`Office` records none of the events that `elsewhere` handles: [\"Ship.Launched\"]; \
                use the application that records them, or register the aggregate with this one: `#[application(aggregates(…))]`";
    assert_eq!(error.to_string(), said);
}

mod taken {
    //! Another projection of the name of [`Slow`](super::Slow).

    use eventsourcing::prelude::*;

    use super::super::AccountOpened;

    pub(super) struct Impostor;

    #[projection("slow")]
    impl Impostor {
        #[on]
        async fn opened(&self, _: &AccountOpened, view: &mut u64) -> Result<()> {
            *view += 1;
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_name_that_is_taken_in_the_same_place_is_refused_as_long_as_it_is() {
    let office = office().await;
    let views = MemoryViews::new(0);
    let slow = || Slow(Arc::new(Semaphore::new(10)));
    let first = ProjectionRunner::start(&office, slow(), views.clone()).await.unwrap();
    // the same once more is as good as another process
    let second = ProjectionRunner::start(&office, Arc::new(slow()), views.clone()).await.unwrap();
    let error = ProjectionRunner::start(&office, taken::Impostor, views.clone()).await.unwrap_err();
    assert!(matches!(error, RunnerError::NameTaken { name: "slow", .. }), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("running::Slow`, which runs") && said.contains("running::taken::Impostor`"), "{said}");
    // elsewhere it is free, and here once nobody runs under it
    drop(ProjectionRunner::start(&office, taken::Impostor, MemoryViews::new(0)).await.unwrap());
    first.stop().await.unwrap();
    assert!(ProjectionRunner::start(&office, taken::Impostor, views.clone()).await.is_err());
    drop(second);
    drop(ProjectionRunner::start(&office, taken::Impostor, views).await.unwrap());
}
