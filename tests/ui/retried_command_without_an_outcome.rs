use eventsourcing::prelude::*;

#[aggregate]
pub struct Account {
    balance: u64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: u64) -> u64 {
        self.balance += amount;
        self.balance
    }
}

#[application]
pub struct Bank;

pub async fn returns_a_value(bank: &Bank, id: Uuid) -> Result<u64> {
    bank.retry(id, |account: &mut Account| account.deposit(1)).await
}

pub async fn is_async(bank: &Bank, id: Uuid) -> Result<()> {
    bank.retry(id, async |account: &mut Account| {
        account.deposit(1);
        Ok::<_, Error>(())
    })
    .await??;
    Ok(())
}

pub async fn returns_a_value_of_several(bank: &Bank, ids: (Uuid, Uuid)) -> Result<u64> {
    bank.retry_all(ids, |(from, to): &mut (Account, Account)| from.deposit(1) + to.deposit(1)).await
}

fn main() {}
