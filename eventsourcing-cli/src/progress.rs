//! The progress of long work, on standard error if that is a terminal: how much is done, how fast, and how long the rest takes.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{msg:<9} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left";

/// A bar that is drawn on a terminal alone.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(doing: &'static str, steps: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self(bar.with_message(doing))
    }

    pub(crate) fn add(&self, steps: u64) {
        self.0.inc(steps);
    }
}

/// The bar leaves nothing behind, whatever comes after it.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
