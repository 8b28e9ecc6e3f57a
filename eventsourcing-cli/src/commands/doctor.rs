//! `doctor`: what is wrong with the database, its settings and the applications in it, each with the cure.

mod applications;
mod disk;
mod server;

use serde::Serialize;

use crate::arguments::{Doctor, General};
use crate::database::{Database, variables};
use crate::escape::{Safe, safe_lines};
use crate::failure::{Failure, Outcome};
use crate::output::{ADDED, FAINT, NUMBER, Output, WRONG};
use crate::program::Program;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    /// Nothing is wrong, and something could be better.
    Hint,
    /// It can become a problem.
    Warning,
    Problem,
}

/// What was found; the fields of its JSON line.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    about: String,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
    /// Statements that are part of the cure.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

impl Finding {
    fn new(level: Level, about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { level, about: about.into(), says: says.into(), cure: None, sql: None }
    }

    fn ok(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(Level::Ok, about, says)
    }

    fn cure(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..self }
    }

    fn sql(self, sql: impl Into<String>) -> Self {
        Self { sql: Some(sql.into()), ..self }
    }
}

pub(super) async fn run(
    general: &General,
    program: &Program,
    doctor: &Doctor,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let variables = variables()?;
    let named = general.app.clone().filter(|name| !name.is_empty()).unwrap_or_default();
    let environment = eventsourcing::Environment::from_variables(&named, variables);
    let database = Database::of(&environment, general.looks())?;
    let before = eventsourcing::Timestamp::now();
    let report = database.report().await?;
    let mut findings = vec![Finding::ok(
        "program",
        format!(
            "eventsourcing-cli {}, for tables of version {}",
            env!("CARGO_PKG_VERSION"),
            eventsourcing::database::DatabaseReport::SCHEMA_VERSION
        ),
    )];
    server::look(&database, &report, before, &mut findings);
    disk::look(&database, &report, &mut findings);
    applications::look(general, program, &doctor.views, &database, &report, &mut findings).await?;
    // the worst first, and those alike in the order in which they were found
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let shown = findings.iter().filter(|finding| !doctor.quiet || finding.level > Level::Hint);
    for finding in shown {
        if output.is_json { output.json(finding)? } else { print(finding, output)? }
    }
    Ok(Outcome::healthy(findings.iter().all(|finding| finding.level < Level::Problem)))
}

fn print(finding: &Finding, output: &mut Output) -> Result<(), Failure> {
    let mark = match finding.level {
        Level::Ok => output.styled(ADDED, "ok     "),
        Level::Hint => output.styled(FAINT, "hint   "),
        Level::Warning => output.styled(NUMBER, "warning"),
        Level::Problem => output.styled(WRONG, "PROBLEM"),
    };
    output.line(format_args!("{mark}  {:<12}  {}", Safe(&finding.about).to_string(), Safe(&finding.says)))?;
    if let Some(cure) = &finding.cure {
        output.line(format_args!("{:23}cure: {}", "", Safe(cure)))?;
    }
    for line in finding.sql.iter().flat_map(|sql| sql.lines()) {
        output.line(format_args!("{:25}{}", "", safe_lines(line)))?;
    }
    Ok(())
}
