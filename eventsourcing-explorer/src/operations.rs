//! What operators watch and do: projections and policies, dead letters, rebuilds, and the audit of what was done.

mod act;
mod catalogue;
mod consumers;
mod forms;
mod known;
mod letters;

pub(crate) use act::{Acted, Acting};
pub(crate) use catalogue::Catalogue;
pub(crate) use consumers::{Consumer, Consumers, Kind, State};
pub(crate) use forms::Fields;
pub(crate) use known::Known;
pub(crate) use letters::{Found, FoundLetters, Group, MOST_LETTERS, Source};
