//! Applications: saving aggregates, getting them back, and the log of all that happened.

mod application_struct;
mod builder;
mod core;
mod dictionaries;
mod environment;
mod notification_log;
pub(crate) mod policy_scope;
mod repository;
mod retry;
mod saveable;
mod schema;
mod taken;
mod topics;
mod training;
mod turns;

pub use self::core::Application;
pub(crate) use self::core::Shared;
pub use application_struct::ApplicationStruct;
pub use builder::ApplicationBuilder;
pub use environment::{Environment, EnvironmentError};
pub use notification_log::{NotificationLog, NotificationLogReader, Section, Select};
pub use repository::Repository;
pub use retry::Decision;
pub(crate) use retry::{ATTEMPTS, pause_after};
pub use saveable::{Batch, Saveable};
pub(crate) use topics::Topics;
pub use training::{TrainedDictionary, TrainingError};
