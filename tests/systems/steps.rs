//! The single-threaded runner: always the same steps in the same order.

use eventsourcing::prelude::*;
use eventsourcing::system::{SingleThreadedRunner, System, SystemError};
use futures::FutureExt as _;
use tokio::task::yield_now;

use super::{Order, Orders, Payments, Reservations, events, in_each_database, in_memory};

in_each_database! {
    steps_are_the_same_every_time
    a_step_that_is_dropped_has_happened_or_not
    a_step_in_the_scope_of_a_command_leaves_it_to_the_caller
}

async fn steps_are_the_same_every_time(system: System) {
    let mut runner = SingleThreadedRunner::open(&system).await.unwrap();
    let orders: Orders = runner.get().unwrap();
    let first = orders.place(1).await.unwrap();
    orders.place(2).await.unwrap();
    let mut steps = Vec::new();
    while let Some(step) = runner.step().await.unwrap() {
        steps.push(format!("{}: {} {}", step.consumer, step.notification.id, step.notification.topic));
    }
    let expected = [
        "Reservations: 1 Order.Placed",
        "Orders: 1 Reservation.Confirmed",
        "Payments: 3 Order.Reserved",
        "Orders: 1 Payment.Received",
        "Reservations: 2 Order.Placed",
        "Orders: 2 Reservation.Confirmed",
        "Payments: 5 Order.Reserved",
        "Orders: 2 Payment.Received",
    ];
    assert_eq!(steps, expected);
    assert!(orders.repository().get::<Order>(first).await.unwrap().is_done());
    assert_eq!(runner.settled().await.unwrap(), 0);
    orders.place(3).await.unwrap();
    assert_eq!(runner.settled().await.unwrap(), 4);
}

/// Drops each step after one more poll than the one before, until a step is done.
async fn a_step_that_is_dropped_has_happened_or_not(system: System) {
    let mut runner = SingleThreadedRunner::open(&system).await.unwrap();
    let orders: Orders = runner.get().unwrap();
    for seats in 1..=3 {
        orders.place(seats).await.unwrap();
    }
    'drops: for polls in 1.. {
        let mut step = Box::pin(runner.step());
        for _ in 0..polls {
            match step.as_mut().now_or_never() {
                Some(Ok(None)) => break 'drops,
                Some(handled) => {
                    handled.unwrap();
                    break;
                }
                None => yield_now().await,
            }
        }
    }
    runner.settled().await.unwrap();
    assert_eq!(events(&orders).await, 9);
    assert_eq!(events(&runner.get::<Reservations>().unwrap()).await, 3);
    assert_eq!(events(&runner.get::<Payments>().unwrap()).await, 3);
}

/// Policies record what they cause by the position of its event, and not as the command of whoever runs them.
async fn a_step_in_the_scope_of_a_command_leaves_it_to_the_caller(system: System) {
    let mut runner = SingleThreadedRunner::open(&system).await.unwrap();
    let (orders, reservations): (Orders, Reservations) = (runner.get().unwrap(), runner.get().unwrap());
    let request = CommandId::named("request-1");
    orders.place(1).await.unwrap();
    let placed = request
        .scope(async {
            runner.settled().await.unwrap();
            assert_eq!(
                (orders.command(request).await.unwrap(), reservations.command(request).await.unwrap()),
                (None, None)
            );
            orders.place(2).await.unwrap()
        })
        .await;
    assert_eq!(reservations.command(request).await.unwrap(), None);
    let recorded = orders.command(request).await.unwrap().unwrap();
    assert_eq!(recorded.iter().map(|one| one.originator_id).collect::<Vec<_>>(), [placed]);
}

#[tokio::test]
async fn whoever_joins_later_begins_at_the_beginning() {
    let orders = Orders::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    for _ in 0..3 {
        orders.place(1).await.unwrap();
    }
    let mut runner = SingleThreadedRunner::open(&in_memory().with(&orders)).await.unwrap();
    assert_eq!(runner.settled().await.unwrap(), 12);
    assert_eq!(events(&orders).await, 9);
}

mod for_ever {
    //! An application that answers its own events.

    use super::*;
    use eventsourcing::pipe;

    #[aggregate]
    struct Call {
        answers: Option<Uuid>,
    }

    #[aggregate]
    impl Call {
        #[event("Made")]
        fn make(answers: Option<Uuid>) -> Self {
            Self { answers }
        }
    }

    #[application]
    struct Echo;

    #[policy]
    impl Echo {
        #[on]
        async fn made(&self, _: &CallMade, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
            work.save(&mut Call::make(Some(context.originator_id)))
        }
    }

    #[tokio::test]
    async fn a_system_that_does_not_settle_can_be_run_for_a_number_of_steps() {
        let system = System::new([pipe![Echo => Echo]]).variables([("PERSISTENCE_MODULE", "memory")]);
        let mut runner = SingleThreadedRunner::open(&system).await.unwrap();
        let echo: Echo = runner.get().unwrap();
        let mut call = Call::make(None);
        echo.save(&mut call).await.unwrap();
        for _ in 0..10 {
            assert!(runner.step().await.unwrap().is_some());
        }
        assert_eq!(events(&echo).await, 11);
        let second = echo.log().select(2, 1).await.unwrap().remove(0);
        assert_eq!(echo.repository().get::<Call>(second.originator_id).await.unwrap().answers, Some(call.id()));
        let error = runner.settled_within(10).await.unwrap_err();
        assert!(matches!(error, SystemError::NotSettled { steps: 10 }), "{error:?}");
        assert!(error.to_string().contains("reacting to each other in a loop"), "{error}");
    }
}
