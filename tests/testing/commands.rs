//! Commands of one aggregate: `given`, `when`, `then`.

use eventsourcing::prelude::*;
use eventsourcing::testing::{Clock, given, id, when_created};

use super::model::{
    Account, AccountDeposited, AccountEvent, AccountOpened, AccountWithdrawn, Gift, GiftIncreased, GiftPromised,
    Overdrawn, fifty,
};
use super::said;

#[test]
fn a_test_of_a_command_has_three_lines() {
    given(fifty()).when(|account: &mut Account| account.withdraw(20)).then(AccountWithdrawn {
        amount: 20,
        at: Clock::START,
        receipt: id(2),
    });
}

#[test]
fn events_can_be_structs_values_of_the_enum_and_domain_events() {
    let deposited = AccountDeposited { amount: 1 };
    let opened = AccountEvent::Opened(AccountOpened { owner: "Ada".to_owned() });
    given([opened.clone(), AccountEvent::Deposited(deposited.clone())])
        .when(|account: &mut Account| account.deposit(1))
        .then([AccountEvent::Deposited(deposited.clone())])
        .then(vec![deposited.clone()])
        .then(deposited.clone())
        .then(DomainEvent::new(id(1), 3, Clock::START, AccountEvent::Deposited(deposited)));
    let of_another_time = DomainEvent::new(id(7), 1, Timestamp::UNIX_EPOCH, opened);
    given(of_another_time).when(|account: &mut Account| account.balance()).then_state(|account| {
        assert_eq!((account.id(), account.created_on()), (id(7), Timestamp::UNIX_EPOCH));
    });
}

#[test]
fn another_event_is_shown_as_a_difference() {
    let said = said(|| {
        given(fifty())
            .when(|account: &mut Account| {
                account.deposit(6);
                account.deposit(7);
            })
            .then([AccountDeposited { amount: 5 }, AccountDeposited { amount: 7 }]);
    });
    let expected = r#"
given Account.Opened, Account.Deposited
 when the command returned ()
 then other events were recorded than expected (- expected, + recorded):

  Account.Deposited {
-   "amount": 5
+   "amount": 6
  }
  Account.Deposited {
    "amount": 7
  }
"#;
    assert_eq!(said, expected);
}

#[test]
fn an_event_too_many_and_one_too_few_are_shown() {
    let count = |deposits: usize, expected: usize| {
        said(|| {
            given(fifty())
                .when(|account: &mut Account| (0..deposits).for_each(|_| account.deposit(1)))
                .then(vec![AccountDeposited { amount: 1 }; expected]);
        })
    };
    assert!(count(2, 2).contains("the test passed"));
    assert!(count(2, 1).contains("+ Account.Deposited {\n+   \"amount\": 1\n+ }\n"));
    assert!(count(1, 2).contains("- Account.Deposited {\n-   \"amount\": 1\n- }\n"));
}

#[test]
fn the_location_of_a_domain_event_is_compared() {
    let expect = |id: Uuid, version: u64, time: Timestamp| {
        let event = AccountEvent::Deposited(AccountDeposited { amount: 1 });
        said(|| {
            given(fifty()).when(|account: &mut Account| account.deposit(1)).then(DomainEvent::new(
                id,
                version,
                time,
                event.clone(),
            ));
        })
    };
    assert!(expect(id(1), 3, Clock::START).contains("the test passed"));
    assert!(expect(id(2), 3, Clock::START).contains("+   version 3 of 00000000-0000-4000-8000-000000000001\n"));
    assert!(expect(id(1), 4, Clock::START).contains("-   version 4 of 00000000-0000-4000-8000-000000000001\n"));
    assert!(expect(id(1), 3, Timestamp::UNIX_EPOCH).contains("+   at 2000-01-01T00:00:00Z\n"));
}

#[test]
fn then_refuses_a_command_that_returned_an_error() {
    let said = said(|| {
        given(fifty()).when(|account: &mut Account| account.withdraw(90)).then_nothing();
    });
    assert!(said.contains("when the command returned Err(Overdrawn { missing: 40 })"), "{said}");
    assert!(said.contains("`then_error` expects one"), "{said}");
    given(fifty()).when(|account: &mut Account| account.balance()).then_nothing();
}

#[test]
fn then_nothing_shows_an_event() {
    let said = said(|| {
        given(fifty()).when(|account: &mut Account| account.deposit(1)).then_nothing();
    });
    assert!(said.contains("+ Account.Deposited {"), "{said}");
}

#[test]
fn then_error_compares_the_error() {
    let expect = |missing: u64| {
        said(|| {
            given(fifty()).when(|account: &mut Account| account.withdraw(90)).then_error(Overdrawn { missing });
        })
    };
    assert!(expect(40).contains("the test passed"));
    assert!(expect(30).contains("another error was returned than expected"), "{}", expect(30));
    assert!(expect(30).contains("-     missing: 30,\n+     missing: 40,\n"), "{}", expect(30));
}

#[test]
fn then_error_that_asks_a_predicate() {
    let ask = |wanted: u64| {
        said(|| {
            given(fifty())
                .when(|account: &mut Account| account.withdraw(90))
                .then_error_that(|error| error.missing == wanted);
        })
    };
    assert!(ask(40).contains("the test passed"));
    assert!(ask(30).contains("when the command returned Err(Overdrawn { missing: 40 })"), "{}", ask(30));
    assert!(ask(30).contains("not the error that was expected"), "{}", ask(30));
}

#[test]
fn then_error_refuses_a_success_and_recorded_events() {
    let success = said(|| {
        given(fifty()).when(|account: &mut Account| account.withdraw(1)).then_error(Overdrawn { missing: 1 });
    });
    assert!(success.contains("no error, and one was expected"), "{success}");
    let recorded = said(|| {
        given(fifty()).when(Account::deposit_and_refuse).then_error("refused");
    });
    assert!(recorded.contains("events were recorded nevertheless (+ recorded):\n\n+ Account.Deposited"), "{recorded}");
}

#[test]
fn then_returned_compares_the_value() {
    given(fifty()).when(|account: &mut Account| account.withdraw(20)).then_returned(Ok(30));
    let said = said(|| {
        given(fifty()).when(|account: &mut Account| account.balance()).then_returned(51);
    });
    assert!(said.contains("another value was returned than expected"), "{said}");
    assert!(said.contains("- 51\n+ 50\n"), "{said}");
}

#[test]
fn then_state_shows_the_aggregate_after_the_command() {
    let expect = |balance: u64| {
        said(|| {
            given(fifty())
                .when(|account: &mut Account| account.deposit(5))
                .then_state(|account| assert_eq!(account.balance(), balance));
        })
    };
    assert!(expect(55).contains("the test passed"));
    assert!(expect(50).contains("left: 55"), "{}", expect(50));
}

#[test]
fn a_creation_is_tested_without_events() {
    when_created(|| Account::open("Ada"))
        .then(AccountOpened { owner: "Ada".to_owned() })
        .then_state(|account| assert_eq!((account.owner(), account.id()), ("Ada", id(1))));
    when_created(|| Account::open_for("Bea")).then(AccountOpened { owner: "Bea".to_owned() });
    when_created(|| Account::open_for("")).then_error("an account has an owner");
}

#[test]
fn a_creation_that_was_refused_has_no_state() {
    let state = said(|| {
        when_created(|| Account::open_for("")).then_state(|account| assert_eq!(account.balance(), 0));
    });
    assert!(state.contains("the creation returned Err(\"an account has an owner\")"), "{state}");
    assert!(state.contains("no aggregate, because its creation was refused"), "{state}");
    let events = said(|| {
        when_created(|| Account::open_for("")).then(AccountOpened { owner: String::new() });
    });
    assert!(events.contains("- Account.Opened {"), "{events}");
}

#[test]
fn an_aggregate_can_have_an_id_of_its_own() {
    given(GiftPromised { to: "Ada".to_owned() })
        .with_id(Gift::id_for("Ada"))
        .when(Gift::increase)
        .then(GiftIncreased {})
        .then_state(|gift| assert_eq!(gift.id(), Gift::id_for("Ada")));
}

#[test]
fn events_that_are_not_a_history_are_named() {
    let of_another = said(|| {
        given(GiftPromised { to: "Ada".to_owned() }).when(|account: &mut Account| account.deposit(1));
    });
    assert!(of_another.contains("`Gift.Promised` is not an event of Account, whose events are `Account.Opened`"));
    let without_a_creation = said(|| {
        given(AccountDeposited { amount: 1 }).when(|account: &mut Account| account.deposit(1));
    });
    assert!(without_a_creation.contains("not the history of one Account"), "{without_a_creation}");
    let none = said(|| {
        given(()).when(|account: &mut Account| account.deposit(1));
    });
    assert!(none.contains("`when_created` tests what creates one"), "{none}");
}
