//! The confirmation of what cannot be taken back.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Asks for a word to be typed, unless `--yes` says it already. `what` says what will happen.
///
/// Without a terminal nobody can type, and nothing is done without `--yes`.
pub(crate) fn confirm(what: &str, word: &str, is_confirmed: bool) -> Result<(), Failure> {
    if is_confirmed {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::NotConfirmed { what: what.to_owned() });
    }
    let mut errors = io::stderr().lock();
    let asked = write!(errors, "{what}\ntype `{word}` to go on: ").and_then(|()| errors.flush());
    let mut typed = String::new();
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut typed));
    match read {
        Ok(_) if typed.trim() == word => Ok(()),
        Ok(_) => Err(Failure::Declined),
        Err(error) => Err(Failure::File { doing: "asking for a confirmation".to_owned(), source: error }),
    }
}
