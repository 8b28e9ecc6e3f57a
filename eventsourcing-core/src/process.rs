//! Process applications: applications whose policies react to the events of other applications.

mod application;
mod dead_letters;
mod letters_by_name;
mod policy_scope;
mod unit_of_work;
mod views;

pub use application::ProcessApplication;
pub use unit_of_work::UnitOfWork;
pub use views::{ProcessViews, WorkTransaction};
