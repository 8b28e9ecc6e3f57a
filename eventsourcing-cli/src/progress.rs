//! The progress of long work, on standard error if that is a terminal: how much is done, how fast, and how long the rest takes.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

const COUNTED: &str = "{msg:<9} {wide_bar} {human_pos}/{human_len}  {rate}  {eta} left";
const UNCOUNTED: &str = "{msg:<9} {human_pos}  {rate}";

/// A bar that is drawn on a terminal alone.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// The progress of work with this number of steps.
    pub(crate) fn new(doing: &'static str, steps: u64) -> Self {
        Self::styled(doing, Some(steps), COUNTED)
    }

    /// The progress of work that ends nobody knows when.
    pub(crate) fn uncounted(doing: &'static str) -> Self {
        Self::styled(doing, None, UNCOUNTED)
    }

    fn styled(doing: &'static str, steps: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(steps, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", rate));
        }
        Self(bar.with_message(doing))
    }

    /// Sets how many steps there are.
    pub(crate) fn set_last(&self, steps: u64) {
        self.0.set_length(steps);
    }

    pub(crate) fn add(&self, steps: u64) {
        self.0.inc(steps);
    }
}

fn rate(state: &ProgressState, text: &mut dyn Write) {
    // what cannot be drawn is not missed
    let _ = write!(text, "{:.0}/s", state.per_sec());
}

/// The bar leaves nothing behind, whatever comes after it.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
