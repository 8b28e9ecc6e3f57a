//! Saves while a snapshot is held, as a backup or a forgotten transaction holds one, compared with saves without it.
//!
//! PostgreSQL keeps each row version that a snapshot could see. A statement that changes one row again and again reads all of
//! them, so it gets slower the longer the snapshot is held. The saves without a snapshot are in another database, whose rows it
//! does not keep.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{Connection, Executor};

use crate::measure::{Contender, work};
use crate::ours::saves::Saver;
use crate::place::{Database, Schema};
use crate::report::{OURS, Title};
use crate::{Run, wait};

const TASKS: [usize; 2] = [1, 64];

/// Measures PostgreSQL.
pub fn run(run: &mut Run) {
    let minutes = run.hold.as_secs() / 60;
    let held_for = if minutes == 0 { format!("{} seconds", run.hold.as_secs()) } else { format!("{minutes} minutes") };
    let titles = TASKS.map(|tasks| {
        Title::new(Database::Postgres, format!("save 1 event, a snapshot held for {held_for}"), tasks, "saves")
    });
    if !titles.iter().any(|title| run.wants(title)) {
        return;
    }
    let schemas = [(OURS, Schema::create()), ("ours, no snapshot held", Schema::create_apart())];
    let banks: Vec<_> = schemas.iter().map(|(who, schema)| (*who, Arc::new(schema.bank()))).collect();
    let savers = |bank, tasks| (0..tasks).map(|_| Saver::new(bank, 1)).collect::<Vec<_>>();

    let mut holder = schemas[0].1.connect();
    wait(async {
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
        holder.execute("SELECT count(*) FROM bank_events").await.unwrap();
    });
    let start = Instant::now();
    let mut crews: Vec<_> = banks.iter().map(|(_, bank)| savers(bank, 64)).collect();
    while start.elapsed() < run.hold {
        for crew in &mut crews {
            work(crew, run.time);
        }
    }
    for (title, tasks) in titles.iter().zip(TASKS) {
        run.measure(title, |run| {
            banks.iter().map(|(who, bank)| Contender::crew(who, run.time, savers(bank, tasks))).collect()
        });
    }
    wait(holder.close()).unwrap();
}
