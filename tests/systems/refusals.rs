//! Invalid systems: each mistake is named before anything runs.

use eventsourcing::pipe;
use eventsourcing::prelude::*;
use eventsourcing::system::{SingleThreadedRunner, System, SystemRunner};

use super::orders::{PaymentReceived, ReservationConfirmed};
use super::{Order, Orders, Payments, Reservations};

async fn refusal(system: System) -> String {
    let system = system.variables([("PERSISTENCE_MODULE", "memory")]);
    SingleThreadedRunner::open(&system).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_event_that_nobody_upstream_records_is_named() {
    let said = "the policy of `Payments` handles `Order.Reserved`, which none of its upstream applications records: \
                Reservations; add a pipe from the application that does, or register the aggregate with that one: \
                `#[application(aggregates(…))]`";
    assert_eq!(refusal(System::new([pipe![Orders => Reservations => Payments]])).await, said);
    // of two that are followed one records it, and the other is followed in vain
    let said = "`Reservations` records none of the events that `Payments` handles: [\"Order.Reserved\"]; \
                use the application that records them, or register the aggregate with this one: `#[application(aggregates(…))]`";
    assert_eq!(refusal(System::new([pipe![Orders => Reservations => Payments, Orders => Payments]])).await, said);
}

mod twin {
    //! Another application of the same name.

    use eventsourcing::prelude::*;

    use super::super::orders::OrderPlaced;

    #[application]
    pub(super) struct Reservations;

    #[policy]
    impl Reservations {
        #[on]
        async fn placed(&self, _: &OrderPlaced, _: &mut UnitOfWork) -> Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn two_applications_of_one_name_are_refused() {
    let said = "two applications of the system are named `Reservations`; name one of them differently with \
                `#[application(name = \"…\")]`";
    assert_eq!(refusal(System::new([pipe![Orders => Reservations, Orders => twin::Reservations]])).await, said);
}

#[tokio::test]
async fn an_application_that_cannot_be_opened_is_named() {
    let system = System::new([pipe![Orders => Reservations]]).variables([("PERSISTENCE_MODULE", "sqlite")]);
    let error = SystemRunner::start(&system).await.unwrap_err().to_string();
    assert!(error.starts_with("the application `Orders` of the system cannot be opened: "), "{error}");
    assert!(error.contains("SQLITE_DBNAME"), "{error}");
}

#[tokio::test]
async fn who_is_to_run_alone_and_follows_nobody_is_named() {
    let system = System::new([pipe![Orders => Reservations]]).variables([("PERSISTENCE_MODULE", "memory")]);
    let error = SystemRunner::builder(&system).only::<Orders>().start().await.unwrap_err().to_string();
    let said = "no pipe of this system leads to `Orders`, so there is nothing to run; \
                name an application to the right of an arrow";
    assert_eq!(error, said);
}

#[test]
fn outside_of_a_runtime_a_system_is_refused_and_does_not_panic() {
    let system = System::new([pipe![Orders => Reservations]]).variables([("PERSISTENCE_MODULE", "memory")]);
    let error = futures::executor::block_on(SystemRunner::start(&system)).unwrap_err().to_string();
    assert_eq!(error, "`Reservations` needs a Tokio runtime; start it inside of `#[tokio::main]`");
}

/// A downstream application of two that do not declare their aggregates.
#[application]
struct Ledger;

#[policy]
impl Ledger {
    #[on]
    async fn confirmed(&self, _: &ReservationConfirmed, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Order::place(1))
    }

    #[on]
    async fn received(&self, _: &PaymentReceived, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Order::place(2))
    }
}

#[tokio::test]
async fn an_application_may_follow_several() {
    let system = System::new([
        pipe![Orders => Reservations => Orders => Payments => Orders],
        pipe![Payments => Ledger, Reservations => Ledger],
    ]);
    let mut runner = SingleThreadedRunner::open(&system.variables([("PERSISTENCE_MODULE", "memory")])).await.unwrap();
    runner.get::<Orders>().unwrap().place(1).await.unwrap();
    assert_eq!(runner.settled().await.unwrap(), 6);
    assert_eq!(super::events(&runner.get::<Ledger>().unwrap()).await, 2);
}
