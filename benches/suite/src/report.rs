//! The report: for people with ratios first, for programs one figure per line.

use std::fs::File;
use std::io::Write;

use crate::measure::Measured;
use crate::place::Database;

/// The name of this library among the contenders.
pub const OURS: &str = "ours";

/// What contenders are measured at.
#[derive(Clone, Debug)]
pub struct Title {
    pub database: Database,
    pub measurement: String,
    /// The number of concurrent tasks.
    pub tasks: usize,
    /// What the figures count, such as `saves`.
    pub unit: &'static str,
}

impl Title {
    pub fn new(database: Database, measurement: impl Into<String>, tasks: usize, unit: &'static str) -> Self {
        Self { database, measurement: measurement.into(), tasks, unit }
    }

    /// Returns the title, in which patterns are searched.
    pub fn text(&self) -> String {
        let Self { database, measurement, tasks, .. } = self;
        format!("{database} {measurement}, {tasks} {}", if *tasks == 1 { "task" } else { "tasks" })
    }
}

/// Shows figures as they are measured, and writes them to a file, if there is one.
#[derive(Debug)]
pub struct Report {
    figures: Option<File>,
}

impl Report {
    /// A report that also writes its figures to a file.
    pub fn new(figures: Option<&str>) -> Self {
        Self { figures: figures.map(|path| File::create(path).unwrap()) }
    }

    /// Shows the results of contenders.
    pub fn add(&mut self, title: &Title, measured: &[Measured]) {
        println!("\n{}", title.text());
        let ours = measured.iter().find(|one| one.who == OURS);
        for one in measured {
            // if several of ours are compared with one limit, the limit is first, and the ratios are relative to it
            let ratio = match (ours, measured.first()) {
                (Some(ours), _) if one.who != OURS => Some(ours.median.per_second / one.median.per_second),
                (None, Some(limit)) if one.who != limit.who => Some(one.median.per_second / limit.median.per_second),
                _ => None,
            };
            println!("  {}", line(one, ratio, title.unit));
            self.keep(title, one);
        }
    }

    /// Reports a condition of the figures.
    pub fn fact(&mut self, name: &str, value: &str) {
        println!("{name}: {value}");
        if let Some(file) = &mut self.figures {
            writeln!(file, "#\t{name}\t{value}").unwrap();
        }
    }

    /// Reports why something was not measured.
    pub fn leave_out(&mut self, what: &str, why: &str) {
        println!("\n{what}\n  not measured: {why}");
    }

    fn keep(&mut self, title: &Title, one: &Measured) {
        let Some(file) = &mut self.figures else { return };
        let Title { database, measurement, tasks, unit } = title;
        let or_dash = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.1}"));
        let Measured { who, median, slowest, fastest } = one;
        let (p50, p99) = (or_dash(median.p50), or_dash(median.p99));
        let value = median.per_second;
        writeln!(
            file,
            "{database}\t{measurement}\t{tasks}\t{value:.1}\t{p50}\t{p99}\t{who}\t{unit}\t{slowest:.1}\t{fastest:.1}"
        )
        .unwrap();
    }
}

/// Formats a contender's figures, the ratio first.
fn line(one: &Measured, ratio: Option<f64>, unit: &str) -> String {
    let speed = one.median.per_second;
    let ratio = ratio.map_or_else(|| " ".repeat(10), |ratio| format!("{ratio:>8.2} x"));
    let latency = |name, figure: Option<f64>| {
        figure.map_or_else(String::new, |figure| format!("  {name} {:>9.3} ms", figure / 1e3))
    };
    let (p50, p99) = (latency("p50", one.median.p50), latency("p99", one.median.p99));
    let range = format!("[{:.0}..{:.0}]", one.slowest, one.fastest);
    format!("{ratio}  {:<44}{speed:>13.0} {unit}/s{p50}{p99}  {range}", one.who)
}
