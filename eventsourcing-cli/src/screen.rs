//! A screen that is redrawn, and a terminal that is as it was afterwards.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::output::Output;

/// Whether the terminal has to be restored.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// To the other screen, without a cursor, with long lines cut.
const TAKE: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
/// Back to the screen that was there, as it was.
const RESTORE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";
/// To the upper left corner.
const HOME: &str = "\u{1b}[H";
/// What is right of the cursor is gone.
const REST_OF_LINE: &str = "\u{1b}[K";
/// What is below the cursor is gone.
const REST_OF_SCREEN: &str = "\u{1b}[J";
/// The height of a terminal that does not tell its own.
const ROWS: usize = 24;

/// The other screen of the terminal, until this is dropped.
pub(crate) struct Screen(());

impl Screen {
    pub(crate) fn take() -> Self {
        IS_TAKEN.store(true, Ordering::SeqCst);
        write(TAKE);
        Self(())
    }

    /// Draws lines over those that are there, so that nothing flickers. Those that have no room are left out.
    pub(crate) fn draw(&self, lines: &[String], output: &mut Output) -> Result<(), Failure> {
        let room = rows().saturating_sub(1).max(1);
        output.bytes(HOME.as_bytes())?;
        for line in lines.iter().take(room) {
            output.line(format_args!("{line}{REST_OF_LINE}"))?;
        }
        output.bytes(REST_OF_SCREEN.as_bytes())?;
        output.flush()
    }
}

#[cfg(unix)]
fn rows() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
    size.map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 0).unwrap_or(ROWS)
}

#[cfg(not(unix))]
fn rows() -> usize {
    ROWS
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal, if its screen is taken: also before the process ends at once.
pub(crate) fn restore() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        write(RESTORE);
    }
}

fn write(codes: &str) {
    let mut out = io::stdout();
    // a terminal that is gone needs nothing
    drop(out.write_all(codes.as_bytes()).and_then(|()| out.flush()));
}
