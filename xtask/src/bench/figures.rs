//! Figures: lines of fields separated by tabs, which the suite writes and the peers return.

use crate::failure::Failure;

/// The name of this library among the contenders.
pub(super) const OURS: &str = "ours";

/// The result of one contender in one measurement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) database: String,
    pub(super) measurement: String,
    pub(super) tasks: u32,
    pub(super) who: String,
    pub(super) unit: String,
    /// The number of operations per second; `None` if it cannot be measured, for the reason in `note`.
    pub(super) value: Option<f64>,
    /// Microseconds.
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    /// The slowest and the fastest round.
    pub(super) range: Option<(f64, f64)>,
    pub(super) note: String,
}

impl Figure {
    /// Returns the title, in which patterns are searched. The suite writes the same title.
    pub(super) fn title(&self) -> String {
        let Self { database, measurement, tasks, .. } = self;
        format!("{database} {measurement}, {tasks} {}", if *tasks == 1 { "task" } else { "tasks" })
    }

    /// Returns whether both are results of the same measurement.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        (&self.database, &self.measurement, self.tasks) == (&other.database, &other.measurement, other.tasks)
    }
}

/// All figures of a run, and its conditions.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Names and values, such as the databases' versions.
    pub(super) facts: Vec<(String, String)>,
    /// Ours and the limits, which alternated in one program.
    pub(super) suite: Vec<Figure>,
    /// Ours and the peers, which alternated as separate programs.
    pub(super) peers: Vec<Figure>,
}

impl Figures {
    /// Reads the figures that the suite wrote.
    pub(super) fn read_suite(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["#", name, value] => self.facts.push((name.to_owned(), value.to_owned())),
                [database, measurement, tasks, value, p50, p99, who, unit, slowest, fastest] => {
                    let tasks = tasks.parse().map_err(|_| misread(line))?;
                    self.suite.push(Figure {
                        database: database.to_owned(),
                        measurement: measurement.to_owned(),
                        tasks,
                        who: who.to_owned(),
                        unit: unit.to_owned(),
                        value: value.parse().ok(),
                        p50: p50.parse().ok(),
                        p99: p99.parse().ok(),
                        range: slowest.parse().ok().zip(fastest.parse().ok()),
                        note: String::new(),
                    });
                }
                _ => return Err(misread(line)),
            }
        }
        Ok(())
    }
}

fn misread(line: &str) -> Failure {
    Failure::new(format!("`{line}` is not a line of figures; are benches/suite and xtask of the same checkout?"))
}

/// Returns the median.
pub(super) fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// Formats a number for people: `12,345`, `12.3`, `0.12`.
pub(super) fn number(value: f64) -> String {
    if value < 1.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_suite_is_read() {
        let mut figures = Figures::default();
        let text = "#\tSQLite\t3.51.3\nsqlite\tsave 1 event\t64\t7.5\t2.0\t-\tours\tsaves\t7.0\t8.0\n";
        figures.read_suite(text).expect("a line as the suite writes it");
        assert_eq!(figures.facts, [("SQLite".to_owned(), "3.51.3".to_owned())]);
        let figure = &figures.suite[0];
        assert_eq!((figure.value, figure.p50, figure.p99), (Some(7.5), Some(2.0), None));
        assert_eq!(figure.title(), "sqlite save 1 event, 64 tasks");
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([1_234_567.0, 999.6, 12.34, 0.126].map(number), ["1,234,567", "1,000", "12.3", "0.13"]);
    }
}
