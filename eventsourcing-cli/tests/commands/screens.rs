//! What a command does with a terminal: it redraws, asks, and leaves it as it was.

use super::common::{Database, fido, pack};
use super::terminal::InTerminal;

/// To the other screen without a cursor and with long lines cut, and back.
const TAKE: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
const RESTORE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";

#[tokio::test]
async fn a_watched_status_leaves_the_terminal_as_it_was() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    let mut status = InTerminal::start(&mut database.command(&["status", "--watch", "--every", "1"]));
    status.wait_for("3, the last position");
    pack(&kennel, 1).await;
    status.wait_for("5, the last position");
    let (code, shown) = status.interrupt();
    assert_eq!(code, 0, "{shown:?}");
    assert!(shown.starts_with(TAKE), "{shown:?}");
    let (_, after) = shown.split_once(RESTORE).unwrap();
    // what was seen last stays
    assert!(after.contains("5, the last position") && !after.contains("\u{1b}[?"), "{after:?}");
}

#[tokio::test]
async fn what_is_long_shows_its_progress_in_a_terminal_alone() {
    let database = Database::sqlite();
    pack(&database.kennel().await, 2_000).await;
    let (code, shown) = InTerminal::start(&mut database.command(&["verify"])).end();
    assert_eq!(code, 0, "{shown:?}");
    assert!(shown.contains("verifying") && shown.contains("/4,000"), "{shown:?}");
    let piped = database.run(&["verify"]);
    assert_eq!((piped.code, piped.errors.as_str()), (0, ""));
}

#[tokio::test]
async fn what_is_not_confirmed_is_not_done() {
    let database = Database::sqlite().with(&[("COMPRESSOR_TOPIC", "zstd")]);
    pack(&database.kennel().await, 200).await;
    let arguments = ["dictionaries", "train"];
    let before = database.json(&["dictionaries", "list"]).len();
    for (typed, is_done) in [("yes", false), ("", false), ("train", true)] {
        let mut train = InTerminal::start(&mut database.command(&arguments));
        train.wait_for("type `train` to go on: ");
        train.type_line(typed);
        let (code, shown) = train.end();
        assert_eq!(code == 0, is_done, "{typed:?}: {shown:?}");
        assert_eq!(shown.contains("nothing was done, because it was not confirmed"), !is_done, "{typed:?}: {shown:?}");
        let after = database.json(&["dictionaries", "list"]).len();
        assert!(is_done || after == before, "{typed:?}");
    }
    // where nobody can type
    database.run(&arguments).refused(2, "is never deleted");
    assert_eq!(database.run(&["dictionaries", "train", "--yes"]).code, 0);
}

#[tokio::test]
async fn what_happens_now_is_drawn_again_and_again() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    let mut top = InTerminal::start(&mut database.command(&["top", "--every", "1"]));
    top.wait_for("events/s");
    for dogs in 1..=3 {
        pack(&kennel, 1).await;
        top.wait_for(&(3 + 2 * dogs).to_string());
    }
    let (code, shown) = top.interrupt();
    assert_eq!(code, 0, "{shown:?}");
    let (_, after) = shown.split_once(RESTORE).unwrap();
    assert!(shown.starts_with(TAKE) && after.contains("Kennel") && !after.contains("\u{1b}[?"), "{shown:?}");
}

#[tokio::test]
async fn a_screen_of_few_rows_is_not_scrolled() {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    let mut status = InTerminal::of_rows(4, &mut database.command(&["status", "--watch", "--every", "1"]));
    status.wait_for("application");
    let (code, shown) = status.interrupt();
    assert_eq!(code, 0);
    let (drawn, _) = shown.split_once(RESTORE).unwrap();
    assert!(!drawn.contains("dictionaries"), "{drawn:?}");
}
