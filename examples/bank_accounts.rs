//! Bank accounts: business rules, and errors that name the rule which a command breaks.
//!
//! A command decides first, in a plain method that may refuse, and then calls an event method, which cannot fail. The rules hold also when
//! many tasks change an account at the same time, because each decision is made on the version after which its events are recorded.
//!
//! ```console
//! $ cargo run --example bank_accounts
//! ```

use eventsourcing::prelude::*;
use tokio::task::{JoinSet, yield_now};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    owner: String,
    cents: i64,
    overdraft: i64,
    is_closed: bool,
}

/// A rule of the domain that a command breaks.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AccountError {
    #[error("the account of {owner} is closed")]
    Closed { owner: String },
    #[error("an amount is more than 0 cents, not {cents}")]
    Amount { cents: i64 },
    #[error("{missing} cents are missing")]
    InsufficientFunds { missing: i64 },
    #[error("an account is closed with a balance of 0 cents, not {cents}")]
    NotSettled { cents: i64 },
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned(), cents: 0, overdraft: 0, is_closed: false }
    }

    pub fn deposit(&mut self, cents: i64) -> Result<(), AccountError> {
        self.check_open()?;
        check_amount(cents)?;
        self.deposited(cents);
        Ok(())
    }

    pub fn withdraw(&mut self, cents: i64) -> Result<(), AccountError> {
        self.check_open()?;
        check_amount(cents)?;
        let available = self.cents + self.overdraft;
        if cents > available {
            return Err(AccountError::InsufficientFunds { missing: cents - available });
        }
        self.withdrawn(cents);
        Ok(())
    }

    /// Lets the balance go down to minus this.
    pub fn allow_overdraft(&mut self, cents: i64) -> Result<(), AccountError> {
        self.check_open()?;
        if cents < 0 {
            return Err(AccountError::Amount { cents });
        }
        self.overdraft_allowed(cents);
        Ok(())
    }

    pub fn close(&mut self) -> Result<(), AccountError> {
        self.check_open()?;
        if self.cents != 0 {
            return Err(AccountError::NotSettled { cents: self.cents });
        }
        self.closed();
        Ok(())
    }

    #[event("Deposited")]
    fn deposited(&mut self, cents: i64) {
        self.cents += cents;
    }

    #[event("Withdrawn")]
    fn withdrawn(&mut self, cents: i64) {
        self.cents -= cents;
    }

    #[event("OverdraftAllowed")]
    fn overdraft_allowed(&mut self, cents: i64) {
        self.overdraft = cents;
    }

    #[event("Closed")]
    fn closed(&mut self) {
        self.is_closed = true;
    }

    fn check_open(&self) -> Result<(), AccountError> {
        if self.is_closed {
            return Err(AccountError::Closed { owner: self.owner.clone() });
        }
        Ok(())
    }
}

fn check_amount(cents: i64) -> Result<(), AccountError> {
    if cents > 0 { Ok(()) } else { Err(AccountError::Amount { cents }) }
}

/// What a call of the bank fails with: a rule of the domain, or the library.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Library(#[from] Error),
}

#[application(aggregates(Account))]
#[derive(Clone, Debug)]
pub struct Bank;

impl Bank {
    pub async fn open_account(&self, owner: &str) -> Result<Uuid, BankError> {
        let mut account = Account::open(owner);
        self.save(&mut account).await?;
        Ok(account.id())
    }

    pub async fn deposit(&self, id: Uuid, cents: i64) -> Result<(), BankError> {
        self.change(id, |account| account.deposit(cents)).await
    }

    pub async fn withdraw(&self, id: Uuid, cents: i64) -> Result<(), BankError> {
        self.change(id, |account| account.withdraw(cents)).await
    }

    pub async fn allow_overdraft(&self, id: Uuid, cents: i64) -> Result<(), BankError> {
        self.change(id, |account| account.allow_overdraft(cents)).await
    }

    pub async fn close_account(&self, id: Uuid) -> Result<(), BankError> {
        self.change(id, Account::close).await
    }

    /// Withdraws and deposits in one transaction; a refusal of either account leaves both as they are.
    pub async fn transfer(&self, payer: Uuid, payee: Uuid, cents: i64) -> Result<(), BankError> {
        loop {
            let mut from: Account = self.repository().get(payer).await?;
            let mut to: Account = self.repository().get(payee).await?;
            from.withdraw(cents)?;
            to.deposit(cents)?;
            match self.save((&mut from, &mut to)).await {
                Ok(_) => return Ok(()),
                Err(Error::Conflict { .. }) => yield_now().await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub async fn balance(&self, id: Uuid) -> Result<i64, BankError> {
        let account: Account = self.repository().get(id).await?;
        Ok(account.cents)
    }

    /// Gets the account, decides and saves; starts again after a conflict. A refusal ends it, and nothing is recorded.
    async fn change(
        &self,
        id: Uuid,
        mut decide: impl FnMut(&mut Account) -> Result<(), AccountError>,
    ) -> Result<(), BankError> {
        self.retry(id, |account: &mut Account| decide(account)).await??;
        Ok(())
    }
}

/// The rule that a call broke.
fn refusal(outcome: Result<(), BankError>) -> Option<AccountError> {
    match outcome {
        Err(BankError::Account(refusal)) => Some(refusal),
        _ => None,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bank = Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
    let (ada, bea) = (bank.open_account("Ada").await?, bank.open_account("Bea").await?);

    bank.deposit(ada, 20_000).await?;
    bank.transfer(ada, bea, 7_500).await?;
    assert_eq!((bank.balance(ada).await?, bank.balance(bea).await?), (12_500, 7_500));

    // each refusal says why, and leaves no event
    let before = bank.log().max_id().await?;
    let missing = AccountError::InsufficientFunds { missing: 2_500 };
    assert_eq!(refusal(bank.withdraw(ada, 15_000).await), Some(missing));
    assert_eq!(refusal(bank.deposit(ada, -1).await), Some(AccountError::Amount { cents: -1 }));
    assert_eq!(refusal(bank.close_account(ada).await), Some(AccountError::NotSettled { cents: 12_500 }));
    let unknown = bank.deposit(Uuid::new_v4(), 1).await;
    assert!(matches!(unknown, Err(BankError::Library(Error::AggregateNotFound { .. }))));
    assert_eq!(bank.log().max_id().await?, before);

    // with an overdraft the same withdrawal is allowed
    bank.allow_overdraft(ada, 5_000).await?;
    bank.withdraw(ada, 15_000).await?;
    assert_eq!(bank.balance(ada).await?, -2_500);

    // a closed account takes part in nothing, and a transfer to it leaves the payer's account as it is
    bank.deposit(ada, 2_500).await?;
    bank.close_account(ada).await?;
    let closed = || Some(AccountError::Closed { owner: "Ada".to_owned() });
    assert_eq!(refusal(bank.deposit(ada, 1).await), closed());
    assert_eq!(refusal(bank.transfer(bea, ada, 1_000).await), closed());
    assert_eq!(bank.balance(bea).await?, 7_500);

    // ten withdrawals of 2,000 at the same time: 7,500 are enough for three
    let mut withdrawals = JoinSet::new();
    for _ in 0..10 {
        let bank = bank.clone();
        withdrawals.spawn(async move { bank.withdraw(bea, 2_000).await });
    }
    let outcomes = withdrawals.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for refused in outcomes.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(refused), Some(AccountError::InsufficientFunds { missing: 500 }));
    }
    assert_eq!(bank.balance(bea).await?, 1_500);
    println!("three of ten withdrawals were allowed, and 1,500 cents are left");
    Ok(())
}
