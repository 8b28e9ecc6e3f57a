//! `find`: the events that contain a text, the newest first.

use serde::Serialize;

use super::event_line::EventLine;
use crate::arguments::Find;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::opened::Opened;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;

/// How many events are looked at together.
const WINDOW: u64 = 1_000;

/// The fields of the last JSON line.
#[derive(Serialize)]
struct Looked {
    found: u64,
    /// The positions that were looked at.
    first_position: u64,
    last_position: u64,
    /// The argument `--before` that looks further; none if the beginning of the log was reached.
    continue_before: Option<u64>,
}

pub(super) async fn run(place: &Place, find: &Find, output: &mut Output) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let last = place.last().await?;
    let end = find.before.map_or(last, |before| before.saturating_sub(1).min(last));
    let lowest = end.saturating_sub(find.scan);
    let (mut up_to, mut found, mut is_healthy) = (end, 0_u64, true);
    // lines in between would tear the bar
    let progress = (!output.is_terminal).then(|| Progress::new("searching", end - lowest));
    while up_to > lowest && found < find.limit && !interrupt.is_asked() {
        let after = up_to.saturating_sub(WINDOW).max(lowest);
        let mut part = Vec::new();
        let mut pages = Pages::new(place, after, up_to);
        loop {
            let page = pages.next().await?;
            if page.is_empty() {
                break;
            }
            for event in page {
                let opened = place.open_event(&event).await?;
                if contains(&event.topic, &event.originator_id.to_string(), &opened, &find.text) {
                    part.push((event, opened));
                }
            }
        }
        if let Some(progress) = &progress {
            progress.add(up_to - after);
        }
        up_to = after;
        for (event, opened) in part.iter().rev() {
            EventLine::of_log(event, opened).print(find.full, output)?;
            is_healthy &= opened.is_ok();
            found += 1;
            if found == find.limit {
                // those before it in the same window are yet to be shown
                up_to = event.id - 1;
                break;
            }
        }
        output.flush()?;
    }
    drop(progress);
    let continue_before = (up_to > 0).then_some(up_to + 1);
    if output.is_json {
        output.json(&Looked { found, first_position: up_to + 1, last_position: end, continue_before })?;
        return Ok(Outcome::healthy(is_healthy));
    }
    let looked = match end - up_to {
        0 => "there is nothing to look at".to_owned(),
        count => format!("found {} in {} events, positions {} to {end}", grouped(found), grouped(count), up_to + 1),
    };
    note(match continue_before {
        Some(before) => format!("{looked}; go on with --before {before}"),
        None => format!("{looked}, the whole log{}", if end < last { " up to there" } else { "" }),
    });
    Ok(Outcome::healthy(is_healthy))
}

/// Whether an event contains the text. One that cannot be read may, so it is shown.
fn contains(topic: &str, id: &str, opened: &Result<Opened, String>, text: &str) -> bool {
    let Ok(opened) = opened else { return true };
    topic.contains(text) || id.contains(text) || String::from_utf8_lossy(opened.bytes()).contains(text)
}
