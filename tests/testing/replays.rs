//! The state of an aggregate is that of its events.

use eventsourcing::prelude::*;
use eventsourcing::testing::{given, replays, replays_after, replays_by};

use super::model::{Account, Bank, fifty};
use super::said;

#[derive(Clone, Copy, Debug)]
enum Command {
    Deposit(u64),
    Withdraw(u64),
    Peek,
}

fn run(account: &mut Account, command: Command) {
    match command {
        Command::Deposit(amount) => account.deposit(amount),
        // may be refused
        Command::Withdraw(amount) => drop(account.withdraw(amount)),
        Command::Peek => drop(account.peek()),
    }
}

#[test]
fn an_aggregate_is_the_same_after_a_replay() {
    let mut account = Account::open("Ada");
    account.deposit(5);
    replays(&account);
    given(fifty()).when(|account: &mut Account| account.deposit(1)).then_replays();
}

#[test]
fn a_change_that_no_event_records_is_shown() {
    let mut account = Account::open("Ada");
    account.peek();
    let expected = "-     peeks: 1,\n+     peeks: 0,\n";
    let live = said(|| replays(&account));
    assert!(live.contains("the Account is not the same after a replay of its events: something changed it"), "{live}");
    assert!(live.contains(expected), "{live}");
    let outcome = said(|| {
        given(fifty()).when(Account::peek).then_replays();
    });
    assert!(outcome.contains(expected), "{outcome}");
}

#[test]
fn a_part_can_be_compared_that_leaves_out_a_cache() {
    let mut account = Account::open("Ada");
    account.peek();
    replays_by(&account, |account| (account.owner().to_owned(), account.balance()));
    let said = said(|| replays_by(&account, Account::peeks));
    assert!(said.contains("not the same after a replay"), "{said}");
}

#[test]
fn commands_of_an_iterator_are_replayed() {
    let commands = [Command::Deposit(7), Command::Withdraw(9), Command::Withdraw(3)];
    replays_after(Account::open("Ada"), commands, run);
}

#[test]
fn the_command_after_which_a_replay_differs_is_named() {
    let commands = [Command::Deposit(7), Command::Peek, Command::Deposit(1)];
    let said = said(|| replays_after(Account::open("Ada"), commands, run));
    assert!(said.contains("after a replay of its events after command 2, Peek: something changed it"), "{said}");
}

#[tokio::test]
async fn an_aggregate_whose_events_are_saved_cannot_be_replayed() -> Result<()> {
    let bank = Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let mut account = Account::open("Ada");
    bank.save(&mut account).await?;
    account.deposit(1);
    let said = said(|| replays(&account));
    assert!(said.contains("is at version 2, and 1 of its events are pending"), "{said}");
    Ok(())
}
