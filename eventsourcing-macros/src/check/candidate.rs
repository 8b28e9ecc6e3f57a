//! An item of an aggregate's block during the check: an event until a rule rejects it.

use syn::{ImplItem, ImplItemFn};

use crate::model::checked;

pub(super) struct Candidate {
    /// The item as plain code.
    pub(super) item: ImplItem,
    /// Whether a plain method may change fields without an event.
    pub(super) may_change: bool,
    pub(super) event: Option<Box<checked::Event>>,
}

impl Candidate {
    /// The item, if it is a plain method.
    pub(super) fn plain_method(&self) -> Option<&ImplItemFn> {
        match (&self.event, &self.item) {
            (None, ImplItem::Fn(method)) => Some(method),
            _ => None,
        }
    }
}

pub(super) fn events(candidates: &[Candidate]) -> impl Iterator<Item = &checked::Event> {
    candidates.iter().filter_map(|candidate| candidate.event.as_deref())
}
