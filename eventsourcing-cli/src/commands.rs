//! The commands, one file each.

mod compare;
mod dictionaries;
mod doctor;
mod event;
mod event_line;
#[cfg(feature = "explore")]
mod explore;
mod filter;
mod find;
mod health;
mod history;
mod keys;
mod lag;
mod last_seen;
mod letters;
mod log;
mod manual;
mod rebuild;
mod state;
mod status;
mod top;
mod typed;
mod types;
mod verify;

use crate::arguments::{Arguments, Command, Dictionaries, General, Import};
use crate::database::Purpose;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::place::Place;
use crate::program::Program;
use crate::transfer::{export, import};

/// Runs the command that the arguments name, in a program with this name.
pub(crate) fn run(
    arguments: Arguments,
    name: &str,
    program: &Program,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let Arguments { general, command } = arguments;
    // they need no database and no runtime
    match &command {
        Command::Completions { shell } => return manual::completions(*shell, name, output),
        Command::Man { dir } => return manual::pages(dir.as_deref(), output),
        _ => {}
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(run_on_database(&general, command, program, output))
}

async fn run_on_database(
    general: &General,
    command: Command,
    program: &Program,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    if matches!(&command, Command::Export(export) if export.output.is_none()) && output.is_terminal {
        return Err(Failure::ExportToTerminal);
    }
    let place = match &command {
        Command::Import(import) => return import_into(general, import, program, output).await,
        // they look at a database, and at no application or several
        Command::Lag(lag) => return lag::run(general, program, lag, output).await,
        Command::Top(top) => return top::run(general, program, top, output).await,
        #[cfg(feature = "explore")]
        Command::Explore(explore) => return explore::run(general, program, explore, output).await,
        Command::Letters(letters) => return letters::run(general, program, letters, output).await,
        Command::Rebuild(rebuild) => return rebuild::run(general, program, rebuild, output).await,
        Command::Health(health) => return health::run(general, program, health, output).await,
        Command::Doctor(doctor) => return doctor::run(general, program, doctor, output).await,
        // it is stored beside the events
        Command::Dictionaries(Dictionaries::Train(_)) => Place::open(general, Purpose::Change, program).await?,
        _ => Place::open(general, general.looks(), program).await?,
    };
    let outcome = match command {
        Command::Status(status) => status::run(&place, &status, output).await,
        Command::Log(log) => log::run(&place, &log, output).await,
        Command::Event(event) => event::run(&place, &event, output).await,
        Command::History(history) => history::run(&place, &history, output).await,
        Command::State(state) => state::run(&place, &state, output).await,
        Command::Compare(compare) => compare::run(&place, &compare, output).await,
        Command::Types(types) => types::run(&place, &types, output).await,
        Command::Find(find) => find::run(&place, &find, output).await,
        Command::Keys(keys) => keys::run(&place, &keys, output).await,
        Command::Dictionaries(dictionaries) => dictionaries::run(&place, &dictionaries, output).await,
        Command::Verify(verify) => verify::run(&place, &verify, output).await,
        Command::Export(export) => export::run(&place, &export, output).await,
        // they were run above
        Command::Import(_)
        | Command::Lag(_)
        | Command::Letters(_)
        | Command::Top(_)
        | Command::Rebuild(_)
        | Command::Health(_)
        | Command::Doctor(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(Outcome::Fine),
        #[cfg(feature = "explore")]
        Command::Explore(_) => Ok(Outcome::Fine),
    };
    place.application().close().await;
    outcome
}

async fn import_into(
    general: &General,
    import: &Import,
    program: &Program,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let source = import::open(import)?;
    let place = Place::open(general, Purpose::Import, program).await?;
    let outcome = import::run(&place, import, source, output).await;
    place.application().close().await;
    outcome
}
