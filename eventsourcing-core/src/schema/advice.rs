//! What to do about the differences from a lock file: a cure for each kind of difference that there is.

use std::collections::BTreeSet;

use super::change::ShapeChange;
use super::comparison::{IS_GONE, IS_NEW};

/// Returns the advice for these differences, after an empty line.
pub(super) fn advice(changes: &[ShapeChange]) -> String {
    let breaking = || changes.iter().filter(|change| change.is_breaking);
    if breaking().next().is_none() {
        return "\nEvents that are recorded stay readable. Run the test once with EVENTS_LOCK=accept, and commit the file"
            .to_owned();
    }
    let is_gone = |change: &ShapeChange| change.before.as_deref() == Some(IS_GONE);
    let mut text = "\nEvents that are recorded cannot be read any more, or lose a part (marked with `!`).".to_owned();
    if breaking().any(|change| !change.path.is_empty()) {
        text.push_str(
            "\n- A part that changed: give the event its next version and a step from the previous shape: \
             `#[event(\"Started\", version = 2, upcasts = [started_v1])]`; give a new field a default: `#[serde(default)]`",
        );
    }
    for (before, after) in renamed(changes) {
        text.push_str(&format!(
            "\n- If the aggregate `{before}` is called `{after}` now, keep its old name on the impl block: \
             `#[aggregate(was = [\"{before}\"])]`"
        ));
    }
    if breaking().any(is_gone) {
        text.push_str(
            "\n- A topic that is gone: keep the old name of a renamed event: `was = [\"…\"]`; \
             keep one that became several, with `#[event(\"…\", split)]`; declare one that is not used any more: `retired = [\"…\"]`",
        );
    }
    if breaking().any(|change| change.path.is_empty() && !is_gone(change)) {
        text.push_str(
            "\n- A version that the program does not know: newer code recorded it; use that code, or restore its `version` and `upcasts`",
        );
    }
    text.push_str("\nIf no such event was ever recorded, run the test once with EVENTS_LOCK=accept");
    text
}

/// Returns the old and the new name of each aggregate that was renamed, as it seems: an event is gone, and is new under another name.
fn renamed(changes: &[ShapeChange]) -> BTreeSet<(&str, &str)> {
    let named = |said: &str| -> Vec<(&str, &str)> {
        let is_said =
            |change: &&ShapeChange| [&change.before, &change.after].into_iter().flatten().any(|text| text == said);
        changes.iter().filter(is_said).filter_map(|change| change.topic.rsplit_once('.')).collect()
    };
    let new = named(IS_NEW);
    named(IS_GONE)
        .into_iter()
        .flat_map(|(before, event)| {
            new.iter().filter(move |(_, other)| *other == event).map(move |(after, _)| (before, *after))
        })
        .collect()
}
