//! A hand-written account aggregate, and the bank application that records it.

use std::sync::Arc;

use eventsourcing_core::codec::compressor::ZstdCompressor;
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::recording::MemoryRecorder;
use eventsourcing_core::{Aggregate, AggregateEvent, Application, ApplyError, Mapper, Root, Uuid};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    root: Root<Account>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) holder: String,
    pub(crate) currency: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deposited {
    pub(crate) amount: i64,
    pub(crate) purpose: String,
    pub(crate) counterparty: Counterparty,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Counterparty {
    pub(crate) institution: String,
    pub(crate) reference: Uuid,
}

#[derive(Clone, Debug)]
pub(crate) enum AccountEvent {
    Opened(Opened),
    Deposited(Deposited),
}

impl AggregateEvent for AccountEvent {
    const TOPICS: &'static [&'static str] = &["Account.Opened", "Account.Deposited"];

    fn topic(&self) -> &'static str {
        match self {
            Self::Opened(_) => "Account.Opened",
            Self::Deposited(_) => "Account.Deposited",
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Opened(event) => state.write(event),
            Self::Deposited(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "Account.Opened" => state.read().map(Self::Opened),
            "Account.Deposited" => state.read().map(Self::Deposited),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

impl Aggregate for Account {
    type Event = AccountEvent;
    const NAME: &'static str = "Account";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: AccountEvent) -> Result<Self, ApplyError> {
        match event {
            AccountEvent::Opened(_) => Ok(Self { balance: 0, root: Root::default() }),
            AccountEvent::Deposited(_) => Err(ApplyError::NotACreation),
        }
    }

    fn apply(&mut self, event: AccountEvent) -> Result<(), ApplyError> {
        match event {
            AccountEvent::Deposited(event) => {
                self.balance += event.amount;
                Ok(())
            }
            AccountEvent::Opened(_) => Err(ApplyError::IsACreation),
        }
    }
}

pub(crate) fn zstd() -> Mapper {
    Mapper::new("bank").with_compressor(ZstdCompressor::default())
}

/// An application that compresses, without a dictionary so far.
pub(crate) fn bank(recorder: &MemoryRecorder, mapper: Mapper) -> Application {
    let builder = Application::builder("Bank").recorder(Arc::new(recorder.clone())).mapper(mapper);
    builder.aggregate::<Account>().open().unwrap()
}

/// Saves a new account with this number of deposits, in one save.
pub(crate) async fn save_account(bank: &Application, deposits: i64) -> Uuid {
    let opened = Opened { holder: "Ada Lovelace".to_owned(), currency: "EUR".to_owned() };
    let mut account = Account::create_from(Uuid::new_v4(), AccountEvent::Opened(opened)).unwrap();
    deposit(bank, &mut account, deposits).await;
    account.id()
}

pub(crate) async fn deposit(bank: &Application, account: &mut Account, deposits: i64) {
    for number in 0..deposits {
        let counterparty = Counterparty { institution: "Bank of the North".to_owned(), reference: Uuid::new_v4() };
        let purpose = format!("invoice {}", number * 7_919 % 10_000);
        let deposited = Deposited { amount: number * 104_729 % 90_000, purpose, counterparty };
        account.trigger(AccountEvent::Deposited(deposited)).unwrap();
    }
    bank.save(account).await.unwrap();
}

pub(crate) fn sum(deposits: i64) -> i64 {
    (0..deposits).map(|number| number * 104_729 % 90_000).sum()
}

pub(crate) async fn balance(bank: &Application, id: Uuid) -> i64 {
    bank.repository().get::<Account>(id).await.unwrap().balance
}

/// The suite byte, the compressor's half, of each state in the log; 0 for plain JSON.
pub(crate) async fn compressors(bank: &Application) -> Vec<u8> {
    let log = bank.log().select(1, 10_000).await.unwrap();
    log.iter().map(|item| if item.state[0] == b'{' { 0 } else { item.state[1] >> 4 }).collect()
}

/// The total length of the states in the log, in bytes.
pub(crate) async fn stored_len(bank: &Application) -> usize {
    bank.log().select(1, 10_000).await.unwrap().iter().map(|item| item.state.len()).sum()
}
