//! The charts: saves in each database by number of tasks, and loads by length.

use super::figures::{Figure, Figures, OURS};
use super::plot::{Bar, Chart, Kind, Panel};

/// Returns the charts of a run with their file names. A chart without bars is left out.
pub(super) fn of(figures: &Figures) -> Vec<(&'static str, Chart)> {
    let all = [
        ("saves-postgres.svg", saves(figures, "postgres", "PostgreSQL")),
        ("saves-sqlite.svg", saves(figures, "sqlite", "SQLite, synchronous=FULL")),
        ("loads.svg", loads(figures)),
    ];
    all.into_iter().filter(|(_, chart)| !chart.panels.is_empty()).collect()
}

fn saves(figures: &Figures, database: &str, name: &str) -> Chart {
    let panel = |tasks: u32| {
        let title = if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks at once") };
        panel(figures, title, |one| {
            (one.database.as_str(), one.measurement.as_str(), one.tasks) == (database, "save 1 event", tasks)
        })
    };
    Chart {
        title: format!("Saves of one event a second, {name}"),
        panels: [1, 8, 64, 512].into_iter().filter_map(panel).collect(),
    }
}

fn loads(figures: &Figures) -> Chart {
    let panel = |(database, name, length): (&str, &str, u32)| {
        let measurement = format!("load {length} events");
        panel(figures, format!("{name}, {length} events"), |one| {
            one.database == database && one.measurement == measurement
        })
    };
    let panels = [
        ("postgres", "PostgreSQL", 10),
        ("postgres", "PostgreSQL", 1_000),
        ("sqlite", "SQLite", 10),
        ("sqlite", "SQLite", 1_000),
    ];
    Chart { title: "Loads of an aggregate a second".to_owned(), panels: panels.into_iter().filter_map(panel).collect() }
}

/// Ours, then the limits of the suite, then the peers. Within a group, the fastest is first.
fn panel(figures: &Figures, title: String, wanted: impl Fn(&Figure) -> bool) -> Option<Panel> {
    let bar = |figure: &Figure, kind| Some(Bar { label: figure.who.clone(), value: figure.value?, kind });
    let suite = figures.suite.iter().filter(|one| wanted(one));
    let mut bars: Vec<Bar> =
        suite.filter_map(|one| bar(one, if one.who == OURS { Kind::Ours } else { Kind::Limit })).collect();
    let peers = figures.peers.iter().filter(|one| wanted(one) && one.who != OURS);
    bars.extend(peers.filter_map(|one| bar(one, Kind::Peer)));
    let rank = |kind| match kind {
        Kind::Ours => 0,
        Kind::Limit => 1,
        Kind::Peer => 2,
    };
    bars.sort_by(|a, b| rank(a.kind).cmp(&rank(b.kind)).then(b.value.total_cmp(&a.value)));
    (!bars.is_empty()).then_some(Panel { title, bars })
}
