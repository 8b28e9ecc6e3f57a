//! PostgreSQL in Docker, as `compose.yaml` describes it.

use std::process::Command;

use super::ledger::Entry;
use super::run_folder::RunFolder;
use super::{Connection, NAME, free_port, random_hex};
use crate::failure::Failure;
use crate::run::{self, output_of};

/// Starts a server for this run and waits until it accepts connections.
pub(super) fn up(folder: &RunFolder) -> Result<(Connection, String), Failure> {
    // random instead of the process id, because containers that share Docker's daemon may have equal process ids
    let random = random_hex()?;
    let project = format!("eventsourcing-test-{}", random.get(..12).unwrap_or(&random));
    let (port, password) = (free_port()?, random_hex()?);
    folder.note(&Entry::Compose(project.clone()))?;
    run::complain("starting PostgreSQL in Docker; the first time, its image is pulled");
    let mut up = compose(&project);
    up.args(["up", "--detach", "--wait", "--wait-timeout", "180"])
        .env("EVENTSOURCING_COMPOSE_PORT", port.to_string())
        .env("EVENTSOURCING_COMPOSE_PASSWORD", &password);
    output_of(up)?;
    let connection = Connection {
        host: "127.0.0.1".to_owned(),
        port: port.to_string(),
        user: NAME.to_owned(),
        password: Some(password),
        dbname: NAME.to_owned(),
    };
    Ok((connection, format!("the project {project} of compose.yaml, 127.0.0.1:{port}")))
}

/// Stops a project and removes its data.
pub(super) fn down(project: &str) -> Result<(), Failure> {
    let mut down = compose(project);
    down.args(["down", "--volumes", "--timeout", "10"]);
    output_of(down).map(drop)
}

fn compose(project: &str) -> Command {
    let mut command = Command::new("docker");
    crate::environment::seal(&mut command);
    command.args(["compose", "--project-name", project, "--file"]).arg(run::root().join("compose.yaml"));
    command
}
