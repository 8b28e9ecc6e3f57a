//! The disk: its free space, and whether it is a disk at all.

use eventsourcing::database::DatabaseReport;

use super::{Finding, Level};
use crate::amount::size;
use crate::database::Database;

pub(super) fn look(database: &Database, report: &DatabaseReport, findings: &mut Vec<Finding>) {
    match database {
        Database::Postgres(_) => findings.push(Finding::new(
            Level::Hint,
            "disk",
            format!("SQL does not tell the free space of the server's disk; the database has {}", size(report.bytes)),
        )),
        Database::Sqlite(config) => of_file(&config.dbname, report, findings),
    }
}

/// A disk with less free space than this, and less than the file takes, is nearly full.
#[cfg(unix)]
const LITTLE: u64 = 1 << 30;

#[cfg(unix)]
fn of_file(dbname: &str, report: &DatabaseReport, findings: &mut Vec<Finding>) {
    let file = dbname.strip_prefix("file:").map_or(dbname, |uri| uri.split('?').next().unwrap_or(uri));
    let Ok(found) = rustix::fs::statvfs(file) else { return };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let says = format!("{} are free where the file of {} is", size(free), size(report.bytes));
    findings.push(if free < LITTLE && free < report.bytes.saturating_mul(2).max(64 << 20) {
        let level = if free < 64 << 20 { Level::Problem } else { Level::Warning };
        Finding::new(level, "disk", says)
            .cure("free some space; a save that finds none is refused, and records nothing")
    } else {
        Finding::ok("disk", says)
    });
    if let Some(kind) = network(file) {
        findings.push(
            Finding::new(Level::Problem, "disk", format!("the file is on {kind}, whose locks SQLite cannot rely on"))
                .cure("move it to a disk of the machine on which the programs run"),
        );
    }
}

#[cfg(not(unix))]
fn of_file(_: &str, _: &DatabaseReport, _: &mut Vec<Finding>) {}

/// The name of the file system, if other machines can change the file.
#[cfg(target_os = "linux")]
fn network(file: &str) -> Option<&'static str> {
    // its type differs between architectures
    let kind = i128::from(rustix::fs::statfs(file).ok()?.f_type);
    match kind {
        0x6969 => Some("NFS"),
        0x517b => Some("SMB"),
        0xff53_4d42 => Some("CIFS"),
        0xfe53_4d42 => Some("SMB2"),
        0x0102_1997 => Some("9P"),
        _ => None,
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn network(_: &str) -> Option<&'static str> {
    None
}
