//! Counters and histograms: what an application has done in this process, without any dependency on a metrics library.
//!
//! The numbers are read with [`Application::stats`](crate::Application::stats) and [`ProjectionRunner::stats`](crate::ProjectionRunner::stats).
//! The author of a recorder counts with [`Histogram`] and returns [`RecorderStats`].

mod consumer_stats;
mod distribution;
mod histogram;
mod recorder_stats;
mod stopwatch;
mod tallies;

pub use consumer_stats::{ConsumerState, ConsumerStats};
pub use distribution::{Durations, Sizes};
pub use histogram::Histogram;
pub use recorder_stats::RecorderStats;
pub(crate) use stopwatch::{Stopwatch, Timed};
pub(crate) use tallies::{Tallied, Tallies};
