//! Several aggregates: a transfer changes two accounts in one transaction, and conflicts are retried.
//!
//! `save` takes any number of aggregates and records the pending events of all of them or of none. Each version of an aggregate is recorded
//! once (optimistic concurrency): a save on top of a version that is no longer the last one is `Error::Conflict`. `retry` gets one
//! aggregate again and repeats the command, and `retry_all` does so for several.
//!
//! ```console
//! $ cargo run --example several_aggregates
//! ```

use eventsourcing::prelude::*;
use tokio::task::JoinSet;

#[aggregate]
#[derive(Debug)]
pub struct Account {
    cents: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { cents: 0 }
    }

    #[event("Credited")]
    pub fn credit(&mut self, cents: i64) {
        self.cents += cents;
    }

    #[event("Debited")]
    pub fn debit(&mut self, cents: i64) {
        self.cents -= cents;
    }
}

#[application(aggregates(Account))]
#[derive(Clone, Debug)]
pub struct Bank;

impl Bank {
    /// Changes one aggregate: `retry` gets it, calls the closure and saves, and starts again after a conflict.
    pub async fn deposit(&self, id: Uuid, cents: i64) -> Result<()> {
        self.retry(id, |account: &mut Account| account.credit(cents)).await
    }

    /// Changes two aggregates: both events are recorded, or neither. After a conflict about either, it starts again with both.
    pub async fn transfer(&self, payer: Uuid, payee: Uuid, cents: i64) -> Result<()> {
        let transfer = |(from, to): &mut (Account, Account)| {
            from.debit(cents);
            to.credit(cents);
        };
        self.retry_all((payer, payee), transfer).await
    }

    pub async fn cents(&self, id: Uuid) -> Result<i64> {
        let account: Account = self.repository().get(id).await?;
        Ok(account.cents)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bank = Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await?;

    // two new aggregates in one save: their notification ids are adjacent
    let (mut ada, mut bea) = (Account::open(), Account::open());
    let recorded = bank.save((&mut ada, &mut bea)).await?;
    assert_eq!(recorded.iter().map(|notification| notification.id).collect::<Vec<_>>(), [1, 2]);
    let (ada, bea) = (ada.id(), bea.id());

    bank.deposit(ada, 1_000).await?;
    bank.transfer(ada, bea, 250).await?;
    assert_eq!((bank.cents(ada).await?, bank.cents(bea).await?), (750, 250));

    // a conflict: the payer's account changes after it was read
    let mut stale: Account = bank.repository().get(ada).await?;
    let mut payee: Account = bank.repository().get(bea).await?;
    bank.deposit(ada, 1).await?;
    stale.debit(100);
    payee.credit(100);
    let error = bank.save((&mut payee, &mut stale)).await.expect_err("the payer's next version is taken");
    assert!(matches!(error, Error::Conflict { originator_id, .. } if originator_id == ada), "{error}");
    println!("{error}");
    // nothing of the save was recorded, so the payee has nothing either
    assert_eq!((bank.cents(ada).await?, bank.cents(bea).await?), (751, 250));

    // transfers in both directions at the same time: each is recorded once, and no cent is lost
    let mut transfers = JoinSet::new();
    for number in 0..20 {
        let bank = bank.clone();
        let (payer, payee) = if number % 4 == 0 { (bea, ada) } else { (ada, bea) };
        transfers.spawn(async move { bank.transfer(payer, payee, 10).await });
    }
    for transferred in transfers.join_all().await {
        transferred?;
    }
    assert_eq!((bank.cents(ada).await?, bank.cents(bea).await?), (751 - 100, 250 + 100));
    println!("20 transfers at the same time: {} and {} cents", bank.cents(ada).await?, bank.cents(bea).await?);
    Ok(())
}
