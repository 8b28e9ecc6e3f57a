//! One pass: a type is deserialized once from no input.

use std::any::type_name;
use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

use super::Shape;
use super::texts::{self, Texts};
use super::tracer::Tracer;

/// The state of a pass.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// The form of each string, in the order in which strings are asked for.
    forms: Vec<usize>,
    texts: usize,
    /// The types that are being visited, from the outermost.
    types: Vec<&'static str>,
    /// Whether something was met that no earlier pass met.
    pub(super) has_learned: bool,
    /// Whether the pass came to a type inside itself.
    pub(super) has_recursed: bool,
    /// Whether a field was left out on purpose.
    pub(super) has_left_out: bool,
    /// Whether what the type refuses is to be blamed on a part.
    blames: bool,
    pub(super) has_blamed: bool,
    offer: Offer,
}

/// What became of the sample that is offered to one type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Offer {
    #[default]
    NotMade,
    Made,
    /// Whether it was taken.
    Answered(bool),
}

/// The result of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Accepted,
    Refused,
    Panicked,
}

impl Pass {
    pub(super) fn new(forms: Vec<usize>, blames: bool) -> Self {
        Self { forms, blames, ..Self::default() }
    }

    /// Deserializes the type, and adds what it asks for to the shape.
    pub(super) fn run<T: DeserializeOwned>(&mut self, shape: &mut Shape) -> Read {
        // validation code of an event's type may panic
        match catch_unwind(AssertUnwindSafe(|| T::deserialize(Tracer { shape, pass: self }).is_ok())) {
            Ok(is_read) => {
                self.answer(is_read);
                if is_read { Read::Accepted } else { Read::Refused }
            }
            Err(_) => {
                self.answer(false);
                Read::Panicked
            }
        }
    }

    /// Selects the next form for the string that was asked for last, because that is the refused one.
    ///
    /// Returns the forms for the next pass, or none if all were tried.
    pub(super) fn other_forms(mut self) -> Option<Vec<usize>> {
        self.forms.truncate(self.texts);
        let last = self.forms.last_mut()?;
        if *last + 1 >= texts::COUNT {
            return None;
        }
        *last += 1;
        Some(self.forms)
    }

    /// Returns the forms of the strings for the next pass.
    pub(super) fn into_forms(self) -> Vec<usize> {
        self.forms
    }

    /// Returns the next string.
    pub(super) fn text(&mut self) -> &'static str {
        if self.forms.len() <= self.texts {
            self.forms.push(0);
        }
        let form = self.forms.get(self.texts).copied().unwrap_or(0);
        self.texts += 1;
        texts::sample(form)
    }

    /// Returns the text for a type that asks for a string.
    pub(super) fn text_for(&mut self, texts: &Texts) -> &'static str {
        if let Some(offered) = texts.offered {
            if self.offer == Offer::NotMade {
                self.offer = Offer::Made;
            }
            return texts::sample(offered);
        }
        match texts.taken.as_deref() {
            Some([first, ..]) => texts::sample(*first),
            _ => self.text(),
        }
    }

    /// Notes whether a part is read. The innermost part that the offered sample is in answers for it.
    pub(super) fn answer(&mut self, is_read: bool) {
        if self.offer == Offer::Made {
            self.offer = Offer::Answered(is_read);
        }
    }

    /// Returns whether the offered sample was taken; `None` if no type came to it.
    pub(super) fn is_taken(&self) -> Option<bool> {
        match self.offer {
            Offer::Answered(is_taken) => Some(is_taken),
            Offer::NotMade | Offer::Made => None,
        }
    }

    /// Returns whether the caller, whose part was refused, takes the blame. One part of a pass does: the innermost one that can.
    pub(super) fn blame(&mut self) -> bool {
        let takes = self.blames && !self.has_blamed;
        self.has_blamed |= takes;
        takes
    }

    /// Visits a type; an error if it is being visited already.
    pub(super) fn inside<V, T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, Refused>) -> Result<T, Refused> {
        let name = type_name::<V>();
        self.types.push(name);
        let visited = visit(self);
        self.types.pop();
        visited
    }

    /// Returns whether a type is being visited.
    pub(super) fn is_inside<V>(&self) -> bool {
        self.types.contains(&type_name::<V>())
    }
}

/// The error of a type that refuses what it is given.
#[derive(Debug)]
pub(super) struct Refused {
    /// The names of which the type expects one.
    pub(super) expected: Option<&'static [&'static str]>,
}

impl Refused {
    pub(super) const PLAIN: Self = Self { expected: None };
}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self { expected: None }
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self { expected: Some(expected) }
    }
}
