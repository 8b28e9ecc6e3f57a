//! `RESULTS.md`: ratios first, then the targets, then every figure.

use std::fmt::Write;

use super::compile_time::Compiled;
use super::figures::{Figure, Figures, OURS, number};
use super::targets::{self, Verdict};

/// The information about a run besides its figures.
#[derive(Debug, Default)]
pub(super) struct Circumstances {
    /// The machine and the programs, as names and values.
    pub(super) machine: Vec<(String, String)>,
    /// The command line of the run.
    pub(super) line: String,
    /// Peers that were left out, with the reasons.
    pub(super) left_out: Vec<(String, String)>,
    /// The measurements of the compiler.
    pub(super) compiled: Vec<Compiled>,
    /// The files of the charts.
    pub(super) charts: Vec<&'static str>,
    /// Whether only a part was measured. Then the targets of the other parts are not listed.
    pub(super) is_part: bool,
}

const PREFACE: &str = "\
# Results

Written by `cargo xtask bench`; do not edit. What stands in one row of ratios took turns in one run: five rounds each, the order
there and back, the medians compared. Absolute figures belong to the machine; ratios travel better. SQLite is in WAL mode with
`synchronous=FULL`, PostgreSQL has `fsync` and `synchronous_commit` on, an event is about 100 bytes of JSON, and a save adds it to
an account of up to 20 events. What each measurement does is told in [the bench's README](README.md).
";

/// Returns the whole document.
pub(super) fn document(figures: &Figures, about: &Circumstances) -> String {
    let mut out = PREFACE.to_owned();
    // writing to a string cannot fail
    let _ = writeln!(out, "\n`{}`\n", about.line);
    facts(&mut out, about.machine.iter().chain(&figures.facts));
    ratios(&mut out, &figures.suite);
    peers(&mut out, figures, about);
    compiled(&mut out, &about.compiled);
    judged(&mut out, figures, about.is_part);
    if !about.charts.is_empty() {
        out.push_str("\n## Charts\n\nBars of one panel share a scale; panels do not.\n\n");
        about.charts.iter().for_each(|name| out.push_str(&format!("![{name}](plots/{name})\n\n")));
    }
    every_figure(&mut out, figures);
    out
}

fn facts<'f>(out: &mut String, facts: impl Iterator<Item = &'f (String, String)>) {
    out.push_str("| | |\n|---|---|\n");
    facts.for_each(|(name, value)| out.push_str(&format!("| {name} | {value} |\n")));
}

/// Writes ours beside each limit.
fn ratios(out: &mut String, suite: &[Figure]) {
    out.push_str("\n## Ours beside the limits\n\n");
    out.push_str("More than 1 x: ours is faster. A row without a limit has none.\n\n");
    out.push_str("| | ours beside it | the limit | ours, a second | the limit's | p99, ours | the limit's |\n|---|--:|---|--:|--:|--:|--:|\n");
    for ours in suite.iter().filter(|one| one.who == OURS) {
        let limits: Vec<&Figure> = suite.iter().filter(|one| one.who != OURS && one.is_beside(ours)).collect();
        for limit in &limits {
            let row =
                [ours.title(), ratio(ours, limit), limit.who.clone(), speed(ours), speed(limit), p99(ours), p99(limit)];
            out.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        if limits.is_empty() {
            out.push_str(&format!("| {} | | | {} | | {} | |\n", ours.title(), speed(ours), p99(ours)));
        }
    }
    codecs(out, suite);
}

/// Writes several of ours beside one limit, which is the first figure.
fn codecs(out: &mut String, suite: &[Figure]) {
    let mut first: Option<&Figure> = None;
    for figure in suite {
        if suite.iter().any(|one| one.who == OURS && one.is_beside(figure)) {
            continue;
        }
        match first.filter(|first| first.is_beside(figure)) {
            Some(limit) => {
                let row = [
                    format!("{}, {}", figure.measurement, figure.who),
                    ratio(figure, limit),
                    limit.who.clone(),
                    speed(figure),
                    speed(limit),
                ];
                out.push_str(&format!("| {} | | |\n", row.join(" | ")));
            }
            None => first = Some(figure),
        }
    }
}

/// Writes ours beside each peer, in a table for each database.
fn peers(out: &mut String, figures: &Figures, about: &Circumstances) {
    if figures.peers.is_empty() && about.left_out.is_empty() {
        return;
    }
    out.push_str("\n## Ours beside other libraries\n\nHow many times as fast ours is. Where there is no figure, the reason is given.\n");
    for (database, name) in [("postgres", "PostgreSQL"), ("sqlite", "SQLite")] {
        let here: Vec<&Figure> = figures.peers.iter().filter(|one| one.database == database).collect();
        let mut names: Vec<&str> = here.iter().map(|one| one.who.as_str()).filter(|who| *who != OURS).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            continue;
        }
        out.push_str(&format!("\n| {name} | {} |\n|---|{}\n", names.join(" | "), "--:|".repeat(names.len())));
        for ours in here.iter().filter(|one| one.who == OURS) {
            let cell = |who: &&str| match here.iter().find(|one| one.who == *who && one.is_beside(ours)) {
                Some(peer) if peer.value.is_some() => ratio(ours, peer),
                Some(peer) => peer.note.clone(),
                None => String::new(),
            };
            let title = ours.title();
            let title = title.strip_prefix(database).unwrap_or(&title).trim();
            out.push_str(&format!("| {title} | {} |\n", names.iter().map(cell).collect::<Vec<_>>().join(" | ")));
        }
    }
    for (peer, why) in &about.left_out {
        out.push_str(&format!("\nLeft out: {peer}, because {why}\n"));
    }
}

/// Writes the measurements of the compiler, with the macros and by hand.
fn compiled(out: &mut String, all: &[Compiled]) {
    if all.is_empty() {
        return;
    }
    out.push_str(
        "\n## Compile time\n\nA program with 100 aggregates of 10 events each, compiled after its dependencies;\nthe medians of three rounds.\n\n",
    );
    out.push_str("| | with the macros, as a multiple | with the macros | written by hand |\n|---|--:|--:|--:|\n");
    for Compiled { what, unit, ours, by_hand } in all {
        out.push_str(&format!("| {what} | {:.2} x | {ours:.2} {unit} | {by_hand:.2} {unit} |\n", ours / by_hand));
    }
}

fn judged(out: &mut String, figures: &Figures, is_part: bool) {
    out.push_str("\n## Targets\n\n| | wanted | found | |\n|---|---|---|---|\n");
    for judged in targets::judge(figures) {
        if is_part && judged.verdict == Verdict::NotMeasured {
            continue;
        }
        let verdict = match judged.verdict {
            Verdict::Met => "met",
            Verdict::NotMet => "**not met**",
            Verdict::NotMeasured => "not measured",
        };
        out.push_str(&format!("| {} | {} | {} | {verdict} |\n", judged.measurement, judged.wanted, judged.found));
    }
}

fn every_figure(out: &mut String, figures: &Figures) {
    out.push_str(
        "\n## Every figure\n\nOperations per second, with the slowest and the fastest round; p50 and p99 in milliseconds.\n\n",
    );
    let mut table = |title: &str, all: &[Figure]| {
        if all.is_empty() {
            return;
        }
        out.push_str(&format!("| {title} | who | a second | rounds | p50 | p99 |\n|---|---|--:|--:|--:|--:|\n"));
        for one in all {
            let range =
                one.range.map_or_else(String::new, |(low, high)| format!("{} to {}", number(low), number(high)));
            let value = if one.value.is_some() { speed(one) } else { one.note.clone() };
            let row = [one.title(), one.who.clone(), value, range, p50(one), p99(one)];
            out.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        out.push('\n');
    };
    table("ours and the limits", &figures.suite);
    table("ours and other libraries", &figures.peers);
}

fn ratio(ours: &Figure, other: &Figure) -> String {
    match (ours.value, other.value) {
        (Some(ours), Some(other)) if ours / other < 10.0 => format!("{:.2} x", ours / other),
        (Some(ours), Some(other)) => format!("{:.0} x", ours / other),
        _ => String::new(),
    }
}

fn speed(figure: &Figure) -> String {
    figure.value.map_or_else(String::new, |value| format!("{} {}", number(value), figure.unit))
}

fn p50(figure: &Figure) -> String {
    figure.p50.map_or_else(String::new, milliseconds)
}

fn p99(figure: &Figure) -> String {
    figure.p99.map_or_else(String::new, milliseconds)
}

fn milliseconds(microseconds: f64) -> String {
    format!("{:.3} ms", microseconds / 1e3)
}
