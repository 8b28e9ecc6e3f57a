//! `letters`: the events that consumers refused.

mod act;
mod list;
mod show;
mod source;

use eventsourcing::DeadLetter;
use eventsourcing::projection::OperatorNote;
use serde::Serialize;

use crate::arguments::{General, Letters, Operator};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::program::Program;

pub(super) async fn run(
    general: &General,
    program: &Program,
    letters: &Letters,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    match letters {
        Letters::List(list) => list::run(general, program, list, output).await,
        Letters::Resolved(list) => list::resolved(general, program, list, output).await,
        Letters::Show(one) => show::run(general, program, one, output).await,
        Letters::DryRun(some) => act::dry_run(general, program, some, output).await,
        Letters::Retry(some) => act::retry(general, program, some, output).await,
        Letters::Discard(some) => act::discard(general, program, some, output).await,
    }
}

/// The fields of the JSON line of a letter.
#[derive(Serialize)]
struct LetterJson<'l> {
    consumer: &'l str,
    upstream: &'l str,
    #[serde(flatten)]
    letter: &'l DeadLetter,
}

/// Who acts, and why, to be recorded.
fn operator(operator: &Operator) -> OperatorNote {
    let note = OperatorNote::by(name_of(operator));
    match &operator.reason {
        Some(reason) => note.because(reason.clone()),
        None => note,
    }
}

/// The name of the operator: the one that is given, or that of the user of the system.
pub(super) fn name_of(operator: &Operator) -> String {
    let named = operator.operator.clone().filter(|name| !name.is_empty());
    let user = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.or_else(user).filter(|name| !name.is_empty()).unwrap_or_else(|| "eventsourcing-cli".to_owned())
}
