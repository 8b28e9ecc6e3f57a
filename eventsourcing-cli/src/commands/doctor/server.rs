//! The server or the file: durability, clocks, standbys and connections.

use std::time::Duration;

use eventsourcing::Timestamp;
use eventsourcing::database::{DatabaseReport, PostgresConfig, SslMode};

use super::{Finding, Level};
use crate::amount::{duration, size};
use crate::database::Database;
use crate::output::grouped;

/// Clocks that differ by less are as equal as they can be.
const SKEW: Duration = Duration::from_secs(1);
/// A standby that is further behind, or a slot that keeps more, is worth a warning.
const MUCH_LOG: u64 = 256 << 20;

pub(super) fn look(database: &Database, report: &DatabaseReport, before: Timestamp, findings: &mut Vec<Finding>) {
    let version = format!("{} {}, {}, {}", database.kind(), report.version, database.described(), size(report.bytes));
    findings.push(Finding::ok("database", version));
    match database {
        Database::Sqlite(_) => sqlite(report, findings),
        Database::Postgres(config) => {
            durability(report, findings);
            clocks(report, before, findings);
            standbys(report, findings);
            connections(config, report, findings);
        }
    }
}

fn sqlite(report: &DatabaseReport, findings: &mut Vec<Finding>) {
    findings.push(match report.setting("journal_mode") {
        Some("wal") => Finding::ok("durability", "journal_mode is wal; the library commits with synchronous=FULL"),
        mode => Finding::new(
            Level::Warning,
            "durability",
            format!("journal_mode is {}, which another program has set", mode.unwrap_or("not known")),
        )
        .cure("open an application of this file, which sets it to wal"),
    });
    let free = report.free_bytes.unwrap_or_default();
    if free > report.bytes / 4 && free > 16 << 20 {
        findings.push(
            Finding::new(Level::Hint, "file", format!("{} of {} are empty", size(free), size(report.bytes)))
                .cure("VACUUM makes the file smaller; no program may have it open meanwhile")
                .sql("VACUUM;"),
        );
    }
}

fn durability(report: &DatabaseReport, findings: &mut Vec<Finding>) {
    let setting = |name: &str| report.setting(name).unwrap_or("not known");
    let mut is_durable = true;
    for (name, loses) in [
        ("fsync", "recorded events can be lost, and the database destroyed, when the server's machine crashes"),
        ("full_page_writes", "the database can be destroyed when the server's machine crashes"),
    ] {
        if setting(name) != "on" {
            is_durable = false;
            let says = format!("{name} is {}: {loses}", setting(name));
            let finding = Finding::new(Level::Problem, "durability", says);
            let sql = format!("ALTER SYSTEM SET {name} = on;\nSELECT pg_reload_conf();");
            findings.push(finding.cure("turn it on, as a superuser").sql(sql));
        }
    }
    let commit = setting("synchronous_commit");
    if commit == "off" {
        is_durable = false;
        let says =
            "synchronous_commit is off: events that were reported as recorded can be lost when the server crashes";
        let finding = Finding::new(Level::Problem, "durability", says).cure("turn it on for this database");
        findings.push(finding.sql("ALTER DATABASE … SET synchronous_commit = on;"));
    } else if commit == "local" && !setting("synchronous_standby_names").is_empty() {
        is_durable = false;
        let says = "synchronous_commit is local: commits do not wait for the synchronous standbys that are configured";
        let finding = Finding::new(Level::Warning, "durability", says);
        findings.push(finding.cure("turn it on, or do without synchronous_standby_names"));
    }
    if is_durable {
        let says = format!("fsync on, full_page_writes on, synchronous_commit {commit}");
        findings.push(Finding::ok("durability", says));
    }
    if report.setting("data_checksums") == Some("off") {
        findings.push(
            Finding::new(
                Level::Hint,
                "durability",
                "data_checksums is off: a page that the disk altered is not noticed",
            )
            .cure(
                "stop the server, and run pg_checksums --enable; `eventsourcing verify` checks the events themselves",
            ),
        );
    }
    if report.setting("server_encoding").is_some_and(|encoding| encoding != "UTF8") {
        let says = format!("server_encoding is {}: some topics and names cannot be stored", setting("server_encoding"));
        findings.push(Finding::new(Level::Problem, "encoding", says).cure("create the database with ENCODING 'UTF8'"));
    }
}

fn clocks(report: &DatabaseReport, before: Timestamp, findings: &mut Vec<Finding>) {
    // the server looked at its clock between these two
    let after = Timestamp::now();
    let skew = if report.time < before {
        before.duration_since(report.time)
    } else if report.time > after {
        report.time.duration_since(after)
    } else {
        jiff::SignedDuration::ZERO
    };
    let skew = Duration::try_from(skew).unwrap_or_default();
    findings.push(if skew < SKEW {
        Finding::ok("clocks", "those of this machine and of the server agree")
    } else {
        let side = if report.time < before { "behind" } else { "ahead of" };
        let says = format!("the server's clock is {} {side} that of this machine", duration(skew));
        Finding::new(Level::Warning, "clocks", says).cure("let both machines get the time from a server of NTP")
    });
}

fn standbys(report: &DatabaseReport, findings: &mut Vec<Finding>) {
    if report.is_standby {
        findings.push(
            Finding::new(Level::Warning, "replication", "the server is a standby: no program can record events in it")
                .cure("name the primary in POSTGRES_HOST"),
        );
        return;
    }
    if report.setting("default_transaction_read_only") == Some("on") {
        findings.push(
            Finding::new(
                Level::Warning,
                "replication",
                "transactions are read-only by default: nothing can be recorded",
            )
            .sql("ALTER DATABASE … SET default_transaction_read_only = off;"),
        );
    }
    let names = report.setting("synchronous_standby_names").unwrap_or_default();
    let is_synchronous = |state: &str| matches!(state, "sync" | "quorum");
    let waits = matches!(report.setting("synchronous_commit"), Some("on" | "remote_write" | "remote_apply"));
    if waits && !names.is_empty() && !report.replicas.iter().any(|replica| is_synchronous(&replica.sync_state)) {
        findings.push(
            Finding::new(
                Level::Problem,
                "replication",
                format!(
                    "commits wait for a standby of synchronous_standby_names ({names}), and none is seen: saves hang"
                ),
            )
            .cure("start the standby, or take its name out; a role without pg_monitor does not see standbys"),
        );
    }
    for replica in &report.replicas {
        let behind = replica.behind.unwrap_or_default();
        let level = if behind > MUCH_LOG || replica.state != "streaming" { Level::Warning } else { Level::Ok };
        let says = format!("{} is {}, {}, {} behind", replica.name, replica.state, replica.sync_state, size(behind));
        findings.push(Finding::new(level, "replication", says));
    }
    if report.replicas.is_empty() && names.is_empty() {
        let says = "no standby is seen: events that are recorded after the last backup are lost with the server";
        findings.push(Finding::new(Level::Hint, "replication", says));
    }
    for slot in &report.unused_slots {
        let kept = slot.kept.unwrap_or_default();
        let level = if kept > MUCH_LOG { Level::Warning } else { Level::Hint };
        let says = format!("nothing uses the slot {}, for which {} of log are kept on the disk", slot.name, size(kept));
        let finding = Finding::new(level, "replication", says).cure("drop it, if its standby does not come back");
        findings.push(finding.sql(format!("SELECT pg_drop_replication_slot('{}');", slot.name.replace('\'', "''"))));
    }
}

fn connections(config: &PostgresConfig, report: &DatabaseReport, findings: &mut Vec<Finding>) {
    let most = report.setting("max_connections").and_then(|most| most.parse::<u64>().ok());
    if let (Some(used), Some(most)) = (report.connections, most) {
        let says = format!("{} of {} are used", grouped(used), grouped(most));
        findings.push(if used.saturating_mul(5) > most.saturating_mul(4) {
            Finding::new(Level::Warning, "connections", says)
                .cure("lower POSTGRES_POOL_SIZE and POSTGRES_MAX_OVERFLOW of the programs, or raise max_connections")
        } else {
            Finding::ok("connections", says)
        });
    }
    let is_local = config.host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&config.host.as_str());
    if !is_local && matches!(config.ssl_mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
        findings.push(
            Finding::new(
                Level::Warning,
                "encryption",
                format!("the connection to {} may be in clear, and the server is not verified", config.host),
            )
            .cure("set POSTGRES_SSLMODE=verify-full, and POSTGRES_SSLROOTCERT if the certificate is your own"),
        );
    }
}
