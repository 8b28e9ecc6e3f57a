//! The performance targets, mostly as ratios within one run, and whether a run meets them.

use super::figures::{Figure, Figures, OURS, number};

/// The names of the limits in the suite.
const COMMANDS: &str = "driver, one writer groups saves and commands";
const NO_COMMAND: &str = "ours, without a command id";
const HEAD_ROW: &str = "driver, one writer groups saves, head row";
const LOCKED: &str = "driver, LOCK TABLE each save";
const UNORDERED: &str = "driver, INSERT each save, unordered";
const GROUPED: &str = "rusqlite, a thread groups saves";
const SINGLE: &str = "rusqlite, a thread, one transaction a save";
const IN_PLACE: &str = "rusqlite, a transaction in place";
const DRIVER_ROWS: &str = "driver's rows as they come, serde_json";
const READ_IN_PLACE: &str = "rusqlite in place, serde_json";
const FETCH_ALL: &str = "sqlx fetch_all, serde_json";
const WITHOUT_SNAPSHOT: &str = "a load of 10 events without a snapshot";
const NEWER_IN_PLACE: &str = "rusqlite in place, the query for new events";
const NEWER_ROWS: &str = "driver, the query for new events";
const BY_HAND: &str = "the same written by hand";

const IN_A_FIELD: &str = "the same bytes in a field";

const NOT_HELD: &str = "ours, no snapshot held";
const SHORT_LOG: &str = "ours, a log of 100,000";

/// The least ratio of the speed with a long log to that with a short one.
const FLAT: f64 = 1.0 / 1.3;

const METADATA: &str = "save 1 event on one thread, 100 bytes of metadata";
const COMMAND: &str = "save 1 event with a command id";
const ORDERED_COMMAND: &str = "save 1 event with a time-ordered command id";
const HELD: &str = "save 1 event, a snapshot held for 10 minutes";
const SAVE_LONG: &str = "save 1 event, a log of 10,000,000";
const LOAD_LONG: &str = "load one of 300 accounts of 20 events, a log of 10,000,000";
const PAGE_LONG: &str = "read a page of 1000 anywhere, a log of 10,000,000";
const LOG: &str = "read the log, pages of 1000";
const CATCH_UP: &str = "catch up counting, a statement a batch";
const CACHED: &str = "read a cached account of 1000 events";
const HEAR: &str = "hear of a save";
const READ: &str = "read a write through wait_for";

/// The figure that a target is about.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// Our speed, as a multiple of this contender's.
    Limit(&'static str),
    /// Our speed, as a multiple of the best peer's.
    BestPeer,
    /// Our p99, as a multiple of this contender's.
    P99(&'static str),
    /// Our p50, in milliseconds.
    P50,
    /// Our speed, in operations per second.
    Speed,
}

/// A target: the database, the measurement, the number of tasks, and pairs of a figure and its bound.
#[derive(Clone, Copy, Debug)]
struct Target(&'static str, &'static str, u32, &'static [(Of, f64)]);

/// A target is met if one of its pairs is. For [`Of::P99`] and [`Of::P50`] less is better, for all others more.
const TARGETS: &[Target] = &[
    Target("postgres", "save 1 event", 64, &[(Of::Limit(HEAD_ROW), 0.8)]),
    Target("postgres", "save 1 event", 64, &[(Of::Limit(LOCKED), 25.0)]),
    Target("postgres", "save 1 event", 64, &[(Of::Limit(UNORDERED), 2.5)]),
    Target("postgres", "save 1 event", 64, &[(Of::BestPeer, 5.0)]),
    Target("sqlite", "save 1 event", 64, &[(Of::Limit(GROUPED), 0.8)]),
    Target("sqlite", "save 1 event", 64, &[(Of::Limit(SINGLE), 20.0)]),
    Target("postgres", "save 1 event", 1, &[(Of::Limit(UNORDERED), 0.75)]),
    Target("sqlite", "save 1 event", 1, &[(Of::Limit(IN_PLACE), 0.75)]),
    Target("postgres", "save 1 event", 512, &[(Of::Limit(HEAD_ROW), 0.75)]),
    Target("postgres", "save 1 event", 512, &[(Of::P99(HEAD_ROW), 2.0)]),
    Target("postgres", "load 1000 events", 1, &[(Of::Limit(DRIVER_ROWS), 0.8)]),
    Target("sqlite", "load 10 events", 1, &[(Of::Limit(READ_IN_PLACE), 0.7)]),
    Target("sqlite", "load 10 events", 1, &[(Of::Limit(FETCH_ALL), 5.0)]),
    Target("memory", "load 10000 events, a snapshot at 9990", 1, &[(Of::Limit(WITHOUT_SNAPSHOT), 0.5)]),
    Target("sqlite", "load 10000 events, a snapshot at 9990", 1, &[(Of::Limit(WITHOUT_SNAPSHOT), 0.5)]),
    Target("postgres", "load 10000 events, a snapshot at 9990", 1, &[(Of::Limit(WITHOUT_SNAPSHOT), 0.5)]),
    Target("sqlite", CACHED, 1, &[(Of::Limit(NEWER_IN_PLACE), 0.8)]),
    Target("postgres", CACHED, 1, &[(Of::Limit(NEWER_ROWS), 0.8)]),
    Target("memory", "read a cached account without a query", 1, &[(Of::Speed, 5_000_000.0)]),
    Target("sqlite", "load 1000 events", 1, &[(Of::Limit(READ_IN_PLACE), 0.7)]),
    Target("sqlite", LOG, 1, &[(Of::Limit(READ_IN_PLACE), 0.7)]),
    Target("postgres", LOG, 1, &[(Of::Speed, 600_000.0), (Of::Limit(DRIVER_ROWS), 0.7)]),
    Target("memory", "command", 1, &[(Of::Limit(BY_HAND), 1.0 / 1.1)]),
    Target("memory", "replay of 1000 decoded events", 1, &[(Of::Limit(BY_HAND), 1.0 / 1.1)]),
    Target("memory", "save 1 event on one thread", 1, &[(Of::Speed, 2_000_000.0)]),
    Target("memory", METADATA, 1, &[(Of::Limit(IN_A_FIELD), 0.9)]),
    // a lone save pays little for the row of its command; a busy one cannot be cheaper than the row itself
    Target("sqlite", ORDERED_COMMAND, 1, &[(Of::Limit(NO_COMMAND), 0.85)]),
    Target("postgres", ORDERED_COMMAND, 1, &[(Of::Limit(NO_COMMAND), 0.85)]),
    Target("sqlite", COMMAND, 64, &[(Of::Limit(COMMANDS), 0.75)]),
    Target("postgres", COMMAND, 64, &[(Of::Limit(COMMANDS), 0.75)]),
    Target("sqlite", ORDERED_COMMAND, 64, &[(Of::Limit(COMMANDS), 0.75)]),
    Target("postgres", ORDERED_COMMAND, 64, &[(Of::Limit(COMMANDS), 0.75)]),
    Target("postgres", HELD, 1, &[(Of::Limit(NOT_HELD), 0.9)]),
    Target("postgres", HELD, 64, &[(Of::Limit(NOT_HELD), 0.9)]),
    Target("sqlite", SAVE_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("sqlite", SAVE_LONG, 64, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("sqlite", LOAD_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("sqlite", PAGE_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("postgres", SAVE_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("postgres", SAVE_LONG, 64, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("postgres", LOAD_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("postgres", PAGE_LONG, 1, &[(Of::Limit(SHORT_LOG), FLAT)]),
    Target("postgres", CATCH_UP, 1, &[(Of::Speed, 50_000.0)]),
    Target("sqlite", CATCH_UP, 1, &[(Of::Speed, 100_000.0)]),
    Target("postgres", HEAR, 1, &[(Of::P50, 1.0)]),
    Target("sqlite", HEAR, 1, &[(Of::P50, 1.0)]),
    Target("postgres", READ, 1, &[(Of::P50, 2.0)]),
    Target("sqlite", READ, 1, &[(Of::P50, 2.0)]),
];

/// Whether a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    NotMet,
    NotMeasured,
}

/// A target with its verdict, as text.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) measurement: String,
    pub(super) wanted: String,
    pub(super) found: String,
    pub(super) verdict: Verdict,
}

/// Judges a run by every target.
pub(super) fn judge(figures: &Figures) -> Vec<Judged> {
    TARGETS.iter().map(|target| target.judge(figures)).chain([ahead_of_peers(figures)]).collect()
}

impl Target {
    fn judge(&self, figures: &Figures) -> Judged {
        let Self(database, measurement, tasks, ways) = *self;
        let is_this = |one: &&Figure| {
            (one.database.as_str(), one.measurement.as_str(), one.tasks) == (database, measurement, tasks)
        };
        let suite: Vec<&Figure> = figures.suite.iter().filter(is_this).collect();
        let peers: Vec<&Figure> = figures.peers.iter().filter(is_this).collect();
        let found: Vec<Option<f64>> = ways.iter().map(|(of, _)| of.find(&suite, &peers)).collect();
        let holds =
            |((of, wanted), found): (&(Of, f64), &Option<f64>)| found.is_some_and(|found| of.holds(found, *wanted));
        let verdict = if ways.iter().zip(&found).any(holds) {
            Verdict::Met
        } else if found.iter().all(Option::is_none) {
            Verdict::NotMeasured
        } else {
            Verdict::NotMet
        };
        let found = ways
            .iter()
            .zip(found)
            .map(|((of, _), found)| found.map_or_else(|| "-".to_owned(), |found| of.value(found)));
        Judged {
            measurement: format!("{database}, {measurement}, {tasks} {}", if tasks == 1 { "task" } else { "tasks" }),
            wanted: ways.iter().map(|(of, wanted)| of.words(*wanted)).collect::<Vec<_>>().join(" or "),
            found: found.collect::<Vec<_>>().join(" or "),
            verdict,
        }
    }
}

impl Of {
    fn find(self, suite: &[&Figure], peers: &[&Figure]) -> Option<f64> {
        let by = |all: &[&Figure], who: &str| all.iter().find(|one| one.who == who).copied().cloned();
        match self {
            Self::Limit(who) => Some(by(suite, OURS)?.value? / by(suite, who)?.value?),
            Self::P99(who) => Some(by(suite, OURS)?.p99? / by(suite, who)?.p99?),
            Self::P50 => Some(by(suite, OURS)?.p50? / 1e3),
            Self::Speed => by(suite, OURS)?.value,
            Self::BestPeer => {
                let best = peers.iter().filter(|one| one.who != OURS).filter_map(|one| one.value).reduce(f64::max)?;
                Some(by(peers, OURS)?.value? / best)
            }
        }
    }

    fn holds(self, found: f64, wanted: f64) -> bool {
        if matches!(self, Self::P99(_) | Self::P50) { found <= wanted } else { found >= wanted }
    }

    fn value(self, value: f64) -> String {
        match self {
            Self::Speed => format!("{}/s", number(value)),
            Self::P50 => format!("{value:.3} ms"),
            _ => format!("{value:.2} x"),
        }
    }

    fn words(self, wanted: f64) -> String {
        match self {
            Self::Limit(who) => format!("at least {wanted:.2} x {who}"),
            Self::BestPeer => format!("at least {wanted:.2} x every peer"),
            Self::P99(who) => format!("a p99 of at most {wanted:.2} x that of {who}"),
            Self::P50 => format!("a p50 of at most {wanted:.0} ms"),
            Self::Speed => format!("at least {}/s", number(wanted)),
        }
    }
}

/// Judges whether ours is faster than every peer in every measurement. Those in which it is not are named.
fn ahead_of_peers(figures: &Figures) -> Judged {
    let peers = figures.peers.iter().filter(|one| one.who != OURS);
    let compared: Vec<(&Figure, f64)> = peers
        .filter_map(|peer| {
            let ours = figures.peers.iter().find(|one| one.who == OURS && one.is_beside(peer))?;
            Some((peer, ours.value? / peer.value?))
        })
        .collect();
    let behind: Vec<String> = compared
        .iter()
        .filter(|(_, ratio)| *ratio <= 1.0)
        .map(|(peer, ratio)| format!("{:.2} x {} at {}", ratio, peer.who, peer.title()))
        .collect();
    Judged {
        measurement: "every line of every peer".to_owned(),
        wanted: "ahead".to_owned(),
        found: if behind.is_empty() { format!("ahead on {} lines", compared.len()) } else { behind.join("; ") },
        verdict: match (compared.is_empty(), behind.is_empty()) {
            (true, _) => Verdict::NotMeasured,
            (false, true) => Verdict::Met,
            (false, false) => Verdict::NotMet,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(who: &str, value: f64, p99: f64) -> Figure {
        Figure {
            database: "postgres".to_owned(),
            measurement: "save 1 event".to_owned(),
            tasks: 512,
            who: who.to_owned(),
            unit: "saves".to_owned(),
            value: Some(value),
            p50: None,
            p99: Some(p99),
            range: None,
            note: String::new(),
        }
    }

    fn verdicts(figures: &Figures) -> Vec<Verdict> {
        let all = judge(figures);
        all.iter().filter(|judged| judged.measurement.contains("512")).map(|judged| judged.verdict).collect()
    }

    #[test]
    fn a_ratio_is_to_be_large_and_a_p99_small() {
        let suite = vec![figure(OURS, 80.0, 3.0), figure(HEAD_ROW, 100.0, 1.0)];
        let figures = Figures { suite, ..Figures::default() };
        assert_eq!(verdicts(&figures), [Verdict::Met, Verdict::NotMet]);
    }

    #[test]
    fn a_delay_is_to_be_short() {
        let of = |p50| Figure { p50: Some(p50), ..figure(OURS, 80.0, 3.0) };
        for (microseconds, found, holds) in [(999.0, "0.999 ms", true), (1_001.0, "1.001 ms", false)] {
            let p50 = Of::P50.find(&[&of(microseconds)], &[]).expect("a figure with a p50");
            assert_eq!((Of::P50.value(p50).as_str(), Of::P50.holds(p50, 1.0)), (found, holds));
        }
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        assert!(judge(&Figures::default()).iter().all(|judged| judged.verdict == Verdict::NotMeasured));
    }

    #[test]
    fn a_peer_that_is_ahead_is_named() {
        let peers = vec![figure(OURS, 80.0, 3.0), figure("swift", 100.0, 1.0), figure("slow", 1.0, 1.0)];
        let judged = ahead_of_peers(&Figures { peers, ..Figures::default() });
        assert_eq!(judged.verdict, Verdict::NotMet);
        assert!(judged.found.contains("swift") && !judged.found.contains("slow"), "{}", judged.found);
    }
}
