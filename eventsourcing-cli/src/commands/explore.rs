//! `explore`: the explorer's pages, for a browser on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use eventsourcing_explorer::Explorer;
use serde::Serialize;

use super::health::names;
use crate::arguments::{Explore, General};
use crate::database::variables;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::Output;
use crate::place::Place;
use crate::program::Program;

/// The fields of the JSON line.
#[derive(Serialize)]
struct Served<'s> {
    url: &'s str,
    token: Option<&'s str>,
    applications: &'s [String],
}

pub(super) async fn run(
    general: &General,
    program: &Program,
    explore: &Explore,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let names = names(general, program).await?;
    let mut places = Vec::with_capacity(names.len());
    for name in &names {
        places.push(Place::named(name, general.looks(), program, variables()?).await?);
    }
    let Some((first, others)) = places.split_first() else { return Ok(Outcome::Fine) };
    let mut explorer = Explorer::of(first.application());
    for other in others {
        explorer = explorer.also(other.application());
    }
    // of this machine alone, whatever else is asked for
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, explore.port));
    let server = explorer.show_payloads(explore.show_payloads).serve(address).await.map_err(Failure::other)?;
    let url = server.url();
    if output.is_json {
        output.json(&Served { url: &url, token: server.token(), applications: &names })?;
    } else {
        output.line(format_args!("exploring {} in {}", names.join(", "), first.database.described()))?;
        output.line(format_args!("url        {url}"))?;
        output.line(format_args!("token      {}", server.token().unwrap_or_default()))?;
        output.line("the login page asks for the token; only this machine reaches the pages; Ctrl-C ends")?;
    }
    output.flush()?;
    if explore.open && !open(&url) {
        note("no browser could be opened; open the URL in one");
    }
    interrupt.asked().await;
    server.stop().await;
    for place in places {
        place.application().close().await;
    }
    Ok(Outcome::Fine)
}

/// Opens a URL, which has no token in it, in the browser of the user.
fn open(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer.exe"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
