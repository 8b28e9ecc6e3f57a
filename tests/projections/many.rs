//! Handlers that take many events at once: all consecutive events of their type, and no others.

use eventsourcing::prelude::*;
use eventsourcing::{EventEnvelope, MemoryViews, ProjectionRunner, RunnerError};

use super::{AccountDeposited, AccountOpened, NoteBegun, PATIENCE, deposits, office};
use super::{Note, Office};

/// The amounts of each call of the handlers.
struct Calls;

#[projection("calls")]
impl Calls {
    #[on]
    async fn opened(&self, _: &AccountOpened, calls: &mut Vec<Vec<i64>>) -> Result<()> {
        calls.push(Vec::new());
        Ok(())
    }

    #[on]
    async fn deposited(
        &self,
        events: &[EventEnvelope<AccountDeposited>],
        calls: &mut Vec<Vec<i64>>,
    ) -> std::result::Result<(), String> {
        assert!(events.windows(2).all(|pair| pair[0].context.notification_id < pair[1].context.notification_id));
        calls.push(events.iter().map(|happened| happened.event.amount).collect());
        match events.iter().any(|happened| happened.event.amount == 13) {
            true => Err("13 brings bad luck".to_owned()),
            false => Ok(()),
        }
    }
}

async fn calls(office: &Office, batch_size: usize, last: u64) -> (Vec<Vec<i64>>, Option<RunnerError>) {
    let views = MemoryViews::new(Vec::new());
    let runner = ProjectionRunner::builder(office, Calls, views.clone()).batch_size(batch_size).start().await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.err();
    (views.read(Clone::clone), error)
}

#[tokio::test]
async fn events_of_a_type_that_follow_one_another_are_handled_at_once() {
    let office = office().await;
    deposits(&office, 3, 1).await;
    // of no concern, so that it does not come between
    office.save(&mut Note::begin()).await.unwrap();
    let last = deposits(&office, 4, 2).await;
    let (all, error) = calls(&office, 500, last).await;
    assert_eq!(all, [vec![], vec![1, 1], vec![], vec![2, 2, 2]]);
    assert!(error.is_none(), "{error:?}");

    let (by_two, _) = calls(&office, 2, last).await;
    assert_eq!(by_two, [vec![], vec![1], vec![1], vec![], vec![2, 2], vec![2]]);
}

#[tokio::test]
async fn of_many_events_that_are_handled_at_once_the_culprit_is_named() {
    let office = office().await;
    deposits(&office, 3, 1).await;
    let mut account = super::Account::open();
    [5, 13, 7].into_iter().for_each(|amount| account.deposit(amount));
    let last = office.save(&mut account).await.unwrap()[3].id;
    let (kept, error) = calls(&office, 500, last).await;
    assert!(matches!(error, Some(RunnerError::Handler { notification_id: 6, .. })), "{error:?}");
    // one by one, and none twice
    assert_eq!(kept, [vec![], vec![1], vec![1], vec![], vec![5]]);
}

/// Takes many of one type, and no others.
struct Begun;

#[projection("begun")]
impl Begun {
    #[on]
    async fn begun(&self, events: &[EventEnvelope<NoteBegun>], view: &mut usize) -> Result<()> {
        *view += events.len();
        Ok(())
    }
}

#[tokio::test]
async fn an_unhandled_event_does_not_split_a_batch_of_handled_ones() {
    let office = office().await;
    for _ in 0..3 {
        office.save(&mut Note::begin()).await.unwrap();
        deposits(&office, 2, 1).await;
    }
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::start(&office, Begun, views.clone()).await.unwrap();
    runner.wait_for(9, PATIENCE).await.unwrap();
    assert_eq!(views.read(|count| *count), 3);
}
