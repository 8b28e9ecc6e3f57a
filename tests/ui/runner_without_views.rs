#![allow(unused)]

use eventsourcing::prelude::*;
use eventsourcing::sqlx::{self, SqliteConnection, SqlitePool};

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

#[application]
struct Universe;

struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn started(&self, event: &WorldStarted, view: &mut SqliteConnection) -> sqlx::Result<()> {
        Ok(())
    }
}

fn built(universe: &Universe, pool: SqlitePool) {
    let _ = ProjectionRunner::builder(universe, Names, pool);
}

fn main() {}
