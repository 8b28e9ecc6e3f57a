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
    #[unrecorded]
    pub fn deposit(&mut self, amount: u64) {
        self.balance += amount;
    }

    #[unrecorded(balance)]
    pub fn forget(&mut self) {
        self.balance = 0;
    }
}

impl Account {
    #[unrecorded]
    pub fn elsewhere(&mut self) {
        self.balance = 1;
    }
}

fn main() {}
