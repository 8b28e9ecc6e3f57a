//! The rules and the policies of the examples, each in a few lines.

use eventsourcing::testing::{given, given_log, id, when_created};

#[expect(dead_code, unreachable_pub, reason = "an example, of which the tests use a part")]
#[path = "../../examples/bank_accounts.rs"]
mod bank_accounts;
#[expect(dead_code, unreachable_pub, reason = "an example, of which the tests use a part")]
#[path = "../../examples/orders.rs"]
mod orders;

use bank_accounts::{
    Account, AccountClosed, AccountDeposited, AccountError, AccountOpened, AccountOverdraftAllowed, AccountWithdrawn,
    Bank, BankError,
};
use orders::{OrderPlaced, OrderReserved, Orders, PaymentReceived, Payments, ReservationConfirmed, Reservations};

fn opened() -> AccountOpened {
    AccountOpened { owner: "Ada".to_owned() }
}

#[test]
fn an_account_keeps_the_rules_of_the_bank() {
    when_created(|| Account::open("Ada")).then(opened());

    given(opened()).when(|account: &mut Account| account.deposit(5)).then(AccountDeposited { cents: 5 });

    given((opened(), AccountDeposited { cents: 5 }))
        .when(|account: &mut Account| account.withdraw(8))
        .then_error(AccountError::InsufficientFunds { missing: 3 });

    given((opened(), AccountDeposited { cents: 5 }, AccountOverdraftAllowed { cents: 3 }))
        .when(|account: &mut Account| account.withdraw(8))
        .then(AccountWithdrawn { cents: 8 })
        .then_replays();

    given((opened(), AccountClosed {}))
        .when(|account: &mut Account| account.deposit(1))
        .then_error(AccountError::Closed { owner: "Ada".to_owned() });
}

#[tokio::test]
async fn a_transfer_that_is_refused_changes_neither_account() {
    let accounts = || given_log().of(id(101), (opened(), AccountDeposited { cents: 5 })).of(id(102), opened());

    accounts()
        .when(async |bank: &Bank| bank.transfer(id(101), id(102), 5).await)
        .await
        .then((AccountWithdrawn { cents: 5 }, AccountDeposited { cents: 5 }));

    accounts()
        .of(id(102), AccountClosed {})
        .when(async |bank: &Bank| bank.transfer(id(101), id(102), 5).await)
        .await
        .then_error_that(|error| matches!(error, BankError::Account(AccountError::Closed { .. })));
}

#[tokio::test]
async fn an_order_is_reserved_and_paid_for_by_policies() {
    let (order, reservation) = (id(101), id(102));
    let reserved = || OrderReserved { reservation, seats: 2 };

    given_log()
        .of(order, OrderPlaced { seats: 2 })
        .when_followed_by::<Reservations>()
        .await
        .then(ReservationConfirmed { order, seats: 2 });

    given_log()
        .of(reservation, ReservationConfirmed { order, seats: 2 })
        .given_downstream(given_log().of(order, OrderPlaced { seats: 2 }))
        .when_followed_by::<Orders>()
        .await
        .then_of(order, reserved());

    given_log()
        .of(order, (OrderPlaced { seats: 2 }, reserved()))
        .when_followed_by::<Payments>()
        .await
        .then(PaymentReceived { order, cents: 2_500 });
}
