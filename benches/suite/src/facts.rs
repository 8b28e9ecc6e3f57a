//! The conditions of the figures, as the databases report them.

use std::io::{Seek, Write};
use std::time::Instant;

use sqlx::{AssertSqlSafe, Row};

use crate::place::{self, Schema};
use crate::{Run, wait};

/// The settings of a server that affect its speed or its durability.
const SETTINGS: [&str; 7] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "wal_compression",
];

/// Reports them.
pub fn run(run: &mut Run) {
    run.report.fact("SQLite", rusqlite::version());
    if place::has_postgres() {
        let schema = Schema::create();
        let mut connection = schema.connect();
        for name in SETTINGS {
            let row = wait(sqlx::query(AssertSqlSafe(format!("SHOW {name}"))).fetch_one(&mut connection)).unwrap();
            run.report.fact(&format!("PostgreSQL's {name}"), row.get(0));
        }
    }
    let microseconds = sync(run);
    run.report.fact("fdatasync of 8 KiB, median", &format!("{microseconds} µs"));
}

/// Measures the time of a sync of 8 KiB, for which every commit waits at least.
fn sync(run: &Run) -> u128 {
    let folder = place::folder(&run.folder);
    let mut file = std::fs::File::create(folder.path().join("sync")).unwrap();
    let page = [7_u8; 8192];
    let mut once = || {
        let start = Instant::now();
        file.rewind().unwrap();
        file.write_all(&page).unwrap();
        file.sync_data().unwrap();
        start.elapsed().as_micros()
    };
    let mut all: Vec<u128> = (0..300).map(|_| once()).collect();
    all.sort_unstable();
    all[all.len() / 2]
}
