use eventsourcing::prelude::*;

#[aggregate]
pub struct Account {
    balance: u64,
    deposits: u64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    pub fn open() -> Self {
        Self { balance: 0, deposits: 0 }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: u64) {
        self.add(amount);
        self.count();
    }

    // called by an event, and by one that is none
    fn add(&mut self, amount: u64) {
        self.add_twice(amount / 2);
    }

    fn add_twice(&mut self, amount: u64) {
        self.balance += 2 * amount;
    }

    // called by an event, and by whoever wants
    pub fn count(&mut self) {
        self.deposits += 1;
    }

    pub fn correct(&mut self) {
        self.add(1);
    }
}

fn main() {}
