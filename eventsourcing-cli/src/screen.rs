//! A screen that is redrawn, and a terminal that is as it was afterwards.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal has to be restored.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// To the other screen, without a cursor.
const TAKE: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// With a cursor, back to the screen that was there.
const RESTORE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// To the upper left corner.
pub(crate) const HOME: &str = "\u{1b}[H";
/// What is right of the cursor is gone.
pub(crate) const REST_OF_LINE: &str = "\u{1b}[K";
/// What is below the cursor is gone.
pub(crate) const REST_OF_SCREEN: &str = "\u{1b}[J";

/// The other screen of the terminal, until this is dropped.
pub(crate) struct Screen(());

impl Screen {
    pub(crate) fn take() -> Self {
        IS_TAKEN.store(true, Ordering::SeqCst);
        write(TAKE);
        Self(())
    }
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
