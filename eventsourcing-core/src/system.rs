//! Systems: several applications connected by pipes.

mod definition;
mod edge;
mod opened;
mod pipe;
mod runner;
mod single_threaded;
mod step;
mod system_error;

pub use definition::System;
pub use edge::SystemEdge;
pub use pipe::Pipe;
pub use runner::{ConsumerStatus, SystemRunner, SystemRunnerBuilder};
pub use single_threaded::SingleThreadedRunner;
pub use step::Step;
pub use system_error::SystemError;
