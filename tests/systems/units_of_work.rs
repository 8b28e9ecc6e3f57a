//! Units of work of policies: recorded together with the position, on top of what others record meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;
use eventsourcing::{OnFailure, RunnerError};

use super::{PATIENCE, events};

#[aggregate]
#[derive(Clone, Debug)]
struct Door {
    opened: u32,
}

#[aggregate]
impl Door {
    #[event("Made")]
    fn make() -> Self {
        Self { opened: 0 }
    }

    #[event("Opened")]
    fn open(&mut self) {
        self.opened += 1;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Tally {
    count: u64,
}

#[aggregate]
impl Tally {
    #[event("Begun", id = id)]
    fn begin(id: Uuid) -> Self {
        Self { count: 0 }
    }

    #[event("Counted")]
    fn count(&mut self) {
        self.count += 1;
    }
}

#[application(aggregates(Door))]
struct House;

#[application(aggregates(Tally))]
struct Office;

/// The downstream application that keeps tallies of doors.
fn tally_of(door: Uuid) -> Uuid {
    Uuid::new_v5(&door, b"tally")
}

#[policy]
impl Office {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        assert!(!work.exists(tally_of(context.originator_id)).await?);
        work.save(&mut Tally::begin(tally_of(context.originator_id)))
    }

    #[on]
    async fn opened(&self, _: &DoorOpened, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut tally: Tally = work.get(tally_of(context.originator_id)).await?;
        tally.count();
        work.save(&mut tally)
    }
}

const MEMORY: [(&str, &str); 1] = [("PERSISTENCE_MODULE", "memory")];

async fn opened(house: &House, times: u32) -> (Uuid, u64) {
    let mut door = Door::make();
    (0..times).for_each(|_| door.open());
    let last = house.save(&mut door).await.unwrap().last().unwrap().id;
    (door.id(), last)
}

#[tokio::test]
async fn events_of_one_batch_see_what_those_before_them_saved() {
    let (house, office) = (House::open_with(MEMORY).await.unwrap(), Office::open_with(MEMORY).await.unwrap());
    let (door, last) = opened(&house, 49).await;
    let runner = office.follow(&house).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(office.repository().get::<Tally>(tally_of(door)).await.unwrap().count, 49);
    assert_eq!(events(&office).await, 50);
    assert_eq!(office.tracked_position("House").await.unwrap(), 50);
    assert!(runner.status().await.unwrap().last_error.is_none());
}

#[tokio::test]
async fn an_aggregate_that_others_save_all_the_time_loses_nothing() {
    let (house, office) = (House::open_with(MEMORY).await.unwrap(), Office::open_with(MEMORY).await.unwrap());
    let (door, _) = opened(&house, 0).await;
    let runner = office.follow(&house).start().await.unwrap();
    runner.wait_for(1, PATIENCE).await.unwrap();
    let id = tally_of(door);
    let opening = async {
        for _ in 0..100 {
            house.retry(door, Door::open).await.unwrap();
        }
    };
    let counting = async {
        for _ in 0..100 {
            office.retry(id, Tally::count).await.unwrap();
        }
    };
    tokio::join!(opening, counting);
    runner.wait_for(101, PATIENCE).await.unwrap();
    assert_eq!(office.repository().get::<Tally>(id).await.unwrap().count, 200);
}

/// Saves outside of its unit of work, between loading and recording.
#[application]
struct Meddled;

#[policy]
impl Meddled {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Tally::begin(tally_of(context.originator_id)))
    }

    #[on]
    async fn opened(&self, _: &DoorOpened, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let id = tally_of(context.originator_id);
        let mut tally: Tally = work.get(id).await?;
        tally.count();
        if tally.count < 5 {
            // somebody else is quicker
            let rival = Application::clone(self);
            tokio::spawn(async move { rival.retry(id, Tally::count).await }).await.unwrap()?;
        }
        work.save(&mut tally)
    }
}

#[tokio::test]
async fn in_a_conflict_the_event_is_handled_again_on_what_is_there_by_then() {
    let (house, meddled) = (House::open_with(MEMORY).await.unwrap(), Meddled::open_with(MEMORY).await.unwrap());
    let (door, _) = opened(&house, 0).await;
    let runner = meddled.follow(&house).start().await.unwrap();
    runner.wait_for(1, PATIENCE).await.unwrap();
    house.retry(door, Door::open).await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    // four of somebody else, and the one that was decided again each time
    assert_eq!(meddled.repository().get::<Tally>(tally_of(door)).await.unwrap().count, 5);
}

/// The number of times that the second event was handled.
static NARROWED: AtomicU32 = AtomicU32::new(0);

/// Creates aggregates with one id, so that the second always conflicts with the first.
#[application]
struct Narrow;

#[policy]
impl Narrow {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        if context.notification_id == 2 {
            NARROWED.fetch_add(1, Ordering::Relaxed);
        }
        work.save(&mut Tally::begin(Uuid::from_u128(1)))
    }
}

#[tokio::test]
async fn a_conflict_that_does_not_pass_names_the_event() {
    let (house, narrow) = (House::open_with(MEMORY).await.unwrap(), Narrow::open_with(MEMORY).await.unwrap());
    opened(&house, 0).await;
    let (second, last) = opened(&house, 0).await;
    let runner = narrow.follow(&house).start().await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    let named =
        matches!(&error, RunnerError::Handler { notification_id: 2, originator_id, .. } if *originator_id == second);
    assert!(named, "{error}");
    assert!(error.to_string().contains("was not recorded: version 1 is already recorded"), "{error}");
    // in a batch, alone, and once more, as the first conflict may have been with somebody who was quicker
    assert_eq!(NARROWED.load(Ordering::Relaxed), 3);
    assert_eq!(narrow.tracked_position("House").await.unwrap(), 1);
}

/// Loads outside of its unit of work, and saves with it.
#[application]
struct Beside;

#[policy]
impl Beside {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Tally::begin(tally_of(context.originator_id)))
    }

    #[on]
    async fn opened(&self, _: &DoorOpened, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut tally: Tally = self.repository().get(tally_of(context.originator_id)).await?;
        tally.count();
        work.save(&mut tally)
    }
}

#[tokio::test]
async fn a_policy_that_loads_beside_its_unit_of_work_is_slower_and_not_wrong() {
    let (house, beside) = (House::open_with(MEMORY).await.unwrap(), Beside::open_with(MEMORY).await.unwrap());
    let (door, last) = opened(&house, 20).await;
    let runner = beside.follow(&house).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(beside.repository().get::<Tally>(tally_of(door)).await.unwrap().count, 20);
}

/// How many more times `Reluctant` refuses, each time after it has saved.
static REFUSALS: AtomicU32 = AtomicU32::new(0);

#[application]
struct Reluctant;

#[policy]
impl Reluctant {
    #[on]
    async fn made(
        &self,
        _: &DoorMade,
        work: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        work.save(&mut Tally::begin(Uuid::new_v4()))?;
        let is_reluctant =
            REFUSALS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if is_reluctant { Err("not yet".into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn what_a_policy_saved_before_it_failed_is_not_recorded() {
    let (house, reluctant) = (House::open_with(MEMORY).await.unwrap(), Reluctant::open_with(MEMORY).await.unwrap());
    let (_, last) = opened(&house, 0).await;
    REFUSALS.store(2, Ordering::Relaxed);
    let runner = reluctant.follow(&house).start().await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(error.to_string().starts_with("`Reluctant` failed at `Door.Made`, notification 1 of `House`"), "{error}");
    assert_eq!((events(&reluctant).await, reluctant.tracked_position("House").await.unwrap().id), (0, 0));

    let again = OnFailure::retry(3, std::time::Duration::from_millis(1));
    let runner = reluctant.follow(&house).on_failure(again).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!((events(&reluctant).await, reluctant.tracked_position("House").await.unwrap().id), (1, 1));
}

#[tokio::test]
async fn two_runners_of_one_policy_do_the_work_once() {
    let (house, office) = (House::open_with(MEMORY).await.unwrap(), Office::open_with(MEMORY).await.unwrap());
    let office = Arc::new(office);
    let (first, second) = (office.follow(&house).start().await.unwrap(), office.follow(&house).start().await.unwrap());
    let mut doors = Vec::new();
    let mut last = 0;
    for _ in 0..50 {
        let (door, end) = opened(&house, 3).await;
        doors.push(door);
        last = end;
    }
    first.wait_for(last, PATIENCE).await.unwrap();
    second.wait_for(last, PATIENCE).await.unwrap();
    for door in doors {
        assert_eq!(office.repository().get::<Tally>(tally_of(door)).await.unwrap().count, 3);
    }
    assert_eq!(events(&office).await, last);
}

/// The number of attempts, of which the first one fails.
static HAS_FAILED: AtomicU32 = AtomicU32::new(0);

/// Saves outside of its unit of work.
#[application]
struct Hasty;

#[policy]
impl Hasty {
    #[on]
    async fn made(
        &self,
        _: &DoorMade,
        _: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // what a task of its own does is not noticed
        let beside = Application::clone(self);
        tokio::spawn(async move { beside.save(&mut Tally::begin(Uuid::new_v4())).await }).await??;
        if HAS_FAILED.fetch_add(1, Ordering::Relaxed) == 0 { Err("not yet".into()) } else { Ok(()) }
    }
}

/// The twin: a save outside of the unit of work is recorded although the handler failed, and is repeated.
#[tokio::test]
async fn what_a_policy_saves_beside_its_unit_of_work_comes_twice() {
    let (house, hasty) = (House::open_with(MEMORY).await.unwrap(), Hasty::open_with(MEMORY).await.unwrap());
    let (_, last) = opened(&house, 0).await;
    let again = OnFailure::retry(1, std::time::Duration::from_millis(1));
    let runner = hasty.follow(&house).on_failure(again).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!((events(&hasty).await, hasty.tracked_position("House").await.unwrap().id), (2, 1));
}

/// Saves to the application itself, where the macro does not see it.
#[application]
struct Careless;

impl Careless {
    async fn begin(&self, how: u32) -> Result<()> {
        let mut tally = Tally::begin(Uuid::new_v4());
        match how {
            1 => self.save(&mut tally).await.map(drop),
            2 => self.save_tracked(&mut tally, Tracking::new("Elsewhere", 0, 1)).await.map(drop),
            _ => self.retry(tally.id(), Tally::count).await,
        }
    }
}

#[policy]
impl Careless {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let ways = [self.begin(1).await, self.begin(2).await, self.begin(3).await];
        let are_refused = ways
            .iter()
            .all(|way| matches!(way, Err(Error::SavedInPolicy { application }) if application == "Careless"));
        assert!(are_refused, "{ways:?}");
        // another application is not its own, and its unit of work is there for it
        let other = Office::open_with(MEMORY).await?;
        other.save(&mut Tally::begin(Uuid::new_v4())).await?;
        work.save(&mut Tally::begin(tally_of(context.originator_id)))
    }

    #[on]
    async fn opened(&self, _: &DoorOpened, _: &mut UnitOfWork) -> Result<()> {
        self.begin(1).await
    }
}

#[tokio::test]
async fn a_save_beside_the_unit_of_work_is_refused() {
    let (house, careless) = (House::open_with(MEMORY).await.unwrap(), Careless::open_with(MEMORY).await.unwrap());
    let (door, _) = opened(&house, 1).await;
    let again = OnFailure::retry(2, std::time::Duration::from_millis(1));
    let runner = careless.follow(&house).on_failure(again).start().await.unwrap();
    let error = runner.wait_for(2, PATIENCE).await.unwrap_err();
    assert!(matches!(&error, RunnerError::Handler { notification_id: 2, .. }), "{error}");
    assert!(error.to_string().contains("save with the handler's unit of work"), "{error}");
    // nothing beside the unit of work of the first event, however often the second was tried
    assert_eq!((events(&careless).await, careless.tracked_position("House").await.unwrap().id), (1, 1));
    assert!(careless.repository().exists(tally_of(door)).await.unwrap());
    // who is no handler saves as before
    careless.begin(1).await.unwrap();
    assert_eq!(events(&careless).await, 2);
}

/// Takes events of an aggregate, and tries to save the aggregate without them.
#[application]
struct Forgetful;

#[policy]
impl Forgetful {
    #[on]
    async fn made(&self, _: &DoorMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut tally = Tally::begin(tally_of(context.originator_id));
        let begun = tally.collect_events();
        tally.count();
        assert!(matches!(
            work.save(&mut tally),
            Err(Error::Aggregate(AggregateError::EventsMissing { first: 1, last: 1, .. }))
        ));
        work.save(begun)?;
        work.save(&mut tally)
    }
}

#[tokio::test]
async fn events_that_were_taken_belong_in_the_same_unit_of_work() {
    let (house, forgetful) = (House::open_with(MEMORY).await.unwrap(), Forgetful::open_with(MEMORY).await.unwrap());
    let (door, last) = opened(&house, 0).await;
    let runner = forgetful.follow(&house).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(forgetful.repository().get::<Tally>(tally_of(door)).await.unwrap().count, 1);
}
